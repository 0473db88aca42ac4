"""The prompt schedule may change its prompt in the middle of a window.

Why is this bad?
    With snap_boundaries off, a boundary that falls inside a window gives that window a mix of two prompts: one
    stretch that looks unlike those before and after it. With it on, boundaries move to the nearest window, by
    half a stride at most.

Fix
    snap_boundaries on. Unsafe: prompts then change at other times.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.graph import Graph
from . import ltx
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .ltx_examples import GRAPH, PER_WINDOW
from .settings import set_value

NAME = "snap-off"
SEVERITY = "warning"
FIX = "unsafe"
TYPES = ltx.SCHEDULES
ABSENT = "there is no prompt schedule"


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Every schedule that says whether it snaps."""
    known = [(node, value) for node in graph.of(sorted(TYPES)) if (value := node.value("snap_boundaries")) is not None]
    if not known:
        raise DoesNotApply("whether the schedule snaps to windows is known only when the graph runs")
    for node, value in known:
        if value is False:
            text = "snap_boundaries is off, so a window may run on a mix of two prompts. Switch it on."
            yield Finding(node, text, set_value(node, "snap_boundaries", value=True))


GOOD = (GRAPH,)
BAD = (
    (changed(GRAPH, "prompts", snap_boundaries=False), GRAPH),
    (changed(PER_WINDOW, "prompts", snap_boundaries=False), PER_WINDOW),
)
