"""The example workflows: as the script makes them, consistent, and with nothing typed that the plan knows."""

import itertools
import json
from typing import Any

import pytest
from longtake.scripts import make_examples
from longtake.scripts.audit import main as audit
from longtake.scripts.canvas import Canvas
from longtake.scripts.workflow.definitions import committed
from longtake.scripts.workflow.widgets import positions

FILES = sorted(make_examples.contents())
TALKING_VIDEO = make_examples.FOLDER / "talking-video-wan-infinitetalk.json"
#: What the plan or the controller knows, and the node that may have it in a widget.
FROM_THE_PLAN = {"num_frames": "", "fps": "LongTakeFrameWindowPlanner", "seed": "LongTakeAudioLoopController"}


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def workflow(request: pytest.FixtureRequest) -> dict[str, Any]:
    return json.loads(request.param.read_text(encoding="utf-8"))


def test_the_files_are_what_the_script_makes() -> None:
    assert make_examples.main(["--check"]) == 0


def test_check_finds_a_file_that_differs(tmp_path, monkeypatch) -> None:  # noqa: ANN001
    monkeypatch.setattr(make_examples, "FOLDER", tmp_path)
    assert make_examples.main(["--check"]) == 1
    assert make_examples.main([]) == 0
    assert make_examples.main(["--check"]) == 0
    picture = tmp_path / TALKING_VIDEO.with_suffix(".jpg").name
    picture.write_bytes((tmp_path / "look-at-a-plan.jpg").read_bytes())
    assert make_examples.differing() == [picture.name]
    path = tmp_path / TALKING_VIDEO.name
    path.write_text(path.read_text(encoding="utf-8").replace("832", "833"), encoding="utf-8")
    assert make_examples.differing() == [path.name, picture.name]


def test_every_example_has_its_file_and_no_other_lies_there() -> None:
    assert sorted(make_examples.FOLDER.glob("*.json")) == FILES


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_audit_finds_nothing(path, capsys) -> None:  # noqa: ANN001
    assert audit([str(path)]) == 0, capsys.readouterr().out


def test_every_example_has_a_small_thumbnail() -> None:
    for path in FILES:
        assert 5_000 < path.with_suffix(".jpg").stat().st_size < 100_000


def test_every_link_is_known_at_both_ends_and_of_one_type(workflow: dict[str, Any]) -> None:
    nodes = {node["id"]: node for node in workflow["nodes"]}
    seen = set()
    for link, origin, origin_slot, target, target_slot, kind in workflow["links"]:
        output = nodes[origin]["outputs"][origin_slot]
        taken = nodes[target]["inputs"][target_slot]
        assert link in output["links"]
        assert taken["link"] == link
        assert output["type"] == taken["type"] == kind
        assert nodes[origin]["order"] < nodes[target]["order"]
        seen.add(link)
    assert len(seen) == len(workflow["links"]) == workflow["last_link_id"]
    drawn = [taken["link"] for node in nodes.values() for taken in node["inputs"] if taken["link"] is not None]
    given = [link for node in nodes.values() for output in node["outputs"] for link in output["links"] or ()]
    assert sorted(drawn) == sorted(given) == sorted(seen)


def test_every_node_is_known_and_holds_a_value_for_every_widget(workflow: dict[str, Any]) -> None:
    for node in workflow["nodes"]:
        if node["type"] == "MarkdownNote":
            continue
        inputs = committed().inputs(node["type"])
        assert inputs is not None, node["type"]
        assert {slot["name"] for slot in node["inputs"]} == {entry.name for entry in inputs}
        drawn = [(slot["name"], slot["type"]) for slot in node["outputs"]]
        assert drawn == [(name, kind) for name, kind in committed().outputs(node["type"]) or ()]
        values = node["widgets_values"]
        assert len(values) == len(list(positions(inputs, values)))
        linked = {slot["name"] for slot in node["inputs"] if slot["link"] is not None}
        assert {entry.name for entry in inputs if not entry.widget and not entry.optional} <= linked


def test_nothing_is_typed_that_the_plan_knows() -> None:
    workflow = json.loads(TALKING_VIDEO.read_text(encoding="utf-8"))
    for node in workflow["nodes"]:
        for slot in node["inputs"]:
            if slot["name"] in FROM_THE_PLAN and FROM_THE_PLAN[slot["name"]] != node["type"]:
                assert slot["link"] is not None, (node["type"], slot["name"])


@pytest.mark.parametrize(
    ("node", "name", "source", "output"),
    [
        ("LongTakeWav2VecEmbeds", "plan", "LongTakeFrameWindowPlanner", "plan"),
        ("LongTakeWav2VecEmbeds", "audio", "MelBandRoFormerSampler", "vocals"),
        ("WanVideoImageToVideoEncode", "num_frames", "LongTakeFrameWindowPlanner", "window_length"),
        ("WanVideoImageToVideoEncode", "width", "GetImageSize", "width"),
        ("WanVideoImageToVideoEncode", "height", "GetImageSize", "height"),
        ("WanVideoSampler", "seed", "LongTakeAudioLoopController", "seed"),
        ("WanVideoSampler", "text_embeds", "LongTakeWindowEmbedsWan", "text_embeds"),
        ("LongTakeFrameWindowPlanner", "audio", "LoadAudio", "AUDIO"),
        ("LongTakeColorMatch", "frames", "WanVideoDecode", "images"),
        ("LongTakeKeepWindow", "frames", "LongTakeColorMatch", "frames"),
    ],
)
def test_what_is_linked_comes_from_its_source(node: str, name: str, source: str, output: str) -> None:
    workflow = json.loads(TALKING_VIDEO.read_text(encoding="utf-8"))
    nodes = {one["id"]: one for one in workflow["nodes"]}
    (taken,) = (slot for one in nodes.values() if one["type"] == node for slot in one["inputs"] if slot["name"] == name)
    (origin, slot) = next(link[1:3] for link in workflow["links"] if link[0] == taken["link"])
    assert (nodes[origin]["type"], nodes[origin]["outputs"][slot]["name"]) == (source, output)


def test_nodes_lie_apart_and_within_their_group(workflow: dict[str, Any]) -> None:
    boxes = [(*node["pos"], *node["size"]) for node in workflow["nodes"]]
    for (x, y, width, height), (other_x, other_y, other_width, other_height) in itertools.combinations(boxes, 2):
        apart = x + width <= other_x or other_x + other_width <= x
        assert apart or y + height <= other_y - 30 or other_y + other_height <= y - 30
    for x, y, width, height in boxes:
        assert any(
            left <= x and top <= y - 30 and x + width <= left + wide and y + height <= top + high
            for left, top, wide, high in (group["bounding"] for group in workflow["groups"])
        )


def test_the_notes_name_every_model_file_with_its_folder_and_no_address(workflow: dict[str, Any]) -> None:
    text = "\n".join(str(node["widgets_values"][0]) for node in workflow["nodes"] if node["type"] == "MarkdownNote")
    assert "http" not in text
    if workflow["id"] == json.loads(TALKING_VIDEO.read_text(encoding="utf-8"))["id"]:
        for folder, names in make_examples.MODELS.items():
            assert f"**{folder}**" in text
            assert all(name in text for name in names)


def test_the_size_fills_whole_patches() -> None:
    workflow = json.loads(TALKING_VIDEO.read_text(encoding="utf-8"))
    (scale,) = (node for node in workflow["nodes"] if node["type"] == "ImageScale")
    _, width, height, _ = scale["widgets_values"]
    assert width % 16 == height % 16 == 0


def test_a_description_that_does_not_fit_the_definitions_is_refused() -> None:
    group = Canvas("test").group("group", lane=0)
    sound = group.add("LoadAudio", audio="speech.wav")
    with pytest.raises(KeyError, match="no input sound"):
        group.add("LongTakeFrameWindowPlanner", sound=sound["AUDIO"])
    with pytest.raises(ValueError, match="audio must be linked"):
        group.add("LongTakeFrameWindowPlanner")
    with pytest.raises(TypeError, match="takes IMAGE"):
        group.add("GetImageSize", image=sound["AUDIO"])
    with pytest.raises(ValueError, match="no default"):
        group.add("LoadAudio")
    with pytest.raises(KeyError, match="no output"):
        sound["sound"]
    with pytest.raises(KeyError, match="have no LongTakeNothing"):
        group.add("LongTakeNothing")
