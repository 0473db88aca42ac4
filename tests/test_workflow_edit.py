"""Editing workflows: what an edit names changes, every other byte stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from drawings import LOAD, RESIZE, nested, node
from hypothesis import given, settings
from hypothesis import strategies as st
from longtake.scripts.workflow import spans
from longtake.scripts.workflow.document import read_file, read_text
from longtake.scripts.workflow.editor import apply
from longtake.scripts.workflow.edits import (
    ChangeType,
    Connect,
    Disconnect,
    DropWidgetValue,
    Insert,
    SetMode,
    SetWidget,
)

PACK = Path(__file__).parents[1]
EXAMPLES = sorted((PACK / "example_workflows").glob("*.json"))
#: Public files that a checkout may have beside it or inside.
SHARED = [folder / "shared" / "workflows" for folder in (PACK, PACK.parent)]


@pytest.mark.parametrize("indent", [None, 2, 4, "\t"])
def test_a_value_changes_and_nothing_else(indent: Any) -> None:
    text = json.dumps(nested(), indent=indent)
    document = read_text(text)
    after = apply(document, [SetWidget("3:7:1", "height", 576)])
    assert after.text == text.replace("480", "576")
    assert apply(after, [SetWidget("3:7:1", "height", 480)]).text == text


def test_odd_text_survives() -> None:
    text = '\ufeff{ "nodes" :\r\n [ {"id":1,"type":"INTConstant", "x":1.50, "y":1E3,\t"z":"\\u00e9é", "widgets_values":[ 7 ]} ],"links":[]}\r\n\r\n'
    document = read_text(text)
    assert document.text == text
    assert apply(document, [SetWidget("1", "value", 8)]).text == text.replace("[ 7 ]", "[ 8 ]")


def test_connect_moves_a_link_and_both_its_ends() -> None:
    data = nested()
    data["nodes"].append(
        node(4, "LoadImage", outputs=[("IMAGE", "IMAGE"), ("MASK", "MASK")], widgets_values=["b.png", "image"])
    )
    data["nodes"][0] = {**LOAD, "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [1]}]}
    after = json.loads(apply(read_text(json.dumps(data, indent=1)), [Connect("5", "IMAGE", "4")]).text)
    assert after["links"][0] == [1, 4, 0, 5, 0, "IMAGE"]
    assert after["nodes"][0]["outputs"][0]["links"] == []
    assert after["nodes"][-1]["outputs"][0]["links"] == [1]


def test_connect_draws_a_link_to_a_widget_that_the_file_left_out() -> None:
    data = {
        "last_node_id": 3,
        "last_link_id": 1,
        "nodes": [
            {**LOAD, "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [1]}]},
            {**RESIZE, "inputs": [{"name": "image", "type": "IMAGE", "link": 1}]},
            node(3, "INTConstant", outputs=[("value", "INT")], widgets_values=[640]),
        ],
        "links": [[1, 1, 0, 2, 0, "IMAGE"]],
    }
    document = apply(read_text(json.dumps(data)), [Connect("2", "width", "3")])
    after = json.loads(document.text)
    assert after["last_link_id"] == 2
    assert after["links"][1] == [2, 3, 0, 2, 1, "INT"]
    assert after["nodes"][1]["inputs"][1] == {"name": "width", "type": "INT", "widget": {"name": "width"}, "link": 2}
    assert document.graph.nodes["2"].value("width") == 640
    undone = apply(document, [Disconnect("2", "width")])
    assert undone.graph.nodes["2"].value("width") == 832


@pytest.mark.parametrize("kind", ["ui", "api"])
def test_insert_and_change_type(kind: str) -> None:
    if kind == "ui":
        data: Any = {
            "nodes": [
                {**LOAD, "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [1]}]},
                {**RESIZE, "inputs": [{"name": "image", "type": "IMAGE", "link": 1}]},
            ],
            "links": [[1, 1, 0, 2, 0, "IMAGE"]],
        }
    else:
        data = {"1": {"class_type": "LoadImage", "inputs": {"image": "a.png"}}, "2": {"class_type": "ImageResizeKJv2", "inputs": {"image": ["1", 0], "width": 832}}}  # fmt: skip
    document = read_text(json.dumps(data, indent=2))
    after = apply(
        document,
        [
            Insert("new", "LTXVPreprocess", "2", {"image": ("1", 0)}, {"img_compression": 18}),
            Connect("2", "image", "new"),
        ],
    )
    read = after.graph
    assert read.nodes["2"].feeder("image") is read.nodes["3"]
    assert read.nodes["3"].value("img_compression") == 18
    assert read.nodes["3"].feeder("image") is read.nodes["1"]
    changed = apply(after, [ChangeType("3", "ImageScaleBy", {"image": "image"}, {"scale_by": 2.0})]).graph.nodes["3"]
    assert changed.type == "ImageScaleBy"
    assert changed.value("scale_by") == 2.0
    assert changed.feeder("image") is not None


def test_mode_and_stray_values() -> None:
    document = read_text(json.dumps({"nodes": [{**LOAD, "widgets_values": ["a.png", "fixed", "image"]}], "links": []}))
    after = json.loads(apply(document, [SetMode("1", 4), DropWidgetValue("1", 1)]).text)
    assert after["nodes"][0]["mode"] == 4
    assert after["nodes"][0]["widgets_values"] == ["a.png", "image"]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(data=values, new=values, indent=st.sampled_from([None, 1, 2, "\t"]), pick=st.randoms(use_true_random=False))
def test_spans_agree_with_json(data: Any, new: Any, indent: Any, pick: Any) -> None:
    text = json.dumps(data, indent=indent, ensure_ascii=pick.random() < 0.5)
    path: list[Any] = []
    at = data
    while isinstance(at, dict | list) and at and pick.random() < 0.8:
        key = pick.choice(list(at) if isinstance(at, dict) else range(len(at)))
        path.append(key)
        at = at[key]
    assert spans.get(text, tuple(path)) == at
    changed = spans.replace(text, tuple(path), new)
    assert spans.get(changed, tuple(path)) == new
    before, after = spans.find(text, tuple(path)), spans.find(changed, tuple(path))
    assert changed[: after[0]] == text[: before[0]]
    assert changed[after[1] :] == text[before[1] :]
    if isinstance(at, list):
        assert spans.get(spans.append(text, tuple(path), new), tuple(path)) == [*at, new]
    if isinstance(at, dict):
        assert spans.get(spans.add(text, tuple(path), "new key", new), tuple(path)) == at | {"new key": new}
    if path:
        gone = json.loads(spans.remove(text, tuple(path)))
        parent = data
        for key in path[:-1]:
            parent, gone = parent[key], gone[key]
        assert len(gone) == len(parent) - 1


def public_files() -> list[Path]:
    return [*EXAMPLES, *(path for folder in SHARED for path in sorted(folder.glob("*.json")))]


@pytest.mark.parametrize("path", public_files(), ids=lambda path: path.name)
def test_real_files_come_back_byte_for_byte(path: Path) -> None:
    raw = path.read_bytes()
    document = read_file(path)
    assert document.text.encode() == raw
    changed = 0
    for found in document.graph.nodes.values():
        for name, value in list(found.values.items())[:2]:
            if isinstance(value, str | int | bool) and changed < 12 and found.inner is None:
                other = "x" if isinstance(value, str) else int(value) + 1
                after = apply(document, [SetWidget(found.path, name, other)])
                assert after.graph.nodes[found.path].values[name] == other
                assert apply(after, [SetWidget(found.path, name, value)]).text.encode() == raw
                changed += 1
    assert changed
