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
    """Compare the types of the two nodes' definitions; what is not known is not judged."""
    definitions = graph.definitions
    for node, arriving in graph.arrivals.items():
        known = definitions.types(node.type) if arriving else None
        if known is None:
            continue
        for name, source in arriving:
            given = definitions.outputs(source.node.type) if isinstance(source, Output) else None
            wanted = known.get(name)
            if given is None or wanted is None or not isinstance(source, Output):
                continue
            if source.slot >= len(given) or given[source.slot][1] != wanted:
                yield from _compare(graph, node, name, source, wanted)


def _compare(graph: Graph, node: Node, name: str, source: Output, wanted: str) -> Iterator[Finding]:
    drawn = dict(node.inputs).get(name, wanted) if graph.kind == "ui" else wanted
    if not types_fit(drawn, wanted):
        # The file's node is of another version of its pack than the definition.
        return
    given = _given(graph, source)
    if given is None:
        text = f"{name} takes output {source.slot} of {source.node.label}, which has none of that number"
        yield Finding(node, f"{text}; link it to one that it has.")
    elif not types_fit(given, wanted) and not any({given, wanted} <= same for same in _SAME):
        text = f"{name} wants {wanted} and is linked to {given} of {source.node.label}"
        yield Finding(node, f"{text}; link it to {wanted}.")


def _given(graph: Graph, source: Output) -> str | None:
    """The type of an output; ``*`` where file and definition differ; None if there is no such output."""
    known = graph.definitions.outputs(source.node.type) or ()
    drawn = source.node.outputs if graph.kind == "ui" else known
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
