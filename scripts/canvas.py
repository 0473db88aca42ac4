"""A workflow for the canvas, described by names and laid out by computing.

Nodes are added in the order in which data flows; an input is given a value or another node's output, by
name. Where a widget's value stands, which slot a link ends in and where a node lies is worked out here, from
the committed node definitions. The same description gives the same file.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from .workflow.definitions import Definitions, InputDef, committed

#: What a node does when the graph runs.
ALWAYS, BYPASSED = 0, 4
NOTE = "MarkdownNote"

_GAP, _GROUP_GAP, _PADDING, _GROUP_TITLE, _NODE_TITLE = 36, 60, 24, 50, 30
_FRAME, _SLOT, _WIDGET, _TEXT = 44, 20, 28, 100


@dataclass(frozen=True)
class Output:
    """One output of a node, ready to be linked."""

    node: Node
    slot: int
    kind: str


@dataclass(eq=False)
class Node:
    """One node: what it is called, what stands in its widgets, and the size that it takes."""

    number: int
    kind: str
    title: str
    mode: int
    width: int
    height: int
    values: dict[str, Any]
    links: dict[str, Output]
    inputs: Sequence[InputDef]
    outputs: Sequence[tuple[str, str]]
    package: str = ""
    at: tuple[int, int] = (0, 0)

    def __getitem__(self, name: str) -> Output:
        for slot, (output, kind) in enumerate(self.outputs):
            if output == name:
                return Output(self, slot, kind)
        raise KeyError(f"{self.kind} has no output {name!r}; it has {', '.join(name for name, _ in self.outputs)}.")


@dataclass(eq=False)
class Group:
    """A titled frame around columns of nodes. Groups of one lane lie below each other."""

    canvas: Canvas
    title: str
    lane: int
    colour: str
    columns: dict[int, list[Node]] = field(default_factory=dict)

    def add(
        self,
        kind: str,
        *,
        column: int = 0,
        title: str = "",
        mode: int = ALWAYS,
        wide: int = 340,
        taller: int = 0,
        package: str = "comfy-core",
        **inputs: Any,
    ) -> Node:
        """Add a node. wide: its width; taller: what it needs for a picture or a text, in pixels."""
        node = self.canvas.make(kind, inputs, title=title, mode=mode, wide=wide, taller=taller, package=package)
        self.columns.setdefault(column, []).append(node)
        return node

    def note(self, title: str, text: str, *, column: int = 0, wide: int = 420, taller: int = 200) -> None:
        """Add a note in Markdown."""
        self.add(NOTE, column=column, title=title, wide=wide, taller=taller, package="", text=text)


class Canvas:
    """A workflow in the making: groups in lanes, from left to right, and the links between their nodes."""

    def __init__(self, name: str, definitions: Definitions | None = None, *, allow: Sequence[str] = ()) -> None:
        """allow: findings of the audit that are meant in this workflow."""
        self.name = name
        self.allow = list(allow)
        self.groups: list[Group] = []
        self.nodes: list[Node] = []
        self._definitions = definitions or committed()

    def group(self, title: str, *, lane: int, colour: str = "#3f5159") -> Group:
        """A new group at the end of a lane."""
        group = Group(self, title, lane, colour)
        self.groups.append(group)
        return group

    def make(
        self, kind: str, given: dict[str, Any], *, title: str, mode: int, wide: int, taller: int, package: str
    ) -> Node:
        """A node with its values and links checked against its definition."""
        known = (InputDef("text", "STRING", widget=True),) if kind == NOTE else self._definitions.inputs(kind)
        if known is None:
            raise KeyError(f"The committed node definitions have no {kind}.")
        names = [entry.name for entry in known]
        if unknown := set(given) - {*names, "control_after_generate"}:
            raise KeyError(f"{kind} has no input {', '.join(sorted(unknown))}; it has {', '.join(names)}.")
        links = {name: value for name, value in given.items() if isinstance(value, Output)}
        values = {name: value for name, value in given.items() if not isinstance(value, Output)}
        for entry in known:
            _check_input(kind, entry, links.get(entry.name), values)
        outputs = () if kind == NOTE else tuple(self._definitions.outputs(kind) or ())
        height = _height(known, outputs) + taller
        node = Node(len(self.nodes) + 1, kind, title, mode, wide, height, values, links, known, outputs, package)
        self.nodes.append(node)
        return node

    def as_dict(self) -> dict[str, Any]:
        """The file's content, in the canvas' format 0.4."""
        boxes = self._lay_out()
        links: list[list[Any]] = []
        nodes = [_node(node, links) for node in self.nodes]
        for node, drawn in zip(self.nodes, nodes, strict=True):
            for slot, output in enumerate(drawn["outputs"]):
                output["links"] = [link[0] for link in links if link[1:3] == [node.number, slot]] or None
        return {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"longtake/{self.name}")),
            "revision": 0,
            "last_node_id": len(nodes),
            "last_link_id": len(links),
            "nodes": nodes,
            "links": links,
            "groups": [
                {
                    "id": number,
                    "title": group.title,
                    "bounding": list(box),
                    "color": group.colour,
                    "font_size": 24,
                    "flags": {},
                }
                for number, (group, box) in enumerate(zip(self.groups, boxes, strict=True), 1)
            ],
            "config": {},
            "extra": {"ds": {"scale": 0.6, "offset": [40, 80]}}
            | ({"longtake": {"allow": self.allow}} if self.allow else {}),
            "version": 0.4,
        }

    def _lay_out(self) -> list[tuple[int, int, int, int]]:
        """Give every node its place; the frames (x, y, width, height) of the groups, in their order."""
        boxes = {}
        left = 0
        for lane in sorted({group.lane for group in self.groups}):
            top = widest = 0
            for group in (group for group in self.groups if group.lane == lane):
                width, height = _place(group, left, top)
                boxes[group] = (left, top, width, height)
                top += height + _GROUP_GAP
                widest = max(widest, width)
            left += widest + _GROUP_GAP
        return [boxes[group] for group in self.groups]


def _place(group: Group, left: int, top: int) -> tuple[int, int]:
    x, lowest = left + _PADDING, top
    for column in sorted(group.columns):
        y = top + _GROUP_TITLE
        for node in group.columns[column]:
            node.at = (x, y + _NODE_TITLE)
            y += _NODE_TITLE + node.height + _GAP
        lowest = max(lowest, y - _GAP + _PADDING)
        x += max(node.width for node in group.columns[column]) + _GAP
    return x - _GAP + _PADDING - left, lowest - top


def _check_input(kind: str, entry: InputDef, link: Output | None, values: dict[str, Any]) -> None:
    if link is not None:
        if link.kind != entry.type and "*" not in (link.kind, entry.type):
            raise TypeError(f"{kind}.{entry.name} takes {entry.type}, and {link.node.kind} gives {link.kind} here.")
        return
    if entry.widget:
        if entry.name not in values and entry.default is None:
            raise ValueError(f"{kind}.{entry.name} has no default: give it a value.")
    elif not entry.optional:
        raise ValueError(f"{kind}.{entry.name} must be linked.")


def _height(known: Sequence[InputDef], outputs: Sequence[Any]) -> int:
    sockets = sum(not entry.widget for entry in known)
    widgets = sum(1 + entry.control + bool(entry.blanks) for entry in known if entry.widget)
    texts = sum("prompt" in entry.name for entry in known if entry.widget and entry.type == "STRING")
    return _FRAME + _SLOT * max(sockets, len(outputs)) + _WIDGET * widgets + _TEXT * texts


def _node(node: Node, links: list[list[Any]]) -> dict[str, Any]:
    """The node as the file holds it; its links are added to `links`."""
    inputs: list[dict[str, Any]] = []
    sockets = [entry for entry in node.inputs if not entry.widget]
    for entry in [*sockets, *(entry for entry in node.inputs if entry.widget and node.kind != NOTE)]:
        slot: dict[str, Any] = {"name": entry.name, "type": entry.type, "link": None}
        if entry.widget:
            slot["widget"] = {"name": entry.name}
        if entry.optional:
            slot["shape"] = 7
        if output := node.links.get(entry.name):
            slot["link"] = len(links) + 1
            links.append([len(links) + 1, output.node.number, output.slot, node.number, len(inputs), output.kind])
        inputs.append(slot)
    drawn = {
        "id": node.number,
        "type": node.kind,
        "pos": list(node.at),
        "size": [node.width, node.height],
        "flags": {},
        "order": node.number - 1,
        "mode": node.mode,
        "inputs": inputs,
        "outputs": [{"name": name, "type": kind, "links": None} for name, kind in node.outputs],
        "properties": {"Node name for S&R": node.kind} | ({"cnr_id": node.package} if node.package else {}),
        "widgets_values": list(_widget_values(node.inputs, node.values)),
    }
    if node.title:
        drawn["title"] = node.title
    if node.kind == NOTE:
        drawn |= {"properties": {}, "color": "#432", "bgcolor": "#653"}
    return drawn


def _widget_values(known: Sequence[InputDef], values: dict[str, Any]) -> Iterator[Any]:
    """Every position of the widget list: values, what happens to a seed, and what uploads add."""
    for entry in known:
        if not entry.widget:
            continue
        yield values.get(entry.name, entry.default)
        if entry.control:
            yield values.get("control_after_generate", "fixed")
        for _ in range(entry.blanks):
            yield "image" if entry.blanks == 1 else None
