"""A node that shows or saves something of a loop's body, but does not lead to the loop's end.

Why is this bad?
    A loop that unfolds repeats only what lies between its two ends. A preview or a save that hangs off the
    body and leads nowhere runs once, with the values of the first iteration, and looks as if the loop had
    stopped there. (The windows of a LongTake take are prompts of their own; there it runs every time.)

Fix
    Put it after the loop's end, or into the way to it; ComfyUI's own End Loop has inputs for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.graph import Graph
from . import roles
from .engine import Context, DoesNotApply, Finding
from .examples import Nodes, prompt
from .loops import find_loops

NAME = "loop-side-output"
SEVERITY = "info"
FIX = "none"
TYPES = roles.LOOP_OPEN
ABSENT = "there is no loop"


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Output nodes that depend on an iteration and that the close does not depend on, nor they on it."""
    loops = [loop for loop in find_loops(graph) if loop.make.maker != "LongTake"]
    if not loops:
        raise DoesNotApply("no loop unfolds")
    for loop in loops:
        inside = graph.downstream(loop.open, stop=frozenset(loop.make.close))
        for node in inside:
            if node in loop.body or node is loop.open or not graph.definitions.is_output(node.type):
                continue
            if node not in graph.downstream(loop.close):
                text = (
                    f"{node.label} hangs off the loop at {loop.open.label} and does not lead to its end: it runs once, "
                    "with the first iteration's values; put it after the end or on the way to it."
                )
                yield Finding(node, text)


_NODES: Nodes = {
    "load": ("LoadImage", {"image": "a.png"}),
    "open": ("TensorForLoopOpen", {"count": 4, "initial_value": ("load", 0)}),
    "work": ("ImageScaleBy", {"image": ("open", 1), "upscale_method": "area", "scale_by": 1.0}),
    "close": ("TensorForLoopClose", {"flow_control": ("open", 0), "processed": ("work", 0), "accumulate": True}),
}  # fmt: skip
GOOD = (prompt(_NODES, show=("PreviewImage", {"images": ("close", 0)})),)
BAD = ((prompt(_NODES, show=("PreviewImage", {"images": ("work", 0)})), None),)
