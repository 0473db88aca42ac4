"""Colour matching by `reinhard` in the wrapper's loop.

Why is this bad?
    It gives frames of NaN: the video turns black from the second window on. (`mvgd` gives what `mkl` gives,
    in the same time; it is no other choice.)

Fix
    `mkl`.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.edits import SetWidget
from ..workflow.graph import Graph
from . import roles
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .wan_examples import WRAPPER

NAME = "colormatch-reinhard"
SEVERITY = "error"
FIX = "safe"
TYPES = (roles.WRAPPER_LOOP,)
ABSENT = "WanVideoWrapper's own loop is not used"


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """The loop's method."""
    loops = graph.of(TYPES)
    if not loops:
        raise DoesNotApply("the wrapper's own loop is not active")
    for node in loops:
        if node.value("colormatch") == "reinhard":
            text = "'reinhard' gives frames of NaN in this loop; use mkl ('mvgd' gives the same as mkl)."
            yield Finding(node, text, () if node.linked("colormatch") else (SetWidget(node.path, "colormatch", "mkl"),))


GOOD = (WRAPPER, changed(WRAPPER, "loop", colormatch="disabled"))
BAD = ((changed(WRAPPER, "loop", colormatch="reinhard"), WRAPPER),)
