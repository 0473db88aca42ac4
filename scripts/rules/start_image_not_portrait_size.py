"""The start image is not brought to the video's size before the loop stretches it.

Why is this bad?
    WanVideoWrapper's loop stretches its start image to width x height, whatever its proportions: a portrait
    that is not of that shape gets a broad or a long face, in every window.

Fix
    Put a resize that crops or pads between the picture and the loop, at the loop's width and height.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.graph import Graph
from . import roles
from .chains import picture_chain
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .sizes import picture_size, size
from .wan_examples import WRAPPER

NAME = "start-image-not-portrait-size"
SEVERITY = "info"
FIX = "none"
TYPES = (roles.WRAPPER_LOOP,)
ABSENT = "WanVideoWrapper's own loop is not used"


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Compare the size that arrives with the loop's."""
    told = False
    for node in graph.of(TYPES):
        chain = picture_chain(graph, node, "start_image")
        if chain.source is None or chain.source.node.type not in roles.LOAD_IMAGE:
            continue
        told = True
        wanted = size(node, "width"), size(node, "height")
        resized = [step for step in chain.steps if step.node.type in roles.RESIZE]
        if not resized:
            # A size read off the picture itself cannot differ from it.
            if None not in wanted:
                text = (
                    f"The picture comes from {chain.source.node.label} in its own size, and the loop stretches it to "
                    f"{wanted[0]} x {wanted[1]}. If it has another shape, resize it with a crop before."
                )
                yield Finding(node, text)
            continue
        given = picture_size(resized[-1].node)
        if given is not None and None not in (*given, *wanted) and given != wanted:
            text = (
                f"The picture arrives as {given[0]} x {given[1]} and is stretched to {wanted[0]} x "
                f"{wanted[1]}; use one size."
            )
            yield Finding(node, text)
    if not told:
        raise DoesNotApply("the start image does not come from a file")


GOOD = (WRAPPER,)
BAD = (
    (changed(WRAPPER, "loop", start_image=("image", 0)), None),
    (changed(WRAPPER, "resize", width=832), None),
)
