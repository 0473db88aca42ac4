"""Windows made by our graph and the unmodified WanVideoSampler, against the wrapper's own loop.

Both have the same weights, sound features, picture, prompts and noise; the planner's fit is "pad", where
windows start at the same frames as in the loop.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from host.conftest import StartServer
from host.prompt import Node, Prompt
from host.records import load_tensor
from host.server import Server
from host.tiny_models import FOLDERS, INFINITETALK, write_tiny_models
from host.wan_prompts import (
    FPS,
    PACK,
    WanSettings,
    add_decode,
    add_loop_noise,
    add_reference,
    add_sampler,
    add_wan,
    loop_prompt,
)

#: Motion frames go through IMAGE, [0, 1] in float32, where the loop has [-1, 1].
CLOSE = 1e-5
#: What a change that matters makes, at least.
APART = 1e-3
SECONDS = 600
#: InfiniteTalk's weights under a name by which the wrapper takes them for MultiTalk's.
MISNAMED = "tiny_talk_single.safetensors"

SHORT = WanSettings(frames=30, window=17, overlap=9)
WIDE = WanSettings(frames=45, window=33, overlap=25)


@dataclass(frozen=True)
class Graph:
    """A prompt that makes one window and queues itself again, and its nodes."""

    prompt: Prompt
    take: str
    planner: Node
    controller: Node
    reference: Node
    window: Node
    sampler: Node

    @property
    def audio(self) -> str:
        """The node that makes the audio embeds."""
        return str(self.prompt[self.window]["inputs"]["multitalk_embeds"][0])

    def before_the_window(self, input_name: str, class_type: str, given: str, **inputs: Any) -> None:
        """Put a node in front of one of the window embeds' inputs."""
        before = self.prompt[self.window]["inputs"].get(input_name)
        node = self.prompt.add(class_type, **{given: before}, **inputs)
        self.prompt.set(self.window, **{input_name: node[0]})


@pytest.fixture(scope="module")
def wan_server(start_server: StartServer) -> Server:
    server = start_server(packs=[PACK])
    write_tiny_models(server.models, wav2vec=False)
    folder = server.models / FOLDERS[INFINITETALK]
    shutil.copy(folder / INFINITETALK, folder / MISNAMED)
    return server


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


def graph_of(settings: WanSettings, take: str, fit: str = "pad") -> Graph:
    """One window of a take: planner, controller, window embeds, the wrapper's sampler and decoder, Keep Window."""
    prompt = Prompt()
    wan = add_wan(prompt, settings)
    lengths = {"window": settings.window, "overlap": settings.overlap, "fit": fit}
    planner = prompt.add("LongTakeFrameWindowPlanner", audio=wan.sound, fps=float(FPS), family="wan", **lengths)
    controller = prompt.add(
        "LongTakeAudioLoopController",
        plan=planner[0],
        start_image=wan.image,
        take=take,
        seed=settings.seed,
        unfinished="continue",
    )
    reference = add_reference(prompt, settings, wan, planner[2])
    window = prompt.add(
        "LongTakeWindowEmbedsWan",
        window=controller[0],
        model=wan.model,
        image_embeds=reference[0],
        multitalk_embeds=wan.multitalk,
        vae=wan.vae,
        text_embeds=wan.text,
        tiled_vae=False,
    )
    noise = add_loop_noise(prompt, settings, controller[1], controller[6])
    given = {"text_embeds": window[1], "samples": noise[0], "seed": controller[8]}
    sampler = add_sampler(prompt, settings, wan, window[0], **given)
    frames = add_decode(prompt, wan, sampler[0])
    prompt.add("LongTakeTestRecordEnd", value=frames[0], label=take, save=True)
    keep = {"format": "mkv (FFV1, lossless)", "crf": 19, "seam": "cut", "next_window": "next"}
    prompt.add("LongTakeKeepWindow", window=controller[0], frames=frames[0], **keep)
    return Graph(prompt, take, planner, controller, reference, window, sampler)


def windows_made(server: Server, graph: Graph) -> list[np.ndarray]:
    """Run a take to its end: the frames of each window."""
    before = set(server.all_history())
    server.run(graph.prompt, timeout=SECONDS)
    failed = [error for prompt_id in set(server.all_history()) - before if (error := server.error(prompt_id))]
    assert not failed, failed
    return [load_tensor(record["value"]) for record in server.records("record", label=graph.take)]


def joined(windows: list[np.ndarray], overlap: int) -> np.ndarray:
    """All frames, the past end included, each from the first window that makes it."""
    return np.concatenate([windows[0], *(window[overlap:] for window in windows[1:])])


def difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest one, in [0, 1]."""
    assert ours.shape == theirs.shape
    return float(np.abs(ours.astype(np.float64) - theirs).max())


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
    _set(graph, "WanVideoDecode", samples=kept[0])
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
    second = wan_server.run(loop_prompt(replace(settings, steps=settings.steps), "again"), timeout=SECONDS)
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


def test_two_missing_features_pass_and_three_are_refused(wan_server: Server) -> None:
    graph = graph_of(replace(SHORT, frames=17), "missing")
    graph.before_the_window("multitalk_embeds", "LongTakeTestSpoilAudio", "embeds", way="three missing")
    assert "14 features and the plan has 17 frames" in refusal(wan_server, graph)
    graph = graph_of(replace(SHORT, frames=17), "missing two")
    graph.before_the_window("multitalk_embeds", "LongTakeTestSpoilAudio", "embeds", way="two missing")
    assert len(windows_made(wan_server, graph)) == 1


def refusal(server: Server, graph: Graph) -> str:
    """What the window embeds say; the sampler must not have run."""
    prompt_id = server.run(graph.prompt, timeout=SECONDS)
    error = server.error(prompt_id)
    assert error.get("node_id") == str(graph.window), error
    assert str(graph.sampler) not in server.ran(prompt_id)
    return str(error["exception_message"])


def _misnamed(graph: Graph) -> None:
    _set(graph, "MultiTalkModelLoader", model=MISNAMED)


def _no_adapter(graph: Graph) -> None:
    for node in graph.prompt.values():
        node["inputs"].pop("multitalk_model", None)


def _long_loop_embeds(graph: Graph) -> None:
    looped = next(iter(loop_prompt(SHORT).items()))[0]
    assert looped
    inputs = graph.prompt[graph.reference]["inputs"]
    kept = {name: inputs[name] for name in ("vae", "width", "height", "start_image")}
    graph.prompt[graph.reference] = {
        "class_type": "WanVideoImageToVideoMultiTalk",
        "inputs": {
            **kept,
            "frame_window_size": 17,
            "motion_frame": 9,
            "force_offload": False,
            "colormatch": "disabled",
            "mode": "auto",
        },
    }


def _context_options(graph: Graph) -> None:
    options = graph.prompt.add(
        "WanVideoContextOptions",
        context_schedule="uniform_standard",
        context_frames=81,
        context_stride=4,
        context_overlap=16,
        freenoise=True,
        verbose=False,
    )
    graph.prompt.set(graph.sampler, context_options=options[0])


def _all_prompts(graph: Graph) -> None:
    text = graph.prompt[graph.window]["inputs"]["text_embeds"]
    _set(graph, "LongTakeTestTextEmbeds", prompts=3)
    graph.prompt.set(graph.sampler, text_embeds=text)


def _set(graph: Graph, class_type: str, **inputs: Any) -> None:
    for node in graph.prompt.values():
        if node["class_type"] == class_type:
            node["inputs"].update(inputs)


REFUSED: dict[str, tuple[str, Callable[[Graph], None]]] = {
    "scheduler": (
        'Scheduler "multitalk"',
        lambda graph: graph.prompt.set(graph.sampler, scheduler="multitalk"),
    ),
    "context options": ("context_options would move frames", _context_options),
    "all prompts": ("3 prompts, one for each window", _all_prompts),
    "noise augmentation": (
        "noise_aug_strength of WanVideoImageToVideoEncode is 0.1",
        lambda graph: graph.prompt.set(graph.reference, noise_aug_strength=0.1),
    ),
    "strength": (
        "start_latent_strength of WanVideoImageToVideoEncode is 0.9",
        lambda graph: graph.prompt.set(graph.reference, start_latent_strength=0.9),
    ),
    "embeds for fewer frames": (
        "are for 13 frames and the window has 17",
        lambda graph: graph.prompt.set(graph.reference, num_frames=13),
    ),
    "an end image": (
        "end_image",
        lambda graph: graph.prompt.set(
            graph.reference, end_image=graph.prompt[graph.reference]["inputs"]["start_image"]
        ),
    ),
    "the loop's own embeds": ("make the wrapper loop over all windows itself", _long_loop_embeds),
    "MultiTalk by name": ("counts as MultiTalk", _misnamed),
    "no adapter": ("no InfiniteTalk adapter", _no_adapter),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_sampled_is_said_before_the_sampler(wan_server: Server, name: str) -> None:
    sentence, change = REFUSED[name]
    graph = graph_of(SHORT, f"refused {name}")
    change(graph)
    assert sentence in refusal(wan_server, graph)


def test_three_speakers_without_masks_run_and_each_is_heard(wan_server: Server) -> None:
    """The wrapper's loop makes no masks for three; its sampler takes ours."""
    settings = replace(SHORT, frames=17, speakers=3, masks=False)
    (three,) = windows_made(wan_server, graph_of(settings, "three"))
    (two,) = windows_made(wan_server, graph_of(replace(settings, speakers=2), "two of three"))
    assert np.isfinite(three).all()
    assert difference(three, two) > APART
