"""The strength of LTX2_NAG is outside what is known to work.

Why is this bad?
    NAG pushes the picture away from the negative prompt. 11 is what the distilled 2.3 model is run with, 3 to 7
    the later distilled-1.1; far more gives hard, over-saturated pictures, far less does nothing. Hence a question.

Fix
    11, or 5 for distilled-1.1. Unsafe: pictures change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..workflow.graph import Graph
from . import ltx
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .ltx_examples import GRAPH
from .settings import set_value, shown

NAME = "nag-scale"
SEVERITY = "info"
FIX = "unsafe"
TYPES = (ltx.NAG,)
ABSENT = "LTX2_NAG is not used"

_LATER = re.compile(r"distilled[-_ .]?1[._]1", re.IGNORECASE)
#: Lowest, highest, and the one to set.
_RANGE, _LATER_RANGE = (3.0, 11.0, 11.0), (3.0, 7.0, 5.0)


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Every NAG whose strength is known; 0 switches it off."""
    known = [(node, scale) for node in graph.of(ltx.NAG) if (scale := node.number("nag_scale"))]
    if not known:
        raise DoesNotApply("LTX2_NAG is off, or its strength is known only when it runs")
    for node, scale in known:
        later = any(_LATER.search(name) for name in ltx.model_files(node))
        low, high, best = _LATER_RANGE if later else _RANGE
        if not low <= scale <= high:
            model = "distilled-1.1" if later else "this model"
            text = (
                f"nag_scale {shown(scale)} is outside {shown(low)} to {shown(high)}, which {model} is "
                f"known to take. Try {shown(best)}."
            )
            yield Finding(node, text, set_value(node, "nag_scale", best))


_11 = changed(GRAPH, "unet", unet_name="ltx-2.3-22b-distilled-1.1.safetensors")
GOOD = (GRAPH, changed(GRAPH, "nag", nag_scale=0.0), changed(_11, "nag", nag_scale=4.0))
BAD = ((_11, changed(_11, "nag", nag_scale=5.0)), (changed(GRAPH, "nag", nag_scale=30.0), GRAPH))
