"""The picture that starts an LTX video is not compressed, or less than the model knows.

Why is this bad?
    LTX was trained on start images with the traces of video compression. LTXVPreprocess puts them there; at 0
    it hands the picture on as it is, and the model holds a clean picture still: the first seconds do not move.
    18 is what Lightricks' own 2.3 workflows use; 35 is ComfyUI's default.

Fix
    18.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.graph import Graph, Node
from . import roles
from .chains import picture_chain
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .ltx_examples import GRAPH
from .settings import set_value, shown

NAME = "img-compression"
SEVERITY = "error"
FIX = "safe"
TYPES = ("LTXVPreprocess",)
ABSENT = "no picture is prepared for LTX"

_KNOWN_GOOD = 18
#: Where a picture becomes the start of a video, unless the input named here puts it elsewhere.
_STARTS = {
    "LTXVImgToVideo": "",
    "LTXVImgToVideoInplace": "",
    "LTXVImgToVideoConditionOnly": "",
    "LTXVImgToVideoInplaceKJ": "num_images.index_",
    "LTXVAddGuide": "frame_idx",
    "LTXVAddGuideMulti": "num_guides.frame_idx_",
}


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """The preparing nodes on the way to the start of a video."""
    found: dict[Node, None] = {}
    for sink in graph.of(_STARTS):
        for name in roles.image_inputs(sink):
            if _place(sink, name) == 0 and sink.value("bypass") is not True:
                steps = picture_chain(graph, sink, name).steps
                found |= dict.fromkeys(step.node for step in steps if step.node.type in TYPES)
    if not found:
        raise DoesNotApply("no picture that starts a video passes LTXVPreprocess")
    for node in found:
        value = node.number("img_compression")
        if value is None or value >= _KNOWN_GOOD:
            continue
        what = "leaves the picture as it is, and the first frames freeze" if value <= 0 else "is little for LTX-2"
        text = f"img_compression {shown(value)} {what}. Set {_KNOWN_GOOD}."
        fix = set_value(node, "img_compression", _KNOWN_GOOD)
        yield Finding(node, text, fix, severity="error" if value <= 0 else "warning")


def _place(sink: Node, name: str) -> float | None:
    where = _STARTS[sink.type]
    if not where:
        return 0
    return sink.number(where + name.rpartition("_")[2] if where.endswith("_") else where)


GOOD = (GRAPH, changed(GRAPH, "prepare", img_compression=35))
BAD = (
    (changed(GRAPH, "prepare", img_compression=0), GRAPH),
    (changed(GRAPH, "prepare", img_compression=10), GRAPH),
)
