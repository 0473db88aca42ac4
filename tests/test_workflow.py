"""Reading workflows: one graph from both formats, values through links, nothing lost on the way back."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from longtake.scripts.workflow import spans
from longtake.scripts.workflow.document import NotAWorkflowError, read_data, read_file, read_text
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
from longtake.scripts.workflow.errors import WorkflowError
from longtake.scripts.workflow.graph import Broken, Constant, Graph, Output

PACK = Path(__file__).parents[1]
EXAMPLES = sorted((PACK / "example_workflows").glob("*.json"))
DATA = Path(__file__).parent / "data"


def node(node_id: Any, kind: str, *, inputs: Any = (), outputs: Any = (), **more: Any) -> dict[str, Any]:
    """A node of the canvas: inputs as (name, type, link) or (name, type, link, True) for a widget's."""
    drawn = []
    for name, type_, link, *widget in inputs:
        drawn.append({"name": name, "type": type_, "link": link} | ({"widget": {"name": name}} if widget else {}))
    return {
        "id": node_id,
        "type": kind,
        "mode": 0,
        "inputs": drawn,
        "outputs": [{"name": name, "type": type_, "links": None} for name, type_ in outputs],
        "properties": {},
        **more,
    }


def graph(data: Any) -> Graph:
    return read_text(json.dumps(data)).graph


RESIZE = node(
    2,
    "ImageResizeKJv2",
    inputs=[("image", "IMAGE", 1), ("width", "INT", 2, True)],
    outputs=[("IMAGE", "IMAGE"), ("width", "INT")],
    widgets_values=[832, 480, "lanczos", "crop", "0, 0, 0", "center", 16, "cpu"],
)
LOAD = node(1, "LoadImage", outputs=[("IMAGE", "IMAGE"), ("MASK", "MASK")], widgets_values=["a.png", "image"])


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


def subgraph(uuid: str, nodes: list[Any], links: list[Any], inputs: list[Any], **more: Any) -> dict[str, Any]:
    return {
        "id": uuid,
        "name": "inside",
        "nodes": nodes,
        "links": [
            dict(zip(("id", "origin_id", "origin_slot", "target_id", "target_slot", "type"), link, strict=True))
            for link in links
        ],
        "inputs": [{"name": name, "type": type_, "linkIds": ids} for name, type_, ids in inputs],
        "outputs": [{"name": "IMAGE", "type": "IMAGE", "linkIds": []}],
        **more,
    }


def nested() -> dict[str, Any]:
    inner = subgraph(
        "inner",
        [node(1, "ImageResizeKJv2", inputs=[("image", "IMAGE", 1), ("width", "INT", 3, True)], outputs=[("IMAGE", "IMAGE")], widgets_values=[832, 480, "lanczos", "crop", "0, 0, 0", "center", 16, "cpu"])],
        [[1, -10, 0, 1, 0, "IMAGE"], [2, 1, 0, -20, 0, "IMAGE"], [3, -10, 1, 1, 1, "INT"]],
        [("image", "IMAGE", [1]), ("width", "INT", [3])],
    )  # fmt: skip
    outer = subgraph(
        "outer",
        [
            node(7, "inner", inputs=[("image", "IMAGE", 1), ("width", "INT", 3, True)], outputs=[("IMAGE", "IMAGE")], widgets_values=[]),
            node(8, "GetNode", outputs=[("IMAGE", "IMAGE")], widgets_values=["portrait"]),
        ],
        [[1, 8, 0, 7, 0, "IMAGE"], [2, 7, 0, -20, 0, "IMAGE"], [3, -10, 0, 7, 1, "INT"]],
        [("width", "INT", [3])],
        definitions={"subgraphs": [inner]},
    )  # fmt: skip
    return {
        "nodes": [
            LOAD,
            node(5, "SetNode", inputs=[("IMAGE", "IMAGE", 1)], widgets_values=["portrait"]),
            node(3, "outer", inputs=[("width", "INT", None, True)], outputs=[("IMAGE", "IMAGE")], widgets_values=[512]),
            node(9, "PreviewImage", inputs=[("images", "IMAGE", 2)]),
        ],
        "links": [[1, 1, 0, 5, 0, "IMAGE"], [2, 3, 0, 9, 0, "IMAGE"]],
        "definitions": {"subgraphs": [outer]},
        "version": 0.4,
    }


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


# Edits.


def lines_changed(before: str, after: str) -> list[str]:
    return [line for line in after.splitlines() if line not in before.splitlines()]


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


# Media.

WORKFLOW = json.dumps({"nodes": [LOAD], "links": [], "note": "né"})


def png(chunks: list[tuple[bytes, bytes]]) -> bytes:
    out = b"\x89PNG\r\n\x1a\n"
    for kind, body in [(b"IHDR", bytes(13)), *chunks, (b"IEND", b"")]:
        out += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return out


def test_png(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    for chunk in (
        (b"tEXt", b"workflow\0" + WORKFLOW.encode("latin-1")),
        (b"zTXt", b"workflow\0\0" + zlib.compress(WORKFLOW.encode())),
        (b"iTXt", b"workflow\0\0\0\0\0" + WORKFLOW.encode()),
        (b"iTXt", b"workflow\0\1\0\0\0" + zlib.compress(WORKFLOW.encode())),
    ):
        path.write_bytes(png([chunk]))
        document = read_file(path)
        assert document.text == WORKFLOW
        assert not document.writable
        with pytest.raises(WorkflowError, match="cannot be changed"):
            apply(document, [SetMode("1", 4)])
    path.write_bytes(png([(b"tEXt", b"parameters\0x")]))
    with pytest.raises(NotAWorkflowError):
        read_file(path)
    for broken in (b"", b"\x89PNG\r\n\x1a\n", png([])[:20], b"GIF89a"):
        path.write_bytes(broken)
        with pytest.raises(WorkflowError):
            read_file(path)
    path.write_bytes(png([(b"zTXt", b"workflow\0\0" + b"rubbish")]))
    with pytest.raises(WorkflowError):
        read_file(path)


def test_what_pillow_writes(tmp_path: Path) -> None:
    from PIL import Image, PngImagePlugin

    image = Image.new("RGB", (4, 4))
    info = PngImagePlugin.PngInfo()
    info.add_text("workflow", WORKFLOW)
    info.add_text("prompt", "{}")
    image.save(tmp_path / "a.png", pnginfo=info)
    assert read_file(tmp_path / "a.png").text == WORKFLOW
    exif = image.getexif()
    exif[0x0110] = "prompt:{}"
    exif[0x010F] = f"workflow:{WORKFLOW}"
    image.save(tmp_path / "a.webp", exif=exif)
    assert json.loads(read_file(tmp_path / "a.webp").text) == json.loads(WORKFLOW)


@pytest.mark.parametrize("suffix", ["mp4", "webm", "flac", "mkv"])
def test_containers(tmp_path: Path, suffix: str) -> None:
    import av
    import numpy as np

    path = tmp_path / f"a.{suffix}"
    options = {"movflags": "use_metadata_tags"} if suffix == "mp4" else {}
    with av.open(str(path), "w", options=options) as container:
        container.metadata["workflow"] = WORKFLOW
        if suffix == "flac":
            stream = container.add_stream("flac", rate=16000)
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.int16), format="s16", layout="mono")
            frame.sample_rate = 16000
        else:
            stream = container.add_stream({"webm": "libvpx-vp9"}.get(suffix, "mpeg4"), rate=25)
            stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
            frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8))
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    assert json.loads(read_file(path).text) == json.loads(WORKFLOW)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(WorkflowError):
        read_file(path)


def public_files() -> list[Path]:
    """Our examples and, where they are at hand, the public files that the project keeps beside the checkout."""
    return [*EXAMPLES, *sorted(DATA.glob("*.json")), *sorted((PACK.parent / "shared" / "workflows").glob("*.json"))]


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
