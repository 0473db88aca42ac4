"""Our converter against the canvas itself: the same prompt from the same workflow."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser.canvas_page import CanvasPage
from host.server import Server
from longtake.scripts.rules import engine
from longtake.scripts.workflow.convert import to_prompt
from longtake.scripts.workflow.definitions import Definitions, from_object_info
from longtake.scripts.workflow.document import read_text
from ui_builder import WAYS, draw

PACKS = [
    "ComfyUI-KJNodes",
    "ComfyUI-NativeLooping_testing",
    "ComfyUI-WanVideoWrapper",
    "ComfyUI-MelBandRoFormer",
    "ComfyUI-VideoHelperSuite",
]
EXAMPLES = sorted((Path(__file__).parents[2] / "example_workflows").glob("*.json"))
#: Rules whose examples have only nodes of core, these packs and ours.
RULES = ("preprocess-symmetry", "iteration-independent-work-in-loop", "unaligned-length", "hand-set-length")


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Server]) -> Server:
    return start_server(packs=PACKS)


@pytest.fixture(scope="module")
def definitions(server: Server) -> Definitions:
    return from_object_info(server.get("/object_info"))


@pytest.fixture(scope="module")
def canvas(chromium: Any, server: Server) -> CanvasPage:
    return CanvasPage(chromium.new_page(), server.address, vue_nodes=False)


def check(canvas: CanvasPage, definitions: Definitions, workflow: dict[str, Any]) -> None:
    canvas.load(workflow)
    known = set(canvas.page.evaluate("() => Object.keys(LiteGraph.registered_node_types)"))
    graph = read_text(json.dumps(workflow), definitions=definitions).graph
    for node in graph.running():
        assert node.type in known
    theirs = {key: (node["class_type"], node["inputs"]) for key, node in canvas.prompt().items()}
    ours = {key: (node["class_type"], node["inputs"]) for key, node in to_prompt(graph).items()}
    assert ours == theirs


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_our_examples(canvas: CanvasPage, definitions: Definitions, path: Path) -> None:
    check(canvas, definitions, json.loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("way", ["drawn", *WAYS])
@pytest.mark.parametrize("name", RULES)
def test_drawings(canvas: CanvasPage, definitions: Definitions, name: str, way: str) -> None:
    if name == "preprocess-symmetry" and way in ("with Reroutes", "with Set and Get"):
        pytest.skip("The canvas cuts a link from an output that takes its type from its input to a Reroute or SetNode.")
    rule = next(rule for rule in engine.all_rules() if rule.name == name)
    drawing = draw(rule.good[0])
    if way != "drawn":
        drawing, _ = WAYS[way](drawing)
    check(canvas, definitions, drawing)


@pytest.mark.parametrize("mode", [2, 4])
def test_muted_and_bypassed(canvas: CanvasPage, definitions: Definitions, mode: int) -> None:
    rule = next(rule for rule in engine.all_rules() if rule.name == "preprocess-symmetry")
    drawing = copy.deepcopy(draw(rule.good[0]))
    for node in drawing["nodes"]:
        if node["type"] in ("LTXVPreprocess", "ImageResizeKJv2"):
            node["mode"] = mode
    check(canvas, definitions, drawing)


def test_primitives_and_promoted_values(canvas: CanvasPage, definitions: Definitions) -> None:
    keys = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
    links = [(1, -10, 0, 1, 0, "IMAGE"), (2, 1, 0, -20, 0, "IMAGE"), (3, -10, 1, 1, 1, "FLOAT")]
    inner = {
        "id": "4fb5a3d1-3f6f-4c2b-9e5e-0d6f0f9d3c11", "version": 1, "name": "inside", "revision": 0, "config": {},
        "state": {"lastGroupId": 0, "lastNodeId": 1, "lastLinkId": 3, "lastRerouteId": 0},
        "inputNode": {"id": -10, "bounding": [-200, 0, 120, 80]}, "outputNode": {"id": -20, "bounding": [500, 0, 120, 60]},
        "inputs": [
            {"id": "4fb5a3d1-3f6f-4c2b-9e5e-0d6f0f9d3c21", "name": "image", "type": "IMAGE", "linkIds": [1]},
            {"id": "4fb5a3d1-3f6f-4c2b-9e5e-0d6f0f9d3c22", "name": "scale_by", "type": "FLOAT", "linkIds": [3]},
        ],
        "outputs": [{"id": "4fb5a3d1-3f6f-4c2b-9e5e-0d6f0f9d3c23", "name": "IMAGE", "type": "IMAGE", "linkIds": [2]}],
        "widgets": [], "groups": [], "extra": {},
        "links": [dict(zip(keys, link, strict=True)) for link in links],
        "nodes": [{
            "id": 1, "type": "ImageScaleBy", "pos": [0, 0], "size": [200, 80], "flags": {}, "order": 0, "mode": 0, "properties": {},
            "inputs": [{"name": "image", "type": "IMAGE", "link": 1}, {"name": "scale_by", "type": "FLOAT", "widget": {"name": "scale_by"}, "link": 3}],
            "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [2]}], "widgets_values": ["area", 1.5],
        }],
    }  # fmt: skip
    common = {"pos": [0, 0], "size": [200, 80], "flags": {}, "order": 0, "mode": 0, "properties": {}}
    workflow = {
        "version": 0.4, "last_node_id": 5, "last_link_id": 4, "groups": [], "config": {}, "extra": {},
        "definitions": {"subgraphs": [inner]},
        "nodes": [
            {**common, "id": 2, "type": "EmptyImage", "inputs": [{"name": "width", "type": "INT", "widget": {"name": "width"}, "link": 1}], "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [2]}], "widgets_values": [512, 512, 1, 0]},
            {**common, "id": 3, "type": "PrimitiveNode", "inputs": [], "outputs": [{"name": "INT", "type": "INT", "links": [1], "widget": {"name": "width"}}], "widgets_values": [320, "fixed"]},
            {**common, "id": 4, "type": inner["id"], "inputs": [{"name": "image", "type": "IMAGE", "link": 2}, {"name": "scale_by", "type": "FLOAT", "widget": {"name": "scale_by"}, "link": None}], "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [3]}], "widgets_values": [2.5]},
            {**common, "id": 5, "type": "PreviewImage", "inputs": [{"name": "images", "type": "IMAGE", "link": 3}], "outputs": [], "widgets_values": []},
        ],
        "links": [[1, 3, 0, 2, 0, "INT"], [2, 2, 0, 4, 0, "IMAGE"], [3, 4, 0, 5, 0, "IMAGE"]],
    }  # fmt: skip
    check(canvas, definitions, workflow)
