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
from host.prompt import Prompt
from host.records import load_tensor
from host.server import Server
from host.tiny_models import write_tiny_models
from host.wan_prompts import (
    FPS,
    PACK,
    Wan,
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

Change = Callable[[Prompt, Wan], Any]


@pytest.fixture(scope="module")
def wan_server(start_server: StartServer) -> Server:
    server = start_server(packs=[PACK])
    write_tiny_models(server.models, wav2vec=False)
    return server


def take_prompt(
    settings: WanSettings, take: str, *, fit: str = "pad", noise: bool = True, **embeds: Any
) -> tuple[Prompt, dict[str, str]]:
    """One window of a take, kept and queued again; the ids of the nodes by what they are."""
    prompt = Prompt()
    wan = add_wan(prompt, settings)
    planner = prompt.add(
        "LongTakeFrameWindowPlanner",
        audio=wan.sound,
        fps=float(FPS),
        family="wan",
        window=settings.window,
        overlap=settings.overlap,
        fit=fit,
    )
    controller = prompt.add(
        "LongTakeAudioLoopController",
        plan=planner[0],
        start_image=wan.image,
        take=take,
        seed=settings.seed,
        unfinished="continue",
    )
    reference = add_reference(prompt, settings, wan, planner[2])
    given = {"image_embeds": reference[0], "multitalk_embeds": wan.multitalk, "text_embeds": wan.text}
    window = prompt.add(
        "LongTakeWindowEmbedsWan",
        **{"window": controller[0], "model": wan.model, "vae": wan.vae, "tiled_vae": False, **given, **embeds},
    )
    samples = add_loop_noise(prompt, settings, controller[1])[0] if noise else None
    sampler = add_sampler(
        prompt, settings, wan, window[0], text_embeds=window[1], samples=samples, seed=controller[8]
    )
    frames = add_decode(prompt, wan, sampler[0])
    prompt.add("LongTakeTestRecordEnd", value=frames[0], label=take, save=True)
    prompt.add(
        "LongTakeKeepWindow",
        window=controller[0],
        frames=frames[0],
        format="mkv (FFV1, lossless)",
        crf=19,
        seam="cut",
        next_window="next",
    )
    ids = {"window": window, "reference": reference, "sampler": sampler, "planner": planner, "wan": prompt_ids(prompt)}
    return prompt, ids


def prompt_ids(prompt: Prompt) -> str:
    """The id of the node that makes the audio embeds."""
    return next(name for name, node in prompt.items() if "MultiTalkEmbeds" in node["class_type"])


def windows_made(server: Server, prompt: Prompt, take: str) -> list[np.ndarray]:
    """Run a take to its end: the frames of each window."""
    server.run(prompt, timeout=300)
    failed = [server.error(prompt_id) for prompt_id in server.all_history() if server.error(prompt_id)]
    assert not failed, failed
    return [load_tensor(record["value"]) for record in server.records("record", label=take)]


def joined(windows: list[np.ndarray], overlap: int) -> np.ndarray:
    """All frames, the past end included, each from the first window that makes it."""
    return np.concatenate([windows[0], *(window[overlap:] for window in windows[1:])])


def loop_video(server: Server, settings: WanSettings, label: str) -> np.ndarray:
    prompt_id = server.run(loop_prompt(settings, label), timeout=300)
    assert server.status(prompt_id) == "success", server.error(prompt_id)
    (seen,) = server.records("record", prompt_id=prompt_id)
    return load_tensor(seen["value"])


CASES = [
    WanSettings(frames=70, window=33, overlap=9),
    WanSettings(frames=81, window=33, overlap=9),
    WanSettings(frames=45, window=33, overlap=25),
    WanSettings(frames=70, window=33, overlap=9, speakers=2),
    WanSettings(frames=45, window=33, overlap=25, speakers=2),
]


@pytest.mark.parametrize(
    "settings", CASES, ids=lambda s: f"{s.window}-{s.overlap}-of-{s.frames}-speakers-{s.speakers}"
)
def test_our_windows_are_those_of_the_loop(wan_server: Server, settings: WanSettings) -> None:
    name = f"equal {settings.frames} {settings.overlap} {settings.speakers}"
    wanted = loop_video(wan_server, settings, f"loop for {name}")
    prompt, _ = take_prompt(settings, name)
    windows = windows_made(wan_server, prompt, name)
    assert len(windows) == settings.loop_windows == 3
    ours = joined(windows, settings.overlap)
    difference = np.abs(ours - wanted).max()
    print(f"{name}: largest difference {difference:.3g}")
    assert ours.shape == wanted.shape
    assert difference <= CLOSE
