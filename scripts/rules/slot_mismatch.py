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
from .examples import prompt

NAME = "slot-mismatch"
SEVERITY = "error"
FIX = "none"
TYPES: tuple[str, ...] = ()

#: Types that ComfyUI takes for one another.
_SAME = ({"COMBO", "STRING"}, {"INT", "FLOAT"}, {"INT", "FLOAT", "BOOLEAN"})


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Compare the types of the two nodes' definitions; where one is not known, what the file says."""
    for node in graph.running():
        if not node.links:
            continue
        wanted = _wanted(graph, node)
        for name in node.links:
            source = node.source(name)
            if not isinstance(source, Output) or name not in wanted:
                continue
            given = _given(graph, source)
            if given is None:
                text = f"{name} takes output {source.slot} of {source.node.label}, which has none of that number"
                yield Finding(node, f"{text}; link it to one that it has.")
            elif not types_fit(given, wanted[name]) and not any({given, wanted[name]} <= same for same in _SAME):
                text = f"{name} wants {wanted[name]} and is linked to {given} of {source.node.label}"
                yield Finding(node, f"{text}; link it to {wanted[name]}.")


def _wanted(graph: Graph, node: Node) -> dict[str, str]:
    drawn = dict(node.inputs)
    known = graph.definitions.inputs(node.type)
    if known is None:
        return drawn
    # Where file and definition differ, the pack's version may: only what both say is held against it.
    types = {entry.name: entry.type for entry in known}
    return {name: type_ for name, type_ in types.items() if types_fit(drawn.get(name, type_), type_)}


def _given(graph: Graph, source: Output) -> str | None:
    known = graph.definitions.outputs(source.node.type)
    drawn = source.node.outputs
    if known is None:
        return source.type if source.slot < len(drawn) or not drawn else "*"
    if source.slot >= len(known):
        return None if source.slot >= len(drawn) or graph.kind == "api" else drawn[source.slot][1]
    if graph.kind == "ui" and source.slot < len(drawn) and not types_fit(drawn[source.slot][1], known[source.slot][1]):
        return "*"
    return known[source.slot][1]


_NODES = {
    "load": ("LoadImage", {"image": "a.png"}),
    "vae": ("VAELoader", {"vae_name": "a.safetensors"}),
    "encode": ("VAEEncode", {"pixels": ("load", 0), "vae": ("vae", 0)}),
}
GOOD = (prompt(_NODES), prompt(_NODES, grow=("SomePackNode", {"anything": ("load", 1)})))
BAD = (
    (prompt(_NODES, encode=("VAEEncode", {"pixels": ("load", 1), "vae": ("vae", 0)})), None),
    (prompt(_NODES, encode=("VAEEncode", {"pixels": ("load", 0), "vae": ("load", 0)})), None),
)
