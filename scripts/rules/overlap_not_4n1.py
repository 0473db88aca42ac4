"""An overlap for Wan that does not fill whole latent frames.

Why is this bad?
    Wan folds four frames into one latent frame, after the first. Of an overlap that is not 4n + 1 the last
    frames have no latent of their own: the next window does not continue from them, and the motion jumps.

Fix
    The nearest count that is 4n + 1. Unsafe: the windows move.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.edits import SetWidget
from ..workflow.graph import Graph, Node
from . import roles
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .wan_examples import TAKE, WRAPPER

NAME = "overlap-not-4n+1"
SEVERITY = "error"
FIX = "unsafe"
TYPES = (roles.WRAPPER_LOOP, "LongTakeFrameWindowPlanner", "WanInfiniteTalkToVideo")
ABSENT = "nothing sets an overlap for Wan"

_OVERLAPS = {
    roles.WRAPPER_LOOP: "motion_frame",
    "LongTakeFrameWindowPlanner": "overlap",
    "WanInfiniteTalkToVideo": "motion_frame_count",
}


def nearest(value: int) -> int:
    """The count of the grid 4n + 1 that is nearest to `value`; the lower of two."""
    return max(1, 1 + (value + 1) // 4 * 4 if (value - 1) % 4 > 2 else 1 + (value - 1) // 4 * 4)  # noqa: PLR2004


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
        value = node.number(name)
        # 0 means the family's own to a planner.
        if value is None or value == 0 or (value - 1) % 4 == 0:
            continue
        right = nearest(int(value))
        text = f"An overlap of {value:g} frames does not fill whole latent frames; use 4n + 1, for example {right}."
        yield Finding(node, text, () if node.linked(name) else (SetWidget(node.path, name, right),))


GOOD = (WRAPPER, TAKE, changed(TAKE, "plan", overlap=0))
BAD = (
    (changed(WRAPPER, "loop", motion_frame=10), WRAPPER),
    (changed(TAKE, "plan", overlap=8), changed(TAKE, "plan", overlap=9)),
)
