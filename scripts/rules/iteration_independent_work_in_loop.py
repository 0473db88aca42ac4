"""An encoder or loader runs again in every iteration although nothing that it takes differs between them.

Why is this bad?
    Whatever depends on the node that opens a loop is run again each time. A value that is only carried round
    unchanged, or a picture's size, makes an encoder depend on it without need. It costs its time in every
    window, and a text encoder or VAE that is loaded between two samplings can push the video model out of
    memory.

Fix
    Take the value from what the loop was started with instead of from the loop, so that the node is outside.
    Unsafe: with nodes that have side effects the number of runs may matter. Where the node only wants a size,
    set it by hand.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.edits import Connect
from ..workflow.graph import Graph, Node, Output
from . import roles
from .engine import Context, DoesNotApply, Finding
from .examples import Nodes, changed, prompt
from .loops import Loop, find_loops, varying

NAME = "iteration-independent-work-in-loop"
SEVERITY = "warning"
FIX = "unsafe"
TYPES = roles.LOOP_OPEN
ABSENT = "there is no loop"

_HEAVY = roles.TEXT_ENCODE | roles.VAE_ENCODE | roles.CLIP_VISION | roles.LOADERS


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Every heavy node in a loop's body that nothing varying reaches."""
    loops = find_loops(graph)
    if not loops:
        raise DoesNotApply("no loop is closed")
    for loop in loops:
        changing = varying(graph, loop)
        for node in graph.of(_HEAVY):
            if node in loop.body and node not in changing:
                text = (
                    f"{node.label} runs in every iteration of the loop at {loop.open.label}, but all that it takes is "
                    "the same each time; take it from outside the loop."
                )
                yield Finding(node, text, _outside(graph, loop, node))


def _outside(graph: Graph, loop: Loop, node: Node) -> tuple[Connect, ...]:
    """Link what takes a carried value on the way to the node to what the loop was started with."""
    edits: list[Connect] = []
    back = dict(loop.make.carried)
    for member in graph.upstream(node):
        if member not in loop.body:
            continue
        for name in member.links:
            source = member.source(name)
            if not isinstance(source, Output) or source.node is not loop.open:
                continue
            start = _start(loop, source.name, back)
            hop = next((hop for hop in graph.hops(member, name) if start and hop.node.scope is start.node.scope), None)
            if start is None or hop is None:
                return ()
            edits.append(Connect(hop.node.path, hop.input, start.node.path, start.slot))
    return tuple(edits)


def _start(loop: Loop, name: str, back: dict[str, str]) -> Output | None:
    """What a carried output holds in the first iteration."""
    if name not in back:
        return None
    initial = back[name] if back[name] in loop.make.initial else next(iter(loop.make.initial), "")
    source = loop.open.source(initial)
    return source if isinstance(source, Output) else None


_NODES: Nodes = {
    "load": ("LoadImage", {"image": "a.png"}),
    "vae": ("VAELoader", {"vae_name": "a.safetensors"}),
    "latent": ("EmptyLatentImage", {"width": 512, "height": 512, "batch_size": 1}),
    "open": ("WhileLoopOpen", {"condition": True, "initial_value0": ("latent", 0), "initial_value1": ("load", 0)}),
    "encode": ("VAEEncode", {"pixels": ("open", 2), "vae": ("vae", 0)}),
    "mix": ("LatentAdd", {"samples1": ("open", 1), "samples2": ("encode", 0)}),
    "close": ("WhileLoopClose", {"flow_control": ("open", 0), "condition": True, "initial_value0": ("mix", 0), "initial_value1": ("open", 2)}),
}  # fmt: skip
_BAD = prompt(_NODES)
_GOOD = changed(_BAD, "encode", pixels=("load", 0))
GOOD = (
    _GOOD,
    # The carried picture really changes.
    {
        **changed(_BAD, "close", initial_value1=("decode", 0)),
        **prompt(decode=("VAEDecode", {"samples": ("mix", 0), "vae": ("vae", 0)})),
    },
)
BAD = ((_BAD, _GOOD),)
