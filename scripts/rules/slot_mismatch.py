"""A link between an output and an input of different types.

Why is this bad?
    The server refuses the whole prompt, or the node gets a value that it cannot use and fails when its turn
    comes, after everything before it has run. Such links come from files that were edited by hand or saved by
    a version of a pack whose nodes had other slots.

Fix
    Link the input to an output of its type. Which one is not for the audit to say.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.graph import Graph, Node, Output
from ..workflow.resolve import types_fit
from .engine import Context, Finding
from .examples import Nodes, prompt

NAME = "slot-mismatch"
SEVERITY = "error"
FIX = "none"
TYPES: tuple[str, ...] = ()

#: Types that ComfyUI takes for one another.
_SAME = ({"COMBO", "STRING"}, {"INT", "FLOAT"}, {"INT", "FLOAT", "BOOLEAN"})


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Compare the types of the two nodes' definitions; where one is not known, what the file says."""
    definitions = graph.definitions
    for node, arriving in graph.arrivals.items():
        known = definitions.types(node.type) if arriving else None
        for name, source in arriving:
            if not isinstance(source, Output):
                continue
            said = known.get(name) if known is not None else None
            given = definitions.outputs(source.node.type)
            if said is not None and given is not None and source.slot < len(given) and given[source.slot][1] == said:
                continue
            drawn = dict(node.inputs).get(name, "*") if known is None or graph.kind == "ui" else "*"
            wanted = drawn if known is None else (said or "*")
            # Where file and definition differ, the pack's version may: only what both say is held against it.
            if wanted != "*" and (known is None or types_fit(drawn, wanted)):
                yield from _compare(graph, node, name, source, wanted)


def _compare(graph: Graph, node: Node, name: str, source: Output, wanted: str) -> Iterator[Finding]:
    given = _given(graph, source)
    if given is None:
        text = f"{name} takes output {source.slot} of {source.node.label}, which has none of that number"
        yield Finding(node, f"{text}; link it to one that it has.")
    elif not types_fit(given, wanted) and not any({given, wanted} <= same for same in _SAME):
        text = f"{name} wants {wanted} and is linked to {given} of {source.node.label}"
        yield Finding(node, f"{text}; link it to {wanted}.")


def _given(graph: Graph, source: Output) -> str | None:
    known = graph.definitions.outputs(source.node.type)
    if known is None:
        drawn = source.node.outputs
        return source.type if source.slot < len(drawn) or not drawn else "*"
    if graph.kind == "api":
        return known[source.slot][1] if source.slot < len(known) else None
    drawn = source.node.outputs
    if source.slot >= len(known):
        return drawn[source.slot][1] if source.slot < len(drawn) else None
    given = known[source.slot][1]
    return given if source.slot >= len(drawn) or types_fit(drawn[source.slot][1], given) else "*"


_NODES: Nodes = {
    "load": ("LoadImage", {"image": "a.png"}),
    "vae": ("VAELoader", {"vae_name": "a.safetensors"}),
    "encode": ("VAEEncode", {"pixels": ("load", 0), "vae": ("vae", 0)}),
}
GOOD = (prompt(_NODES), prompt(_NODES, grow=("SomePackNode", {"anything": ("load", 1)})))
BAD = (
    (prompt(_NODES, encode=("VAEEncode", {"pixels": ("load", 1), "vae": ("vae", 0)})), None),
    (prompt(_NODES, encode=("VAEEncode", {"pixels": ("load", 0), "vae": ("load", 0)})), None),
)
