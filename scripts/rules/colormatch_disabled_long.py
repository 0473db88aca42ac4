"""More than half a minute in the wrapper's loop with colour matching switched off.

Why is this bad?
    Every window continues from the last frames of the one before, and small shifts of colour and contrast add
    up. Over some thirty seconds they show. A video that is made over (with `samples`) brings its own colours.

Fix
    `mkl`. Unsafe: it also flattens changes of light that are meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.graph import Graph
from . import roles
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .settings import set_value
from .wan import wrapper_loops
from .wan_examples import WRAPPER

NAME = "colormatch-disabled-long"
SEVERITY = "warning"
FIX = "unsafe"
TYPES = (roles.WRAPPER_LOOP,)
ABSENT = "WanVideoWrapper's own loop is not used"

_LONG = 30


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Loops whose length is known."""
    # A video that is made over keeps its own colours: it is given to the sampler.
    made = [loop for loop in wrapper_loops(graph) if "samples" not in loop.sampler.links]
    loops = [(loop, loop.frames / loop.fps) for loop in made if loop.frames and loop.fps]
    if not loops:
        raise DoesNotApply("the length of the wrapper's loop is not known, or it makes another video over")
    for loop, length in loops:
        if length > _LONG and loop.node.value("colormatch") == "disabled":
            text = f"Up to {float(length):.0f} s without colour matching; over {_LONG} s colours drift. Use mkl."
            yield Finding(loop.node, text, set_value(loop.node, "colormatch", "mkl"))


_LONG_GOOD = changed(WRAPPER, "voice", num_frames=801)
GOOD = (_LONG_GOOD, changed(WRAPPER, "loop", colormatch="disabled"))
BAD = ((changed(_LONG_GOOD, "loop", colormatch="disabled"), _LONG_GOOD),)
