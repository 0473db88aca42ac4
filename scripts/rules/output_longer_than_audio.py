"""The video after the wrapper's loop is not cut to its sound.

Why is this bad?
    The loop's frames run past the sound's end, by up to one stride. Without `trim_to_audio` the video is that
    much longer: silence, and the frames that look worst.

Fix
    `trim_to_audio` is switched on.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.edits import SetWidget
from ..workflow.graph import Graph
from . import roles
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .wan import wrapper_loops
from .wan_examples import TAKE, WRAPPER

NAME = "output-longer-than-audio"
SEVERITY = "warning"
FIX = "safe"
TYPES = (roles.WRAPPER_LOOP,)
ABSENT = "WanVideoWrapper's own loop is not used"


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Outputs with sound behind a loop that is not known to end with it."""
    loops = wrapper_loops(graph)
    outputs = [(loop, node) for loop in loops for node in graph.of("VHS_VideoCombine") if "audio" in node.links and loop.node in graph.upstream(node)]
    if not outputs:
        raise DoesNotApply("no video with sound comes from the wrapper's loop")
    for loop, node in outputs:
        plan = loop.plan()
        trims = node.value("trim_to_audio", False)
        if trims is False and (plan is None or plan.padding) and not node.linked("trim_to_audio"):
            past = f"up to {plan.padding} frames" if plan else "frames"
            text = f"The loop makes {past} past the end of the sound, and the video keeps them; switch trim_to_audio on."
            yield Finding(node, text, (SetWidget(node.path, "trim_to_audio", True),))


_LONG = changed(WRAPPER, "voice", num_frames=425)
GOOD = (WRAPPER, _LONG, TAKE, changed(WRAPPER, "video", trim_to_audio=False))
BAD = ((changed(_LONG, "video", trim_to_audio=False), _LONG),)
