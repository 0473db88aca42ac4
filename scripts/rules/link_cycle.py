"""Nodes whose links lead in a circle.

Why is this bad?
    No node of the circle can run before the others have run. ComfyUI refuses the prompt, or the canvas shows
    a value that never arrives. Loops are drawn with a pair of loop nodes instead; their way back is not a link.

Fix
    Take one of the links away. Which one is not for the audit to say.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.graph import Broken, Graph, Node, Output
from .engine import Context, Finding

NAME = "link-cycle"
SEVERITY = "error"
FIX = "none"
TYPES: tuple[str, ...] = ()

#: Several nodes in one drawing, as older files have them: a way out of it and in again is no circle.
_GROUPS = ("workflow>", "workflow/")


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """One finding for each node of a circle."""
    done: set[Node] = set()
    for start, arriving in graph.arrivals.items():
        for name, source in arriving:
            if isinstance(source, Broken) and source.kind == "circle":
                yield Finding(start, f"The link of {name} leads in a circle and never reaches a node; link it to one.")
        if start not in done:
            yield from _walk(graph, start, done)


def _walk(graph: Graph, start: Node, done: set[Node]) -> Iterator[Finding]:
    way: dict[Node, None] = {start: None}
    stack = [(start, iter(graph.arrivals.get(start, ())))]
    while stack:
        node, arriving = stack[-1]
        for _, source in arriving:
            if not isinstance(source, Output) or source.node in done:
                continue
            feeder = source.node
            if feeder in way:
                yield from _circle(list(way), feeder)
                continue
            way[feeder] = None
            stack.append((feeder, iter(graph.arrivals.get(feeder, ()))))
            break
        else:
            stack.pop()
            done.add(node)
            way.pop(node, None)


def _circle(way: list[Node], again: Node) -> Iterator[Finding]:
    circle = [*way[way.index(again) :], again]
    if any(member.type.startswith(_GROUPS) for member in circle):
        return
    text = " ← ".join(member.path for member in circle)
    for member in circle[1:]:
        yield Finding(member, f"These nodes wait for each other: {text}; take one of the links away.")


_A = {"class_type": "ImageScaleBy", "inputs": {"image": ["b", 0], "upscale_method": "area", "scale_by": 1.0}}
_B = {"class_type": "ImageScaleBy", "inputs": {"image": ["a", 0], "upscale_method": "area", "scale_by": 1.0}}
_LOAD = {"class_type": "LoadImage", "inputs": {"image": "a.png"}}
GOOD = ({"load": _LOAD, "a": {**_A, "inputs": {**_A["inputs"], "image": ["load", 0]}}, "b": _B},)  # type: ignore[dict-item]
BAD = (({"a": _A, "b": _B}, None),)
