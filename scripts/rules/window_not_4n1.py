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
from ..workflow.edits import SetWidget
from ..workflow.graph import Graph
from . import roles
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .overlap_not_4n1 import is_wan
from .wan_examples import TAKE, WRAPPER

NAME = "window-not-4n+1"
SEVERITY = "warning"
FIX = "safe"
TYPES = (roles.WRAPPER_LOOP, "LongTakeFrameWindowPlanner", "WanVideoImageToVideoEncode", "WanVideoEmptyEmbeds")
ABSENT = "nothing sets a window for Wan"

_WINDOWS = {
    roles.WRAPPER_LOOP: "frame_window_size",
    "LongTakeFrameWindowPlanner": "window",
    "WanVideoImageToVideoEncode": "num_frames",
    "WanVideoEmptyEmbeds": "num_frames",
}


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
        text = f"A window of {value:g} frames does not fill whole latent frames; use 4n + 1, for example {right}."
        severity = "error" if node.type == "LongTakeFrameWindowPlanner" else ""
        yield Finding(node, text, () if node.linked(name) else (SetWidget(node.path, name, right),), severity)


GOOD = (WRAPPER, TAKE, changed(TAKE, "plan", window=0))
BAD = (
    (changed(WRAPPER, "loop", frame_window_size=84), WRAPPER),
    (changed(TAKE, "plan", window=83), TAKE),
)
