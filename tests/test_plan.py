"""The plan: known layouts first, then what holds for every number of frames, window and overlap."""

import json
import re
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from fractions import Fraction
from itertools import pairwise
from statistics import fmean
from types import FrameType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from longtake.nodes.core.plan import FAMILIES, FITS, Plan, make_plan, plan_from_json
from longtake.nodes.core.units import frames_rounded_down, frames_rounded_up

MOST_OVERLAP = Fraction(57, 81)


# -- known layouts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frames", "overlap", "windows", "made", "past"),
    [
        (81, 9, 1, 81, 0),
        (153, 9, 2, 153, 0),
        (175, 9, 3, 225, 50),
        (225, 9, 3, 225, 0),
        (425, 9, 6, 441, 16),
        (441, 9, 6, 441, 0),
        (513, 9, 7, 513, 0),
        (525, 9, 8, 585, 60),
        (585, 9, 8, 585, 0),
        (1089, 9, 15, 1089, 0),
        (81, 25, 1, 81, 0),
        (153, 25, 3, 193, 40),
        (175, 25, 3, 193, 18),
        (225, 25, 4, 249, 24),
        (425, 25, 8, 473, 48),
        (441, 25, 8, 473, 32),
        (513, 25, 9, 529, 16),
        (525, 25, 9, 529, 4),
        (585, 25, 10, 585, 0),
        (1089, 25, 19, 1089, 0),
    ],
)
def test_pad_is_what_the_wrapper_loop_makes(frames: int, overlap: int, windows: int, made: int, past: int) -> None:
    plan = make_plan(frames, overlap=overlap, fit="pad")
    assert (len(plan.windows), plan.windows[-1].stop, plan.padding) == (windows, made, past)
    assert [window.start for window in plan.windows] == [index * (81 - overlap) for index in range(windows)]
    assert plan.frames == frames


@pytest.mark.parametrize(
    ("frames", "spans"),
    [
        (1, [(0, 1)]),
        (2, [(0, 5)]),
        (80, [(0, 81)]),
        (81, [(0, 81)]),
        (82, [(0, 81), (24, 85)]),
        (100, [(0, 81), (24, 101)]),
        (104, [(0, 81), (24, 105)]),
        (105, [(0, 81), (24, 105)]),
        (106, [(0, 81), (28, 109)]),
        (153, [(0, 81), (72, 153)]),
        (154, [(0, 81), (40, 121), (76, 157)]),
        (585, [(72 * index, 72 * index + 81) for index in range(8)]),
    ],
)
def test_exact(frames: int, spans: list[tuple[int, int]]) -> None:
    plan = make_plan(frames)
    assert [(window.start, window.stop) for window in plan.windows] == spans
    assert plan.padding == spans[-1][1] - frames


@pytest.mark.parametrize(
    ("frames", "spans"),
    [
        (1, [(0, 1)]),
        (81, [(0, 81)]),
        (82, [(0, 81), (72, 85)]),
        (100, [(0, 81), (72, 101)]),
        (153, [(0, 81), (72, 153)]),
        (154, [(0, 81), (72, 153), (144, 157)]),
    ],
)
def test_shrink(frames: int, spans: list[tuple[int, int]]) -> None:
    assert [(window.start, window.stop) for window in make_plan(frames, fit="shrink").windows] == spans


@pytest.mark.parametrize("overlap", [9, 25])
@pytest.mark.parametrize("frames", [81, 82, 100, 136, 137, 152, 153, 154, 192, 193, 425, 1089, 9000])
def test_floor_keeps_the_last_aligned_count(frames: int, overlap: int) -> None:
    stride = {9: 72, 25: 56}[overlap]
    aligned = max(count for count in range(81, frames + 1, stride))
    plan = make_plan(frames, overlap=overlap, fit="floor")
    assert (plan.frames, plan.padding) == (aligned, 0)
    assert len(plan.windows) == 1 + (aligned - 81) // stride


@pytest.mark.parametrize(("frames", "kept"), [(1, 1), (4, 1), (5, 5), (79, 77), (80, 77)])
def test_floor_of_less_than_a_window(frames: int, kept: int) -> None:
    plan = make_plan(frames, fit="floor")
    assert [(window.start, window.stop) for window in plan.windows] == [(0, kept)]
    assert plan.frames == kept


def test_what_the_source_documents_advise_against_exact() -> None:
    """Their counts, 81 + 72 (n - 1) rounded down, made with an overlap of 25 by a loop that never trims.

    Of the sounds of 81 to 10,000 frames hardly one gets a video of its own length; with "exact" every one does.
    """
    counts = range(81, 10_001)
    advised = {frames: make_plan(frames, fit="floor").frames for frames in range(81, 10_001, 72)}
    made = {frames: make_plan(frames, overlap=25, fit="pad").windows[-1].stop for frames in advised.values()}
    of_sound = {frames: advised[frames - (frames - 81) % 72] for frames in counts}
    cut = [frames - of_sound[frames] for frames in counts]
    past = [made[of_sound[frames]] - of_sound[frames] for frames in counts]
    assert (sum(map(bool, cut)), max(cut)) == (9782, 71)
    assert (sum(map(bool, past)), max(past)) == (8480, 48)
    assert sum(made[of_sound[frames]] != frames for frames in counts) == 9782
    for frames in counts[::11]:
        plan = make_plan(frames)
        assert of_sound[frames] == make_plan(frames, fit="floor").frames
        assert plan.frames == plan.windows[-1].kept[1] == frames
        assert plan.padding <= 3


def test_a_window_as_json() -> None:
    assert make_plan(100).windows[1].to_json() == {
        "index": 1,
        "start": 24,
        "stop": 101,
        "overlap": 57,
        "padding": 1,
        "kept": [81, 100],
    }


def test_what_a_plan_tells_of_itself() -> None:
    plan = make_plan(100)
    assert (plan.longest_window, plan.generated, plan.padding) == (81, 158, 1)
    assert [plan.next_overlap(index) for index in (0, 1)] == [57, 0]
    assert make_plan(40).longest_window == 41


@pytest.mark.parametrize("name", FAMILIES)
def test_the_windows_of_every_family_can_be_planned(name: str) -> None:
    family = FAMILIES[name]
    plan = make_plan(
        5000, fps=family.fps, temporal_scale=family.temporal_scale, window=family.window, overlap=family.overlap
    )
    assert kept_frames(plan) == list(range(5000))


# -- what always holds ------------------------------------------------------------------------------------


def kept_frames(plan: Plan) -> list[int]:
    return [frame for window in plan.windows for frame in range(*window.kept)]


#: Ten thousand windows on a busy machine take longer than Hypothesis likes.
patient = settings(deadline=None)


@st.composite
def arguments(draw: st.DrawFn, fits: tuple[str, ...] = FITS) -> dict[str, Any]:
    """Every scale, grid window and grid overlap; as many frames as 400 windows hold, up to 200,000."""
    scale = draw(st.integers(1, 16))
    steps = draw(st.integers(1, 600 // scale))
    window = 1 + scale * steps
    overlap = 1 + scale * draw(st.integers(0, steps - 1))
    frames = draw(st.integers(1, min(200_000, 400 * (window - overlap))))
    return {
        "frames": frames,
        "temporal_scale": scale,
        "window": window,
        "overlap": overlap,
        "fit": draw(st.sampled_from(fits)),
        "fps": draw(st.fractions(min_value=Fraction(1, 2), max_value=240, max_denominator=1001)),
    }


@given(arguments())
@example({"frames": 200_000})
@example({"frames": 200_000, "fit": "shrink", "overlap": 77})
@example({"frames": 200_000, "temporal_scale": 16, "window": 17, "overlap": 1})
@patient
def test_every_frame_is_kept_once(asked: dict[str, Any]) -> None:
    plan = make_plan(**asked)
    assert kept_frames(plan) == list(range(plan.frames))
    if plan.fit != "floor":
        assert plan.frames == asked["frames"]


@given(arguments(("floor",)))
@patient
def test_floor_never_passes_the_end_and_leaves_less_than_a_stride(asked: dict[str, Any]) -> None:
    plan = make_plan(**asked)
    assert plan.padding == 0
    left = asked["frames"] - plan.frames
    stride = asked["window"] - asked["overlap"]
    assert 0 <= left < (stride if asked["frames"] >= asked["window"] else asked["temporal_scale"])


@given(arguments())
@patient
def test_neighbours_share_what_they_say(asked: dict[str, Any]) -> None:
    windows = make_plan(**asked).windows
    assert [window.index for window in windows] == list(range(len(windows)))
    assert (windows[0].start, windows[0].overlap) == (0, 0)
    for before, after in pairwise(windows):
        assert after.overlap == before.stop - after.start
        assert after.overlap >= asked["overlap"]
        assert before.padding == 0
        assert before.kept[1] == after.kept[0]


@given(arguments())
@patient
def test_every_window_and_overlap_fills_whole_latent_frames(asked: dict[str, Any]) -> None:
    scale = asked["temporal_scale"]
    plan = make_plan(**asked)
    for window in plan.windows:
        assert (window.frames - 1) % scale == 0
        assert window.start % scale == 0
        assert window.index == 0 or (window.overlap - 1) % scale == 0


@given(arguments())
@patient
def test_only_the_last_window_may_be_shorter(asked: dict[str, Any]) -> None:
    plan = make_plan(**asked)
    assert all(window.frames == asked["window"] for window in plan.windows[:-1])
    assert plan.longest_window <= asked["window"]
    if plan.fit == "pad":
        assert plan.windows[-1].frames == asked["window"]


@given(arguments(("exact", "shrink")))
@patient
def test_less_than_a_latent_frame_is_made_past_the_end(asked: dict[str, Any]) -> None:
    plan = make_plan(**asked)
    assert plan.padding == frames_rounded_up(asked["frames"], asked["temporal_scale"]) - asked["frames"]
    assert plan.padding <= asked["temporal_scale"] - 1


@given(arguments(("exact",)))
@patient
def test_exact_spreads_evenly_up_to_the_largest_overlap_and_only_then_shrinks(asked: dict[str, Any]) -> None:
    scale, window = asked["temporal_scale"], asked["window"]
    most = max(asked["overlap"], frames_rounded_down(int(window * MOST_OVERLAP), scale))
    plan = make_plan(**asked)
    overlaps = [each.overlap for each in plan.windows[1:]]
    assert all(overlap <= most for overlap in overlaps)
    if overlaps:
        assert max(overlaps) - min(overlaps) <= scale
        assert plan.windows[-1].frames == window or set(overlaps) == {most}


@given(arguments(("exact", "shrink", "pad")))
@patient
def test_no_window_is_made_too_many(asked: dict[str, Any]) -> None:
    plan = make_plan(**asked)
    one_less = asked["window"] + (len(plan.windows) - 2) * (asked["window"] - asked["overlap"])
    assert len(plan.windows) == 1 or one_less < asked["frames"]


@given(arguments(("shrink", "pad")))
@patient
def test_overlaps_are_as_asked(asked: dict[str, Any]) -> None:
    assert {window.overlap for window in make_plan(**asked).windows[1:]} <= {asked["overlap"]}


def test_shrink_makes_little_more_than_is_needed() -> None:
    """5 to 120 s at 25 fps; padded, it is 1.157."""
    counts = range(5 * 25, 120 * 25 + 1)
    shares = {fit: fmean(make_plan(n, fit=fit).generated / n for n in counts) for fit in ("shrink", "pad")}
    assert shares["shrink"] <= 1.125
    assert shares["pad"] == pytest.approx(1.157, abs=0.001)


# -- a value ----------------------------------------------------------------------------------------------


@given(arguments())
@settings(max_examples=50, deadline=None)
def test_a_plan_is_the_same_after_json(asked: dict[str, Any]) -> None:
    plan = make_plan(**asked)
    again = plan_from_json(json.loads(json.dumps(plan.to_json())))
    assert again == plan
    assert again.to_json() == plan.to_json()
    assert hash(again) == hash(plan)
    assert make_plan(**asked) == plan


@pytest.mark.parametrize("name", ["frames", "fps", "windows", "overlap", "window", "fit", "temporal_scale", "new"])
def test_a_plan_cannot_be_changed(name: str) -> None:
    plan = make_plan(100)
    with pytest.raises((FrozenInstanceError, TypeError)):
        setattr(plan, name, 1)
    assert plan == make_plan(100)


@pytest.mark.parametrize("name", ["index", "start", "stop", "overlap", "padding"])
def test_a_window_cannot_be_changed(name: str) -> None:
    window = make_plan(100).windows[1]
    with pytest.raises(FrozenInstanceError):
        setattr(window, name, 1)


def test_json_is_a_copy() -> None:
    plan = make_plan(100)
    data = plan.to_json()
    data["windows"][0]["start"] = 7
    data["windows"].clear()
    assert plan == make_plan(100)


def _changed(*path: str | int, by: int = 0, value: Any = None) -> Callable[[dict[str, Any]], None]:
    def change(data: Any) -> None:
        *way, last = path
        for key in way:
            data = data[key]
        data[last] = data[last] + by if value is None else value

    return change


@pytest.mark.parametrize(
    "change",
    [
        _changed("frames", by=1),
        _changed("frames", by=-1),
        _changed("windows", 0, "stop", by=-4),
        _changed("windows", 1, "start", by=4),
        _changed("windows", 1, "overlap", by=-4),
        _changed("windows", 2, "padding", by=1),
        _changed("windows", 1, "padding", by=1),
        _changed("windows", 1, "index", by=1),
        _changed("windows", value=[]),
        lambda data: data["windows"].pop(),
        lambda data: data["windows"].pop(0),
        lambda data: data["windows"].insert(1, data["windows"][1]),
        lambda data: data["windows"].reverse(),
        lambda data: data.pop("windows"),
        lambda data: data.pop("fps"),
        _changed("fps", value="fast"),
        _changed("windows", 1, "start", value="early"),
        _changed("windows", value=3),
    ],
)
def test_json_that_is_no_plan_is_refused(change: Callable[[dict[str, Any]], None]) -> None:
    data = make_plan(200).to_json()
    change(data)
    with pytest.raises(ValueError, match=r"[Uu]se"):
        plan_from_json(data)


# -- refusals ---------------------------------------------------------------------------------------------


def example_in(message: str) -> str:
    found = re.search(r"for example (\d+)", message) or re.search(r"Use (?:at least |one of )?(\w+)", message)
    assert found, message
    return found.group(1)


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({"frames": 0}, "frames"),
        ({"frames": -5}, "frames"),
        ({"temporal_scale": 0}, "temporal_scale"),
        ({"temporal_scale": -4}, "temporal_scale"),
        ({"fit": "stretch"}, "fit"),
        ({"fps": "fast"}, "fps"),
    ],
)
def test_what_cannot_be_planned_is_refused_with_what_can(asked: dict[str, Any], name: str) -> None:
    asked = {"frames": 100, **asked}
    with pytest.raises(ValueError, match=str(asked[name])) as refused:
        make_plan(**asked)
    works = re.search(r"scale of .* Use (\d+)", str(refused.value))
    value = works.group(1) if works else example_in(str(refused.value))
    make_plan(**{**asked, name: int(value) if value.isdecimal() else value})


@given(st.integers(1, 16), st.integers(-20, 700), st.integers(-20, 700), st.integers(1, 2000), st.sampled_from(FITS))
@example(4, 1, 1, 100, "exact")
@example(4, 5, 10, 100, "exact")
@example(4, 5, 5, 100, "exact")
@example(1, 1, 1, 100, "exact")
@example(4, 82, 9, 100, "exact")
@settings(max_examples=400, deadline=None)
def test_following_the_refusals_leads_to_a_plan(scale: int, window: int, overlap: int, frames: int, fit: str) -> None:
    """Each refusal names one thing that is wrong and a value; with at most two of them followed it works."""
    asked: dict[str, Any] = {"frames": frames, "window": window, "overlap": overlap, "fit": fit}
    asked["temporal_scale"] = scale
    for _ in range(2):
        try:
            make_plan(**asked)
        except ValueError as refused:
            message = str(refused)
            name = "overlap" if message.startswith("An overlap") else "window"
            assert f"{asked[name]} frames" in message
            value = int(example_in(message))
            assert value != asked[name]
            asked[name] = value
    make_plan(**asked)


# -- long plans -------------------------------------------------------------------------------------------


def lines_run(function: Callable[[], object]) -> int:
    """How many lines of Python run in a call."""
    count = 0

    def trace(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("fit", FITS)
def test_ten_hours_take_ten_times_the_work_of_one(fit: str) -> None:
    hour = 3600 * 25

    def whole(frames: int) -> None:
        plan = plan_from_json(make_plan(frames, fit=fit).to_json())
        for window in plan.windows:
            plan.next_overlap(window.index)

    one, ten = lines_run(lambda: whole(hour)), lines_run(lambda: whole(10 * hour))
    assert 9 * one < ten < 11 * one
    assert len(make_plan(10 * hour, fit=fit).windows) == pytest.approx(12_500, abs=1)
