"""The wrapper's own loop makes frames past the end of the sound.

Why is this bad?
    The loop only makes whole windows and never trims them. Unless the length is one window, or what is left
    after it divides by the stride, the last window runs on over silence: the video is longer than the sound
    and its end is bad. The counts in circulation (81, 153, 225, ...) hold for an overlap of 9 only; with
    another overlap they are the wrong table.

Fix
    Use one of the aligned counts that the message names, trim the video to the sound, or let a LongTake plan
    make the windows: it covers any length to the frame.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...nodes.core.plan import make_plan
from ..workflow.graph import Graph
from . import roles
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .wan import WrapperLoop, wrapper_loops
from .wan_examples import TAKE, WRAPPER

NAME = "unaligned-length"
SEVERITY = "warning"
FIX = "none"
TYPES = (roles.WRAPPER_LOOP,)
ABSENT = "WanVideoWrapper's own loop is not used"


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Plan the loop's windows and see what lies past the end."""
    loops = [(loop, plan) for loop in wrapper_loops(graph) if (plan := loop.plan()) is not None]
    if not loops:
        raise DoesNotApply("the length of the wrapper's loop is not known")
    for loop, plan in loops:
        if not plan.padding:
            continue
        below, above = loop.plan("floor") if len(plan.windows) > 1 else None, plan.windows[-1].stop
        text = (
            f"{plan.frames} frames in windows of {plan.window} that share {plan.overlap}: {len(plan.windows)} window{'s' if len(plan.windows) > 1 else ''}, "
            f"{plan.padding} frames past the end of the sound (if it is at least that long). Use "
            f"{f'{below.frames} or ' if below else ''}{above} frames, or this pack's take, which needs no alignment."
        )
        yield Finding(loop.voice or loop.node, text + _table(loop))


def _table(loop: WrapperLoop) -> str:
    """A count of the table for overlap 9, used with another one."""
    frames, window = loop.frames or 0, loop.window or 0
    if loop.overlap == 9 or window != 81 or frames <= window:  # noqa: PLR2004 - what the guides' table is for
        return ""
    if make_plan(frames, temporal_scale=1, window=81, overlap=9, fit="pad").padding:
        return ""
    return f"\n{frames} is from the table for an overlap of 9; the overlap here is {loop.overlap}."


GOOD = (WRAPPER, TAKE, changed(WRAPPER, "voice", num_frames=81))
BAD = (
    (changed(WRAPPER, "voice", num_frames=425), None),
    (changed(WRAPPER, "loop", motion_frame=25), None),
    (changed(WRAPPER, "voice", num_frames=60), None),
)
