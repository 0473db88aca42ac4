"""A take as a person makes it: queued from the canvas, watched in the nodes, its video dropped back on the canvas."""

from collections.abc import Callable
from typing import Any

import pytest
from browser.canvas_page import CanvasPage
from host.server import REPOSITORY, Server
from longtake.scripts.canvas import Canvas
from longtake.scripts.workflow.definitions import from_object_info

PLANNER, CONTROLLER, KEEP = "LongTakeFrameWindowPlanner", "LongTakeAudioLoopController", "LongTakeKeepWindow"
SECONDS, RATE, WINDOWS = 3, 16000, 3


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Server]) -> Server:
    return start_server()


def small_take(server: Server, take: str) -> dict[str, Any]:
    """Three windows of 33 frames, painted instead of sampled."""
    canvas = Canvas(take, from_object_info(server.get("/object_info")))
    group = canvas.group("A small take", lane=0)
    sound = group.add("LongTakeTestAudio", samples=SECONDS * RATE, sample_rate=RATE)
    model = group.add("LongTakeTestLoader")
    picture = group.add("LongTakeTestImage", width=320, height=240)
    plan = group.add(PLANNER, column=1, wide=520, taller=240, audio=sound["AUDIO"], window=33, overlap=9)
    control = group.add(CONTROLLER, column=1, plan=plan["plan"], start_image=picture["IMAGE"], take=take, seed=3)
    sampled = group.add(
        "LongTakeTestSampler", column=2, model=model["LONGTAKE_TEST_MODEL"], window=control["window"], width=320,
        height=240, seconds=1.0, seed=control["seed"],
    )  # fmt: skip
    group.add(KEEP, column=2, wide=440, taller=400, window=control["window"], frames=sampled["frames"])
    return canvas.as_dict()


@pytest.mark.parametrize("vue_nodes", [False, True], ids=["canvas", "vue"])
def test_a_take_is_made_shown_and_found_again(
    open_canvas: Callable[..., CanvasPage], server: Server, vue_nodes: bool
) -> None:
    name = "in vue nodes" if vue_nodes else "on the canvas"
    canvas = open_canvas(server, vue_nodes=vue_nodes)
    canvas.load(small_take(server, name))
    asked = canvas.prompt()
    loaded, painted = len(server.records("loader")), len(server.records("sampler"))
    canvas.queue()
    server.wait_for(lambda: canvas.outputs(KEEP).get("images"), what="the first window's preview")
    first = canvas.outputs(KEEP)
    canvas.show()
    canvas.picture(f"window {name}")
    assert first["text"][0].startswith(f"{name}: window ")
    assert first["text"][0].endswith(" left")
    assert first["images"][0]["subfolder"].startswith(f"longtake/{name}/0001/windows/0000")

    server.wait_for(lambda: finished(canvas), what="the finished video in the node")
    server.wait()
    canvas.show()
    canvas.picture(f"finished {name}")
    done = f"{name}: all {WINDOWS} windows are there"
    assert canvas.outputs(KEEP)["text"] == [done]
    for kind in (KEEP, CONTROLLER):
        assert canvas.progress(kind) == done
    assert [record["index"] for record in server.records("sampler")[painted:]] == list(range(WINDOWS))
    assert len(server.records("loader")[loaded:]) == (0 if loaded else 1)

    canvas.show(PLANNER)
    canvas.picture(f"planner {name}")
    assert shown_picture(canvas, vue_nodes) == 1024
    canvas.show(KEEP)
    canvas.picture(f"keep {name}")
    assert shown_video_seconds(canvas, f"{name}_0001.mp4") == pytest.approx(SECONDS, abs=0.05)

    canvas.load({"nodes": [], "links": [], "version": 0.4})
    assert canvas.types() == []
    canvas.drop(server.output / "longtake" / name / f"{name}_0001.mp4", "video/mp4")
    assert canvas.prompt() == asked


def finished(canvas: CanvasPage) -> bool:
    """Keep Window shows a file that is not one window."""
    images = canvas.outputs(KEEP).get("images", [])
    return bool(images) and "windows" not in images[0]["subfolder"]


def shown_picture(canvas: CanvasPage, vue_nodes: bool) -> int:
    """Width of the picture that the planner's node really shows."""
    node = f"window.app.graph.nodes.find(node => node.type === '{PLANNER}')"
    drawn = f"document.querySelector(`[data-node-id='${{{node}.id}}'] img`)"
    found = drawn if vue_nodes else f"{node}.imgs?.[0]"
    canvas.page.wait_for_function(f"() => {found}?.naturalWidth > 0")
    return int(canvas.page.evaluate(f"() => {found}.naturalWidth"))


def shown_video_seconds(canvas: CanvasPage, file: str) -> float:
    """How long the video is that a player on the page holds."""
    shows = f"decodeURIComponent(video.currentSrc).replaceAll('+', ' ').includes({file!r})"
    found = f"[...document.querySelectorAll('video')].find(video => {shows} && video.duration > 0)"
    canvas.page.wait_for_function(f"() => {found}")
    return float(canvas.page.evaluate(f"() => {found}.duration"))


@pytest.mark.parametrize("kind", [PLANNER, CONTROLLER, KEEP])
def test_a_node_has_a_help_page(open_canvas: Callable[..., CanvasPage], server: Server, kind: str) -> None:
    canvas = open_canvas(server)
    canvas.load(small_take(server, "never queued"))
    canvas.show(kind)
    canvas.select(kind)
    canvas.page.get_by_test_id("info-button").click()
    page = (REPOSITORY / "web" / "docs" / f"{kind}.md").read_text(encoding="utf-8")
    canvas.page.get_by_text(page.split("\n", 1)[0], exact=True).wait_for()
    canvas.page.get_by_role("heading", name="If something is wrong").wait_for(state="attached")
    canvas.picture(f"help {kind}")


def test_the_examples_are_among_the_templates(open_canvas: Callable[..., CanvasPage], server: Server) -> None:
    names = server.get("/workflow_templates")["longtake"]
    assert sorted(names) == sorted(path.stem for path in (REPOSITORY / "example_workflows").glob("*.json"))
    canvas = open_canvas(server)
    canvas.page.evaluate("() => window.app.extensionManager.command.execute('Comfy.BrowseTemplates')")
    canvas.page.get_by_text("longtake", exact=True).last.click()
    for name in names:
        canvas.page.get_by_text(name, exact=True).wait_for()
    thumbnails = "[...document.images].filter(image => image.naturalWidth === 640).length"
    canvas.page.wait_for_function(f"() => {thumbnails} === {len(names)}")
    canvas.picture("templates")
