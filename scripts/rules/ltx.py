"""The LTX-2 loop as the rules see it: what makes the first window, what makes the later ones, how it counts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from ...nodes.core.plan import make_plan
from ...nodes.core.units import frames_rounded_down
from ..workflow.graph import Constant, Graph, Node, Output
from . import roles
from .loops import Loop, find_loops
from .sizes import rate

#: LTX-2 folds so many frames into one latent frame, and so many pixels of a side into one latent.
TEMPORAL, SPATIAL = 8, 32
CONTROL = "AudioLoopController"
NAG = "LTX2_NAG"
CONDITIONING = "LTXVConditioning"
#: Says when which prompt is used.
SCHEDULES = frozenset(
    {"TimestampPromptSchedule", "TimestampPromptScheduleBatchEncode", "LongTakeTimestampPromptSchedule"}
)
#: A graph with one of these makes video with LTX.
MARKS = frozenset(
    {
        "EmptyLTXVLatentVideo",
        CONDITIONING,
        "LTXVImgToVideo",
        "LTXVImgToVideoInplace",
        "LTXVImgToVideoInplaceKJ",
        "LTXVScheduler",
        "LTXVBaseSampler",
        "LTXVLoopingSampler",
        "LTXVConcatAVLatent",
        NAG,
    }
)
_DISTILLED = re.compile(r"distill", re.IGNORECASE)
_LOADS = re.compile(r"load", re.IGNORECASE)
_SAMPLERS = roles.SAMPLERS - roles.WRAPPER_SAMPLER
_MOST_STEPS = 200


@dataclass(frozen=True, slots=True)
class Looped:
    """A loop whose body samples. first: the samplers that make what it starts from. later: those in its body."""

    loop: Loop
    first: tuple[Node, ...]
    later: tuple[Node, ...]


def sampling_loops(graph: Graph) -> list[Looped]:
    """Every loop over LTX windows."""
    if not any(graph.of(kind) for kind in MARKS):
        return []
    found = []
    for loop in find_loops(graph):
        later = tuple(node for node in graph.of(sorted(_SAMPLERS)) if node in loop.body)
        if later:
            before = graph.upstream(loop.open)
            first = tuple(node for node in graph.of(sorted(_SAMPLERS)) if node in before and node not in loop.body)
            found.append(Looped(loop, first, later))
    return found


def samplers(graph: Graph) -> list[Node]:
    """The samplers of an LTX graph."""
    return graph.of(sorted(_SAMPLERS)) if any(graph.of(kind) for kind in MARKS) else []


def guider_of(sampler: Node) -> Node:
    """What holds a sampler's conditioning and cfg: its guider, or the sampler itself."""
    return sampler.feeder("guider") or sampler


def conditioning_chain(node: Node, name: str) -> Iterator[Node]:
    """The nodes that conditioning comes through to an input, nearest first.

    Through a node that hands on positive and negative side by side, only the side that is asked for is followed.
    """
    queue, seen = [(node, name)], {(node, name)}
    for current, entry in queue:
        source = current.source(entry)
        if not isinstance(source, Output) or len(seen) > _MOST_STEPS:
            continue
        yield source.node
        for onward in sides(source):
            if onward not in seen:
                seen.add(onward)
                queue.append(onward)


def sides(source: Output) -> list[tuple[Node, str]]:
    """The inputs that conditioning at an output comes from: the same side of two that are handed on together."""
    node = source.node
    if source.name in node.links:
        return [(node, source.name)]
    kinds = dict(node.inputs)
    return [(node, key) for key in node.links if kinds.get(key) == "CONDITIONING"]


def model_line(node: Node) -> Iterator[Node]:
    """The nodes that a model comes through to an input called ``model``, nearest first."""
    at = node.feeder("model")
    for _ in range(_MOST_STEPS):
        if at is None:
            return
        yield at
        at = at.feeder("model")


def model_files(node: Node) -> list[str]:
    """The files that the line of models to a node loads: models and LoRAs that count."""
    return [
        value
        for at in model_line(node)
        if _LOADS.search(at.type) and not any(at.number(name) == 0 for name in ("strength_model", "strength"))
        for name in at.values
        if isinstance(value := at.value(name), str) and "." in value
    ]


def distilled(node: Node) -> str | None:
    """The file that makes the model at a node a distilled one, or None."""
    return next((name for name in model_files(node) if _DISTILLED.search(name)), None)


@dataclass(frozen=True, slots=True)
class Windows:
    """How an audio loop counts, in frames of the video."""

    window: int
    overlap: int
    stride: int
    fps: Fraction

    @property
    def stride_seconds(self) -> float:
        """The stride in seconds, as nodes that take seconds write it."""
        return round(float(self.stride / self.fps), 6)


def windows_of(control: Node) -> Windows | None:
    """Window, overlap and stride that a controller's settings come to: whole latent frames of 8."""
    fps, window, overlap = rate(control, "fps"), control.number("window_seconds"), control.number("overlap_seconds")
    if fps is None or not window or overlap is None or not 0 < overlap < window:
        return None
    length, shared = (
        frames_rounded_down(max(1, round(Fraction(str(value)) * fps)), TEMPORAL) for value in (window, overlap)
    )
    if shared >= length:
        return None
    plan = make_plan(2 * length, fps=fps, temporal_scale=TEMPORAL, window=length, overlap=shared, fit="pad")
    return Windows(length, shared, plan.windows[1].start, fps)


def only_windows(graph: Graph) -> Windows | None:
    """What the one controller of a graph comes to; None if there are several, or none that can be read."""
    controls = graph.of(CONTROL)
    return windows_of(controls[0]) if len(controls) == 1 else None


def typed(node: Node, name: str) -> Constant | None:
    """The value of an input if it is written in the graph, at the input or before it."""
    source = node.source(name)
    return source if isinstance(source, Constant) else None
