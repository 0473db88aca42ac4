"""The InfiniteTalk route through WanVideoWrapper, found by its data flow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from ...nodes.core.plan import Plan, make_plan
from ...nodes.core.units import frames_rounded_down
from ..workflow.graph import Graph, Node
from . import roles
from .sizes import rate, sound_limit

EMBEDS = "LongTakeWindowEmbedsWan"
#: The most that the frame count of the embeds can be set to: "as long as the sound", which says nothing.
ALL_OF_THE_SOUND = 10_000
#: Image embeds of which the sampler makes many windows.
LOOPS = frozenset({roles.WRAPPER_LOOP, "WanVideoImageToVideoSkyreelsv3_audio"})
#: LoRAs and models that are made for a few steps at cfg 1.
DISTILLED = re.compile(r"cfg[_-]?step[_-]?distill|step[_-]?distill[_-]?cfg|lightx2v", re.IGNORECASE)
#: LoRAs and models that need few steps, these and others.
FEW_STEPS = re.compile(
    r"distill|lightx2v|causvid|accvid|self[_-]?forcing|lightning|fusionx|turbo|fast|[1-8][_-]?steps?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class WrapperLoop:
    """The wrapper's own loop over windows. voice: what gives it the sound's features, if one node does."""

    node: Node
    sampler: Node
    voice: Node | None

    @property
    def window(self) -> int | None:
        """Frames per window as the node uses them: rounded down to 4n + 1."""
        value = self.node.number("frame_window_size")
        return frames_rounded_down(int(value), 4) if value and value >= 1 else None

    @property
    def overlap(self) -> int | None:
        """Frames that windows share."""
        value = self.node.number("motion_frame")
        return int(value) if value is not None else None

    @property
    def fps(self) -> Fraction | None:
        """Frames per second of the features."""
        return rate(self.voice, "fps") if self.voice else None

    @property
    def frames(self) -> int | None:
        """The most frames that are asked for: the typed count, or less if the sound is cut shorter."""
        value = self.voice.number("num_frames") if self.voice else None
        if value is None or value < 1 or self.voice is None:
            return None
        frames = int(value)
        limit = None if "audio_2" in self.voice.links else sound_limit(self.voice, "audio_1")
        if limit is not None and self.fps:
            # The wrapper leaves a frame out that the sound does not fill.
            frames = min(frames, int(limit * self.fps))
        return frames if 0 < frames < ALL_OF_THE_SOUND else None

    def plan(self, fit: str = "pad") -> Plan | None:
        """The loop's windows; on a grid of 1, for it takes any overlap."""
        window, overlap, frames = self.window, self.overlap, self.frames
        if not window or not overlap or not frames or not 1 <= overlap < window:
            return None
        return make_plan(frames, temporal_scale=1, window=window, overlap=overlap, fit=fit)


def wrapper_loops(graph: Graph) -> list[WrapperLoop]:
    """Every use of the wrapper's own loop."""
    return list(_loops(graph))


def _loops(graph: Graph) -> Iterator[WrapperLoop]:
    for node in graph.of(roles.WRAPPER_LOOP):
        for sampler in graph.of(roles.WRAPPER_SAMPLER):
            if node not in graph.upstream(sampler, stop=roles.WRAPPER_SAMPLER):
                continue
            voice = (sampler.feeder("extra_args") or sampler).feeder("multitalk_embeds")
            yield WrapperLoop(node, sampler, voice if voice is not None and voice.type in roles.WAV2VEC else None)


def setting(sampler: Node, name: str) -> tuple[Node, str] | None:
    """Where steps, shift or scheduler of a sampler are set: at itself, or at the scheduler node that it takes."""
    if name in sampler.values or (name in sampler.links and name != "scheduler"):
        return sampler, name
    scheduler = sampler.feeder("scheduler")
    if scheduler is None or not (name in scheduler.values or name in scheduler.links):
        return None
    return scheduler, name


def talking_samplers(graph: Graph) -> list[Node]:
    """The wrapper's samplers on an InfiniteTalk route: its own loop's, and those of our windows."""
    sources = {roles.WRAPPER_LOOP, EMBEDS}
    return [
        sampler
        for sampler in graph.of(roles.WRAPPER_SAMPLER)
        if any(node.type in sources for node in graph.upstream(sampler, stop=roles.WRAPPER_SAMPLER))
    ]


def talks(graph: Graph, sampler: Node) -> bool:
    """Whether a sampler is on an InfiniteTalk route."""
    return sampler in talking_samplers(graph)


def _model_side(graph: Graph, sampler: Node) -> Mapping[Node, None]:
    feeder = sampler.feeder("model")
    return graph.upstream(feeder) if feeder is not None else {}


def model_name(graph: Graph, sampler: Node) -> tuple[Node, str] | None:
    """The loader and the file name of a sampler's model."""
    for node in _model_side(graph, sampler):
        if node.type == roles.WRAPPER_MODEL and isinstance(name := node.value("model"), str):
            return node, name
    return None


def loras(graph: Graph, sampler: Node) -> list[tuple[Node, str, str, float]]:
    """(node, input, file name, strength) of the LoRAs that a sampler's model is loaded with; strength 0 left out."""
    found = []
    for node in _model_side(graph, sampler):
        if node.type not in roles.WRAPPER_LORA:
            continue
        for name in {**node.values, **node.links}:
            value = node.value(name)
            if (name == "lora" or name.startswith("lora_")) and isinstance(value, str) and value.lower() != "none":
                strength = node.number(name.replace("lora", "strength"))
                if strength != 0:
                    found.append((node, name, value, 1.0 if strength is None else strength))
    return found


def weights(graph: Graph, sampler: Node) -> list[tuple[Node, str]]:
    """(loader, file name) of the audio weights that reach a sampler's model."""
    return [
        (node, name)
        for node in _model_side(graph, sampler)
        if node.type == roles.MULTITALK_MODEL and isinstance(name := node.value("model"), str)
    ]


def outputs_of(graph: Graph, sampler: Node) -> list[Node]:
    """The nodes that write a sampler's frames into a video."""
    after = graph.downstream(sampler)
    return [node for node in graph.of(sorted(roles.VIDEO_OUT)) if node in after]


def loops_of_any_kind(graph: Graph) -> list[Node]:
    """The nodes whose embeds make a sampler of the wrapper run its loop over windows."""
    return graph.of(sorted(LOOPS))


def file_of(name: str) -> str:
    """The file's own name, without the folders that it lies in."""
    return name.replace("\\", "/").rsplit("/", 1)[-1]
