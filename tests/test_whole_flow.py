"""Plan, windows, take, joining: the finished video reads 0, 1, ..., F - 1 and is as long as the sound."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from longtake.nodes.core.plan import FAMILIES, make_plan
from longtake.nodes.core.seam import SEAMS
from longtake.nodes.core.units import samples_to_frames_rounded_up
from longtake.nodes.take.keep import Style, keep_window
from longtake.nodes.take.store import TakeStore, material_from
from longtake.nodes.take.video import Encoding, probe
from paint import paint
from takes import (
    HEIGHT,
    QUICK,
    RATE,
    WIDTH,
    begin,
    finish,
    interpolated,
    make_next,
    make_windows,
    material,
    next_job,
    numbers,
    paint_job,
    pixels,
    seconds_of,
    small_plan,
    speech,
    whole,
)

pytestmark = pytest.mark.usefixtures("hasty_disk")

SMALL = {"window": 17, "overlap": 5}


@pytest.mark.parametrize(
    ("frames", "asked"),
    [
        # shorter than a window, exactly one, one more, aligned, one frame more, primes
        (1, {}),
        (2, {}),
        (80, {}),
        (81, {}),
        (82, {}),
        (153, {}),
        (154, {}),
        (97, {}),
        (251, {}),
        (193, {"overlap": 25}),
        (194, {"overlap": 25}),
        (199, {"overlap": 25}),
        *[(frames, {**SMALL, "fit": fit}) for fit in ("exact", "shrink", "pad") for frames in (5, 17, 18, 41, 42, 83)],
        (83, {**SMALL, "fit": "floor"}),
        (17, {**SMALL, "fit": "floor"}),
        (6, {**SMALL, "fit": "floor"}),
        # an overlap of more than half of the window; of one frame; of all but one step
        (83, {"window": 17, "overlap": 13}),
        (83, {"window": 17, "overlap": 1}),
        (29, {"window": 9, "overlap": 5, "fit": "shrink"}),
        # odd rates
        *[(59, {**SMALL, "fps": fps}) for fps in ("23.976", "29.97", "12.5", "24", "7/3", "59.94")],
        # other families: LTX's eight frames, and a model that folds none
        (101, {"window": 33, "overlap": 9, "temporal_scale": 8}),
        (31, {"window": 8, "overlap": 3, "temporal_scale": 1}),
    ],
)
def test_the_video_is_every_frame_of_the_sound(tmp_path: Path, frames: int, asked: dict[str, Any]) -> None:
    plan = make_plan(frames, **asked)
    video = whole(tmp_path, plan)
    assert numbers(video) == list(range(plan.frames))
    if plan.fit != "floor":
        assert plan.frames == frames
    found = probe(video)
    assert (found.frames, found.fps, found.size) == (plan.frames, plan.fps, (WIDTH, HEIGHT))
    assert found.seconds == seconds_of(plan)
    sound = Fraction(speech(plan).shape[1], RATE)
    assert 0 <= found.seconds - sound < Fraction(1, RATE)
    assert found.sound_seconds is not None
    assert abs(found.sound_seconds - sound) <= Fraction(1, RATE)


def test_a_family_of_long_windows(tmp_path: Path) -> None:
    ltx = FAMILIES["ltx"]
    plan = make_plan(700, temporal_scale=ltx.temporal_scale, window=ltx.window, overlap=ltx.overlap)
    assert len(plan.windows) == 2
    assert numbers(whole(tmp_path, plan)) == list(range(700))


@pytest.mark.parametrize("samples", [1, 639, 640, 641, 12_345, 40_001])
def test_a_sound_of_any_length(tmp_path: Path, samples: int) -> None:
    """From samples to the finished file: as many frames as cover the sound, and the sound itself, whole."""
    plan = small_plan(samples_to_frames_rounded_up(samples, Fraction(25), RATE))
    store = TakeStore(tmp_path)
    waveform = np.sin(np.arange(samples, dtype=np.float32) / 20)[None] * 0.3
    take, _ = store.open("take", material_from(plan, waveform, RATE, paint(0, HEIGHT, WIDTH)), 7)
    make_windows(take)
    video = finish(tmp_path, take)
    assert numbers(video) == list(range(plan.frames))
    found = probe(video)
    assert 0 <= found.seconds - Fraction(samples, RATE) < Fraction(1, 25)
    assert found.sound_seconds is not None
    assert abs(found.sound_seconds - Fraction(samples, RATE)) <= Fraction(1, RATE)


@pytest.mark.parametrize("seam", SEAMS)
@pytest.mark.parametrize("overlap", [5, 13])
def test_every_seam_keeps_every_frame(tmp_path: Path, seam: str, overlap: int) -> None:
    plan = small_plan(59, overlap=overlap)
    video = whole(tmp_path, plan, style=Style(QUICK.encoding, seam))
    assert numbers(video) == list(range(59))
    assert begin(tmp_path, plan).kept(1).seam == seam


@pytest.mark.parametrize("seam", ["cut", "linear"])
@pytest.mark.parametrize("multiple", [2, 3])
@pytest.mark.parametrize("between", [False, True], ids=["each", "between"])
@pytest.mark.parametrize(
    ("frames", "asked"), [(17, {}), (41, {}), (42, {}), (58, {"fit": "pad"}), (59, {"overlap": 13})]
)
def test_interpolated_frames(
    tmp_path: Path, frames: int, asked: dict[str, Any], multiple: int, between: bool, seam: str
) -> None:
    """n * m frames, or (n - 1) * m + 1; the next window goes on from the frames as the model made them."""
    plan = small_plan(frames, **asked)
    take = begin(tmp_path, plan)
    while job := next_job(take):
        finer = interpolated(job.window, multiple, between=between)
        keep_window(take, job, finer, paint_job(job), style=Style(QUICK.encoding, seam))
    video = finish(tmp_path, take)
    expected = list(range(frames * multiple))
    if between:  # nothing follows the last frame but what was made past the end; if nothing was, it stands still
        last = (frames - 1) * multiple
        made = (frames + plan.padding - 1) * multiple
        expected = [min(number, max(last, made)) for number in expected]
    assert numbers(video) == expected
    found = probe(video)
    assert (found.fps, found.seconds) == (plan.fps * multiple, seconds_of(plan))


@pytest.mark.parametrize("scale", [2, 3])
def test_larger_frames_are_kept_and_the_models_own_go_on(tmp_path: Path, scale: int) -> None:
    take = begin(tmp_path, small_plan(41))
    raw = {}
    while job := next_job(take):
        raw[job.window.index] = paint_job(job)
        keep_window(take, job, paint_job(job, HEIGHT * scale, WIDTH * scale), raw[job.window.index], style=QUICK)
    for index in range(1, 3):
        assert np.array_equal(take.motion_frames(index), raw[index - 1][-take.plan.windows[index].overlap :])
    video = finish(tmp_path, take)
    assert probe(video).size == (WIDTH * scale, HEIGHT * scale)
    assert numbers(video) == list(range(41))


@pytest.mark.parametrize(("frames", "overlap"), [(59, 5), (59, 13), (60, 9)])
def test_a_window_continues_from_the_very_frames_of_the_one_before(tmp_path: Path, frames: int, overlap: int) -> None:
    take = begin(tmp_path, small_plan(frames, overlap=overlap))
    made = np.empty(0)
    while job := next_job(take):
        if job.window.index:
            assert np.array_equal(job.motion_frames.view(np.uint32), made[-job.window.overlap :].view(np.uint32))
            assert len(job.motion_frames) == job.window.overlap
        made = paint_job(job)
        keep_window(take, job, made, style=QUICK)
    assert take.complete


@pytest.mark.parametrize("seam", ["cut", "best cut"])
def test_lossless(tmp_path: Path, seam: str) -> None:
    """In FFV1 the finished video holds the painted frames to the bit, rounded to 8 bits."""
    plan = small_plan(45)
    take = begin(tmp_path, plan)
    expected: list[np.ndarray] = []
    while job := next_job(take):
        frames = paint_job(job)
        keep_window(take, job, frames, style=Style(Encoding("ffv1", threads=1), seam))
        start, stop = (frame - job.window.start for frame in job.window.kept)
        expected += list(np.floor(frames[start:stop] * 255 + 0.5).astype(np.uint8))
    video = finish(tmp_path, take)
    assert video.suffix == ".mkv"
    assert numbers(video) == list(range(45))
    if seam == "cut":
        with av.open(str(video)) as container:
            decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        assert np.array_equal(decoded, expected)


def test_eight_bits_are_as_good_as_floats(tmp_path: Path) -> None:
    plan = small_plan(41)
    take = begin(tmp_path, plan)
    while job := next_job(take):
        keep_window(take, job, (paint_job(job) * 255 + 0.5).astype(np.uint8), style=QUICK)
    assert numbers(finish(tmp_path, take)) == list(range(41))


def test_two_takes_at_once(tmp_path: Path) -> None:
    """Window by window in turns, with plans of their own; neither sees the other."""
    plans = {"one": small_plan(59), "other": small_plan(83, overlap=9, fps=24)}
    takes = {name: begin(tmp_path, plan, name, seed=len(name)) for name, plan in plans.items()}
    for _ in range(10):
        for take in takes.values():
            make_next(take)
    for name, plan in plans.items():
        assert numbers(finish(tmp_path, takes[name])) == list(range(plan.frames))
    assert TakeStore(tmp_path).names() == ["one", "other"]
    alone = begin(tmp_path / "alone", plans["one"], "one", seed=3)
    make_windows(alone)
    assert pixels(finish(tmp_path / "alone", alone)) == pixels(TakeStore(tmp_path).video(takes["one"]))


def test_stopping_after_each_window_changes_nothing(tmp_path: Path) -> None:
    plan = small_plan(83)
    at_once = whole(tmp_path / "once", plan)
    while make_next(begin(tmp_path / "steps", plan)):
        pass
    assert pixels(finish(tmp_path / "steps", begin(tmp_path / "steps", plan))) == pixels(at_once)


def test_the_finished_video_carries_the_workflow(tmp_path: Path) -> None:
    take = begin(tmp_path, small_plan(20))
    make_windows(take)
    workflow = json.dumps({"nodes": [1, 2], "name": 'Ä " \\ 中'})
    video = take.finish(TakeStore(tmp_path).video(take), {"workflow": workflow, "prompt": "{}"})
    with av.open(str(video)) as container:
        assert container.metadata["workflow"] == workflow
        assert container.metadata["prompt"] == "{}"


def test_several_channels_of_sound(tmp_path: Path) -> None:
    plan = small_plan(41)
    store = TakeStore(tmp_path)
    take, _ = store.open("take", material(plan, rate=44100, channels=2), 7)
    make_windows(take)
    with av.open(str(finish(tmp_path, take))) as container:
        sound = container.streams.audio[0]
        assert (sound.rate, sound.codec_context.channels) == (44100, 2)
