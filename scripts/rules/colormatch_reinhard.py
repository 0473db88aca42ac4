"""Colour matching by `reinhard` in the wrapper's loop.

Why is this bad?
    The loop hands it frames between -1 and 1, of which it takes logarithms: it gives frames of NaN. (`mvgd`
    gives what `mkl` gives, in the same time; it is no other choice.)

Fix
    `mkl`.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.graph import Graph
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .settings import set_value
from .wan import LOOPS, loops_of_any_kind
from .wan_examples import TAKE, WRAPPER

NAME = "colormatch-reinhard"
SEVERITY = "error"
FIX = "safe"
TYPES = LOOPS
ABSENT = "WanVideoWrapper's own loop is not used"


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """The loop's method."""
    loops = loops_of_any_kind(graph)
    if not loops:
        raise DoesNotApply("the wrapper's own loop is not active")
    for node in loops:
        method = node.value("colormatch")
        if method == "reinhard":
            text = "colormatch reinhard gives frames of NaN in this loop. Use mkl."
            yield Finding(node, text, set_value(node, "colormatch", "mkl"))
        elif method == "mvgd":
            yield Finding(
                node, "colormatch mvgd gives what mkl gives; choosing between them changes nothing.", severity="info"
            )


GOOD = (WRAPPER, TAKE, changed(WRAPPER, "loop", colormatch="disabled"))
BAD = (
    (changed(WRAPPER, "loop", colormatch="reinhard"), WRAPPER),
    (changed(WRAPPER, "loop", colormatch="mvgd"), None),
)
