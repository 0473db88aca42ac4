"""Sound files: real ones, written by FFmpeg's encoders and by ours, read back."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame
from hypothesis import given, settings
from hypothesis import strategies as st
from longtake.nodes.take.sound import LAYOUTS, hash_sound, read_sound, write_sound


def tone(channels: int, samples: int, rate: int) -> np.ndarray:
    """(channels, samples) float32, another pitch in every channel."""
    at = np.arange(samples) / rate
    return np.stack([0.4 * np.sin(2 * np.pi * 220 * (k + 1) * at) for k in range(channels)]).astype(np.float32)


def write_with(path: Path, codec: str, kind: str, waveform: np.ndarray, rate: int) -> None:
    """Write a file with FFmpeg's own encoder, as other programs do."""
    layout = LAYOUTS[len(waveform) - 1]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        resampler = av.AudioResampler(kind, layout, rate)
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(waveform), "fltp", layout)
        frame.sample_rate, frame.pts = rate, 0
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(piece))
        container.mux(stream.encode())


@pytest.mark.parametrize("rate", [8000, 11111, 16000, 44100, 48000, 96000])
@pytest.mark.parametrize("channels", [1, 2, 6, 8])
def test_what_is_written_is_read(tmp_path: Path, rate: int, channels: int) -> None:
    waveform = tone(channels, rate * 2 + 77, rate)
    write_sound(tmp_path / "a.flac", waveform, rate)
    sound = read_sound(tmp_path / "a.flac")
    assert sound.sample_rate == rate
    assert sound.waveform.dtype == np.float32
    assert sound.waveform.shape == waveform.shape
    assert np.abs(sound.waveform - waveform).max() <= 2**-24


@settings(deadline=None, max_examples=25)
@given(samples=st.integers(1, 200_000), seed=st.integers(0, 99))
def test_any_length_survives(tmp_path_factory: pytest.TempPathFactory, samples: int, seed: int) -> None:
    path = tmp_path_factory.mktemp("sound") / "a.flac"
    waveform = np.random.default_rng(seed).uniform(-1, 1, (1, samples)).astype(np.float32)
    write_sound(path, waveform, 16000)
    assert np.abs(read_sound(path).waveform - waveform).max() <= 2**-23


def test_sixteen_bit_sound_survives_exactly(tmp_path: Path) -> None:
    waveform = (np.arange(-32768, 32768, dtype=np.float32) / 32768)[None]
    write_sound(tmp_path / "a.flac", waveform, 44100)
    assert (read_sound(tmp_path / "a.flac").waveform == waveform).all()


def test_loud_samples_are_clipped(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.flac", np.array([[-3.0, -1.0, 0.0, 1.0, 3.0]]), 8000)
    assert read_sound(tmp_path / "a.flac").waveform[0] == pytest.approx([-1, -1, 0, 1, 1], abs=1e-6)


@pytest.mark.parametrize(
    ("name", "codec", "kind", "tolerance"),
    [
        ("a.wav", "pcm_s16le", "s16", 1e-4),
        ("a.wav", "pcm_f32le", "flt", 0),
        ("a.wav", "pcm_u8", "u8", 1e-2),
        ("a.flac", "flac", "s16", 1e-4),
        ("a.mkv", "pcm_s24le", "s32", 1e-6),
        ("a.m4a", "aac", "fltp", 0.2),
        ("a.mp3", "libmp3lame", "fltp", 0.1),
        ("a.ogg", "flac", "s16", 1e-4),
    ],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_files_of_other_programs(
    tmp_path: Path, name: str, codec: str, kind: str, tolerance: float, channels: int
) -> None:
    waveform = tone(channels, 44100 * 2 + 77, 44100)
    write_with(tmp_path / name, codec, kind, waveform, 44100)
    sound = read_sound(tmp_path / name)
    assert sound.sample_rate == 44100
    # An m4a gives its length in milliseconds.
    assert abs(sound.waveform.shape[1] - waveform.shape[1]) <= (44 if codec == "aac" else 0)
    length = min(sound.waveform.shape[1], waveform.shape[1]) - 4410
    assert np.abs(sound.waveform[:, 4410:length] - waveform[:, 4410:length]).max() <= tolerance


def test_the_sound_of_a_video_is_read(tmp_path: Path) -> None:
    waveform = tone(2, 32000, 32000)
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        picture = container.add_stream("libx264", rate=Fraction(25))
        picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
        stream = container.add_stream("aac", rate=32000, layout="stereo")
        for _ in range(25):
            container.mux(picture.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "rgb24")))
        frame = AudioFrame.from_ndarray(waveform, "fltp", "stereo")
        frame.sample_rate, frame.pts = 32000, 0
        container.mux(stream.encode(frame))
        container.mux(picture.encode())
        container.mux(stream.encode())
    assert read_sound(path).waveform.shape == (2, 32000)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"no sound at all", "cannot be read as sound"), (b"", "cannot be read as sound")],
)
def test_what_is_no_sound_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_sound(tmp_path / "a.wav")


def test_a_silent_film_is_refused(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "rgb24")))
        container.mux(stream.encode())
    with pytest.raises(ValueError, match=r"a\.mp4 holds no sound"):
        read_sound(tmp_path / "a.mp4")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing\.wav"):
        read_sound(tmp_path / "nothing.wav")


@pytest.mark.parametrize(
    ("shape", "rate", "message"),
    [
        ((9, 100), 48000, "1 to 8 channels"),
        ((0, 100), 48000, "1 to 8 channels"),
        ((100,), 48000, "1 to 8 channels"),
        ((1, 2, 100), 48000, "1 to 8 channels"),
        ((2, 0), 48000, "1 to 8 channels"),
        ((1, 100), 0, "sample rate of 0"),
        ((1, 100), 1_000_000, "sample rate of 1000000"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path: Path, shape: tuple[int, ...], rate: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write_sound(tmp_path / "a.flac", np.zeros(shape, np.float32), rate)
    assert not list(tmp_path.iterdir())


def test_the_hash_sees_samples_shape_and_rate() -> None:
    waveform = tone(2, 200_000, 48000)
    same = hash_sound(waveform, 48000)
    assert same == hash_sound(waveform.copy(), 48000)
    assert same == hash_sound(np.asfortranarray(waveform), 48000)
    assert same == hash_sound(waveform.astype(np.float64), 48000)
    changed = waveform.copy()
    changed[1, 150_000] += 1e-6
    others = [
        hash_sound(waveform, 44100),
        hash_sound(changed, 48000),
        hash_sound(waveform[:1], 48000),
        hash_sound(waveform.reshape(1, -1), 48000),
        hash_sound(waveform[:, :-1], 48000),
    ]
    assert len({same, *others}) == 6
