"""Edits in the text of a workflow as the canvas saves it.

A link lives in three places: the scope's list, the input that it ends in, and the output that it starts
from. All three are kept in step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import spans
from .document import Document
from .edits import (
    Connect,
    Disconnect,
    DropLink,
    DropWidgetValue,
    KeepNamed,
    KeepPositional,
    SetMode,
    SetWidget,
)
from .errors import WorkflowError
from .graph import Scope
from .ui_format import UiNode
from .widgets import positions

Keys = dict[str, str]


def node_of(document: Document, path: str) -> UiNode:
    """The node at a path, or one sentence that there is none."""
    node = document.graph.nodes.get(path)
    if not isinstance(node, UiNode):
        raise WorkflowError(f"{document.name} has no node {path}; name one of its nodes.")
    return node


def _set_widget(document: Document, edit: SetWidget, keys: Keys) -> str:
    node = node_of(document, keys.get(edit.node, edit.node))
    text = document.text
    if edit.name in node.slots.named:
        text = spans.replace(text, (*node.doc_path, "widgets_values_named", edit.name), edit.value)
    if node.slots.is_dict:
        path = (*node.doc_path, "widgets_values")
        if edit.name in node.slots.values:
            return spans.replace(text, (*path, edit.name), edit.value)
        return spans.add(text, path, edit.name, edit.value)
    if edit.name in node.slots.positions:
        return spans.replace(text, (*node.doc_path, "widgets_values", node.slots.positions[edit.name]), edit.value)
    if edit.name in node.slots.named:
        return text
    return _grow(document, node, edit)


def _grow(document: Document, node: UiNode, edit: SetWidget) -> str:
    """A list that ends before the widget is filled up with defaults."""
    known = document.definitions.inputs(node.type)
    values = list(node.raw.get("widgets_values") or [])
    names = list(positions(known, values)) if known is not None else []
    if edit.name not in names:
        raise WorkflowError(f"Node {node.path} ({node.type}) has no widget {edit.name!r}; name one that it has.")
    defaults = {entry.name: entry.default for entry in known or ()}
    values += [defaults.get(name) if name else None for name in names[len(values) : names.index(edit.name)]]
    path = (*node.doc_path, "widgets_values")
    if spans.has(document.text, path):
        return spans.replace(document.text, path, [*values, edit.value])
    return spans.add(document.text, node.doc_path, "widgets_values", [*values, edit.value])


def link_path(document: Document, scope: Scope, link: Any) -> tuple[spans.Path, bool]:
    """Where a link stands in its scope's list, and whether it is an object."""
    listed = scope.raw.get("links") or []
    for index, raw in enumerate(listed):
        if isinstance(raw, dict) and raw.get("id") == link:
            return (*scope.doc_path, "links", index), True
        if isinstance(raw, list) and raw and raw[0] == link:
            return (*scope.doc_path, "links", index), False
    raise WorkflowError(f"{document.name} has no link {link} in this scope; save the workflow again.")


def _output_without(text: str, scope: Scope, origin: str, slot: int, link: Any) -> str:
    """The text without a link in the `links` of the output that it starts from."""
    node = scope.nodes.get(origin)
    if not isinstance(node, UiNode):
        return text
    path = (*node.doc_path, "outputs", slot, "links")
    if not spans.has(text, path):
        return text
    listed = spans.get(text, path)
    if isinstance(listed, list) and link in listed:
        return spans.remove(text, (*path, listed.index(link)))
    return text


def _output_with(text: str, node: UiNode, slot: int, link: Any) -> str:
    path = (*node.doc_path, "outputs", slot)
    if not spans.has(text, path):
        raise WorkflowError(f"Node {node.path} ({node.type}) has no output {slot}; name one that it has.")
    if not spans.has(text, (*path, "links")):
        return spans.add(text, path, "links", [link])
    if spans.get(text, (*path, "links")) is None:
        return spans.replace(text, (*path, "links"), [link])
    return spans.append(text, (*path, "links"), link)


def connect(document: Document, edit: Connect, keys: Keys) -> str:
    """The text with a link from one node to another of the same scope; a link that the input had is moved."""
    node = node_of(document, keys.get(edit.node, edit.node))
    source = node_of(document, keys.get(edit.source, edit.source))
    scope = node.scope
    if source.scope.doc_path != scope.doc_path or source.scope is not scope:
        raise WorkflowError(f"Nodes {node.path} and {source.path} are not in the same subgraph; link through its wall.")
    text, index = document.text, _input_index(node, edit.input)
    if index is None:
        text, index = _new_input(document, node, edit.input, source, edit.slot)
    held = spans.get(text, (*node.doc_path, "inputs", index)).get("link")
    if held is not None and held in scope.links:
        path, is_object = link_path(document, scope, held)
        text = _output_without(text, scope, scope.links[held][0], scope.links[held][1], held)
        text = spans.replace(text, (*path, "origin_id" if is_object else 1), source.raw["id"])
        text = spans.replace(text, (*path, "origin_slot" if is_object else 2), edit.slot)
        return _output_with(text, source, edit.slot, held)
    text, link = _new_link(text, scope, source, edit.slot, node, index)
    text = _output_with(text, source, edit.slot, link)
    path = (*node.doc_path, "inputs", index)
    if spans.has(text, (*path, "link")):
        return spans.replace(text, (*path, "link"), link)
    return spans.add(text, path, "link", link)


def _input_index(node: UiNode, name: str) -> int | None:
    listed = node.raw.get("inputs")
    for index, slot in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(slot, dict) and slot.get("name") == name:
            return index
    return None


def _new_input(document: Document, node: UiNode, name: str, source: UiNode, slot: int) -> tuple[str, int]:
    kind = source.outputs[slot][1] if slot < len(source.outputs) else "*"
    known = {entry.name: entry for entry in document.definitions.inputs(node.type) or ()}
    entry: dict[str, Any] = {"name": name, "type": known[name].type if name in known else kind}
    if name in node.slots.positions or (name in known and known[name].widget):
        entry["widget"] = {"name": name}
    entry["link"] = None
    if not isinstance(node.raw.get("inputs"), list):
        return spans.add(document.text, node.doc_path, "inputs", [entry]), 0
    return spans.append(document.text, (*node.doc_path, "inputs"), entry), len(node.raw["inputs"])


def _new_link(text: str, scope: Scope, source: UiNode, slot: int, node: UiNode, index: int) -> tuple[str, Any]:
    root = scope.doc_path
    counter = (*root, "last_link_id") if spans.has(text, (*root, "last_link_id")) else (*root, "state", "lastLinkId")
    numbers = [link for link in scope.links if isinstance(link, int)]
    last = spans.get(text, counter) if spans.has(text, counter) else 0
    link = max([*numbers, last if isinstance(last, int) else 0]) + 1
    if spans.has(text, counter):
        text = spans.replace(text, counter, link)
    kind = source.outputs[slot][1] if slot < len(source.outputs) else "*"
    first = next(iter(scope.raw.get("links") or ()), None)
    values = [link, source.raw["id"], slot, node.raw["id"], index, kind]
    keys = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
    as_object = isinstance(first, dict) or (
        first is None and (scope.instance is not None or scope.raw.get("version") == 1)
    )
    value: Any = dict(zip(keys, values, strict=True)) if as_object else values
    if not spans.has(text, (*root, "links")):
        text = spans.add(text, root, "links", [])
    return spans.append(text, (*root, "links"), value), link


def disconnect(document: Document, edit: Disconnect, keys: Keys) -> str:
    """The text without the link of an input."""
    node = node_of(document, keys.get(edit.node, edit.node))
    index = _input_index(node, edit.input)
    held = node.raw["inputs"][index].get("link") if index is not None else None
    if index is None or held is None:
        return document.text
    return _drop(document, node.scope, held, (*node.doc_path, "inputs", index))


def _drop(document: Document, scope: Scope, link: Any, slot: spans.Path | None) -> str:
    text = document.text
    if slot is not None:
        text = spans.replace(text, (*slot, "link"), None)
    if link in scope.links:
        path, _ = link_path(document, scope, link)
        text = _output_without(text, scope, scope.links[link][0], scope.links[link][1], link)
        text = spans.remove(text, path)
    return text


def _drop_link(document: Document, edit: DropLink, _keys: Keys) -> str:
    scope = next(iter(document.graph.nodes.values())).scope
    if edit.scope:
        inner = node_of(document, edit.scope).inner
        scope = inner if inner is not None else scope
    slot = None
    for node in scope.nodes.values():
        for index, entry in enumerate(node.raw.get("inputs") or ()):
            if isinstance(entry, dict) and entry.get("link") == edit.link and isinstance(node, UiNode):
                slot = (*node.doc_path, "inputs", index)
    return _drop(document, scope, edit.link, slot)


def _set_mode(document: Document, edit: SetMode, _keys: Keys) -> str:
    node = node_of(document, edit.node)
    if "mode" in node.raw:
        return spans.replace(document.text, (*node.doc_path, "mode"), edit.mode)
    return spans.add(document.text, node.doc_path, "mode", edit.mode)


def _keep_positional(document: Document, edit: KeepPositional, _keys: Keys) -> str:
    node = node_of(document, edit.node)
    path = (*node.doc_path, "widgets_values_named", edit.name)
    return spans.replace(document.text, path, node.slots.values[edit.name])


def _keep_named(document: Document, edit: KeepNamed, _keys: Keys) -> str:
    node = node_of(document, edit.node)
    path = (*node.doc_path, "widgets_values", node.slots.positions[edit.name])
    return spans.replace(document.text, path, node.slots.named[edit.name])


def _drop_widget_value(document: Document, edit: DropWidgetValue, _keys: Keys) -> str:
    return spans.remove(document.text, (*node_of(document, edit.node).doc_path, "widgets_values", edit.index))


HANDLERS: Mapping[type, Callable[[Document, Any, Keys], str]] = {
    SetWidget: _set_widget,
    Connect: connect,
    Disconnect: disconnect,
    SetMode: _set_mode,
    KeepPositional: _keep_positional,
    KeepNamed: _keep_named,
    DropWidgetValue: _drop_widget_value,
    DropLink: _drop_link,
}
