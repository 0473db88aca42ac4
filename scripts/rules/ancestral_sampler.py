"""An ancestral sampler in a loop over LTX windows.

Why is this bad?
    It adds noise at every step, which the distilled model was not trained to take out again. In one clip that
    is a matter of taste; in a loop every window continues from the last one, and the face wanders off.

Fix
    euler. Unsafe: pictures change.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.graph import Graph, Node
from . import ltx
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .ltx_examples import CLIP, GRAPH
from .settings import set_value

NAME = "ancestral-sampler"
SEVERITY = "warning"
FIX = "unsafe"
TYPES = ltx.MARKS
ABSENT = "nothing is made with LTX"


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """The sampler of every window."""
    nodes = [node for looped in ltx.sampling_loops(graph) for node in (*looped.first, *looped.later)]
    holders = dict.fromkeys(holder for node in nodes for holder in (node.feeder("sampler") or node,))
    known = [(holder, name) for holder in holders if isinstance(name := holder.value("sampler_name"), str)]
    if not known:
        raise DoesNotApply("no loop over LTX windows has a sampler that is known")
    for holder, name in known:
        if "ancestral" in name:
            yield _finding(holder, name)


def _finding(holder: Node, name: str) -> Finding:
    text = f"{name} adds noise at every step, which adds up from window to window. Use euler."
    return Finding(holder, text, set_value(holder, "sampler_name", "euler"))


GOOD = (GRAPH, changed(CLIP, "euler", sampler_name="euler_ancestral"))
BAD = ((changed(GRAPH, "euler", sampler_name="euler_ancestral"), GRAPH),)
