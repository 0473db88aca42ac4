"""The demo and the commands for takes: the whole machine, as a person without a model runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from longtake.nodes.core.plan import make_plan
from longtake.nodes.core.units import samples_to_frames_rounded_up
from longtake.nodes.take.sound import read_sound, write_sound
from longtake.nodes.take.store import TakeStore
from longtake.nodes.take.video import probe, read_frames
from longtake.scripts import longtake, make_assets, takes_command
from longtake.scripts.demo_command import read_portrait
from longtake.scripts.painter import Landmarks, Painter, usual_landmarks
from longtake.scripts.voice import follow_voice
from PIL import Image
from PIL.PngImagePlugin import PngInfo

RATE, FPS = 16000, Fraction(25)
#: 2.03 s: 51 frames, 4 windows of 17 with 5 shared.
SAMPLES = 32500
QUICK = ["--window", "17", "--overlap", "5"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a small picture and a short sound, and nobody's disk waited for."""
    at = np.arange(SAMPLES) / RATE
    voice = 0.5 * np.sin(2 * np.pi * 180 * at) * (np.sin(2 * np.pi * 1.5 * at) > 0)
    write_sound(tmp_path / "speech.flac", voice[None].astype(np.float32), RATE)
    random = np.random.default_rng(0)
    small = Image.fromarray(random.integers(60, 200, (10, 8, 3), np.uint8))
    small.resize((64, 80), Image.Resampling.BICUBIC).save(tmp_path / "face.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "fsync", lambda _handle: None)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    try:
        status = longtake.main([str(argument) for argument in arguments])
    except SystemExit as leaving:
        status = int(leaving.code or 0)
    said = capsys.readouterr()
    return status, said.out, said.err


def demo(capsys: pytest.CaptureFixture[str], *more: object, output: str = "out.mp4") -> tuple[int, str, str]:
    return run(capsys, "demo", "--image", "face.png", "--audio", "speech.flac", "-o", output, *QUICK, *more)


def pixels(path: Path) -> list[bytes]:
    return [frame.tobytes() for frame in read_frames(path)]


@pytest.mark.parametrize("fps", ["25", "24000/1001"])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_the_video_is_as_long_as_the_sound(
    here: Path, capsys: pytest.CaptureFixture[str], suffix: str, fps: str
) -> None:
    status, out, _ = demo(capsys, "--fps", fps, output=f"out{suffix}")
    assert status == 0
    frames = samples_to_frames_rounded_up(SAMPLES, Fraction(fps), RATE)
    assert f"{frames} frames" in out
    assert len(list(read_frames(here / f"out{suffix}"))) == probe(here / f"out{suffix}").frames == frames
    assert read_sound(here / f"out{suffix}").waveform.shape == (1, SAMPLES)


def test_no_torch_is_needed(here: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from longtake.scripts.longtake import main\n"
        "assert main(sys.argv[1:]) == 0\n"
        "assert main(['takes', 'show', 'out', '--json']) == 0\n"
    )
    command = [sys.executable, "-P", "-c", code, "demo", "--image", "face.png", "--audio", "speech.flac"]
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [*command, "-o", "out.mp4", *QUICK], check=False, capture_output=True, text=True, cwd=here
    )
    assert done.returncode == 0, done.stderr
    assert len(pixels(here / "out.mp4")) == 51


def test_takes_lie_below_the_comfyui_around_the_pack(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(takes_command, "_PACK", here / "ComfyUI" / "custom_nodes" / "any name")
    demo(capsys)
    assert (here / "ComfyUI" / "output" / "longtake" / "out" / "0001" / "take.json").exists()
    demo(capsys, "--takes", "elsewhere")
    assert (here / "elsewhere" / "out" / "0001" / "take.json").exists()


def test_a_finished_demo_is_not_made_again(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    demo(capsys)
    before = (here / "out.mp4").stat().st_mtime_ns
    status, out, _ = demo(capsys)
    assert (status, (here / "out.mp4").stat().st_mtime_ns) == (0, before)
    assert "51 frames" in out


def test_a_lost_window_is_made_again_and_is_the_same(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    demo(capsys, output="out.mkv")
    before = pixels(here / "out.mkv")
    take = TakeStore(here / "longtake-takes").current("out")
    assert take is not None
    (take.window_folder(2, 0) / "segment.mkv").unlink()
    (here / "out.mkv").unlink()
    demo(capsys, output="out.mkv")
    assert pixels(here / "out.mkv") == before


def made_at(windows: Path) -> dict[str, int]:
    """When each segment was written."""
    return {path.parent.name: path.stat().st_mtime_ns for path in windows.glob("*/segment.mkv")}


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_killed_demo_goes_on(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    demo(capsys, "--name", "undisturbed", output="undisturbed.mkv")
    command = [sys.executable, "-P", "-m", "longtake.scripts.longtake", "demo"]
    command += ["--image", "face.png", "--audio", "speech.flac", "-o", "killed.mkv", *QUICK]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603 - our own script
    windows = here / "longtake-takes" / "killed" / "0001" / "windows"
    deadline = time.monotonic() + 60
    while not list(windows.glob("*")) and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    stood = made_at(windows)
    assert list(windows.glob("*"))
    demo(capsys, output="killed.mkv")
    assert stood.items() <= made_at(windows).items()
    assert pixels(here / "killed.mkv") == pixels(here / "undisturbed.mkv")


def test_retaking_changes_the_windows_from_there_on(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    demo(capsys, output="out.mkv")
    before = pixels(here / "out.mkv")
    status, out, _ = run(capsys, "takes", "retake", "out", "--from", 3, "--seed", 12345)
    assert (status, "Windows 3 to 4 are made again" in out) == (0, True)
    assert "window 3 of 4" in run(capsys, "takes", "list")[1]
    status, _, err = run(capsys, "takes", "join", "out")
    assert status == 2
    assert "2 of 4 windows" in err
    demo(capsys, output="out.mkv")
    after = pixels(here / "out.mkv")
    first = make_plan(51, window=17, overlap=5).windows[2].kept[0]
    assert after[:first] == before[:first]
    assert all(a != b for a, b in zip(after[first + 1 :], before[first + 1 :], strict=True))


def test_another_sound_begins_another_take(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    demo(capsys)
    write_sound(here / "speech.flac", np.zeros((1, SAMPLES), np.float32), RATE)
    _, _, err = demo(capsys)
    assert "sound of out changed" in err
    assert [take.record.take for take in TakeStore(here / "longtake-takes").takes("out")] == ["0001", "0002"]
    assert "take 0002 of 2" in run(capsys, "takes", "list")[1]


def test_takes_are_shown_joined_and_cleaned(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    demo(capsys)
    demo(capsys, "--anew")
    _, out, _ = run(capsys, "takes", "show", "out")
    assert "take 0002" in out
    assert out.count("  window ") == 4
    data = json.loads(run(capsys, "takes", "show", "out", "--json")[1])
    assert (data["frames"], data["windows"], data["complete"], len(data["kept_windows"])) == (51, 4, True, 4)
    assert [item["name"] for item in json.loads(run(capsys, "takes", "list", "--json")[1])] == ["out"]
    status, out, _ = run(capsys, "takes", "join", "out", "-o", "again.mp4")
    assert (status, out.strip()) == (0, "again.mp4")
    assert pixels(here / "again.mp4") == pixels(here / "out.mp4")
    assert run(capsys, "takes", "join", "out", "-o", "again.mkv")[0] == 2

    take = TakeStore(here / "longtake-takes").current("out")
    assert take is not None
    take.set_aside(3)
    demo(capsys)
    assert list((take.folder / "aside").iterdir())
    assert "0.0 MB" not in run(capsys, "takes", "clean", "--dry-run", "--old-takes")[1].splitlines()[0]
    assert list((take.folder / "aside").iterdir())
    run(capsys, "takes", "clean", "out")
    assert not (take.folder / "aside").exists()
    assert (take.folder.parent / "0001").exists()
    run(capsys, "takes", "clean", "--old-takes")
    assert not (take.folder.parent / "0001").exists()
    before = (here / "out.mp4").read_bytes()
    demo(capsys)
    assert (here / "out.mp4").read_bytes() == before


def test_two_takes_written_to_one_file_each_give_their_own(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    demo(capsys, "--name", "one")
    before = pixels(here / "out.mp4")
    demo(capsys, "--name", "two", "--seed", 5)
    assert pixels(here / "out.mp4") != before
    demo(capsys, "--name", "one")
    assert pixels(here / "out.mp4") == before


def test_a_take_that_cannot_be_read_hides_no_other(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    demo(capsys)
    broken = here / "longtake-takes" / "broken" / "0001"
    broken.mkdir(parents=True)
    (broken / "take.json").write_text("{")
    for command in ("list", "clean"):
        status, out, err = run(capsys, "takes", command)
        assert status == 1
        assert out
        assert "broken" in err
    assert "all 4 windows" in run(capsys, "takes", "list")[1]


def test_a_video_is_joined_into_a_folder_that_is_made(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    demo(capsys)
    assert run(capsys, "takes", "join", "out", "-o", "new/again.mp4")[0] == 0
    assert pixels(here / "new" / "again.mp4") == pixels(here / "out.mp4")


def test_a_damaged_window_is_said_by_join(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    demo(capsys)
    take = TakeStore(here / "longtake-takes").current("out")
    assert take is not None
    segment = take.window_folder(1, 0) / "segment.mp4"
    data = bytearray(segment.read_bytes())
    data[-100] ^= 0xFF
    segment.write_bytes(data)
    status, out, _ = run(capsys, "takes", "join", "out", "-o", "again.mp4")
    assert status == 1
    assert "window 2" in out
    assert not (here / "again.mp4").exists()
    assert demo(capsys)[0] == 0
    assert len(pixels(here / "out.mp4")) == 51


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["demo", "-o", "out.avi"], "neither mp4 nor mkv"),
        (["demo", "--image", "speech.flac"], "is no picture"),
        (["demo", "--image", "nobody.png"], "there is no file"),
        (["demo", "--audio", "face.png"], "sound"),
        (["demo", "--mouth", "1,2"], "Use X,Y,WIDTH"),
        (["takes"], "ACTION"),
        (["takes", "show", "nobody"], "no take named nobody"),
        (["takes", "retake", "nobody", "--from", "1"], "no take named nobody"),
        (["takes", "clean", "nobody"], "no take named nobody"),
    ],
)
def test_misuse_is_one_sentence(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1
    assert sorted(path.name for path in here.iterdir()) == ["face.png", "speech.flac"]


@pytest.mark.usefixtures("here")
def test_no_takes_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "takes", "list")[:2] == (0, "There are no takes in longtake-takes.\n")


@pytest.mark.usefixtures("here")
def test_another_format_for_a_begun_take_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    demo(capsys)
    status, _, err = demo(capsys, "--name", "out", output="out.mkv")
    assert status == 2
    assert "was begun as .mp4" in err


def scene(frames: int = 40) -> tuple[np.ndarray, Painter]:
    picture = np.asarray(Image.open(make_assets.PORTRAIT).resize((128, 160)))
    landmarks = Landmarks(
        tuple(value / 4 for value in make_assets.MOUTH), tuple(value / 4 for value in make_assets.EYES)
    )
    sound = read_sound(make_assets.SPEECH)
    return picture, Painter(picture, landmarks, follow_voice(sound.waveform, sound.sample_rate, FPS, frames), FPS)


def test_the_painter_goes_on_from_the_motion_frames() -> None:
    picture, painter = scene()
    plan = make_plan(40, window=17, overlap=5)
    first = list(painter.window(plan.windows[0], picture[None], 3))
    second = plan.windows[1]
    motion = np.stack(first[-second.overlap :]).astype(np.float32) / 255
    frames = list(painter.window(second, motion, 4))
    assert len(frames) == second.frames
    assert all((a == b).all() for a, b in zip(frames, first[-second.overlap :], strict=False))
    other = list(painter.window(second, motion * 0.5, 4))
    new = second.overlap
    assert np.abs(other[new].astype(int) - frames[new]).mean() > 5
    again = list(painter.window(second, motion, 4))
    assert all((a == b).all() for a, b in zip(again, frames, strict=True))


def test_the_seam_is_no_larger_a_step_than_others() -> None:
    picture, painter = scene()
    plan = make_plan(40, window=17, overlap=5)
    video: list[np.ndarray] = []
    for window in plan.windows:
        motion = np.stack(video[-window.overlap :]) if window.overlap else picture[None]
        video += list(painter.window(window, motion, 100 + window.index))[window.overlap :]
    steps = [np.abs(a.astype(int) - b).mean() for a, b in pairwise(video)]
    seams = [window.kept[0] - 1 for window in plan.windows[1:]]
    assert max(steps[seam] for seam in seams) <= np.percentile(steps, 90)


def test_the_mouth_follows_the_voice() -> None:
    frames = 199
    sound = read_sound(make_assets.SPEECH)
    voice = follow_voice(sound.waveform, sound.sample_rate, FPS, frames)
    edges = np.linspace(0, sound.waveform.shape[1], frames + 1).astype(int)
    loud = np.array([np.abs(sound.waveform[0, a:b]).mean() for a, b in pairwise(edges)])
    assert np.corrcoef(voice.opening, loud)[0, 1] > 0.6
    assert voice.opening.max() > 0.7
    assert voice.opening[loud < loud.max() / 100].max() < 0.4
    assert (follow_voice(np.zeros((2, 9000), np.float32), 8000, FPS, 29).opening == 0).all()
    picture, painter = scene(frames)
    window = make_plan(frames).windows[0]
    mouth = slice(99, 112), slice(56, 72)
    dark = [float(painter.frame(n, window, 0, picture)[mouth].mean()) for n in range(0, 80, 4)]
    assert np.corrcoef(dark, voice.opening[0:80:4])[0, 1] < -0.7


@pytest.mark.parametrize(
    ("kind", "size"), [("RGBA", (65, 81)), ("L", (33, 200)), ("P", (64, 64)), ("RGB", (1600, 900))]
)
def test_any_picture_can_be_painted(tmp_path: Path, kind: str, size: tuple[int, int]) -> None:
    Image.new("RGB", size, (90, 140, 200)).convert(kind).save(tmp_path / "face.png")
    picture, landmarks = read_portrait(tmp_path / "face.png")
    height, width = picture.shape[:2]
    assert width % 2 == height % 2 == 0
    assert max(width, height) <= 768
    assert landmarks == usual_landmarks(width, height)
    voice = follow_voice(np.ones((1, 16000), np.float32), 16000, FPS, 25)
    frame = Painter(picture, landmarks, voice, FPS).frame(24, make_plan(25).windows[0], 0, picture)
    assert (frame.shape, frame.dtype) == (picture.shape, np.uint8)


def test_landmarks_come_from_the_file_or_the_command(tmp_path: Path) -> None:
    notes = PngInfo()
    notes.add_text("mouth", "800,1000,200")
    notes.add_text("eyes", "600,600,1000,600,80")
    Image.new("RGB", (1536, 1536)).save(tmp_path / "face.png", pnginfo=notes)
    assert read_portrait(tmp_path / "face.png")[1] == Landmarks((400, 500, 100), (300, 300, 500, 300, 40))
    assert read_portrait(tmp_path / "face.png", "10,20,30")[1] == Landmarks((5, 10, 15))


def test_what_is_in_the_repository_is_what_is_drawn() -> None:
    assert make_assets.main(["--check"]) == 0
    sound = read_sound(make_assets.SPEECH)
    assert 5 < sound.waveform.shape[1] / sound.sample_rate < 9
    assert max(path.stat().st_size for path in make_assets.ASSETS.iterdir()) < 300_000
