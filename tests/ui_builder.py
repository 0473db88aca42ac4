"""Prompts drawn as workflows of the canvas, and drawings turned into others that mean the same."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from longtake.scripts.workflow.api_format import is_link, unwrap
from longtake.scripts.workflow.definitions import committed
from longtake.scripts.workflow.widgets import positions

Drawing = dict[str, Any]


def ids_of(prompt: Mapping[str, Any]) -> dict[str, int]:
    return {name: number for number, name in enumerate(prompt, 11)}


def draw(prompt: Mapping[str, Any]) -> Drawing:
    """The canvas's form of a prompt; node `name` gets the id `ids_of(prompt)[name]`."""
    ids = ids_of(prompt)
    drawing: Drawing = {
        "last_node_id": 999,
        "last_link_id": 0,
        "nodes": [],
        "links": [],
        "groups": [],
        "extra": {},
        "version": 0.4,
    }
    outputs: dict[int, dict[int, list[int]]] = {}
    for name, raw in prompt.items():
        inputs, links = [], {}
        known = {entry.name: entry for entry in committed().inputs(raw["class_type"]) or ()}
        for key, value in raw["inputs"].items():
            if is_link(value):
                drawing["last_link_id"] += 1
                links[key] = drawing["last_link_id"]
                origin = ids.get(value[0], 8888)
                outputs.setdefault(origin, {}).setdefault(value[1], []).append(links[key])
                kind = known[key].type if key in known else "*"
                drawing["links"].append([links[key], origin, value[1], ids[name], len(inputs), kind])
                entry: dict[str, Any] = {"name": key, "type": kind, "link": links[key]}
                if _is_widget(raw["class_type"], key, raw["inputs"]):
                    entry["widget"] = {"name": key}
                inputs.append(entry)
        inputs += [
            {"name": key, "type": entry.type, "link": None}
            for key, entry in known.items()
            if not entry.widget and key not in links
        ]
        drawing["nodes"].append({
            "id": ids[name], "type": raw["class_type"], "pos": [0, 0], "size": [200, 100], "flags": {}, "order": 0, "mode": 0,
            "inputs": inputs, "outputs": [], "properties": {}, "widgets_values": widget_values(raw["class_type"], raw["inputs"]),
        })  # fmt: skip
        title = raw.get("_meta", {}).get("title")
        if title:
            drawing["nodes"][-1]["title"] = title
    for node in drawing["nodes"]:
        named = committed().outputs(node["type"]) or []
        used = outputs.get(node["id"], {})
        for slot in range(max(len(named), max(used, default=-1) + 1)):
            label, kind = named[slot] if slot < len(named) else (str(slot), "*")
            node["outputs"].append({"name": label, "type": kind, "links": used.get(slot, [])})
    return drawing


def _names(kind: str, values: list[Any]) -> list[str | None]:
    return list(positions(committed().inputs(kind) or (), values))


def _is_widget(kind: str, name: str, inputs: Mapping[str, Any]) -> bool:
    values = widget_values(kind, inputs)
    return isinstance(values, list) and name in _names(kind, values)


def widget_values(kind: str, inputs: Mapping[str, Any]) -> Any:
    known = committed().inputs(kind)
    plain = {key: unwrap(value) for key, value in inputs.items() if not is_link(value)}
    if known is None or kind == "VHS_VideoCombine":
        return plain
    values: list[Any] = []
    defaults = {entry.name: entry.default for entry in known} | {"control_after_generate": "fixed"}
    while True:
        names = _names(kind, values)
        if len(values) >= len(names):
            return values
        name = names[len(values)] or ""
        values.append(plain.get(name, defaults.get(name)))


def renumber(drawing: Drawing) -> tuple[Drawing, dict[str, str]]:
    """The same with other ids, in another order."""
    drawing = copy.deepcopy(drawing)
    new = {node["id"]: 3 * place + 700 for place, node in enumerate(reversed(drawing["nodes"]))}
    for node in drawing["nodes"]:
        node["id"] = new[node["id"]]
    for link in drawing["links"]:
        link[1], link[3] = new.get(link[1], link[1]), new.get(link[3], link[3])
    drawing["nodes"].reverse()
    drawing["last_node_id"] = max(new.values())
    return drawing, {str(old): str(number) for old, number in new.items()}


def wrap(drawing: Drawing) -> tuple[Drawing, dict[str, str]]:
    """Everything inside one subgraph."""
    drawing = copy.deepcopy(drawing)
    keys = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
    inner = {
        "id": "c0ffee00-0000-4000-8000-000000000001", "version": 1, "name": "all of it", "inputs": [], "outputs": [],
        "state": {"lastGroupId": 0, "lastNodeId": drawing["last_node_id"], "lastLinkId": drawing["last_link_id"], "lastRerouteId": 0},
        "inputNode": {"id": -10, "bounding": [-300, 0, 120, 60]}, "outputNode": {"id": -20, "bounding": [900, 0, 120, 60]},
        "revision": 0, "config": {}, "widgets": [], "groups": [], "extra": {},
        "nodes": drawing["nodes"], "links": [dict(zip(keys, link, strict=True)) for link in drawing["links"]],
    }  # fmt: skip
    instance = {
        "id": 1,
        "type": inner["id"],
        "pos": [0, 0],
        "size": [200, 100],
        "flags": {},
        "order": 0,
        "mode": 0,
        "inputs": [],
        "outputs": [],
        "properties": {},
        "widgets_values": [],
    }
    more = drawing.get("definitions", {}).get("subgraphs", [])
    wrapped = {**drawing, "nodes": [instance], "links": [], "definitions": {"subgraphs": [inner, *more]}}
    return wrapped, {str(node["id"]): f"1:{node['id']}" for node in inner["nodes"]}


def _between(drawing: Drawing, put: Any) -> tuple[Drawing, dict[str, str]]:
    drawing = copy.deepcopy(drawing)
    nodes = {node["id"]: node for node in drawing["nodes"]}
    for link in list(drawing["links"]):
        put(drawing, link)
    return drawing, {str(key): str(key) for key in nodes}


def _new(drawing: Drawing, kind: str, type_: str, *, takes: bool, gives: bool, values: Any) -> dict[str, Any]:
    drawing["last_node_id"] += 1
    node = {
        "id": drawing["last_node_id"], "type": kind, "pos": [0, 0], "size": [80, 30], "flags": {}, "order": 0, "mode": 0, "properties": {}, "widgets_values": values,
        "inputs": [{"name": "", "type": type_, "link": None}] if takes else [],
        "outputs": [{"name": "", "type": type_, "links": []}] if gives else [],
    }  # fmt: skip
    drawing["nodes"].append(node)
    return node


def _link(drawing: Drawing, origin: dict[str, Any], target: dict[str, Any], type_: str) -> None:
    drawing["last_link_id"] += 1
    drawing["links"].append([drawing["last_link_id"], origin["id"], 0, target["id"], 0, type_])
    origin["outputs"][0]["links"].append(drawing["last_link_id"])
    target["inputs"][0]["link"] = drawing["last_link_id"]


def _cut(drawing: Drawing, link: list[Any], through: dict[str, Any], giver: dict[str, Any]) -> None:
    """Let `link` end in `through`, and a new one start at `giver` to where it ended."""
    target = next(node for node in drawing["nodes"] if node["id"] == link[3])
    slot = next(entry for entry in target["inputs"] if entry.get("link") == link[0])
    index = target["inputs"].index(slot)
    drawing["last_link_id"] += 1
    drawing["links"].append([drawing["last_link_id"], giver["id"], 0, target["id"], index, link[5]])
    giver["outputs"][0]["links"].append(drawing["last_link_id"])
    slot["link"] = drawing["last_link_id"]
    link[3], link[4] = through["id"], 0
    through["inputs"][0]["link"] = link[0]


def reroute(drawing: Drawing) -> tuple[Drawing, dict[str, str]]:
    """A Reroute on every link."""

    def put(drawing: Drawing, link: list[Any]) -> None:
        node = _new(drawing, "Reroute", link[5], takes=True, gives=True, values=None)
        _cut(drawing, link, node, node)

    return _between(drawing, put)


def set_get(drawing: Drawing) -> tuple[Drawing, dict[str, str]]:
    """A SetNode and a GetNode on every link."""

    def put(drawing: Drawing, link: list[Any]) -> None:
        name = [f"wire {link[0]}"]
        setter = _new(drawing, "SetNode", link[5], takes=True, gives=False, values=name)
        getter = _new(drawing, "GetNode", link[5], takes=False, gives=True, values=list(name))
        _cut(drawing, link, setter, getter)

    return _between(drawing, put)


WAYS = {"renumbered": renumber, "in a subgraph": wrap, "with Reroutes": reroute, "with Set and Get": set_get}
