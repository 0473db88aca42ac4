"""The start image is resized more than once on its way.

Why is this bad?
    Every resize softens the picture, and two crops can cut off more than one. What the model should hold on to
    for minutes is better taken from the file in one step.

Fix
    Leave one resize, to the size that is needed in the end.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.graph import Graph
from . import roles
from .chains import picture_chain
from .engine import Context, DoesNotApply, Finding
from .examples import prompt
from .wan_examples import LOOP, TAKE, WRAPPER

NAME = "start-image-resized-twice"
SEVERITY = "info"
FIX = "none"
TYPES = frozenset({roles.WRAPPER_LOOP, "LongTakeAudioLoopController", "WanInfiniteTalkToVideo"})
ABSENT = "no start image for InfiniteTalk is set"


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Chains with two resizes that differ."""
    nodes = [node for node in graph.of(TYPES) if "start_image" in node.links]
    if not nodes:
        raise DoesNotApply("no start image is linked")
    for node in nodes:
        chain = picture_chain(graph, node, "start_image")
        resizes = [step for step in chain.steps if step.node.type in roles.RESIZE]
        if len({step.signature for step in resizes}) > 1:
            yield Finding(node, f"The start image is resized {len(resizes)} times: {chain.text}. Leave one.")


_RESIZE = {**LOOP["resize"][1], "image": ("first", 0)}
GOOD = (WRAPPER, TAKE)
BAD = (
    (
        prompt(
            LOOP,
            first=("ImageScaleBy", {"image": ("image", 0), "upscale_method": "area", "scale_by": 0.5}),
            resize=("ImageResizeKJv2", _RESIZE),
        ),
        None,
    ),
)
