"""Windows made by our graph and the unmodified WanVideoSampler, against the wrapper's own loop.

Both have the same weights, sound features, picture, prompts and noise; the planner's fit is "pad", where
windows start at the same frames as in the loop.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from host.conftest import StartServer
from host.records import load_tensor
from host.server import Server
from host.wan_graph import SECONDS, SHORT, difference, graph_of, joined, start_wan_server, windows_made
from host.wan_prompts import WanSettings, loop_prompt

#: Motion frames go through IMAGE, [0, 1] in float32, where the loop has [-1, 1].
CLOSE = 1e-5
#: What a change that matters makes, at least.
APART = 1e-3
WIDE = WanSettings(frames=45, window=33, overlap=25)


@pytest.fixture(scope="module")
def wan_server(start_server: StartServer) -> Server:
    return start_wan_server(start_server)


@pytest.fixture(scope="module")
def loop_video(wan_server: Server) -> Callable[[WanSettings], np.ndarray]:
    """What the wrapper's loop makes, each video once."""
    videos: dict[WanSettings, np.ndarray] = {}

    def video(settings: WanSettings) -> np.ndarray:
        if settings not in videos:
            prompt_id = wan_server.run(loop_prompt(settings), timeout=SECONDS)
            assert wan_server.status(prompt_id) == "success", wan_server.error(prompt_id)
            (seen,) = wan_server.records("record", prompt_id=prompt_id)
            videos[settings] = load_tensor(seen["value"])
        return videos[settings]

    return video


CASES = {
    "9-short": SHORT,
    "9-aligned": replace(SHORT, frames=33),
    "25": WIDE,
    "9-two-speakers": replace(SHORT, speakers=2),
    "25-two-speakers": replace(WIDE, speakers=2),
    "two-prompts-for-three-windows": replace(SHORT, prompts=2),
    "cfg-and-no-clip": replace(SHORT, cfg=2.0, clip=False, scheduler="euler"),
}


@pytest.mark.parametrize("name", CASES)
def test_our_windows_are_those_of_the_loop(
    wan_server: Server, loop_video: Any, record_property: Any, name: str
) -> None:
    settings = CASES[name]
    windows = windows_made(wan_server, graph_of(settings, f"equal {name}"))
    assert len(windows) == settings.loop_windows == 3
    apart = difference(joined(windows, settings.overlap), loop_video(settings))
    record_property("largest_difference", apart)
    assert apart <= CLOSE


@pytest.mark.parametrize("scheduler", ["dpm++_sde", "lcm"])
def test_schedulers_that_draw_noise_agree_when_the_generator_is_carried(
    wan_server: Server, loop_video: Any, record_property: Any, scheduler: str
) -> None:
    settings = replace(SHORT, scheduler=scheduler, steps=3)
    graph = graph_of(settings, f"carried {scheduler}")
    noise, _ = graph.prompt[graph.sampler]["inputs"]["samples"]
    graph.prompt[noise]["class_type"] = "LongTakeTestCarriedNoise"
    graph.prompt[noise]["inputs"]["name"] = scheduler
    kept = graph.prompt.add("LongTakeTestKeepState", samples=graph.sampler[0], name=scheduler)
    graph.set_all("WanVideoDecode", samples=kept[0])
    apart = difference(joined(windows_made(wan_server, graph), settings.overlap), loop_video(settings))
    record_property("largest_difference", apart)
    assert apart <= CLOSE


def test_in_bfloat16_they_differ_by_its_rounding_alone(
    wan_server: Server, loop_video: Any, record_property: Any
) -> None:
    """The wrapper brings its loop's video from [-1, 1] to [0, 1] in the VAE's dtype, the decoder in float32."""
    settings = replace(SHORT, precision="bf16")
    apart = difference(joined(windows_made(wan_server, graph_of(settings, "bf16")), 9), loop_video(settings))
    record_property("largest_difference", apart)
    assert apart <= 2**-8


def test_two_speakers_without_masks_are_told_apart_as_the_loop_does(wan_server: Server) -> None:
    """The loop makes masks too late for the run that needs them, and writes them into the cached embeds (#1934)."""
    settings = replace(SHORT, speakers=2, masks=False)
    ours = joined(windows_made(wan_server, graph_of(settings, "no masks")), settings.overlap)
    first = wan_server.run(loop_prompt(settings), timeout=SECONDS)
    second = wan_server.run(loop_prompt(settings, "again"), timeout=SECONDS)
    assert wan_server.status(first) == "error"
    assert wan_server.status(second) == "success", wan_server.error(second)
    (seen,) = wan_server.records("record", prompt_id=second)
    assert difference(ours, load_tensor(seen["value"])) <= CLOSE


def test_spread_overlaps_are_the_loop_with_that_overlap(wan_server: Server, loop_video: Any) -> None:
    settings = WanSettings(frames=53, window=33, overlap=9)
    windows = windows_made(wan_server, graph_of(settings, "spread", "exact"))
    assert [len(window) for window in windows] == [33, 33]
    assert difference(joined(windows, 13), loop_video(replace(settings, overlap=13))) <= CLOSE


def test_a_large_overlap_and_a_shorter_last_window_run_and_a_finished_take_samples_nothing(wan_server: Server) -> None:
    settings = WanSettings(frames=40, window=33, overlap=9)
    graph = graph_of(settings, "shorter", "exact")
    windows = windows_made(wan_server, graph)
    assert [len(window) for window in windows] == [33, 29]
    assert all(np.isfinite(window).all() and window.std() > APART for window in windows)
    again = wan_server.run(graph.prompt, timeout=SECONDS)
    assert wan_server.status(again) == "success", wan_server.error(again)
    assert len(wan_server.records("record", label=graph.take)) == 2


CONTROLS = {
    "audio a frame late": ("multitalk_embeds", "LongTakeTestSpoilAudio", "embeds", {"way": "a frame late"}),
    "no silence at the end": ("silence", "LongTakeTestSpoilAudio", "embeds", {"way": "last held"}),
}


@pytest.mark.parametrize("name", CONTROLS)
def test_what_must_differ_from_the_loop_does(wan_server: Server, loop_video: Any, name: str) -> None:
    graph = graph_of(SHORT, name)
    audio = graph.prompt[graph.window]["inputs"]["multitalk_embeds"]
    input_name, class_type, given, inputs = CONTROLS[name]
    graph.prompt.set(graph.window, **{input_name: audio})
    graph.before_the_window(input_name, class_type, given, **inputs)
    ours = joined(windows_made(wan_server, graph), SHORT.overlap)
    assert difference(ours, loop_video(SHORT)) > APART


def test_without_motion_latents_it_differs_from_the_loop(wan_server: Server, loop_video: Any) -> None:
    graph = graph_of(SHORT, "no motion")
    spoiled = graph.prompt.add("LongTakeTestWithoutMotion", embeds=graph.window[0])
    graph.prompt.set(graph.sampler, image_embeds=spoiled[0])
    ours = joined(windows_made(wan_server, graph), SHORT.overlap)
    assert difference(ours, loop_video(SHORT)) > APART


def test_three_speakers_without_masks_run_and_each_is_heard(wan_server: Server) -> None:
    """The wrapper's loop makes no masks for three; its sampler takes ours."""
    settings = replace(SHORT, frames=17, speakers=3, masks=False)
    (three,) = windows_made(wan_server, graph_of(settings, "three"))
    (two,) = windows_made(wan_server, graph_of(replace(settings, speakers=2), "two of three"))
    assert np.isfinite(three).all()
    assert difference(three, two) > APART
