"""Widget values that have slipped to another widget, or that stand twice and differ.

Why is this bad?
    `widgets_values` is a list without names. When a node gains or loses a widget, an older file fills the
    wrong ones: a seed's "randomize" lands in a number, and every value after it is one off. Newer files also
    hold the values by name; where the two disagree, the list wins when the file is loaded, and whoever reads
    the names is told something else.

Fix
    A stray "fixed" or "randomize" is taken out of the list if everything then fits. Where list and names
    disagree, the list's value is written to the name, which changes nothing in how the file loads; with
    `--keep named` the name's value is written to the list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..workflow.definitions import InputDef
from ..workflow.edits import DropWidgetValue, Edit, KeepNamed, KeepPositional
from ..workflow.graph import Graph
from ..workflow.ui_format import UiNode
from ..workflow.widgets import AFTER_GENERATE, positions
from .engine import Context, DoesNotApply, Finding

NAME = "widget-shift"
SEVERITY = "error"
FIX = "safe"
TYPES: tuple[str, ...] = ()

_NUMBERS = ("INT", "FLOAT")
_CONTROLS = frozenset(AFTER_GENERATE)


def check(graph: Graph, context: Context) -> Iterator[Finding]:
    """Look at every node that keeps its values in a list."""
    if graph.kind != "ui":
        raise DoesNotApply("a prompt names its values")
    for node in graph.running():
        if not isinstance(node, UiNode):
            continue
        if "widgets_values_named" in node.raw:
            yield from _named(node, context)
        values = node.raw.get("widgets_values")
        if isinstance(values, list) and not _CONTROLS.isdisjoint(value for value in values if type(value) is str):
            yield from _stray(graph, node)


def _list(node: UiNode) -> list[Any]:
    values = node.raw.get("widgets_values")
    return values if isinstance(values, list) else []


def _named(node: UiNode, context: Context) -> Iterator[Finding]:
    for name, value in node.slots.named.items():
        if name not in node.slots.positions or node.slots.values[name] == value:
            continue
        listed = node.slots.values[name]
        edit: Edit = KeepNamed(node.path, name) if context.keep == "named" else KeepPositional(node.path, name)
        text = (
            f"{name} is {str(listed)[:60]!r} in the list, which counts, and {str(value)[:60]!r} by name; "
            "make them agree, for example with --fix."
        )
        yield Finding(node, text, (edit,), severity="warning")


def _stray(graph: Graph, node: UiNode) -> Iterator[Finding]:
    known = graph.definitions.inputs(node.type)
    if known is None or node.slots.source != "definition":
        return
    values = _list(node)
    types = _types(known)
    for name, index in node.slots.positions.items():
        if types.get(name) not in (*_NUMBERS, "BOOLEAN") or values[index] not in AFTER_GENERATE:
            continue
        rest = values[:index] + values[index + 1 :]
        fix = (DropWidgetValue(node.path, index),) if _fits(known, rest) else ()
        text = f"{values[index]!r} stands where {name} wants {'yes or no' if types[name] == 'BOOLEAN' else 'a number'}"
        yield Finding(node, f"{text}; the values from there on have slipped. Save the node again.", fix)
        return


def _types(known: Sequence[InputDef], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in known:
        found[prefix + entry.name] = entry.type
        for option in entry.options.values():
            found |= _types(option, f"{prefix}{entry.name}.")
    return found


def _fits(known: Sequence[InputDef], values: list[Any]) -> bool:
    types = _types(known)
    for name, value in zip(positions(known, values), values, strict=False):
        kind = types.get(name or "")
        if kind in _NUMBERS and isinstance(value, str | bool):
            return False
        if kind == "BOOLEAN" and not isinstance(value, bool):
            return False
    return True


def _file(values: list[Any], **more: Any) -> dict[str, Any]:
    node = {
        "id": 1,
        "type": "RandomNoise",
        "inputs": [],
        "outputs": [{"name": "NOISE", "type": "NOISE", "links": None}],
    }
    sampler = {"id": 2, "type": "KSampler", "inputs": [], "outputs": [], "widgets_values": values, **more}
    return {"nodes": [{**node, "widgets_values": [7, "fixed"]}, sampler], "links": [], "last_node_id": 2, "last_link_id": 0, "version": 0.4}  # fmt: skip


_RIGHT = [42, "fixed", 8, 1.0, "euler", "simple", 1.0]
GOOD = (_file(_RIGHT), _file(_RIGHT, widgets_values_named={"seed": 42, "steps": 8}))
BAD = (
    (_file([42, "fixed", "randomize", 8, 1.0, "euler", "simple", 1.0]), _file(_RIGHT)),
    (_file(_RIGHT, widgets_values_named={"steps": 20}), _file(_RIGHT, widgets_values_named={"steps": 8})),
)
