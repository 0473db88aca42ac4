"""Edits in the text of a prompt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import spans
from .api_format import is_link
from .document import Document
from .edits import ChangeType, Connect, Disconnect, Insert, SetWidget
from .errors import WorkflowError

Keys = dict[str, str]


def _path(document: Document, node: str) -> spans.Path:
    found: Any = document.graph.nodes.get(node)
    if found is None:
        raise WorkflowError(f"{document.name} has no node {node}; name one of its nodes.")
    path: spans.Path = found.doc_path
    return path


def _id(document: Document, node: str, keys: Keys) -> str | int:
    """A node's id as links of this prompt write it."""
    node = keys.get(node, node)
    for other in document.graph.nodes.values():
        for value in other.raw["inputs"].values():
            if is_link(value) and isinstance(value[0], int):
                return int(node) if node.isdigit() else node
            if is_link(value):
                return node
    return node


def _put(text: str, path: spans.Path, key: str, value: Any) -> str:
    if spans.has(text, (*path, key)):
        return spans.replace(text, (*path, key), value)
    return spans.add(text, path, key, value)


def _inputs(document: Document, node: str) -> tuple[str, spans.Path]:
    path = _path(document, node)
    text = document.text
    if not spans.has(text, (*path, "inputs")):
        text = spans.add(text, path, "inputs", {})
    return text, (*path, "inputs")


def _wrapped(value: Any) -> Any:
    return {"__value__": value} if isinstance(value, list) else value


def _set_widget(document: Document, edit: SetWidget, _keys: Keys) -> str:
    text, path = _inputs(document, edit.node)
    return _put(text, path, edit.name, _wrapped(edit.value))


def _connect(document: Document, edit: Connect, keys: Keys) -> str:
    text, path = _inputs(document, keys.get(edit.node, edit.node))
    return _put(text, path, edit.input, [_id(document, edit.source, keys), edit.slot])


def _disconnect(document: Document, edit: Disconnect, _keys: Keys) -> str:
    path = (*_path(document, edit.node), "inputs", edit.input)
    known = document.definitions.inputs(document.graph.nodes[edit.node].type) or ()
    widget = next((entry for entry in known if entry.name == edit.input and entry.widget), None)
    if widget is not None and widget.default is not None:
        return spans.replace(document.text, path, widget.default)
    return spans.remove(document.text, path)


def _insert(document: Document, edit: Insert, keys: Keys) -> str:
    near = _path(document, edit.near)
    scope, prefix = near[:-1], str(near[-1]).rpartition(":")[0]
    inside = [
        int(last)
        for node in document.graph.nodes
        for head, _, last in [node.rpartition(":")]
        if head == prefix and last.isdigit()
    ]
    new = str(max(inside, default=0) + 1)
    keys[edit.key] = f"{prefix}:{new}" if prefix else new
    inputs: dict[str, Any] = {}
    for entry in document.definitions.inputs(edit.type) or ():
        if entry.name in edit.inputs:
            source, slot = edit.inputs[entry.name]
            inputs[entry.name] = [_id(document, source, keys), slot]
        elif entry.name in edit.widgets:
            inputs[entry.name] = _wrapped(edit.widgets[entry.name])
        elif entry.widget and entry.default is not None:
            inputs[entry.name] = entry.default
    return spans.add(document.text, scope, keys[edit.key], {"class_type": edit.type, "inputs": inputs})


def _change_type(document: Document, edit: ChangeType, _keys: Keys) -> str:
    path = _path(document, edit.node)
    raw = document.graph.nodes[edit.node].raw
    inputs: dict[str, Any] = {edit.inputs[name]: value for name, value in raw["inputs"].items() if name in edit.inputs}
    for entry in document.definitions.inputs(edit.type) or ():
        if entry.widget and entry.name not in inputs:
            value = edit.widgets.get(entry.name, entry.default)
            if value is not None:
                inputs[entry.name] = value
    inputs |= {name: value for name, value in edit.widgets.items() if name not in inputs}
    text = spans.replace(document.text, (*path, "inputs"), inputs)
    return spans.replace(text, (*path, "class_type"), edit.type)


HANDLERS: Mapping[type, Callable[[Document, Any, Keys], str]] = {
    SetWidget: _set_widget,
    Connect: _connect,
    Disconnect: _disconnect,
    Insert: _insert,
    ChangeType: _change_type,
}
