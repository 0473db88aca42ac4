"""Workflows inside pictures, sounds and videos."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import pytest
from drawings import WORKFLOW, png
from longtake.scripts.workflow.document import NotAWorkflowError, read_file
from longtake.scripts.workflow.editor import apply
from longtake.scripts.workflow.edits import SetMode
from longtake.scripts.workflow.errors import WorkflowError


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


def test_the_comment_of_video_helper_suite(tmp_path: Path) -> None:
    import av
    import numpy as np

    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        container.metadata["comment"] = json.dumps({"prompt": "{}", "workflow": json.loads(WORKFLOW)})
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for packet in [
            *stream.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8))),
            *stream.encode(None),
        ]:
            container.mux(packet)
    assert json.loads(read_file(path).text) == json.loads(WORKFLOW)


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
