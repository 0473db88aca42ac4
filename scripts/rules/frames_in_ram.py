"""The wrapper's loop keeps every frame in memory: an estimate for this length and size.

Why is this bad?
    All windows' frames stay in RAM until the last is done, are then joined, and converted to float32. At the
    peak that is about three times their size in half precision: 50 GB for two minutes of 1280 x 720. Runs die
    of it after hours, with everything lost. A sound that is shorter than the frames asked for takes less.

Fix
    A shorter or smaller video, `output_path` of the loop (frames go to disk), or this pack's take, whose memory
    does not grow with the length.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from ..workflow.graph import Graph
from . import roles
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .sizes import size
from .wan import wrapper_loops
from .wan_examples import TAKE, WRAPPER

NAME = "frames-in-ram"
SEVERITY = "info"
FIX = "none"
TYPES = (roles.WRAPPER_LOOP,)
ABSENT = "WanVideoWrapper's own loop is not used"

#: Bytes of a colour value while the frames are made, and at the peak, by the VAE's precision. In half precision the
#: peak is the copy in float32 beside them, in float32 the moment when the windows are joined.
_HALF, _FULL = (2, 6), (4, 8)
_WORTH_SAYING = 8e9


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Frames times size, for loops where both are known."""
    known = False
    for loop in wrapper_loops(graph):
        plan, width, height = loop.plan(), size(loop.node, "width"), size(loop.node, "height")
        if plan is None or not width or not height or loop.node.value("output_path"):
            continue
        known = True
        frames = plan.windows[-1].stop
        vae = loop.node.feeder("vae")
        made, most = _FULL if vae is not None and vae.value("precision") == "fp32" else _HALF
        peak = frames * width * height * 3 * most
        if peak > _WORTH_SAYING:
            text = (
                f"{frames} frames of {width} x {height} take {frames * width * height * 3 * made / 1e9:.1f} GB of RAM while "
                f"they are made and about {peak / 1e9:.0f} GB at the peak{_machine()}. Shorten the video, set output_path, "
                "or use this pack's take."
            )
            yield Finding(loop.node, text)
    if not known:
        raise DoesNotApply("length or size of the wrapper's loop is not known")


def _machine() -> str:
    try:
        return f" (this machine has {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.0f} GB)"
    except (AttributeError, OSError, ValueError):
        return ""


_BIG = changed(changed(WRAPPER, "loop", width=1280, height=720), "voice", num_frames=3033)
GOOD = (WRAPPER, TAKE, changed(_BIG, "loop", output_path="frames"))
BAD = ((_BIG, None),)
