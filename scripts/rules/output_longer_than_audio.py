"""The video after the wrapper's loop is not cut to its sound.

Why is this bad?
    The loop's frames run past the sound's end, by up to one stride. Without `trim_to_audio` the video is that
    much longer: silence, and the frames that look worst.

Fix
    `trim_to_audio` is switched on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..workflow.graph import Graph, Node
from . import roles
from .engine import Context, DoesNotApply, Finding
from .examples import changed, prompt
from .settings import set_value
from .wan import outputs_of, wrapper_loops
from .wan_examples import LOOP, TAKE, WRAPPER

NAME = "output-longer-than-audio"
SEVERITY = "warning"
FIX = "safe"
TYPES = (roles.WRAPPER_LOOP,)
ABSENT = "WanVideoWrapper's own loop is not used"


#: Takes some of the frames: what it leaves is not known here.
_PICKS = re.compile(r"range|frombatch|select|trim|slice|split", re.IGNORECASE)


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Outputs with sound behind a loop that is not known to end with it."""
    outputs = [
        (loop, node)
        for loop in wrapper_loops(graph)
        for node in outputs_of(graph, loop.sampler)
        if "audio" in node.links and not loop.node.value("output_path") and _all_frames(graph, loop.sampler, node)
    ]
    if not outputs:
        raise DoesNotApply("no video with sound comes from the wrapper's loop")
    for loop, node in outputs:
        plan = loop.plan()
        if plan is not None and not plan.padding:
            continue
        past = f" ({plan.padding} for {plan.frames})" if plan else ""
        text = f"The loop makes frames past the end of the sound{past}, and the video keeps them. "
        if node.type != "VHS_VideoCombine":
            yield Finding(
                node, text + "Use an output that cuts to the sound, for example VHS_VideoCombine with trim_to_audio."
            )
        elif node.value("trim_to_audio", default=False) is False:
            yield Finding(node, text + "Switch trim_to_audio on.", set_value(node, "trim_to_audio", value=True))


def _all_frames(graph: Graph, sampler: Node, output: Node) -> bool:
    after = graph.downstream(sampler)
    return not any(_PICKS.search(node.type) for node in graph.upstream(output) if node in after)


_LONG = changed(WRAPPER, "voice", num_frames=425)
GOOD = (WRAPPER, _LONG, TAKE, changed(WRAPPER, "video", trim_to_audio=False))
_CORE = prompt(
    {name: node for name, node in LOOP.items() if name != "video"},
    voice=(LOOP["voice"][0], {**LOOP["voice"][1], "num_frames": 425}),
    made=("CreateVideo", {"images": ("frames", 0), "audio": ("sound", 0), "fps": 25.0}),
    saved=("SaveVideo", {"video": ("made", 0), "filename_prefix": "talk", "format": "auto", "codec": "auto"}),
)
BAD = (
    (changed(_LONG, "video", trim_to_audio=False), _LONG),
    (
        changed(changed(WRAPPER, "loop", motion_frame=25), "video", trim_to_audio=False),
        changed(WRAPPER, "loop", motion_frame=25),
    ),
    (_CORE, None),
)
