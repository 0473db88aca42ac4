"""An overlap for Wan that does not fill whole latent frames, or leaves nothing new in a window.

Why is this bad?
    Wan folds four frames into one latent frame, after the first. Of an overlap that is not 4n + 1 the last
    frames have no latent of their own: the next window does not continue from them, and the motion jumps. A
    plan refuses it. With an overlap as long as the window nothing is new, and the wrapper's loop never ends.

Fix
    The nearest count that is 4n + 1. Unsafe: the windows move.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...nodes.core.plan import FAMILIES
from ...nodes.core.units import frames_rounded_down, frames_rounded_up
from ..workflow.graph import Graph, Node
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .settings import set_value
from .wan import LOOPS
from .wan_examples import TAKE, WRAPPER

NAME = "overlap-not-4n+1"
SEVERITY = "warning"
FIX = "unsafe"
TYPES = (*sorted(LOOPS), "LongTakeFrameWindowPlanner", "WanInfiniteTalkToVideo")
ABSENT = "nothing sets an overlap for Wan"

_OVERLAPS = {
    **dict.fromkeys(LOOPS, "motion_frame"),
    "LongTakeFrameWindowPlanner": "overlap",
    "WanInfiniteTalkToVideo": "motion_frame_count",
}
_WINDOWS = {**dict.fromkeys(LOOPS, "frame_window_size"), "LongTakeFrameWindowPlanner": "window"}


def is_wan(node: Node) -> bool:
    """Whether a node counts frames for Wan; a planner says so itself."""
    return node.type != "LongTakeFrameWindowPlanner" or node.value("family", "wan") == "wan"


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Every overlap that can be read."""
    nodes = [node for node in graph.of(TYPES) if is_wan(node)]
    if not nodes:
        raise DoesNotApply("nothing sets an overlap for Wan")
    for node in nodes:
        name = _OVERLAPS[node.type]
        value, window = node.number(name), node.number(_WINDOWS.get(node.type, ""))
        # 0 means the family's own to a planner.
        if value is None or value == 0:
            continue
        overlap = max(1, int(value))
        down, up = frames_rounded_down(overlap, 4), frames_rounded_up(overlap, 4)
        if window and overlap >= window:
            own = FAMILIES["wan"].overlap
            text = (
                f"An overlap of {value:g} frames leaves nothing new in a window of {window:g}. Use less, "
                f"for example {own}."
            )
            yield Finding(node, text, set_value(node, name, own) if own < window else (), severity="error")
        elif down != value:
            best = down if overlap - down <= up - overlap else up
            text = f"An overlap of {value:g} frames does not fill whole latent frames. Use 4n + 1, for example {best}."
            refused = "error" if node.type == "LongTakeFrameWindowPlanner" else ""
            yield Finding(node, text, set_value(node, name, best), severity=refused)


GOOD = (WRAPPER, TAKE, changed(TAKE, "plan", overlap=0))
BAD = (
    (changed(WRAPPER, "loop", motion_frame=10), WRAPPER),
    (changed(WRAPPER, "loop", motion_frame=81), WRAPPER),
    (changed(TAKE, "plan", overlap=8), changed(TAKE, "plan", overlap=9)),
)
