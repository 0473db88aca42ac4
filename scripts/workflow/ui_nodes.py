"""Edits that make a node of the canvas, or make one another type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import spans
from .document import Document
from .edits import ChangeType, Connect, Disconnect, Insert
from .ui_editor import connect, disconnect, link_path, node_of
from .ui_format import UiNode
from .widgets import positions

Keys = dict[str, str]


def _insert(document: Document, edit: Insert, keys: Keys) -> str:
    near = node_of(document, edit.near)
    scope, root, text = near.scope, near.scope.doc_path, document.text
    counter = (*root, "last_node_id") if spans.has(text, (*root, "last_node_id")) else (*root, "state", "lastNodeId")
    numbers = [node.raw["id"] for node in scope.nodes.values() if isinstance(node.raw["id"], int)]
    last = spans.get(text, counter) if spans.has(text, counter) else 0
    new = max([*numbers, last if isinstance(last, int) else 0]) + 1
    keys[edit.key] = scope.prefix + str(new)
    if spans.has(text, counter):
        text = spans.replace(text, counter, new)
    text = spans.append(text, (*root, "nodes"), _raw_node(document, edit.type, new, near, edit.widgets, len(keys)))
    for name, (source, slot) in edit.inputs.items():
        document = document.with_text(text)
        text = connect(document, Connect(keys[edit.key], name, source, slot), keys)
    return text


def _raw_node(
    document: Document, kind: str, new: int, near: UiNode, widgets: Mapping[str, Any], place: int
) -> dict[str, Any]:
    known = document.definitions.inputs(kind) or ()
    outputs = document.definitions.outputs(kind) or []
    return {
        "id": new,
        "type": kind,
        "pos": _beside(near, place),
        "size": [210, 80],
        "flags": {},
        "order": 0,
        "mode": 0,
        "inputs": [{"name": entry.name, "type": entry.type, "link": None} for entry in known if not entry.widget],
        "outputs": [{"name": name, "type": type_, "links": None} for name, type_ in outputs],
        "properties": {"Node name for S&R": kind},
        "widgets_values": _widget_list(document, kind, widgets),
    }


def _beside(near: UiNode, place: int) -> list[Any]:
    """Left of a node, the second new one below the first."""
    pos = near.raw.get("pos")
    pair = [pos.get("0"), pos.get("1")] if isinstance(pos, dict) else pos
    if not isinstance(pair, list) or len(pair) < 2 or not all(isinstance(part, int | float) for part in pair[:2]):
        return [0, 0]
    return [pair[0] - 240, pair[1] + 130 * place - 90]


def _widget_list(document: Document, kind: str, widgets: Mapping[str, Any]) -> list[Any]:
    values: list[Any] = []
    known = document.definitions.inputs(kind) or ()
    defaults = {entry.name: entry.default for entry in known}
    defaults["control_after_generate"] = "fixed"
    while True:
        names = list(positions(known, values))
        if len(values) >= len(names):
            return values
        name = names[len(values)] or ""
        values.append(widgets.get(name, defaults.get(name)))


def _change_type(document: Document, edit: ChangeType, _keys: Keys) -> str:
    node = node_of(document, edit.node)
    for name, _ in node.inputs:
        if name not in edit.inputs and name in node.links:
            document = document.with_text(disconnect(document, Disconnect(edit.node, name), {}))
            node = node_of(document, edit.node)
    text = _rename_outputs(document, _rename_inputs(document.text, node, edit), node, edit.type)
    path = node.doc_path
    if node.slots.named:
        text = spans.remove(text, (*path, "widgets_values_named"))
    if spans.has(text, (*path, "properties", "Node name for S&R")):
        text = spans.replace(text, (*path, "properties", "Node name for S&R"), edit.type)
    known = document.definitions.inputs(edit.type)
    values = _widget_list(document, edit.type, edit.widgets) if known else list(edit.widgets.values())
    if spans.has(text, (*path, "widgets_values")):
        text = spans.replace(text, (*path, "widgets_values"), values)
    else:
        text = spans.add(text, path, "widgets_values", values)
    text = spans.replace(text, (*path, "type"), edit.type)
    return _renumber_targets(document.with_text(text), edit.node)


def _rename_inputs(text: str, node: UiNode, edit: ChangeType) -> str:
    path = node.doc_path
    for index, slot in reversed(list(enumerate(node.raw.get("inputs") or ()))):
        name = str(slot.get("name")) if isinstance(slot, dict) else ""
        if name not in edit.inputs:
            text = spans.remove(text, (*path, "inputs", index))
            continue
        text = spans.replace(text, (*path, "inputs", index, "name"), edit.inputs[name])
    return text


def _rename_outputs(document: Document, text: str, node: UiNode, new_type: str) -> str:
    path = node.doc_path
    for index, (name, kind) in enumerate(document.definitions.outputs(new_type) or ()):
        for key, value in (("name", name), ("type", kind)):
            if spans.has(text, (*path, "outputs", index, key)):
                text = spans.replace(text, (*path, "outputs", index, key), value)
        text = _retype(document, text, node, index, kind)
    return text


def _retype(document: Document, text: str, node: UiNode, slot: int, kind: str) -> str:
    """Links say what they carry; after an output became another type, that is put right."""
    for link, (origin, origin_slot, _, _, said) in node.scope.links.items():
        if origin == node.id and origin_slot == slot and said != kind:
            where, is_object = link_path(document, node.scope, link)
            key = "type" if is_object else 5
            if spans.has(text, (*where, key)):
                text = spans.replace(text, (*where, key), kind)
    return text


def _renumber_targets(document: Document, path: str) -> str:
    """Links say which input they end in; after inputs went, that number is put right."""
    node, text = node_of(document, path), document.text
    for index, slot in enumerate(node.raw.get("inputs") or ()):
        link = slot.get("link")
        if link in node.scope.links and node.scope.links[link][3] != index:
            where, is_object = link_path(document, node.scope, link)
            text = spans.replace(text, (*where, "target_slot" if is_object else 4), index)
    return text


HANDLERS: Mapping[type, Callable[[Document, Any, Keys], str]] = {Insert: _insert, ChangeType: _change_type}
