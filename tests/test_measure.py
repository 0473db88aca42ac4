"""`longtake measure`: what was put into a video is found, and what was not is not."""

import argparse
import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from longtake.nodes.core.measure import Meter, drift_by_second
from longtake.scripts.measure import add_arguments, measure, run
from longtake.scripts.measure_sound import loudness
from PIL import Image

FPS = 25
SIZE = (96, 160)
RNG = np.random.default_rng(5)
ROOM = np.kron(RNG.integers(60, 190, (12, 20, 3)), np.ones((8, 8, 1))).astype(np.float32)
FACE = np.kron(RNG.integers(60, 190, (6, 6, 3)), np.ones((4, 4, 1))).astype(np.float32)


def scene(count: int = 150) -> np.ndarray:
    """A still room in which something moves; (F, H, W, 3) float32, 0 to 255."""
    frames = np.repeat(ROOM[None], count, 0)
    for n, frame in enumerate(frames):
        x = 60 + round(30 * np.sin(n / 9))
        frame[30:54, x : x + 24] = FACE
    return frames


def figures(
    frames: np.ndarray, boundaries: tuple[int, ...] = (), reference: np.ndarray | None = None
) -> dict[str, object]:
    meter = Meter(FPS, reference)
    for frame in np.clip(np.round(frames), 0, 255).astype(np.uint8):
        meter.look(frame)
    return meter.finish(boundaries)


def test_a_clean_video_has_nothing_to_report() -> None:
    found = figures(scene(), (75,))
    assert found["frames"] == 150
    assert found["drift_at_end"] == 0
    assert found["drift_most"] == 0
    assert found["flicker"] == 0
    assert found["seam_brightness"] == 0
    assert found["seam_worst"] < 1.3
    assert found["sharpness_at_end"] == pytest.approx(1, abs=0.02)
    assert found["likeness_at_end"] > 0.9


def test_drift_is_found_whatever_moves() -> None:
    frames = scene() + np.linspace(0, 6, 150)[:, None, None, None] * np.array([1, 0, -1])
    found = figures(frames)
    # the last two seconds against the first two: 4 of 6 seconds apart
    assert found["drift_at_end"] == pytest.approx(6 * 4 / 6 * (2 / 3) ** 0.5, rel=0.15)
    assert found["flicker"] < 0.15
    assert found["saturation_at_end"] != pytest.approx(1, abs=1e-4)


def test_flicker_is_found_and_motion_is_none() -> None:
    wobble = np.where(np.arange(150) % 2, 1.0, -1.0)[:, None, None, None]
    assert figures(scene() + wobble)["flicker"] == pytest.approx(2, rel=0.1)
    # grain, without which 8 bits turn a slow change into steps
    slow = scene() + RNG.normal(0, 2, (150, *SIZE, 3)) + 20 * np.sin(np.arange(150) / 40)[:, None, None, None]
    assert figures(slow)["flicker"] < 0.2


def test_a_seam_stands_out_only_where_it_is() -> None:
    frames = scene()
    frames[75:] = np.roll(frames[75:], 3, axis=2) + 3
    found = figures(frames, (75,))
    assert found["seam_strength"] > 3
    assert found["seam_strength"] > 2 * found["elsewhere"]
    assert found["seam_brightness"] == pytest.approx(3, abs=0.8)
    assert figures(frames, (40,))["seam_strength"] < 1.5
    assert figures(frames)["seam_strength"] is None


def test_blur_and_contrast_are_found() -> None:
    frames = scene()
    frames[100:] = (frames[100:] + np.roll(frames[100:], 1, 1) + np.roll(frames[100:], 1, 2)) / 3
    found = figures(frames)
    assert found["sharpness_at_end"] < 0.8
    assert found["sharpness_least"] < 0.8
    assert found["drift_at_end"] < 1.5


def test_a_regular_jerk_is_found_with_its_period() -> None:
    frames = scene(400)
    for start in range(50, 400, 50):
        frames[start:] = np.roll(frames[start:], 2, axis=1)
    found = figures(frames)
    assert found["pulse_seconds"] == pytest.approx(2, abs=0.05)
    assert found["pulse_strength"] > 0.3
    assert figures(scene(400) + RNG.normal(size=(400, 1, 1, 1)))["pulse_strength"] < 0.3


def test_the_reference_is_what_likeness_is_measured_against() -> None:
    other = np.kron(RNG.integers(60, 190, (12, 20, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    assert figures(scene(), reference=ROOM.astype(np.uint8))["likeness_at_end"] > 0.9
    assert figures(scene(), reference=other)["likeness_at_end"] < 0.5
    with pytest.raises(ValueError, match="differ in size"):
        figures(scene(2), reference=other[:40])


def test_one_frame_and_none() -> None:
    assert figures(scene(1))["frames"] == 1
    with pytest.raises(ValueError, match="no frames"):
        Meter(FPS).finish()


def test_drift_by_second_has_a_value_for_each() -> None:
    meter = Meter(FPS)
    for frame in scene(90).astype(np.uint8):
        meter.look(frame)
    meter.finish()
    assert len(drift_by_second(meter.curves)) == 4


@pytest.mark.parametrize("rate", [44100, 48000, 16000])
def test_loudness_is_that_of_the_standard(rate: int) -> None:
    # BS.1770: a sine of 997 Hz at full scale in one channel reads -3.01 LUFS
    at = np.arange(5 * rate) / rate
    sine = np.sin(2 * np.pi * 997 * at)
    assert loudness(sine[None], rate) == pytest.approx(-3.01, abs=0.05)
    both = np.stack([sine, sine]) * 10 ** (-23 / 20)
    assert loudness(both, rate) == pytest.approx(-23, abs=0.05)
    # silence around it is gated out
    padded = np.concatenate([np.zeros_like(both), both, np.zeros_like(both)], 1)
    assert loudness(padded, rate) == pytest.approx(-23, abs=0.3)
    assert loudness(np.zeros((1, rate)), rate) is None
    assert loudness(sine[None, : rate // 10], rate) is None


def write_video(path: Path, frames: np.ndarray, seconds: float | None) -> None:
    """An mp4 with a tone of so many seconds; without sound if None."""
    with av.open(str(path), "w") as container:
        picture = container.add_stream("libx264", rate=Fraction(FPS), options={"crf": "8"})
        picture.width, picture.height, picture.pix_fmt = SIZE[1], SIZE[0], "yuv420p"
        sound = container.add_stream("pcm_s16le", rate=44100) if seconds else None
        for frame in np.clip(np.round(frames), 0, 255).astype(np.uint8):
            container.mux(picture.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(picture.encode())
        if sound is not None and seconds:
            tone = (0.1 * np.sin(2 * np.pi * 997 * np.arange(round(seconds * 44100)) / 44100) * 32767).astype(np.int16)
            block = av.AudioFrame.from_ndarray(np.stack([tone, tone], 1).reshape(1, -1), format="s16", layout="stereo")
            block.sample_rate = 44100
            container.mux(sound.encode(block))
            container.mux(sound.encode())


def test_a_file_is_measured_with_its_sound(tmp_path: Path) -> None:
    write_video(tmp_path / "good.mkv", scene(), 6.0)
    video, found = measure(tmp_path / "good.mkv", window=81, overlap=9)
    assert found["frames"] == len(video.curves.change) == 150
    assert found["seconds"] == 6
    assert abs(found["longer_than_sound"]) < 0.02
    assert found["loudness"] == pytest.approx(-20, abs=0.3)
    assert found["drift_at_end"] < 0.3
    assert list(video.boundaries) == [81]
    assert found["seams"] == 1


def test_the_command_compares_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_video(tmp_path / "good.mkv", scene(), 6.0)
    write_video(tmp_path / "bad.mkv", scene() + np.linspace(0, 9, 150)[:, None, None, None], 5.0)
    Image.fromarray(ROOM.astype(np.uint8)).save(tmp_path / "room.png")
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    good, bad, data, plot = (str(tmp_path / name) for name in ("good.mkv", "bad.mkv", "out.json", "out.png"))
    assert run(parser.parse_args([good, "--reference", str(tmp_path / "room.png")])) == 0
    assert run(parser.parse_args([good, bad, "--window", "81", "--json", data, "--plot", plot])) == 1
    printed = capsys.readouterr().out
    assert "bad.mkv" in printed
    assert "colour drift at the end" in printed
    stored = json.loads(Path(data).read_text())
    assert stored["figures"][bad]["drift_at_end"] > stored["figures"][good]["drift_at_end"] + 2
    assert stored["figures"][bad]["longer_than_sound"] == pytest.approx(1, abs=0.05)
    assert len(stored["curves"][good]["change"]) == 150
    with Image.open(plot) as picture:
        assert picture.width == 1400


def test_a_video_without_sound_and_a_file_without_video(tmp_path: Path) -> None:
    write_video(tmp_path / "silent.mp4", scene(10), None)
    _, found = measure(tmp_path / "silent.mp4")
    assert found["loudness"] is None
    assert found["longer_than_sound"] is None
    with av.open(str(tmp_path / "sound.wav"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=44100)
        block = av.AudioFrame.from_ndarray(np.zeros((1, 4410), np.int16), format="s16", layout="mono")
        block.sample_rate = 44100
        container.mux(stream.encode(block))
    with pytest.raises(ValueError, match="no picture"):
        measure(tmp_path / "sound.wav")
    with pytest.raises(ValueError, match="cannot share"):
        measure(tmp_path / "silent.mp4", window=9, overlap=9)


def test_an_unknown_take_is_named(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    with pytest.raises(ValueError, match="no take named 'none'"):
        run(parser.parse_args(["x.mp4", "--take", "none", "--takes", str(tmp_path)]))
