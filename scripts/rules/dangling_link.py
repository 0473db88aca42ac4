"""An input whose link leads to nothing.

Why is this bad?
    The node that should give the value is gone, or the file names a link that it does not hold. The canvas
    drops such a link without a word when it loads the file, and the node runs with its own value or not at
    all; the server refuses a prompt that has one.

Fix
    The link is taken away, so that the file says what will happen. Unsafe: what should have arrived is still
    missing.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.edits import Disconnect
from ..workflow.graph import Broken, Graph
from .engine import Context, Finding

NAME = "dangling-link"
SEVERITY = "error"
FIX = "unsafe"
TYPES: tuple[str, ...] = ()


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """One finding for each input of a node that runs whose link, followed, ends in nothing."""
    for node, arriving in graph.arrivals.items():
        for name, source in arriving:
            if not isinstance(source, Broken) or source.kind != "gone":
                continue
            last = graph.hops(node, name)[-1]
            text = f"{name or 'An input'} is linked to nothing: {source.reason}; link it to a node that is there."
            yield Finding(node, text, (Disconnect(last.node.path, last.input),))


_LOAD = {"class_type": "LoadImage", "inputs": {"image": "a.png"}}
_SHOW = {"class_type": "PreviewImage", "inputs": {"images": ["load", 0]}}
_FILE = {
    "nodes": [
        {"id": 1, "type": "LoadImage", "inputs": [], "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [1]}], "widgets_values": ["a.png", "image"]},
        {"id": 2, "type": "PreviewImage", "inputs": [{"name": "images", "type": "IMAGE", "link": 1}], "outputs": []},
    ],
    "links": [[1, 1, 0, 2, 0, "IMAGE"]],
    "last_node_id": 2,
    "last_link_id": 1,
    "version": 0.4,
}  # fmt: skip
_GONE = {
    **_FILE,
    "nodes": [
        {"id": 2, "type": "PreviewImage", "inputs": [{"name": "images", "type": "IMAGE", "link": 1}], "outputs": []}
    ],
}
_GONE_AFTER = {
    **_GONE,
    "nodes": [
        {"id": 2, "type": "PreviewImage", "inputs": [{"name": "images", "type": "IMAGE", "link": None}], "outputs": []}
    ],
    "links": [],
}
GOOD = ({"load": _LOAD, "show": _SHOW}, _FILE)
BAD = (
    ({"show": _SHOW}, {"show": {"class_type": "PreviewImage", "inputs": {}}}),
    (_GONE, _GONE_AFTER),
)
