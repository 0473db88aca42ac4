"""What the audit's rules say of WanVideoWrapper's own loop, seen in the loop itself."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest
from host.conftest import StartServer
from host.records import load_tensor
from host.server import Server
from host.tiny_models import write_tiny_models
from host.wan_prompts import PACK, WanSettings, loop_prompt

SHORT = WanSettings(frames=9, window=9, overlap=5, steps=1)
LOOP = "WanVideoImageToVideoMultiTalk"

needs_color_matcher = pytest.mark.skipif(
    importlib.util.find_spec("color_matcher") is None, reason="The wrapper's colour matching needs color-matcher."
)


@pytest.fixture(scope="module")
def wan_server(start_server: StartServer) -> Server:
    server = start_server(packs=[PACK], ours=False)
    write_tiny_models(server.models)
    return server


def run(server: Server, settings: WanSettings, **changes: Any) -> tuple[str, np.ndarray | None]:
    """Status of a run with the loop's node set otherwise, and its video if there is one."""
    prompt = loop_prompt(settings)
    for node in prompt.values():
        if node["class_type"] == LOOP:
            node["inputs"].update(changes)
    prompt_id = server.run(prompt, timeout=300)
    status = server.status(prompt_id)
    if status != "success":
        return f"{status}: {server.error(prompt_id).get('node_type')}", None
    (seen,) = server.records("record", prompt_id=prompt_id)
    return status, load_tensor(seen["value"])


def test_a_size_with_an_odd_number_of_latents_fails(wan_server: Server) -> None:
    status, _ = run(wan_server, WanSettings(frames=9, window=9, overlap=5, steps=1, width=72))
    assert status == "error: WanVideoSampler"


def test_a_size_with_an_even_number_of_latents_comes_out_smaller(wan_server: Server) -> None:
    status, video = run(wan_server, WanSettings(frames=9, window=9, overlap=5, steps=1, width=70))
    assert status == "success"
    assert video is not None
    assert video.shape == (9, 64, 64, 3)


def test_a_window_is_rounded_down(wan_server: Server) -> None:
    _, video = run(wan_server, SHORT, frame_window_size=12)
    assert video is not None
    assert len(video) == 9


@needs_color_matcher
def test_reinhard_gives_no_picture_and_mvgd_gives_mkl(wan_server: Server) -> None:
    videos = {method: run(wan_server, SHORT, colormatch=method)[1] for method in ("reinhard", "mvgd", "mkl")}
    assert videos["reinhard"] is None or not np.isfinite(videos["reinhard"]).all()
    assert videos["mvgd"] is not None
    assert videos["mkl"] is not None
    assert np.abs(videos["mvgd"] - videos["mkl"]).max() < 1e-3
