"""Widths and heights against the grid that a model needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..workflow.edits import Edit, SetWidget
from ..workflow.graph import CONSTANTS, Constant, Graph, Node, Output
from .engine import Finding
from .sizes import size


def off_grid(graph: Graph, nodes: Iterable[Node], step: int, why: str) -> Iterator[Finding]:
    """Findings for the widths and heights of `nodes` that do not divide by `step`."""
    for node in nodes:
        for name in ("width", "height"):
            value = size(node, name)
            if value is None or value < 1 or value % step == 0:
                continue
            right = max(step, (value + step // 2) // step * step)
            text = f"{name} {value} does not divide by {step}; {why}. Use {right}."
            yield Finding(node, text, _set(graph, node, name, right))


def _set(graph: Graph, node: Node, name: str, right: int) -> tuple[Edit, ...]:
    """Set the number where it is written, if nothing else takes it."""
    source = node.source(name)
    if isinstance(source, Constant):
        if source.node is node:
            return (SetWidget(node.path, name, right),)
        return (SetWidget(source.node.path, source.name, right),) if source.node.type == "PrimitiveNode" else ()
    if isinstance(source, Output) and source.node.type in CONSTANTS and not source.node.linked(CONSTANTS[source.node.type]):
        takers = graph.takers(source.node)
        if all(entry in ("width", "height") or "size" in entry for _, entry in takers):
            return (SetWidget(source.node.path, CONSTANTS[source.node.type], right),)
    return ()
