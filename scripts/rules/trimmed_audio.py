"""The start of the sound is cut off before the loop.

Why is this bad?
    The workflow that most loops are made from ships with a cut of 5 s at the start, for a song with an intro. Of
    another sound, or of one that was cut before, the first words are missing. Hence a question.

Fix
    0. Unsafe: the cut may be meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.graph import Graph, Node
from . import ltx, roles
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .ltx_examples import GRAPH
from .settings import set_value, shown

NAME = "trimmed-audio"
SEVERITY = "info"
FIX = "unsafe"
TYPES = ("TrimAudioDuration",)
ABSENT = "no sound is trimmed"

_LISTENERS = frozenset({"LTXVAudioVAEEncode", ltx.CONTROL}) | roles.PLANNERS.keys()


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Cuts at the start of a sound from a file, before a loop over LTX windows."""
    loops = ltx.sampling_loops(graph)
    inside = {node for looped in loops for node in looped.loop.body}
    known = [node for node in graph.of(TYPES) if loops and node not in inside and _heard(graph, node)]
    if not known:
        raise DoesNotApply("no sound is trimmed before a loop over LTX windows")
    for node in known:
        start = node.number("start_index")
        if start:
            text = f"The first {shown(start)} s of the sound are cut off. Set 0 if they are not meant to be."
            yield Finding(node, text, set_value(node, "start_index", 0.0))


def _heard(graph: Graph, node: Node) -> bool:
    feeder = node.feeder("audio")
    from_file = feeder is not None and any(source.type in roles.LOAD_AUDIO for source in graph.upstream(feeder))
    return from_file and any(taker.type in _LISTENERS for taker in graph.downstream(node))


GOOD = (GRAPH, changed(GRAPH, "trim", duration=60.0))
BAD = ((changed(GRAPH, "trim", start_index=5.0), GRAPH),)
