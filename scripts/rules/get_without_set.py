"""A GetNode whose SetNode is not there.

Why is this bad?
    The value that the GetNode stands for never arrives: the input behind it is empty, and the node there fails
    or runs without it. The canvas shows a line that looks like any other.

Fix
    Add a SetNode of that name, in the same graph or one around it, or choose another name in the GetNode.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.graph import Graph
from ..workflow.resolve import find_set
from .engine import Context, DoesNotApply, Finding

NAME = "get-without-set"
SEVERITY = "error"
FIX = "none"
TYPES = ("GetNode",)
ABSENT = "there is no GetNode"


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """One finding for each GetNode that something takes a value from."""
    getters = graph.of("GetNode")
    if not getters:
        raise DoesNotApply("no GetNode is active")
    for getter in getters:
        if find_set(getter) is None and _used(getter.scope.links, getter.id):
            name = next(iter(getter.values.values()), None)
            text = f"No SetNode gives {name!r}; add one, or choose a name that is set."
            yield Finding(getter, text)


def _used(links: dict[object, tuple[str, int, str, int, str]], node_id: str) -> bool:
    return any(link[0] == node_id for link in links.values())


def _file(name: str) -> dict[str, object]:
    return {
        "nodes": [
            {"id": 1, "type": "LoadImage", "inputs": [], "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [1]}], "widgets_values": ["a.png", "image"]},
            {"id": 2, "type": "SetNode", "inputs": [{"name": "IMAGE", "type": "IMAGE", "link": 1}], "outputs": [], "widgets_values": ["portrait"]},
            {"id": 3, "type": "GetNode", "inputs": [], "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [2]}], "widgets_values": [name]},
            {"id": 4, "type": "PreviewImage", "inputs": [{"name": "images", "type": "IMAGE", "link": 2}], "outputs": []},
        ],
        "links": [[1, 1, 0, 2, 0, "IMAGE"], [2, 3, 0, 4, 0, "IMAGE"]],
        "last_node_id": 4,
        "last_link_id": 2,
        "version": 0.4,
    }  # fmt: skip


GOOD = (_file("portrait"),)
BAD = ((_file("portrait2"), None),)
