"""A workflow of the canvas as the prompt that the canvas would send.

Virtual nodes are gone, links lead to the nodes that run, promoted and linked constants are written out as
values, and what is muted or bypassed is left out, as the frontend's `graphToPrompt` does it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .definitions import InputDef
from .graph import Constant, Graph, Node, Output
from .ui_format import UiNode
from .widgets import positions

#: Positions in the widget list that the canvas keeps to itself.
_OWN = frozenset({"control_after_generate"})


def to_prompt(graph: Graph) -> dict[str, Any]:
    """The prompt of a graph of either format: ``{id: {"class_type", "inputs", "_meta"}}``."""
    prompt: dict[str, Any] = {}
    for node in graph.running():
        inputs = dict(_values(graph, node))
        for name, _ in node.inputs:
            if name not in node.links:
                continue
            source = node.source(name)
            if isinstance(source, Output):
                inputs[name] = [source.node.path, source.slot]
            elif isinstance(source, Constant):
                inputs[name] = _wrapped(source.value)
        entry: dict[str, Any] = {"inputs": inputs, "class_type": node.type}
        if node.title:
            entry["_meta"] = {"title": node.title}
        prompt[node.path] = entry
    return prompt


def _values(graph: Graph, node: Node) -> Iterator[tuple[str, Any]]:
    """The node's own widget values; a default where an older file has none."""
    known = graph.definitions.inputs(node.type)
    if not isinstance(node, UiNode):
        yield from ((name, _wrapped(value)) for name, value in node.values.items())
        return
    names = _names(known, node) if known is not None else list(node.values)
    defaults = _defaults(known or ())
    for name in names:
        if name.rsplit(".", 1)[-1] in _OWN:
            continue
        if name in node.values:
            yield name, _wrapped(node.values[name])
        elif defaults.get(name) is not None:
            yield name, defaults[name]


def _names(known: Sequence[InputDef], node: UiNode) -> list[str]:
    if node.slots.is_dict:
        widgets = [entry.name for entry in known if entry.widget]
        return [*widgets, *(name for name in node.values if name not in widgets and name != "videopreview")]
    raw = node.raw.get("widgets_values")
    values = list(raw) if isinstance(raw, list) else []
    while True:
        names = list(positions(known, values))
        if len(values) >= len(names):
            break
        name = names[len(values)]
        values.append(_defaults(known).get(name or ""))
    return [name for name in names if name is not None]


def _defaults(known: Sequence[InputDef], prefix: str = "") -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for entry in known:
        found[prefix + entry.name] = entry.default
        for option in entry.options.values():
            for name, value in _defaults(option, f"{prefix}{entry.name}.").items():
                found.setdefault(name, value)
    return found


def _wrapped(value: Any) -> Any:
    return {"__value__": value} if isinstance(value, list) else value
