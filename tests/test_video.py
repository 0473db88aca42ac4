"""Video files: real ones, written, joined and read back."""

from __future__ import annotations

import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain, pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from longtake.nodes.take.sound import read_sound, write_sound
from longtake.nodes.take.video import Encoding, join, probe, read_frames, write_poster, write_segment
from PIL import Image

#: Older PyAV has no way to copy the rate of a stream; players then go by the times of the frames.
MKV_KEEPS_THE_RATE = int(av.__version__.split(".")[0]) >= 18
FILM = Fraction(24000, 1001)
RATES = [Fraction(25), FILM, Fraction(30000, 1001), Fraction(1, 2), Fraction(119, 8)]
H264 = Encoding(threads=2, preset="veryfast")
FFV1 = Encoding("ffv1", threads=2)
BOTH = pytest.mark.parametrize("encoding", [H264, FFV1], ids=["h264", "ffv1"])


def moving(count: int, size: tuple[int, int] = (96, 64), seed: int = 0) -> Iterator[np.ndarray]:
    """Smooth colours that move: float32 in [0, 1]."""
    width, height = size
    y, x = np.mgrid[:height, :width]
    for n in range(count):
        phases = (x / 9 + n + seed, y / 7 - n, (x + y) / 20 + n / 3)
        yield np.stack([np.sin(phase) * 0.5 + 0.5 for phase in phases], -1).astype(np.float32)


def rounded(frame: np.ndarray) -> np.ndarray:
    return np.floor(frame.astype(np.float64) * 255 + 0.5).astype(np.uint8)


def write_all(folder: Path, counts: list[int], fps: Fraction, encoding: Encoding) -> list[Path]:
    paths = [folder / f"{k}{encoding.suffix}" for k in range(len(counts))]
    for k, (path, count) in enumerate(zip(paths, counts, strict=True)):
        assert write_segment(path, moving(count, seed=k), size=(96, 64), fps=fps, encoding=encoding) == count
    return paths


def boxes(data: bytes) -> dict[str, bytes]:
    """The boxes of an mp4 file, or of one of its boxes, in order: what each holds."""
    found, at = {}, 0
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        found[name.decode("latin1")] = data[at + 8 : at + size]
        at += size
    return found


def box(data: bytes, name: str) -> bytes:
    return boxes(data)[name]


@pytest.mark.parametrize("size", [(96, 64), (63, 41), (2, 2), (640, 360)])
def test_ffv1_is_bit_exact(tmp_path: Path, size: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (5, size[1], size[0], 3), np.uint8)
    write_segment(tmp_path / "a.mkv", iter(noise), size=size, fps=FILM, encoding=FFV1)
    assert (np.stack(list(read_frames(tmp_path / "a.mkv"))) == noise).all()


def test_floats_are_rounded_and_clipped(tmp_path: Path) -> None:
    steps = np.linspace(-0.5, 1.5, 64 * 96 * 3, dtype=np.float32).reshape(64, 96, 3)
    write_segment(tmp_path / "a.mkv", [steps], size=(96, 64), fps=Fraction(25), encoding=FFV1)
    (frame,) = read_frames(tmp_path / "a.mkv")
    assert (frame == rounded(np.clip(steps, 0, 1))).all()
    whole = (np.arange(256, dtype=np.float32) / np.float32(255)).reshape(1, 256, 1).repeat(3, 2).repeat(2, 0)
    write_segment(tmp_path / "b.mkv", [whole], size=(256, 2), fps=Fraction(25), encoding=FFV1)
    (frame,) = read_frames(tmp_path / "b.mkv")
    assert (frame[0, :, 0] == np.arange(256)).all()


def test_a_frame_may_be_reused_by_its_maker(tmp_path: Path) -> None:
    def reused() -> Iterator[np.ndarray]:
        frame = np.empty((64, 96, 3), np.uint8)
        for n in range(40):
            frame[...] = n
            yield frame

    write_segment(tmp_path / "a.mkv", reused(), size=(96, 64), fps=Fraction(25), encoding=FFV1)
    assert [int(frame.mean()) for frame in read_frames(tmp_path / "a.mkv")] == list(range(40))


def test_colours_are_converted_and_tagged_as_bt709(tmp_path: Path) -> None:
    patches = np.array([[200, 60, 40], [30, 160, 70], [40, 60, 190], [210, 170, 140], [128, 128, 128]], np.uint8)
    frame = patches.repeat(32, 0).reshape(1, 160, 3).repeat(64, 0)
    encoding = Encoding(crf=1, threads=1)
    write_segment(tmp_path / "a.mp4", [frame] * 3, size=(160, 64), fps=Fraction(25), encoding=encoding)
    join(
        tmp_path / "b.mp4",
        [tmp_path / "a.mp4"],
        fps=Fraction(25),
        encoding=encoding,
        sound=None,
        metadata={},
        frames=3,
    )
    for name in ("a.mp4", "b.mp4"):
        with av.open(str(tmp_path / name)) as container:
            picture = next(container.decode(video=0))
            context = container.streams.video[0].codec_context
            tags = (context.color_primaries, context.color_trc, context.colorspace, context.color_range)
            assert tags == (1, 1, 1, 1)
            assert (picture.format.name, int(picture.colorspace), int(picture.color_range)) == ("yuv420p", 1, 1)
            luma = np.frombuffer(picture.planes[0], np.uint8).reshape(64, -1)[32, 16:160:32]
        # ITU-R BT.709, limited range.
        expected = 16 + patches @ np.array([0.2126, 0.7152, 0.0722]) * 219 / 255
        assert np.abs(luma - expected).max() <= 1
        shown = next(iter(read_frames(tmp_path / name)))[32, 16:160:32].astype(int)
        assert np.abs(shown - patches).max() <= 3


def exact_colours(picture: av.VideoFrame) -> np.ndarray:
    """ITU-R BT.709 in float64: (H, W, 3) from the planes of a limited-range yuv420p picture."""
    planes = []
    for plane, low, span in zip(picture.planes, (16, 128, 128), (219, 224, 224), strict=True):
        stored = np.frombuffer(plane, np.uint8).reshape(plane.height, -1)[:, : plane.width]
        planes.append((stored.astype(np.float64) - low) / span * 255)
    luma, blue, red = planes[0], *(plane.repeat(2, 0).repeat(2, 1) for plane in planes[1:])
    green = -0.0722 * 1.8556 / 0.7152 * blue - 0.2126 * 1.5748 / 0.7152 * red
    return np.stack([luma + 1.5748 * red, luma + green, luma + 1.8556 * blue], -1)


def test_rounding_has_no_bias(tmp_path: Path) -> None:
    """RGB to lossless 4:2:0 and back by the formula: the mean error is below a hundredth of an 8-bit step."""
    random = np.random.default_rng(1)
    y, x = np.mgrid[:360, :640]
    frames = []
    for n in range(4):
        waves = [np.sin(x / a + n) * np.cos(y / b) for a, b in ((61, 83), (97, 53), (71, 45))]
        noise = random.normal(0, 0.01, (360, 640, 3))
        frames.append((0.5 + 0.22 * np.stack(waves, -1) + noise).astype(np.float32))
    lossless = Encoding(crf=0, preset="ultrafast", threads=2)
    write_segment(tmp_path / "a.mp4", frames, size=(640, 360), fps=Fraction(25), encoding=lossless)
    made = np.stack(frames).astype(np.float64) * 255
    with av.open(str(tmp_path / "a.mp4")) as container:
        written = np.stack([exact_colours(picture) for picture in container.decode(video=0)])
    assert abs((written - made).mean()) < 0.01
    assert np.abs((written - made).mean((0, 1, 2))).max() < 0.02
    # Reading goes through 8 bits a second time.
    read = np.stack(list(read_frames(tmp_path / "a.mp4"))).astype(np.float64)
    assert abs((read - made).mean()) < 0.02


@BOTH
@pytest.mark.parametrize("fps", RATES, ids=str)
@pytest.mark.parametrize("counts", [[1], [3], [1, 1, 1], [10, 1, 33, 2, 1], [72, 9]], ids=str)
def test_joined_frames_are_the_segments(tmp_path: Path, counts: list[int], fps: Fraction, encoding: Encoding) -> None:
    segments = write_all(tmp_path, counts, fps, encoding)
    video = tmp_path / f"all{encoding.suffix}"
    join(video, segments, fps=fps, encoding=encoding, sound=None, metadata={}, frames=sum(counts))
    apart = list(chain.from_iterable(read_frames(path) for path in segments))
    joined = list(read_frames(video))
    assert len(apart) == len(joined) == sum(counts)
    assert all((a == b).all() for a, b in zip(apart, joined, strict=True))
    if encoding is FFV1:
        made = chain.from_iterable(moving(count, seed=k) for k, count in enumerate(counts))
        assert all((rounded(a) == b).all() for a, b in zip(made, joined, strict=True))
    look = probe(video)
    assert (look.frames, look.size, look.sound_seconds) == (sum(counts), (96, 64), None)
    if encoding is H264 or MKV_KEEPS_THE_RATE:
        assert look.fps == fps
        assert look.seconds == sum(counts) / fps


@BOTH
@pytest.mark.parametrize("fps", RATES, ids=str)
def test_every_frame_is_shown_at_its_time(tmp_path: Path, fps: Fraction, encoding: Encoding) -> None:
    counts = [10, 1, 33, 2, 1]
    video = tmp_path / f"all{encoding.suffix}"
    segments = write_all(tmp_path, counts, fps, encoding)
    join(video, segments, fps=fps, encoding=encoding, sound=None, metadata={}, frames=47)
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        assert all(a.dts < b.dts for a, b in pairwise(packets))
        assert all(packet.dts <= packet.pts for packet in packets)
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        times = [frame.pts * stream.time_base for frame in container.decode(stream)]
        if encoding is H264:
            assert times == [n / fps for n in range(47)]
            assert stream.duration * stream.time_base == 47 / fps
            assert stream.average_rate == fps
        else:
            # Matroska counts in milliseconds.
            assert all(abs(time - n / fps) <= Fraction(1, 2000) for n, time in enumerate(times))


@BOTH
@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
def test_the_sound_is_as_long_as_it_was(tmp_path: Path, rate: int, channels: int, encoding: Encoding) -> None:
    segments = write_all(tmp_path, [40, 1, 9], FILM, encoding)
    samples = int(50 / FILM * rate) - 77
    tone = 0.4 * np.sin(2 * np.pi * 330 * np.arange(samples) / rate)
    waveform = np.stack([tone, -tone][:channels]).astype(np.float32)
    write_sound(tmp_path / "sound.flac", waveform, rate)
    video = tmp_path / f"all{encoding.suffix}"
    join(video, segments, fps=FILM, encoding=encoding, sound=tmp_path / "sound.flac", metadata={}, frames=50)
    heard = read_sound(video)
    assert heard.sample_rate == rate
    assert heard.waveform.shape == waveform.shape
    error = np.abs(heard.waveform - waveform)[:, rate // 10 : -rate // 10]
    assert error.max() < (0.05 if encoding is H264 else 1e-6)
    look = probe(video)
    assert look.frames == 50
    assert look.sound_seconds is not None
    assert abs(look.sound_seconds - Fraction(samples, rate)) <= (0 if encoding is H264 else Fraction(1, 500))


@BOTH
@pytest.mark.parametrize("channels", [3, 6, 7, 8])
def test_surround_sound_keeps_its_channels(tmp_path: Path, channels: int, encoding: Encoding) -> None:
    segments = write_all(tmp_path, [25], Fraction(25), encoding)
    waveform = np.random.default_rng(0).normal(0, 0.1, (channels, 48000)).astype(np.float32)
    write_sound(tmp_path / "sound.flac", waveform, 48000)
    video = tmp_path / f"all{encoding.suffix}"
    sound = tmp_path / "sound.flac"
    join(video, segments, fps=Fraction(25), encoding=encoding, sound=sound, metadata={}, frames=25)
    assert read_sound(video).waveform.shape == (channels, 48000)


def test_a_sound_longer_than_the_picture_is_kept_whole(tmp_path: Path) -> None:
    segments = write_all(tmp_path, [5], FILM, H264)
    waveform = np.random.default_rng(0).normal(0, 0.1, (1, 48000)).astype(np.float32)
    write_sound(tmp_path / "sound.flac", waveform, 16000)
    join(
        tmp_path / "all.mp4",
        segments,
        fps=FILM,
        encoding=H264,
        sound=tmp_path / "sound.flac",
        metadata={},
        frames=5,
    )
    assert read_sound(tmp_path / "all.mp4").waveform.shape == (1, 48000)
    assert len(list(read_frames(tmp_path / "all.mp4"))) == 5


def test_the_file_starts_at_once_and_carries_the_workflow(tmp_path: Path) -> None:
    segments = write_all(tmp_path, [20, 20], Fraction(25), H264)
    write_sound(tmp_path / "sound.flac", np.zeros((1, 25600), np.float32), 16000)
    metadata = {"workflow": '{"nodes": ["ü", "\\"x\\""]}', "prompt": "{" + " " * 300_000 + "}"}
    (tmp_path / "all.mp4").write_bytes(b"what was there before")
    join(
        tmp_path / "all.mp4",
        segments,
        fps=Fraction(25),
        encoding=H264,
        sound=tmp_path / "sound.flac",
        metadata=metadata,
        frames=40,
    )
    names = list(boxes((tmp_path / "all.mp4").read_bytes()))
    assert names.index("moov") < names.index("mdat")
    with av.open(str(tmp_path / "all.mp4")) as container:
        assert {key: container.metadata[key] for key in metadata} == metadata
    # Where ComfyUI's canvas looks for it.
    movie = box((tmp_path / "all.mp4").read_bytes(), "moov")
    tags = box(box(movie, "udta"), "meta")[4:]
    assert b"mdtaworkflow" in box(tags, "keys")
    assert metadata["workflow"].encode() in box(tags, "ilst")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.mp4", "1.mp4", "all.mp4", "sound.flac"]


def test_mkv_carries_the_workflow(tmp_path: Path) -> None:
    segments = write_all(tmp_path, [3], Fraction(25), FFV1)
    join(
        tmp_path / "all.mkv",
        segments,
        fps=Fraction(25),
        encoding=FFV1,
        sound=None,
        metadata={"workflow": '{"a": 1}'},
        frames=3,
    )
    with av.open(str(tmp_path / "all.mkv")) as container:
        assert container.metadata["WORKFLOW"] == '{"a": 1}'


def test_every_segment_begins_with_a_closed_group(tmp_path: Path) -> None:
    (segment,) = write_all(tmp_path, [300], Fraction(25), H264)
    with av.open(str(segment)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    keys = [packet for packet in packets if packet.is_keyframe]
    assert keys[0] is packets[0]
    assert len(keys) > 1
    for key in keys:
        after = packets[packets.index(key) :]
        assert all(packet.pts >= key.pts for packet in after)


def test_threads_fix_the_bytes(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        write_segment(tmp_path / name, moving(40), size=(96, 64), fps=FILM, encoding=H264)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def join_two(folder: Path, a: Encoding, b: Encoding, frames: int) -> None:
    write_segment(folder / "a.mp4", moving(5), size=(96, 64), fps=FILM, encoding=a)
    write_segment(folder / "b.mp4", moving(5), size=(96, 64), fps=FILM, encoding=b)
    join(
        folder / "all.mp4",
        [folder / "a.mp4", folder / "b.mp4"],
        fps=FILM,
        encoding=a,
        sound=None,
        metadata={},
        frames=frames,
    )


def test_segments_of_other_settings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"b\.mp4 was encoded with other settings"):
        join_two(tmp_path, H264, Encoding(preset="ultrafast", threads=2), 10)
    assert not (tmp_path / "all.mp4").exists()


def test_a_wrong_number_of_frames_is_refused_and_nothing_replaced(tmp_path: Path) -> None:
    (tmp_path / "all.mp4").write_bytes(b"before")
    with pytest.raises(ValueError, match="hold 10 frames and the plan has 11"):
        join_two(tmp_path, H264, H264, 11)
    assert (tmp_path / "all.mp4").read_bytes() == b"before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "all.mp4", "b.mp4"]


@pytest.mark.parametrize("keep", [0, 20, 500])
def test_a_cut_segment_is_refused(tmp_path: Path, keep: int) -> None:
    segments = write_all(tmp_path, [20, 20], FILM, H264)
    segments[1].write_bytes(segments[1].read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"1\.mp4 is not a whole video file"):
        join(tmp_path / "all.mp4", segments, fps=FILM, encoding=H264, sound=None, metadata={}, frames=40)


BAD_FRAMES = {
    "size": (np.zeros((64, 98, 3), np.float32), r"shape \(64, 98, 3\)"),
    "grey": (np.zeros((64, 96), np.float32), r"shape \(64, 96\)"),
    "NaN": (np.full((64, 96, 3), np.nan, np.float32), "NaN or infinity"),
    "infinity": (np.full((64, 96, 3), -np.inf, np.float32), "NaN or infinity"),
    "kind": (np.zeros((64, 96, 3), np.int16), "is int16"),
}


@pytest.mark.parametrize("name", BAD_FRAMES)
def test_a_bad_frame_leaves_no_file(tmp_path: Path, name: str) -> None:
    frame, message = BAD_FRAMES[name]
    with pytest.raises(ValueError, match=message):
        write_segment(tmp_path / "a.mp4", [*moving(9), frame], size=(96, 64), fps=Fraction(25), encoding=H264)
    assert not list(tmp_path.iterdir())


def test_no_frames_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="without frames"):
        write_segment(tmp_path / "a.mp4", [], size=(96, 64), fps=Fraction(25), encoding=H264)
    assert not list(tmp_path.iterdir())


def test_an_error_of_the_maker_comes_through(tmp_path: Path) -> None:
    def broken() -> Iterator[np.ndarray]:
        yield from moving(3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_segment(tmp_path / "a.mp4", broken(), size=(96, 64), fps=Fraction(25), encoding=H264)
    assert not list(tmp_path.iterdir())


def test_odd_sizes_are_refused_with_the_nearest_even_one(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"63x41\. Use 64x42"):
        write_segment(tmp_path / "a.mp4", [], size=(63, 41), fps=Fraction(25), encoding=H264)


@pytest.mark.parametrize("fps", [Fraction(0), Fraction(1001), Fraction(10**7 + 1, 10**6)])
def test_impossible_rates_are_refused(tmp_path: Path, fps: Fraction) -> None:
    with pytest.raises(ValueError, match="cannot be written to a video file"):
        write_segment(tmp_path / "a.mp4", moving(1), size=(96, 64), fps=fps, encoding=H264)


@pytest.mark.parametrize(
    "wrong",
    [{"codec": "hevc"}, {"crf": 52}, {"crf": 19.5}, {"crf": True}, {"preset": "placebo"}, {"threads": -1}, {"q": 1}],
)
def test_impossible_encodings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"Use "):
        Encoding.from_json(wrong)


def test_an_encoding_survives_json() -> None:
    for encoding in (Encoding(), FFV1, Encoding(crf=0, preset="slow", threads=3)):
        assert Encoding.from_json(encoding.to_json()) == encoding
    assert Encoding.from_json({}) == Encoding()


@pytest.mark.parametrize("kind", ["segment", "join", "sound"])
def test_a_disk_that_is_full_is_said(tmp_path: Path, kind: str) -> None:
    """A file that may not grow stands for the disk; what was begun is gone afterwards."""
    resource = pytest.importorskip("resource", reason="limits of a process are POSIX")
    encoding = Encoding(crf=0, preset="ultrafast", threads=1)
    noise = np.random.default_rng(0).integers(0, 256, (30, 64, 96, 3), np.uint8)
    write_segment(tmp_path / "ready.mp4", noise, size=(96, 64), fps=FILM, encoding=encoding)

    def run() -> None:
        if kind == "segment":
            write_segment(tmp_path / "a.mp4", noise, size=(96, 64), fps=FILM, encoding=encoding)
        elif kind == "sound":
            write_sound(tmp_path / "a.flac", noise.reshape(1, -1).astype(np.float32) / 255, 48000)
        else:
            ready = [tmp_path / "ready.mp4"]
            join(tmp_path / "a.mp4", ready, fps=FILM, encoding=encoding, sound=None, metadata={}, frames=30)

    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(OSError, match="large"):
            run()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert [path.name for path in tmp_path.iterdir()] == ["ready.mp4"]


def test_a_poster_is_a_jpeg(tmp_path: Path) -> None:
    frame = next(moving(1))
    write_poster(tmp_path / "a.jpg", frame)
    with Image.open(tmp_path / "a.jpg") as image:
        assert (image.format, image.size) == ("JPEG", (96, 64))
        assert np.abs(np.asarray(image).astype(int) - rounded(frame)).mean() < 4


def test_no_torch_and_no_host_is_needed() -> None:
    code = (
        "import sys; import longtake.nodes.take.video, longtake.nodes.take.sound; "
        "assert not {'torch', 'comfy', 'folder_paths'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-P", "-c", code], check=True)  # noqa: S603 - our own interpreter
