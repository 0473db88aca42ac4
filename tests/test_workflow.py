"""Reading workflows: one graph from both formats, values through links, broken files refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from drawings import LOAD, RESIZE, graph, nested, node
from longtake.scripts.workflow import document as documents
from longtake.scripts.workflow.document import NotAWorkflowError, read_data, read_file, read_text
from longtake.scripts.workflow.editor import apply
from longtake.scripts.workflow.edits import SetWidget
from longtake.scripts.workflow.errors import WorkflowError
from longtake.scripts.workflow.graph import Broken, Constant, Output


def test_widgets_have_names_and_links_win_over_them() -> None:
    read = graph({
        "nodes": [LOAD, RESIZE, node(3, "INTConstant", outputs=[("value", "INT")], widgets_values=[640])],
        "links": [[1, 1, 0, 2, 0, "IMAGE"], [2, 3, 0, 2, 1, "INT"]],
        "version": 0.4,
    })  # fmt: skip
    resize = read.nodes["2"]
    assert resize.value("height") == 480
    assert resize.value("width") == 640
    assert resize.values["width"] == 832
    assert resize.feeder("image") is read.nodes["1"]


@pytest.mark.parametrize("as_objects", [False, True])
def test_links_are_arrays_or_objects(as_objects: bool) -> None:
    links: list[Any] = [[1, 1, 0, 2, 0, "IMAGE"]]
    if as_objects:
        keys = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
        links = [dict(zip(keys, link, strict=True)) for link in links]
    read = graph({"nodes": [LOAD, RESIZE], "links": links})
    assert read.nodes["2"].feeder("image") is read.nodes["1"]


def test_reroute_set_get_and_primitive_are_gone_through() -> None:
    read = graph({
        "nodes": [
            LOAD,
            node(4, "Reroute", inputs=[("", "*", 1)], outputs=[("", "IMAGE")]),
            node(5, "SetNode", inputs=[("IMAGE", "IMAGE", 3)], outputs=[("*", "*")], widgets_values=["portrait"]),
            node(6, "GetNode", outputs=[("IMAGE", "IMAGE")], widgets_values=["portrait"]),
            node(7, "PrimitiveNode", outputs=[("INT", "INT")], widgets_values=[512, "fixed"]),
            {**RESIZE, "inputs": [{"name": "image", "type": "IMAGE", "link": 4}, {"name": "width", "type": "INT", "link": 5, "widget": {"name": "width"}}]},
        ],
        "links": [[1, 1, 0, 4, 0, "*"], [3, 4, 0, 5, 0, "IMAGE"], [4, 6, 0, 2, 0, "IMAGE"], [5, 7, 0, 2, 1, "INT"]],
    })  # fmt: skip
    resize = read.nodes["2"]
    assert resize.feeder("image") is read.nodes["1"]
    assert resize.source("width") == Constant(512, read.nodes["7"], "value")
    assert [hop.node.type for hop in read.hops(resize, "image")] == ["ImageResizeKJv2", "SetNode", "Reroute"]


def test_muted_gives_nothing_and_bypassed_hands_on() -> None:
    data = {
        "nodes": [
            LOAD,
            node(3, "LTXVPreprocess", inputs=[("image", "IMAGE", 1)], outputs=[("output_image", "IMAGE")], widgets_values=[18]),
            {**RESIZE, "inputs": [{"name": "image", "type": "IMAGE", "link": 2}]},
        ],
        "links": [[1, 1, 0, 3, 0, "IMAGE"], [2, 3, 0, 2, 0, "IMAGE"]],
    }  # fmt: skip
    read = graph(data)
    assert read.nodes["2"].feeder("image") is read.nodes["3"]
    data["nodes"][1]["mode"] = 4
    read = graph(data)
    assert read.nodes["2"].feeder("image") is read.nodes["1"]
    assert not read.of("LTXVPreprocess")
    data["nodes"][1]["mode"] = 2
    assert graph(data).nodes["2"].source("image") is None


def test_nested_subgraphs_and_promoted_values() -> None:
    read = graph(nested())
    resize = read.nodes["3:7:1"]
    assert read.nodes["9"].feeder("images") is resize
    assert resize.feeder("image") is read.nodes["1"], "Get sees the Set of the canvas around it"
    assert resize.value("width") == 512, "the host's value wins over the inner widget"
    assert resize.value("height") == 480
    data = nested()
    data["nodes"][2]["widgets_values"] = []
    assert graph(data).nodes["3:7:1"].value("width") == 832


def test_links_left_over_at_the_wall_do_not_count() -> None:
    data = nested()
    inner = data["definitions"]["subgraphs"][0]
    inner["links"].insert(
        0, {"id": 99, "origin_id": 4711, "origin_slot": 0, "target_id": -20, "target_slot": 0, "type": "IMAGE"}
    )
    inner["outputs"][0]["linkIds"] = [2]
    assert graph(data).nodes["9"].feeder("images") is not None
    assert graph(data).nodes["9"].feeder("images").type == "ImageResizeKJv2"


def test_both_formats_give_the_same_answers() -> None:
    read = read_data({
        "3:7:1": {"class_type": "ImageResizeKJv2", "inputs": {"image": ["1", 0], "width": 512, "height": 480}},
        "1": {"class_type": "LoadImage", "inputs": {"image": "a.png"}, "_meta": {"title": "portrait"}},
    }).graph  # fmt: skip
    resize = read.nodes["3:7:1"]
    assert resize.source("image") == Output(read.nodes["1"], 0)
    assert resize.value("width") == 512
    assert read.nodes["1"].label == "portrait (1)"
    assert read.takers(read.nodes["1"]) == [(resize, "image")]


def test_dynamic_choices_and_added_positions() -> None:
    read = graph({
        "nodes": [
            node(1, "LTXVImgToVideoInplaceKJ", widgets_values=["1", 0.7, 3]),
            node(2, "KSampler", widgets_values=[7, "randomize", 8, 1.0, "euler", "simple", 1.0]),
            node(3, "VHS_VideoCombine", widgets_values={"frame_rate": 25, "trim_to_audio": False}),
        ],
        "links": [],
    })  # fmt: skip
    first, sampler, combine = read.nodes.values()
    assert first.value("num_images.strength_1") == 0.7
    assert first.value("num_images.index_1") == 3
    assert sampler.value("steps") == 8
    assert combine.value("trim_to_audio") is False


def test_wrapped_prompts_are_found() -> None:
    prompt = {"1": {"class_type": "LoadImage", "inputs": {"image": "a.png"}}}
    for wrapped in ({"prompt": prompt}, {"input": {"workflow": prompt}}, {"prompt": prompt, "client_id": "x"}):
        document = read_text(json.dumps(wrapped))
        assert list(document.graph.nodes) == ["1"]
        assert json.loads(apply(document, [SetWidget("1", "image", "b.png")]).text) == json.loads(
            json.dumps(wrapped).replace("a.png", "b.png")
        )


BROKEN = {
    "empty": "",
    "cut off": '{"nodes": [{"id": 1, "type": "LoadImage"}], "links": [[1, 1',
    "not a workflow": '{"a": 1}',
    "a list": "[1, 2]",
    "deep": "[" * 100_000,
    "deep object": '{"a":' * 100_000,
    "long number": '{"nodes": [' + "9" * 5000 + "]}",
    "no id": '{"nodes": [{"type": "LoadImage"}], "links": []}',
    "no type": '{"nodes": [{"id": 1}], "links": []}',
    "node is a number": '{"nodes": [3], "links": []}',
    "same id twice": '{"nodes": [{"id": 1, "type": "A"}, {"id": "1", "type": "B"}], "links": []}',
    "links are text": '{"nodes": [], "links": "abc"}',
    "a link is a number": '{"nodes": [], "links": [7]}',
    "subgraph in itself": json.dumps({
        "nodes": [{"id": 1, "type": "s"}],
        "links": [],
        "definitions": {"subgraphs": [{"id": "s", "nodes": [{"id": 2, "type": "s"}], "links": []}]},
    }),
    "a name that is no name": json.dumps({
        "nodes": [{"id": 1, "type": "s"}],
        "links": [],
        "definitions": {"subgraphs": [{"id": "s", "name": {"x": "y" * 999}, "nodes": [{"id": 2}], "links": []}]},
    }),
    "no class": '{"1": {"class_type": "A", "inputs": {}}, "2": {"inputs": {}}}',
    "inputs are text": '{"1": {"class_type": "A", "inputs": "x"}}',
    "unfolds without end": json.dumps({
        "nodes": [{"id": 1, "type": "s0"}],
        "links": [],
        "definitions": {
            "subgraphs": [
                {"id": f"s{level}", "nodes": [{"id": n, "type": f"s{level + 1}"} for n in range(9)], "links": []}
                for level in range(30)
            ]
        },
    }),
}  # fmt: skip


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_broken_files_are_refused_in_one_sentence(text: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text(text)
    with pytest.raises(WorkflowError) as caught:
        _ = read_file(path, "broken.json").graph
    message = str(caught.value)
    assert message.startswith("broken.json")
    assert "\n" not in message
    assert len(message) < 250


def test_nan_is_let_pass_and_bytes_that_are_no_text_are_not(tmp_path: Path) -> None:
    assert read_text('{"1": {"class_type": "A", "inputs": {"x": NaN}}}').graph.nodes
    path = tmp_path / "x.json"
    path.write_bytes(b'{"nodes": "\xff"}')
    with pytest.raises(WorkflowError, match="not UTF-8 at byte 11"):
        read_file(path)
    with pytest.raises(WorkflowError, match="cannot be read"):
        read_file(tmp_path / "absent.json")
    with pytest.raises(NotAWorkflowError):
        _ = read_text('{"nodes": 5}').graph


def test_links_in_a_circle_end() -> None:
    read = graph({
        "nodes": [
            node(1, "Reroute", inputs=[("", "*", 2)], outputs=[("", "*")]),
            node(2, "Reroute", inputs=[("", "*", 1)], outputs=[("", "*")]),
            node(3, "PreviewImage", inputs=[("images", "IMAGE", 3)]),
        ],
        "links": [[1, 1, 0, 2, 0, "*"], [2, 2, 0, 1, 0, "*"], [3, 2, 0, 3, 0, "IMAGE"]],
    })  # fmt: skip
    assert isinstance(read.nodes["3"].source("images"), Broken)


def test_a_huge_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "huge.json"
    path.write_text(json.dumps(nested()))
    monkeypatch.setattr(documents, "MOST_BYTES", 100)
    with pytest.raises(WorkflowError, match="at most 100 are read"):
        read_file(path)
    with pytest.raises(WorkflowError, match="at most 100 are read"):
        read_text(path.read_text())
