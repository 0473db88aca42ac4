"""What a picture goes through between where it comes from and where it is used."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from ..workflow.graph import Graph, Hop, Node, Output
from .loops import Loop
from .roles import LOAD_IMAGE, PASS_THROUGH, PREPROCESS, RESIZE, VAE_ENCODE

_MOST_STEPS = 200
#: Nodes of packs that the tables do not name, if they take one picture, give one, and say that they change it.
_CHANGES = re.compile(
    r"resize|scale|crop|preprocess|compress|sharpen|blur|denoise|padimage|imagepad|colorcorrect", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Step:
    """One node that changes the picture, and its settings."""

    node: Node
    settings: tuple[tuple[str, Hashable], ...]

    @property
    def signature(self) -> tuple[str, tuple[tuple[str, Hashable], ...]]:
        """What two steps must share to do the same."""
        return self.node.type, self.settings

    @property
    def idle(self) -> bool:
        """Whether it hands the picture on as it is, with these settings."""
        return self.node.type == "LTXVPreprocess" and dict(self.settings).get("img_compression") == 0

    @property
    def text(self) -> str:
        """The step for people."""
        shown = [f"{name} {value}" for name, value in self.settings if isinstance(value, str | int | float)]
        return f"{self.node.type} ({self.node.path}{', ' + ', '.join(shown[:4]) if shown else ''})"


@dataclass(frozen=True, slots=True)
class Chain:
    """The way of a picture to an input. steps: from the source on. hops: drawn links, nearest to the input first.

    carried: it is what an iteration hands to the next. clear: how many of the hops, nearest first, come before
    any step. last: the output at its end, outside the loop; None if there are steps inside.
    """

    sink: Node
    source: Output | None
    steps: tuple[Step, ...]
    hops: tuple[Hop, ...]
    clear: int
    carried: bool = False
    last: Output | None = None

    @property
    def signature(self) -> tuple[Any, ...]:
        """The steps as they count for comparing; the same size twice is once."""
        return _collapse(self.steps)

    @property
    def effective(self) -> tuple[Any, ...]:
        """The same, without steps that change nothing."""
        return _collapse(tuple(step for step in self.steps if not step.idle))

    @property
    def text(self) -> str:
        """The chain for people, from the source to the sink."""
        source = f"{self.source.node.type} ({self.source.node.path})" if self.source else "nothing"
        return " → ".join([source, *(step.text for step in self.steps), f"{self.sink.type} ({self.sink.path})"])


def _collapse(steps: tuple[Step, ...]) -> tuple[Any, ...]:
    kept: list[Step] = []
    for step in steps:
        if kept and _size(kept[-1]) == _size(step) is not None:
            continue
        kept.append(step)
    return tuple(step.signature for step in kept)


def _size(step: Step) -> tuple[Hashable, Hashable] | None:
    settings = dict(step.settings)
    if step.node.type not in RESIZE or "width" not in settings:
        return None
    return settings["width"], settings.get("height")


def picture_chain(graph: Graph, sink: Node, name: str, loop: Loop | None = None, *, first: bool = False) -> Chain:
    """The chain to an input. first: where it comes to what a loop carries, go on with what the loop starts from."""
    steps: list[Step] = []
    hops: list[Hop] = []
    clear, node, last = None, sink, None
    source: Output | None = None
    carried = blind = False
    for _ in range(_MOST_STEPS):
        found = node.source(name)
        hops += graph.hops(node, name)
        if not isinstance(found, Output):
            break
        last = last or found
        source = found
        if loop is not None and loop.carries(found):
            carried = not first
            start = next((entry for entry in loop.make.initial if entry in found.node.links), None)
            if carried or start is None:
                break
            node, name, last = found.node, start, None
            blind = blind or bool(steps)
            continue
        onward = _onward(found)
        if onward is None:
            break
        if found.node.type in PREPROCESS or _changes(found.node):
            clear = len(hops) if clear is None else clear
            steps.append(Step(found.node, _settings(found.node)))
        node, name = found.node, onward
    return Chain(
        sink,
        source,
        tuple(reversed(steps)),
        tuple(hops),
        len(hops) if clear is None else clear,
        carried,
        None if blind else last,
    )


def _onward(output: Output) -> str | None:
    """The input to go on with, if this node hands a picture on."""
    node = output.node
    if node.type in PASS_THROUGH:
        return PASS_THROUGH[node.type].get(output.slot)
    if node.type in LOAD_IMAGE:
        return None
    if node.type in PREPROCESS or node.type in VAE_ENCODE or _changes(node):
        return next((name for name in node.links if _carries_picture(node, name)), None)
    return None


def _changes(node: Node) -> bool:
    if node.type in LOAD_IMAGE or node.type in VAE_ENCODE or not _CHANGES.search(node.type):
        return False
    pictures = [name for name in node.links if _carries_picture(node, name)]
    return len(pictures) == 1 and any(kind == "IMAGE" for _, kind in node.outputs)


def _carries_picture(node: Node, name: str) -> bool:
    kind = dict(node.inputs).get(name, "*")
    if kind in ("IMAGE", "*") and name in ("image", "images", "pixels", "start_image", "input"):
        return True
    return kind == "IMAGE"


def _settings(node: Node) -> tuple[tuple[str, Hashable], ...]:
    names = PREPROCESS.get(node.type)
    if names is None:
        names = tuple(node.values)
    settings: list[tuple[str, Hashable]] = []
    for name in names:
        value = node.value(name)
        if value is None and isinstance(source := node.source(name), Output):
            value = f"from {source.node.path} {source.name}"
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        settings.append((name, value if isinstance(value, Hashable) else str(value)))
    return tuple(settings)
