"""Loops of any make, found by the types of their ends and by what lies between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..workflow.graph import Graph, Node, Output
from .roles import LOOPS, SIZES, LoopNode


@dataclass(frozen=True, slots=True)
class Loop:
    """One loop. body: the nodes that run again every time: they depend on the open and the close depends on them."""

    make: LoopNode
    open: Node
    close: Node
    body: frozenset[Node]

    def carries(self, output: Output) -> bool:
        """Whether an output of the open is what the iteration before handed over."""
        return output.node is self.open and output.name in {name for name, _ in self.make.carried}


def find_loops(graph: Graph) -> list[Loop]:
    """Every loop of the graph whose two ends run."""
    if "loops" not in graph.memo:
        graph.memo["loops"] = [loop for make in LOOPS for loop in _of(graph, make)]
    loops: list[Loop] = graph.memo["loops"]
    return loops


def _of(graph: Graph, make: LoopNode) -> Iterator[Loop]:
    if make.open not in graph.types:
        return
    closes = graph.of(make.close)
    for opener in graph.of(make.open):
        down = graph.downstream(opener)
        for close in closes:
            if close not in down or (make.link is not None and close.feeder(make.link) is not opener):
                continue
            up = graph.upstream(close)
            yield Loop(make, opener, close, frozenset(node for node in up if node in down) - {opener, close})


def varying(graph: Graph, loop: Loop) -> frozenset[Node]:
    """The nodes of the body whose inputs really differ from one iteration to the next.

    Not differing: sizes of pictures, and carried values that the body hands back as it got them.
    """
    fixed = {
        name
        for name, back in loop.make.carried
        if (source := loop.close.source(back)) is not None
        and isinstance(source, Output)
        and source.node is loop.open
        and source.name == name
    }
    found: set[Node] = set()
    queue = [loop.open]
    for node in queue:
        for slot, taker, _ in graph.consumers.get(node, ()):
            name = Output(node, slot).name
            if (node is loop.open and name in fixed) or name in SIZES.get(node.type, ()):
                continue
            if taker in loop.body and taker not in found:
                found.add(taker)
                queue.append(taker)
    return frozenset(found)
