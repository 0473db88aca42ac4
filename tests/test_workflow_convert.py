"""Drawings into prompts, definitions from a server, and the snapshot that comes with the pack.

What the real canvas makes of the same drawings is compared in tests/browser.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from longtake.scripts.rules import engine
from longtake.scripts.workflow import snapshot
from longtake.scripts.workflow.convert import to_prompt
from longtake.scripts.workflow.definitions import committed, from_object_info, from_server
from longtake.scripts.workflow.document import read_data, read_text
from longtake.scripts.workflow.errors import WorkflowError
from ui_builder import WAYS, draw, ids_of

PROMPTS = [good for rule in engine.all_rules() for good in rule.good if good and "nodes" not in good]


def plain(prompt: dict[str, Any]) -> dict[str, Any]:
    return {key: (node["class_type"], node["inputs"]) for key, node in prompt.items()}


@pytest.mark.parametrize("way", ["drawn", *WAYS])
@pytest.mark.parametrize("number", range(0, len(PROMPTS), 3))
def test_a_drawn_prompt_comes_back(number: int, way: str) -> None:
    prompt = PROMPTS[number]
    if any(node["class_type"] not in committed() for node in prompt.values()):
        pytest.skip("A node's definition is not known.")
    drawing, names = draw(prompt), {name: str(place) for name, place in ids_of(prompt).items()}
    if way != "drawn":
        drawing, moved = WAYS[way](drawing)
        names = {name: moved[place] for name, place in names.items()}
    back = to_prompt(read_text(json.dumps(drawing)).graph)
    assert set(back) == set(names.values())
    for name, node in prompt.items():
        found = back[names[name]]
        assert found["class_type"] == node["class_type"]
        for key, value in node["inputs"].items():
            forced = {entry.name for entry in committed().inputs(node["class_type"]) or () if not entry.widget}
            if key in forced and not isinstance(value, list):
                continue  # the canvas has no place for a value of an input without a widget
            linked = isinstance(value, list) and value[0] in names
            assert found["inputs"][key] == ([names[value[0]], value[1]] if linked else value)


def test_a_prompt_stays_as_it_is() -> None:
    prompt = {"3:7": {"class_type": "A", "inputs": {"x": 1, "y": ["1", 0], "z": {"__value__": [1, 2]}}}, "1": {"class_type": "B", "inputs": {}}}  # fmt: skip
    assert plain(to_prompt(read_data(prompt).graph)) == plain(prompt)


def test_titles_are_kept() -> None:
    prompt = {"1": {"class_type": "LoadImage", "inputs": {"image": "a.png"}, "_meta": {"title": "portrait"}}}
    assert to_prompt(read_data(prompt).graph)["1"]["_meta"] == {"title": "portrait"}


INFO = {
    "Custom": {
        "input": {
            "required": {
                "image": ["IMAGE", {}],
                "seed": ["INT", {"default": 3}],
                "file": [["a.png"], {"image_upload": True}],
                "how": ["COMFY_DYNAMICCOMBO_V3", {"options": [{"key": "many", "inputs": {"required": {"seed": ["INT", {"default": 1}]}}}]}],
                "forced": ["INT", {"forceInput": True}],
            },
            "optional": {"last": ["STRING", {"default": "x"}]},
        },
        "output": ["IMAGE", ["a", "b"]],
        "output_name": ["picture", "choice"],
        "output_node": True,
    },
    "Paid": {"input": {}, "output": [], "api_node": True},
    "broken": 3,
}  # fmt: skip


def test_definitions_know_the_positions_of_widgets() -> None:
    known = from_object_info(INFO)
    values = [7, "randomize", "a.png", "image", "many", 9, "end"]
    node = {"id": 1, "type": "Custom", "inputs": [], "outputs": [], "widgets_values": values}
    graph = read_text(json.dumps({"nodes": [node], "links": []}), definitions=known).graph
    found = graph.nodes["1"]
    assert found.values == {
        "seed": 7, "control_after_generate": "randomize", "file": "a.png", "how": "many", "how.seed": 9, "last": "end",
    }  # fmt: skip
    assert known.outputs("Custom") == [["picture", "IMAGE"], ["choice", "COMBO"]]
    assert known.is_output("Custom")
    assert known.inputs("LoadImage"), "the committed ones are there too"


@pytest.fixture
def server() -> Iterator[str]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(INFO if self.path == "/object_info" else []).encode())

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()
        thread.join()


def test_a_live_server_gives_definitions(server: str) -> None:
    assert "Custom" in from_server(server + "/")
    with pytest.raises(WorkflowError, match="did not answer like ComfyUI"):
        from_server(server + "/elsewhere")


def test_the_snapshot_leaves_paid_nodes_out_and_is_sorted() -> None:
    written = json.loads(snapshot.text(INFO))
    assert "Custom" in written
    assert "Paid" not in written
    assert "TensorLoopOpen" in written, "what our server did not have is added"
    assert list(written) == sorted(written)
    for kind in json.loads((snapshot._HERE / "node_definitions.json").read_text(encoding="utf-8")):
        assert committed().inputs(kind) is not None
        assert committed().outputs(kind) is not None
