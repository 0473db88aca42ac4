"""Which widget value stands where.

`widgets_values` is positional and wins on load; newer files hold `widgets_values_named` beside it, some
packs a dict instead. Names come from the node's definition, else from the widget inputs that the file
itself draws. Some widgets add positions of their own: a seed adds what happens to it after the run, an
upload adds its button, a dynamic choice adds the widgets of its option.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .definitions import Definitions, InputDef

#: What may stand in the position that a seed adds.
AFTER_GENERATE = ("fixed", "increment", "decrement", "randomize", "increment-wrap")


@dataclass(slots=True)
class Slots:
    """The widget values of one node.

    values: by name. positions: name -> index in the list. keys: name -> key, where the file has a dict.
    named: what stands in `widgets_values_named`. extra: how many values have no name. source: who named
    them: ``definition``, ``file``, ``dict``, ``named`` or nothing.
    """

    values: dict[str, Any] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)
    named: dict[str, Any] = field(default_factory=dict)
    is_dict: bool = False
    extra: int = 0
    source: str = ""


def name_values(raw: Mapping[str, Any], kind: str, definitions: Definitions, inside: Mapping[str, Any] | None) -> Slots:
    """The widget values of a node of the canvas. `inside` is the definition, if it is a subgraph's instance."""
    slots = Slots()
    named = raw.get("widgets_values_named")
    if isinstance(named, dict):
        slots.named = named
    values = raw.get("widgets_values")
    if isinstance(values, dict):
        slots.values = {str(key): value for key, value in values.items()}
        slots.is_dict, slots.source = True, "dict"
        return slots
    if not isinstance(values, list):
        slots.values = dict(slots.named)
        return slots
    if inside is not None:
        _fill(slots, values, _instance_names(raw, inside, len(values)), "definition")
    elif kind in ("PrimitiveNode", "SetNode", "GetNode"):
        _fill(slots, values, ["value", "control_after_generate"], "definition")
    else:
        _fill_node(slots, values, _drawn(raw), definitions.inputs(kind))
    return slots


def _fill_node(slots: Slots, values: list[Any], drawn: list[str], known: Sequence[InputDef] | None) -> None:
    if known is not None:
        names = list(positions(known, values))
        if not drawn or _in_order(drawn, names):
            _fill(slots, values, names, "definition")
            return
    if drawn:
        names = list(_with_controls(drawn, values))
        if len(names) == len(values) or known is None:
            _fill(slots, values, names, "file")
            return
    if known is not None:
        _fill(slots, values, list(positions(known, values)), "definition")
    elif slots.named:
        slots.values, slots.source = dict(slots.named), "named"


def _fill(slots: Slots, values: list[Any], names: Sequence[str | None], source: str) -> None:
    slots.source = source
    slots.extra = max(0, len(values) - len(names))
    for index, (name, value) in enumerate(zip(names, values, strict=False)):
        if name is not None and name not in slots.positions:
            slots.values[name] = value
            slots.positions[name] = index


def positions(inputs: Sequence[InputDef], values: Sequence[Any], prefix: str = "", at: int = 0) -> Iterator[str | None]:
    """The name at each position of a widget list, by the node's definition; None for a position without one."""
    for entry in inputs:
        if not entry.widget:
            continue
        yield prefix + entry.name
        chosen = values[at] if at < len(values) else entry.default
        at += 1
        if entry.control:
            yield prefix + "control_after_generate"
            at += 1
        for _ in range(entry.blanks):
            yield None
            at += 1
        if entry.options:
            inner = list(positions(entry.options.get(str(chosen), ()), values, f"{prefix}{entry.name}.", at))
            yield from inner
            at += len(inner)


def _drawn(raw: Mapping[str, Any]) -> list[str]:
    inputs = raw.get("inputs")
    if not isinstance(inputs, list):
        return []
    return [
        str(slot["widget"].get("name", slot.get("name", "")))
        for slot in inputs
        if isinstance(slot, dict) and isinstance(slot.get("widget"), dict)
    ]


def _in_order(part: Sequence[str], whole: Sequence[str | None]) -> bool:
    left = iter(whole)
    return all(name in left for name in part)


def _with_controls(names: Sequence[str], values: Sequence[Any]) -> Iterator[str]:
    at = 0
    for name in names:
        yield name
        at += 1
        if name.rsplit(".", 1)[-1] in ("seed", "noise_seed") and at < len(values) and values[at] in AFTER_GENERATE:
            yield "control_after_generate"
            at += 1


def _instance_names(raw: Mapping[str, Any], inside: Mapping[str, Any], count: int) -> list[str | None]:
    """Names of the values that an instance of a subgraph holds.

    They follow the definition's inputs that end in a widget; older files list them in `proxyWidgets`,
    where an entry with an inner node's id only mirrors that node.
    """
    backed = _backed(inside)
    proxies = raw.get("properties")
    proxies = proxies.get("proxyWidgets") if isinstance(proxies, dict) else None
    if isinstance(proxies, list) and proxies and (count == len(proxies) or len(backed) != count):
        return [
            str(entry[1]) if isinstance(entry, list) and len(entry) > 1 and str(entry[0]) == "-1" else None
            for entry in proxies
        ]
    return list(backed)


def _listed(raw: Mapping[str, Any], key: str) -> list[Any]:
    value = raw.get(key)
    return value if isinstance(value, list) else []


def _backed(inside: Mapping[str, Any]) -> list[str]:
    targets: dict[Any, tuple[str, int]] = {}
    for link in _listed(inside, "links"):
        if isinstance(link, dict) and not isinstance(link.get("id"), list | dict):
            targets[link.get("id")] = (str(link.get("target_id")), link.get("target_slot", -1))
        elif isinstance(link, list) and len(link) > 4 and not isinstance(link[0], list | dict):
            targets[link[0]] = (str(link[3]), link[4])
    nodes = {str(node.get("id")): node for node in _listed(inside, "nodes") if isinstance(node, dict)}
    return [
        str(entry.get("name", ""))
        for entry in _listed(inside, "inputs")
        if isinstance(entry, dict) and any(_ends_in_widget(link, targets, nodes) for link in _ids(entry))
    ]


def _ids(entry: Mapping[str, Any]) -> list[Any]:
    ids = entry.get("linkIds")
    return [link for link in ids if not isinstance(link, list | dict)] if isinstance(ids, list) else []


def _ends_in_widget(link: Any, targets: Mapping[Any, tuple[str, int]], nodes: Mapping[str, Any]) -> bool:
    target, slot = targets.get(link, ("", -1))
    inputs = nodes.get(target, {}).get("inputs")
    if not isinstance(inputs, list) or not isinstance(slot, int) or not 0 <= slot < len(inputs):
        return False
    return isinstance(inputs[slot], dict) and "widget" in inputs[slot]
