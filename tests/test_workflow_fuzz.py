"""Whatever a file holds: an answer or one sentence, in bounded time and memory; and fixes that break no link."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from drawings import WORKFLOW, png
from fuzz_workflow import exercise, mutate, once
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from longtake.scripts.rules import engine
from longtake.scripts.workflow.document import read_file, read_text
from longtake.scripts.workflow.editor import apply
from longtake.scripts.workflow.edits import Connect
from longtake.scripts.workflow.errors import WorkflowError
from longtake.scripts.workflow.graph import Broken, Graph
from ui_builder import WAYS, draw

RULES = engine.all_rules()
EXAMPLES = [bad for rule in RULES for bad, _ in rule.bad]
DRAWINGS = [json.dumps(example if "nodes" in example else draw(example)) for example in EXAMPLES]

#: What an hour of fuzzing found, each once a traceback: mended, and kept.
FOUND = {
    "links of an output are a number": '{"nodes": [{"id": 1, "type": "A", "inputs": [{"name": "x", "link": null}], "outputs": [{"name": "y", "type": "*", "links": 7}]}], "links": []}',
    "an output is a number": '{"nodes": [{"id": 1, "type": "A", "inputs": [{"name": "x", "link": null}], "outputs": [7]}], "links": []}',
    "an input is a number": '{"nodes": [{"id": 1, "type": "A", "inputs": [7, {"name": "x", "link": 1}], "outputs": []}], "links": [[1, 1, 0, 1, 0, "*"]]}',
    "a negative slot": '{"nodes": [{"id": 1, "type": "LoadImage", "outputs": [{"name": "IMAGE", "type": "IMAGE"}]}, {"id": 2, "type": "PreviewImage", "inputs": [{"name": "images", "type": "IMAGE", "link": 1}]}], "links": [[1, 1, -10, 2, 0, "IMAGE"]]}',
    "inputs of a subgraph are a number": '{"nodes": [{"id": 1, "type": "s", "inputs": [], "widgets_values": [1]}], "links": [], "definitions": {"subgraphs": [{"id": "s", "nodes": [], "links": [], "inputs": 1.5}]}}',
    "a number that no float can hold": '{"1": {"class_type": "MultiTalkModelLoader", "inputs": {}}, "2": {"class_type": "WanVideoSampler", "inputs": {"cfg": 1' + "0" * 400 + "}}}",
    "a sound cut to nothing": '{"1": {"class_type": "TrimAudioDuration", "inputs": {"duration": 0}}, "2": {"class_type": "AudioLoopController", "inputs": {"audio": ["1", 0], "current_iteration": ["3", 3], "window_seconds": 19.88, "overlap_seconds": 2, "fps": 25}}, "3": {"class_type": "TensorForLoopOpen", "inputs": {"count": 4, "x": 1}}}',
    "a negative slot in a prompt": '{"1": {"class_type": "LoadImage", "inputs": {}}, "2": {"class_type": "VAEEncode", "inputs": {"pixels": ["1", -3]}}}',
}  # fmt: skip


@pytest.mark.parametrize("text", FOUND.values(), ids=FOUND.keys())
def test_what_fuzzing_found(text: str) -> None:
    for seed in range(20):
        exercise(read_text(text), random.Random(seed))
    document = read_text(text)
    path = list(document.graph.nodes)[-1]
    for source in document.graph.nodes:
        try:
            _ = apply(document, [Connect(path, "x", source)]).graph
        except WorkflowError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("start", range(0, 60, 20))
def test_mutated_workflows_give_an_answer_or_one_sentence(start: int) -> None:
    for seed in range(start, start + 20):
        problem = once(DRAWINGS[seed % len(DRAWINGS)], seed)
        assert problem is None, f"seed {seed}: {problem}"


names = st.sampled_from(["LoadImage", "LTXVPreprocess", "Reroute", "SetNode", "GetNode", "PrimitiveNode", "TensorForLoopOpen", "TensorForLoopClose", "VHS_VideoCombine", "s", "t"])  # fmt: skip


@st.composite
def canvases(draw_: Any) -> dict[str, Any]:
    """Workflows with any links between any nodes, inside and outside two subgraphs that may hold each other."""

    def level() -> dict[str, Any]:
        count = draw_(st.integers(1, 6))
        numbers = st.integers(-2, count)
        nodes = [
            {
                "id": number,
                "type": draw_(names),
                "mode": draw_(st.sampled_from([0, 0, 0, 2, 4])),
                "inputs": [{"name": f"i{n}", "type": "IMAGE", "link": draw_(st.none() | st.integers(0, 8))} for n in range(draw_(st.integers(0, 3)))],
                "outputs": [{"name": "o", "type": "IMAGE", "links": []}],
                "widgets_values": draw_(st.lists(st.sampled_from(["a", "b", 1, None, "fixed"]), max_size=3)),
            }
            for number in range(count)
        ]  # fmt: skip
        links = [
            [n, draw_(st.sampled_from([-10, -20]) | numbers), draw_(numbers), draw_(st.sampled_from([-20]) | numbers), draw_(numbers), "IMAGE"]
            for n in range(draw_(st.integers(0, 8)))
        ]  # fmt: skip
        return {"nodes": nodes, "links": links}

    wall = [{"name": "i0", "type": "IMAGE", "linkIds": [0, 1]}]
    subgraphs = [{"id": name, "name": name, "inputs": wall, "outputs": wall, **level()} for name in ("s", "t")]
    return {**level(), "definitions": {"subgraphs": subgraphs}, "version": 0.4}


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=canvases(), seed=st.integers(0, 10_000))
def test_any_graph_is_read_audited_and_edited(data: dict[str, Any], seed: int) -> None:
    try:
        exercise(read_text(json.dumps(data)), random.Random(seed))
    except WorkflowError as error:
        assert "\n" not in str(error)


def broken_links(graph: Graph) -> set[tuple[str, str]]:
    return {
        (node.path, name)
        for node, arriving in graph.arrivals.items()
        for name, source in arriving
        if isinstance(source, Broken)
    }


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    number=st.integers(0, len(EXAMPLES) - 1),
    ways=st.lists(st.sampled_from(sorted(WAYS)), max_size=3, unique=True),
    seed=st.none() | st.integers(0, 10_000),
)
def test_a_fix_never_breaks_a_link(number: int, ways: list[str], seed: int | None) -> None:
    drawing = json.loads(DRAWINGS[number])
    for way in sorted(ways, key=lambda name: name == "in a subgraph"):
        drawing, _ = WAYS[way](drawing)
    if seed is not None:
        drawing = mutate(drawing, random.Random(seed))
    try:
        document = read_text(json.dumps(drawing))
        before = broken_links(document.graph)
    except WorkflowError:
        return
    mended = engine.mend(document, RULES, unsafe=True)
    after = mended.document.graph
    assert broken_links(after) <= before
    if seed is None:
        _check_ends(json.loads(mended.document.text))


def _check_ends(data: dict[str, Any]) -> None:
    """Every link is known to both of its ends, in every scope."""
    for scope in (data, *data.get("definitions", {}).get("subgraphs", [])):
        nodes = {node["id"]: node for node in scope["nodes"]}
        for link in scope["links"]:
            keys = ("id", "origin_id", "origin_slot", "target_id", "target_slot")
            number, origin, slot, target, _ = link[:5] if isinstance(link, list) else [link[key] for key in keys]
            if origin in nodes:
                assert number in (nodes[origin]["outputs"][slot]["links"] or []), f"link {number} is not at its start"
            if target in nodes:
                assert number in [entry.get("link") for entry in nodes[target]["inputs"]], (
                    f"link {number} is not at its end"
                )
        ends = [
            entry["link"]
            for node in nodes.values()
            for entry in node.get("inputs", [])
            if entry.get("link") is not None
        ]
        assert len(ends) == len(set(ends)), "two inputs have one link"


@pytest.mark.parametrize("suffix", ["png", "webp", "flac", "mp4"])
def test_broken_media_give_one_sentence(tmp_path: Path, suffix: str) -> None:
    raw = _media(tmp_path / f"whole.{suffix}")
    pick = random.Random(suffix)
    path = tmp_path / f"broken.{suffix}"
    for _ in range(150):
        data = bytearray(raw)
        for _ in range(pick.choice((1, 3, 20))):
            data[pick.randrange(min(len(data), 400))] = pick.randrange(256)
        path.write_bytes(data[: pick.choice((len(data), pick.randrange(len(data))))])
        try:
            _ = read_file(path, "broken").graph
        except WorkflowError as error:
            assert "\n" not in str(error)


def _media(path: Path) -> bytes:
    import av
    import numpy as np
    from PIL import Image

    if path.suffix == ".png":
        return png([(b"tEXt", b"workflow\0" + WORKFLOW.encode("latin-1")), (b"zTXt", b"prompt\0\0x")])
    if path.suffix == ".webp":
        image = Image.new("RGB", (4, 4))
        exif = image.getexif()
        exif[0x010F] = f"workflow:{WORKFLOW}"
        image.save(path, exif=exif)
        return path.read_bytes()
    options = {"movflags": "use_metadata_tags"} if path.suffix == ".mp4" else {}
    with av.open(str(path), "w", options=options) as container:
        container.metadata["workflow"] = WORKFLOW
        codec = "flac" if path.suffix == ".flac" else "aac"
        stream = container.add_stream(codec, rate=16000)
        samples = np.zeros((1, 1024), np.int16 if codec == "flac" else np.float32)
        frame = av.AudioFrame.from_ndarray(samples, format="s16" if codec == "flac" else "fltp", layout="mono")
        frame.sample_rate = 16000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return path.read_bytes()


def test_a_bomb_in_a_picture_is_refused(tmp_path: Path) -> None:
    import zlib

    path = tmp_path / "bomb.png"
    path.write_bytes(png([(b"zTXt", b"workflow\0\0" + zlib.compress(b" " * 80_000_000, 9))]))
    with pytest.raises(WorkflowError, match="more than"):
        read_file(path)


def test_a_long_chain_is_followed_in_bounded_time() -> None:
    count = 20_000
    nodes = [{"id": 0, "type": "LoadImage", "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [0]}]}]
    nodes += [{"id": n, "type": "Reroute", "inputs": [{"name": "", "type": "*", "link": n - 1}], "outputs": [{"name": "", "type": "*", "links": [n]}]} for n in range(1, count)]  # fmt: skip
    nodes.append(
        {"id": count, "type": "PreviewImage", "inputs": [{"name": "images", "type": "IMAGE", "link": count - 1}]}
    )
    links = [[n, n, 0, n + 1, 0, "IMAGE"] for n in range(count)]
    begin = time.process_time()
    graph = read_text(json.dumps({"nodes": nodes, "links": links})).graph
    feeder = graph.nodes[str(count)].feeder("images")
    assert feeder is graph.nodes["0"]
    engine.audit(graph)
    assert time.process_time() - begin < 10


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory limits are read on Linux")
def test_a_file_of_20_mb_takes_a_few_times_its_data(tmp_path: Path) -> None:
    """Peak memory of an audit against that of json.loads alone, each in a process of its own."""
    path = tmp_path / "large.json"
    drawing = json.loads(DRAWINGS[0])
    note = {"id": 0, "type": "Note", "inputs": [], "outputs": [], "mode": 0, "widgets_values": ["x" * 400]}
    drawing["nodes"] += [{**note, "id": 10_000 + n} for n in range(40_000)]
    path.write_text(json.dumps(drawing))
    assert 19e6 < path.stat().st_size < 25e6

    def peak(code: str) -> int:
        full = (
            f"import sys\n{code}\nprint(next(line for line in open('/proc/self/status') if 'VmHWM' in line).split()[1])"
        )
        done = subprocess.run(
            [sys.executable, "-c", full, str(path)], capture_output=True, text=True, check=True, env=os.environ
        )
        return int(done.stdout.split()[-1])

    parsed = peak("import json; data = json.load(open(sys.argv[1]))")
    audited = peak("from longtake.scripts import audit; audit.main([sys.argv[1], '--format', 'json'])")
    assert parsed < audited < 4 * parsed
