"""A take whose windows WanVideoWrapper makes: the prompt, and how to run it."""

import shutil
from dataclasses import dataclass
from typing import Any

import numpy as np
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
)

SECONDS = 600
#: InfiniteTalk's weights under a name by which the wrapper takes them for MultiTalk's.
MISNAMED = "tiny_talk_single.safetensors"
#: Three windows, the last one past the end.
SHORT = WanSettings(frames=30, window=17, overlap=9)


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

    def set_all(self, class_type: str, **inputs: Any) -> None:
        """Change inputs of every node of a class."""
        for node in self.prompt.values():
            if node["class_type"] == class_type:
                node["inputs"].update(inputs)

    def before_the_window(self, input_name: str, class_type: str, given: str, **inputs: Any) -> None:
        """Put a node in front of one of the window embeds' inputs."""
        before = self.prompt[self.window]["inputs"].get(input_name)
        node = self.prompt.add(class_type, **{given: before}, **inputs)
        self.prompt.set(self.window, **{input_name: node[0]})


def start_wan_server(start_server: StartServer) -> Server:
    """A server with the wrapper and its tiny models."""
    server = start_server(packs=[PACK])
    write_tiny_models(server.models, wav2vec=False)
    folder = server.models / FOLDERS[INFINITETALK]
    shutil.copy(folder / INFINITETALK, folder / MISNAMED)
    return server


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
