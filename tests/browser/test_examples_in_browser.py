"""The example workflows on a real canvas, and validated by a real server with the packs that they need."""

import json
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser.canvas_page import CanvasPage
from host.client import PromptRefused
from host.server import Server
from longtake.scripts import make_examples
from PIL import Image

PACKS = ["ComfyUI-WanVideoWrapper", "ComfyUI-MelBandRoFormer"]
PLAN, TALKING_VIDEO = "look-at-a-plan", "talking-video-wan-infinitetalk"
BYPASSED = 4


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Server]) -> Server:
    server = start_server(packs=PACKS)
    for folder, names in make_examples.MODELS.items():
        (server.models / folder).mkdir(parents=True, exist_ok=True)
        for name in names:
            (server.models / folder / name).touch()
    Image.fromarray(np.full((640, 480, 3), 128, np.uint8)).save(server.input / make_examples.PICTURE)
    with wave.open(str(server.input / make_examples.SOUND), "wb") as sound:
        sound.setparams((1, 2, 16000, 0, "NONE", ""))
        sound.writeframes((8000 * np.sin(np.arange(16000 * 9) / 12)).astype("<i2").tobytes())
    return server


@pytest.fixture
def canvas(open_canvas: Callable[..., CanvasPage], server: Server) -> CanvasPage:
    return open_canvas(server)


def example(name: str) -> dict[str, Any]:
    return json.loads((make_examples.FOLDER / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", [PLAN, TALKING_VIDEO])
def test_it_loads_without_a_missing_node_or_link(canvas: CanvasPage, name: str) -> None:
    workflow = example(name)
    canvas.load(workflow)
    canvas.show()
    canvas.picture(name)
    assert canvas.missing() == []
    assert sorted(canvas.types()) == sorted(node["type"] for node in workflow["nodes"])
    nodes = {node["id"]: node for node in workflow["nodes"]}
    prompt = canvas.prompt()
    for _, origin, slot, target, taken, _ in workflow["links"]:
        if BYPASSED not in (nodes[origin]["mode"], nodes[target]["mode"]):
            assert prompt[str(target)]["inputs"][nodes[target]["inputs"][taken]["name"]] == [str(origin), slot]


def test_the_voice_is_not_separated_until_that_is_switched_on(canvas: CanvasPage) -> None:
    workflow = example(TALKING_VIDEO)
    canvas.load(workflow)
    ids = {node["type"]: str(node["id"]) for node in workflow["nodes"]}
    embeds, separated = ids["LongTakeWav2VecEmbeds"], ids["MelBandRoFormerSampler"]
    assert canvas.prompt()[embeds]["inputs"]["audio"] == [ids["LoadAudio"], 0]
    for node in workflow["nodes"]:
        node["mode"] = 0
    canvas.load(workflow)
    prompt = canvas.prompt()
    assert prompt[embeds]["inputs"]["audio"] == [separated, 0]
    assert prompt[ids["LongTakeFrameWindowPlanner"]]["inputs"]["audio"] == [ids["LoadAudio"], 0]


def test_the_plan_runs(canvas: CanvasPage, server: Server) -> None:
    canvas.load(example(PLAN))
    prompt_id = server.run(canvas.prompt())
    assert server.status(prompt_id) == "success"


@pytest.mark.parametrize("separated", [False, True])
def test_the_talking_video_validates_and_gets_as_far_as_the_empty_models(
    canvas: CanvasPage, server: Server, separated: bool
) -> None:
    workflow = example(TALKING_VIDEO)
    if separated:
        for node in workflow["nodes"]:
            node["mode"] = 0
    canvas.load(workflow)
    prompt_id = server.run(canvas.prompt())
    # Which of the nodes that read a model comes first is the executor's choice.
    assert server.error(prompt_id)["node_type"].endswith(("Loader", "TextEncodeCached"))


def test_a_model_file_that_is_not_there_is_noticed(canvas: CanvasPage, server: Server) -> None:
    canvas.load(example(TALKING_VIDEO))
    prompt = canvas.prompt()
    path = server.models / "vae" / make_examples.MODELS["vae"][0]
    path.unlink()
    try:
        with pytest.raises(PromptRefused, match=Path(path).stem):
            server.queue(prompt)
    finally:
        path.touch()
