"""The wrapper's own loop makes frames past the end of the sound.

Why is this bad?
    The loop only makes whole windows and never trims them. Unless the length is one window, or what is left
    after it divides by the stride, the last window runs on over silence: the video is longer than the sound
    and its end is bad. Where the video is cut to the sound, it is only time lost. The counts in circulation
    (81, 153, 225, ...) hold for an overlap of 9; with another overlap they are the wrong table. (Lengths that
    are aligned log a padding of 3 frames all the same; that is context only.)

Fix
    Use one of the aligned counts that the message names, cut the video to the sound, or let a LongTake plan
    make the windows: it covers any length to the frame and needs no alignment.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...nodes.core.plan import Plan, make_plan
from ..workflow.graph import Graph
from . import roles
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .wan import WrapperLoop, outputs_of, wrapper_loops
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
        raise DoesNotApply("how many frames the wrapper's loop makes is known only when it runs")
    for loop, plan in loops:
        if not plan.padding:
            continue
        outputs = outputs_of(graph, loop.sampler)
        cut = bool(outputs) and all(video.value("trim_to_audio") is True for video in outputs)
        text = (
            f"{plan.frames} frames take {_windows(plan)} of {plan.window} with an overlap of {plan.overlap}, "
            f"{plan.padding} frames past the end of a sound as long{'; the video is cut to it' if cut else ''}. "
            f"Aligned counts nearby are {_neighbours(loop, plan)}; this pack's take needs no alignment."
        )
        yield Finding(loop.voice or loop.node, text + _table(loop), severity="info" if cut else "")


def _windows(plan: Plan) -> str:
    count = len(plan.windows)
    return f"{count} windows" if count > 1 else "1 window"


def _neighbours(loop: WrapperLoop, plan: Plan) -> str:
    above = plan.windows[-1].stop
    below = loop.plan("floor") if plan.frames >= plan.window else None
    return f"{below.frames} and {above}" if below else str(above)


def _table(loop: WrapperLoop) -> str:
    """A count of the table for overlap 9, used with another one."""
    frames, window = loop.frames or 0, loop.window or 0
    if loop.overlap == 9 or window != 81 or frames <= window:
        return ""
    if make_plan(frames, temporal_scale=4, window=81, overlap=9, fit="pad").padding:
        return ""
    return f"\n{frames} is in the table 81, 153, 225, ..., which is for an overlap of 9, not {loop.overlap}."


_RUNS_ON = changed(WRAPPER, "video", trim_to_audio=False)
GOOD = (WRAPPER, TAKE, changed(WRAPPER, "voice", num_frames=81), changed(WRAPPER, "voice", num_frames=10000))
BAD = (
    (changed(_RUNS_ON, "voice", num_frames=425), None),
    (changed(_RUNS_ON, "loop", motion_frame=25), None),
    (changed(WRAPPER, "voice", num_frames=60), None),
)
