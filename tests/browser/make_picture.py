"""Make the README's picture: a real take on a real canvas, painted by the demo's painter in place of a model.

``COMFYUI_PATH=... python tests/browser/make_picture.py`` writes example_workflows/a-take-on-the-canvas.jpg.
"""

import io
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from browser.canvas_page import CanvasPage
from host.server import REPOSITORY, Server
from longtake.scripts.canvas import Canvas
from longtake.scripts.make_assets import PORTRAIT, SPEECH
from longtake.scripts.workflow.definitions import from_object_info
from PIL import Image
from playwright.sync_api import Page, sync_playwright

PAINTER_PACK = Path(__file__).with_name("painter_pack")
TARGET = REPOSITORY / "example_workflows" / "a-take-on-the-canvas.jpg"
KEEP, SHOWN_SECOND = "LongTakeKeepWindow", 0.4


def workflow(server: Server) -> dict[str, Any]:
    """The portrait and the speech that come with the pack, through all that a take needs."""
    with Image.open(PORTRAIT) as file:
        mouth, eyes = str(file.info["mouth"]), str(file.info["eyes"])
    canvas = Canvas("a-take", from_object_info(server.get("/object_info")))
    group = canvas.group("A take: the graph makes one window and queues itself for the next", lane=0)
    picture = group.add("LoadImage", image=PORTRAIT.name, wide=300, taller=300)
    sound = group.add("LoadAudio", audio=SPEECH.name, wide=300, taller=40)
    plan = group.add("LongTakeFrameWindowPlanner", column=1, wide=560, taller=210, audio=sound["AUDIO"])
    control = group.add(
        "LongTakeAudioLoopController", column=1, wide=560, taller=50, plan=plan["plan"], start_image=picture["IMAGE"],
        take="hello", seed=7,
    )  # fmt: skip
    painted = group.add(
        "LongTakeTestPainter", column=2, wide=480, window=control["window"], image=picture["IMAGE"],
        audio=sound["AUDIO"], seed=control["seed"], mouth=mouth, eyes=eyes,
    )  # fmt: skip
    group.add(KEEP, column=2, wide=480, taller=600, window=control["window"], frames=painted["frames"])
    return canvas.as_dict()


def photograph(page: Page, server: Server) -> Image.Image:
    """Make the take, and take the picture while its video shows an open mouth."""
    canvas = CanvasPage(page, server.address, vue_nodes=False)
    canvas.load(workflow(server))
    canvas.queue()
    server.wait_for(lambda: "hello_0001.mp4" in str(canvas.outputs(KEEP)), what="the finished video", timeout=600)
    server.wait()
    page.wait_for_timeout(8000)  # until what the page announces is gone
    canvas.show()
    seek = "second => document.querySelectorAll('video').forEach(video => { video.currentTime = second })"
    page.evaluate(seek, SHOWN_SECOND)
    page.wait_for_timeout(1500)
    return Image.open(io.BytesIO(page.screenshot()))


def main() -> None:
    """Start a server and a browser, and write the picture."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as tools:
        server = Server(Path(os.environ["COMFYUI_PATH"]).resolve(), sys.executable, Path(folder), packs=[PAINTER_PACK])
        for asset in (PORTRAIT, SPEECH):
            shutil.copy(asset, server.input)
        with server:
            chromium = os.environ.get("CHROMIUM_PATH", "/usr/bin/chromium")
            browser = tools.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            picture = photograph(browser.new_page(viewport={"width": 1900, "height": 1330}), server)
            browser.close()
    crop = picture.crop((64, 90, 1600, 1320)).convert("RGB")
    crop.save(TARGET, quality=80, optimize=True)


if __name__ == "__main__":
    main()
