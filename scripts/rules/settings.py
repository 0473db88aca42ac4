"""Where a setting is written, and how to write another one there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..workflow.edits import Connect, Edit, SetWidget
from ..workflow.graph import CONSTANTS, Constant, Graph, Node, Output


def set_value(node: Node, name: str, value: Any) -> tuple[Edit, ...]:
    """The edit that gives an input another value, made where the value is written.

    None if it comes out of a computation, or if the place where it is written also feeds inputs of other names:
    another value there would change more than is meant.
    """
    source = node.source(name)
    if source is None or (isinstance(source, Constant) and source.node is node):
        return () if name in node.links else (SetWidget(node.path, name, value),)
    if isinstance(source, Constant):
        holder, widget = source.node, source.name
    elif isinstance(source, Output) and source.node.type in CONSTANTS:
        holder, widget = source.node, CONSTANTS[source.node.type]
    else:
        return ()
    if any(taken != name for _, taken in _readers(node.scope.graph, holder, widget)):
        return ()
    return (SetWidget(holder.path, widget, value),)


def _readers(graph: Graph, holder: Node, widget: str) -> Iterator[tuple[Node, str]]:
    if holder.type in CONSTANTS:
        yield from graph.takers(holder)
        return
    for node in graph.running():
        for name in node.links:
            source = node.source(name)
            if isinstance(source, Constant) and source.node is holder and source.name == widget:
                yield node, name


def relink(graph: Graph, node: Node, name: str, output: Output) -> Connect | None:
    """The edit that links an input to another output, at the nearest drawn link that lies in the output's scope."""
    scope = output.node.scope
    hop = next((hop for hop in graph.hops(node, name) if hop.node.scope is scope), None)
    return Connect(hop.node.path, hop.input, output.node.path, output.slot) if hop else None


#: Above this, numbers are the same or they are not.
_LARGE = 1e15


def close(left: Any, right: Any) -> bool:
    """Whether two values are the same, apart from how a canvas rounds: 1.0000000000000002 is 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left == right or (
            max(abs(left), abs(right)) < _LARGE and abs(left - right) <= 1e-6 * max(1.0, abs(left), abs(right))
        )
    return bool(left == right)


def shown(value: Any) -> str:
    """A value as people write it: 25, not 25.0; five digits are enough."""
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def nearest_multiple(value: int, step: int) -> int:
    """The multiple of `step` nearest to `value`, at least one step; the larger of two that are as near."""
    return max(step, (value + step // 2) // step * step)
