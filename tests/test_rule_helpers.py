"""What rules ask of a graph: how loops count, how large pictures are, where a setting is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest
from longtake.scripts.rules import engine, ltx, wan
from longtake.scripts.rules.examples import changed, prompt
from longtake.scripts.rules.guides import Guides
from longtake.scripts.rules.ltx_examples import CLIP, GRAPH, PER_WINDOW
from longtake.scripts.rules.prompts import first_prompts, schedule_entries
from longtake.scripts.rules.settings import close, nearest_multiple, set_value, shown
from longtake.scripts.rules.sizes import picture_size, rate, seconds, side, size, sound_limit
from longtake.scripts.rules.wan_examples import LOOP, TAKE, WRAPPER
from longtake.scripts.workflow.document import read_text
from longtake.scripts.workflow.edits import SetWidget
from longtake.scripts.workflow.graph import Graph


def graph(workflow: Mapping[str, Any]) -> Graph:
    return read_text(json.dumps(workflow)).graph


# Frames of sound, overlap: windows, frames that come out, frames past the sound. Measured on the wrapper itself.
LOOPS = [
    (81, 9, 1, 81, 0), (153, 9, 2, 153, 0), (175, 9, 3, 225, 50), (225, 9, 3, 225, 0), (425, 9, 6, 441, 16),
    (441, 9, 6, 441, 0), (513, 9, 7, 513, 0), (525, 9, 8, 585, 60), (585, 9, 8, 585, 0), (1089, 9, 15, 1089, 0),
    (81, 25, 1, 81, 0), (153, 25, 3, 193, 40), (175, 25, 3, 193, 18), (225, 25, 4, 249, 24), (425, 25, 8, 473, 48),
    (441, 25, 8, 473, 32), (513, 25, 9, 529, 16), (525, 25, 9, 529, 4), (585, 25, 10, 585, 0), (1089, 25, 19, 1089, 0),
]  # fmt: skip


@pytest.mark.parametrize(("frames", "overlap", "windows", "out", "past"), LOOPS)
def test_the_wrappers_loop_is_counted_as_it_runs(frames: int, overlap: int, windows: int, out: int, past: int) -> None:
    workflow = changed(changed(WRAPPER, "voice", num_frames=frames), "loop", motion_frame=overlap)
    [loop] = wan.wrapper_loops(graph(workflow))
    plan = loop.plan()
    assert plan is not None
    assert (len(plan.windows), plan.windows[-1].stop, plan.padding) == (windows, out, past)
    rule = [rule for rule in engine.all_rules() if rule.name == "unaligned-length"]
    found = engine.audit(graph(workflow), rule).findings
    assert [f"{past} frames past" in finding.message for finding in found] == ([True] if past else [])
    # Every count of the table for 9 that is used with 25 is named as such, if it is not aligned there too.
    from_table = past > 0 and overlap == 25 and (frames - 81) % 72 == 0
    assert ["in the table" in finding.message for finding in found] == ([from_table] if past else [])


@pytest.mark.parametrize(
    ("asked", "overlap", "stride", "stride_seconds"),
    [(1.0, 25, 472, 18.88), (2.0, 49, 448, 17.92), (3.0, 73, 424, 16.96), (4.0, 97, 400, 16.0), (5.0, 121, 376, 15.04)],
)
def test_the_audio_loop_is_counted_in_whole_latents(
    asked: float, overlap: int, stride: int, stride_seconds: float
) -> None:
    windows = ltx.only_windows(graph(changed(GRAPH, "control", overlap_seconds=asked)))
    assert windows == ltx.Windows(497, overlap, stride, Fraction(25))
    assert windows is not None
    assert windows.stride_seconds == stride_seconds


@pytest.mark.parametrize(
    "changes", [{"overlap_seconds": 0.0}, {"overlap_seconds": 30.0}, {"fps": 0}, {"fps": ("resize", 1)}]
)
def test_a_loop_that_cannot_be_counted_is_not(changes: dict[str, Any]) -> None:
    assert ltx.only_windows(graph(changed(GRAPH, "control", **changes))) is None


def test_the_windows_of_a_loop_are_told_apart() -> None:
    nodes = graph(GRAPH).nodes
    [looped] = ltx.sampling_loops(nodes["open"].scope.graph)
    assert (looped.first, looped.later) == ((nodes["first"],), (nodes["sample"],))
    assert ltx.sampling_loops(graph(CLIP)) == []
    assert ltx.sampling_loops(graph(TAKE)) == []


def test_conditioning_is_followed_on_its_own_side() -> None:
    nodes = graph(GRAPH).nodes
    assert [node.path for node in ltx.conditioning_chain(nodes["first_guider"], "positive")] == ["rate", "text"]
    assert [node.path for node in ltx.conditioning_chain(nodes["first_guider"], "negative")] == [
        "rate",
        "nothing",
        "text",
    ]
    assert [node.path for node in ltx.conditioning_chain(nodes["guider"], "positive")] == ["guide", "select"]


def test_guides_are_where_they_are() -> None:
    nodes = graph(GRAPH).nodes
    guides = Guides(nodes["guide"].scope.graph)
    guide = frozenset({nodes["guide"]})
    assert guides.latent(nodes["sample"], "latent_image").guides == guide
    assert guides.latent(nodes["crop"], "latent").guides == guide
    assert guides.latent(nodes["colour"], "latents").guides == frozenset()
    assert guides.latent(nodes["first"], "latent_image").guides == frozenset()
    assert guides.conditioning(nodes["guider"], "positive") == guide
    assert guides.conditioning(nodes["first_guider"], "positive") == frozenset()


def test_sizes_are_read_through_what_tells_them() -> None:
    told = prompt(
        LOOP,
        side=("INTConstant", {"value": 650}),
        resize=(LOOP["resize"][0], {**LOOP["resize"][1], "width": ("side", 0)}),
        told=("GetImageSizeAndCount", {"image": ("resize", 0)}),
        loop=(
            LOOP["loop"][0],
            {**LOOP["loop"][1], "start_image": ("told", 0), "width": ("told", 1), "height": ("told", 2)},
        ),
    )
    nodes = graph(told).nodes
    assert (size(nodes["loop"], "width"), size(nodes["loop"], "height")) == (640, 640)
    found = side(nodes["loop"], "width")
    assert found is not None
    assert (found.node, found.name) == (nodes["resize"], "width")
    assert picture_size(nodes["told"]) == (640, 640)
    # Only a run can tell how large a picture is that keeps its shape.
    kept = graph(changed(told, "resize", keep_proportion="resize")).nodes
    assert size(kept["loop"], "width") is None


@pytest.mark.parametrize(
    ("text", "value"), [("0:07", 7), ("1:02:03", 3723), ("0:00:07.5", Fraction(15, 2)), (3, 3), ("soon", None)]
)
def test_times(text: object, value: Fraction | None) -> None:
    assert seconds(text) == value


def test_the_shortest_cut_limits_the_sound() -> None:
    cut = prompt(
        LOOP,
        crop=("AudioCrop", {"audio": ("sound", 0), "start_time": "0:02", "end_time": "0:07"}),
        trim=("TrimAudioDuration", {"audio": ("crop", 0), "start_index": 0.0, "duration": 60.0}),
        voice=(LOOP["voice"][0], {**LOOP["voice"][1], "audio_1": ("trim", 0), "num_frames": 1000}),
    )
    nodes = graph(cut).nodes
    assert sound_limit(nodes["voice"], "audio_1") == 5
    [loop] = wan.wrapper_loops(graph(cut))
    assert loop.frames == 125


@pytest.mark.parametrize(
    ("value", "fps"), [(25, 25), (29.97, Fraction(30000, 1001)), (0, None), (-1, None), (1e9, None), ("x", None)]
)
def test_rates(value: object, fps: Fraction | None) -> None:
    nodes = graph(changed(WRAPPER, "voice", fps=value)).nodes
    assert rate(nodes["voice"], "fps") == fps


def test_a_setting_is_changed_where_it_is_written() -> None:
    shared = prompt(
        LOOP, side=("INTConstant", {"value": 639}), loop=(LOOP["loop"][0], {**LOOP["loop"][1], "width": ("side", 0)})
    )
    nodes = graph(shared).nodes
    assert set_value(nodes["loop"], "width", 640) == (SetWidget("side", "value", 640),)
    assert set_value(nodes["loop"], "height", 640) == (SetWidget("loop", "height", 640),)
    # What also feeds an input of another name is left alone, and so is what is computed.
    both = graph(changed(shared, "loop", height=("side", 0))).nodes
    assert set_value(both["loop"], "width", 640) == ()
    computed = graph(changed(shared, "side", value=("resize", 1))).nodes
    assert computed["loop"].number("width") is None


def test_numbers_are_compared_as_a_canvas_rounds_them() -> None:
    assert close(1.0000000000000002, 1)
    assert not close(1.01, 1)
    assert not close(True, 1)
    assert close("mkl", "mkl")
    assert [shown(value) for value in (25.0, 19.88, 1 / 3, 1e-05, "a")] == [
        "25",
        "19.88",
        "0.33333",
        "1e-05",
        "a",
    ]
    assert [nearest_multiple(value, 16) for value in (1, 639, 640, 648, 632)] == [16, 640, 640, 656, 640]


def test_prompts_of_the_first_window_and_of_the_schedule() -> None:
    text = "0:00-0:38: one\n0:38 \u2013 1:15: two: and more\nno entry\n75.5+: three"
    found = graph(changed(PER_WINDOW, "prompts", schedule=text))
    entries = schedule_entries(found.nodes["prompts"])
    assert [(entry.start, entry.text) for entry in entries] == [
        ("0:00", "one"),
        ("0:38", "two: and more"),
        ("75.5", "three"),
    ]
    assert [entry.text for entry in first_prompts(found)] == ["A woman in a red coat is singing. Static camera."]


def test_two_minutes_of_720p_take_fifty_gigabytes() -> None:
    rule = [rule for rule in engine.all_rules() if rule.name == "frames-in-ram"]
    long = changed(changed(WRAPPER, "loop", width=1280, height=720), "voice", num_frames=3000)
    [found] = engine.audit(graph(long), rule).findings
    assert found.message.startswith(
        "3033 frames of 1280 x 720 take 16.8 GB of RAM while they are made and about 50 GB at"
    )
    [full] = engine.audit(graph(changed(long, "vae", precision="fp32")), rule).findings
    assert "take 33.5 GB of RAM while they are made and about 67 GB at" in full.message
