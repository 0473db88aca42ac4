"""A window length for Wan that does not fill whole latent frames.

Why is this bad?
    Wan makes 4n + 1 frames at a time. WanVideoWrapper rounds another length down without a word, so that the
    windows are not where the number says; a plan refuses it.

Fix
    The length rounded down to 4n + 1, which is what the wrapper makes of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...nodes.core.units import frames_rounded_down
from ..workflow.graph import Graph
from .engine import Context, DoesNotApply, Finding
from .examples import changed, prompt
from .overlap_not_4n1 import is_wan
from .settings import set_value
from .wan import LOOPS
from .wan_examples import LOOP, TAKE, WRAPPER

NAME = "window-not-4n+1"
SEVERITY = "warning"
FIX = "safe"
TYPES = (*sorted(LOOPS), "LongTakeFrameWindowPlanner")
ABSENT = "nothing sets a window for Wan"

_WINDOWS = {**dict.fromkeys(LOOPS, "frame_window_size"), "LongTakeFrameWindowPlanner": "window"}


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Every window length that can be read."""
    nodes = [node for node in graph.of(TYPES) if is_wan(node)]
    if not nodes:
        raise DoesNotApply("nothing sets a window for Wan")
    for node in nodes:
        name = _WINDOWS[node.type]
        value = node.number(name)
        if value is None or value < 1 or (value - 1) % 4 == 0:
            continue
        right = frames_rounded_down(int(value), 4)
        refused = node.type == "LongTakeFrameWindowPlanner"
        what = "is refused" if refused else f"is used as {right}"
        text = f"A window of {value:g} frames does not fill whole latent frames and {what}. Use {right} or {right + 4}."
        yield Finding(node, text, set_value(node, name, right), severity="error" if refused else "")


GOOD = (WRAPPER, TAKE, changed(TAKE, "plan", window=0))
_LINKED = prompt(
    LOOP,
    count=("INTConstant", {"value": 83}),
    loop=(LOOP["loop"][0], {**LOOP["loop"][1], "frame_window_size": ("count", 0)}),
)
BAD = (
    (changed(WRAPPER, "loop", frame_window_size=84), WRAPPER),
    (_LINKED, changed(_LINKED, "count", value=81)),
    (changed(TAKE, "plan", window=83), TAKE),
)
