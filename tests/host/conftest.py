"""Servers for the tests that need a real ComfyUI.

COMFYUI_PATH is ComfyUI's folder, with the packs that a test asks for in its custom_nodes; COMFYUI_PYTHON is
its interpreter, by default the one that runs the tests. Without COMFYUI_PATH these tests are skipped.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from host.server import Server

StartServer = Callable[..., Server]


@pytest.fixture(scope="session")
def comfyui() -> Path:
    """ComfyUI's folder."""
    path = os.environ.get("COMFYUI_PATH")
    if not path:
        pytest.skip("COMFYUI_PATH is not set. Set it to a ComfyUI folder to run the tests that need a host.")
    if not (Path(path) / "main.py").is_file():
        pytest.fail(f"COMFYUI_PATH is {path}, which has no main.py. Set it to a ComfyUI folder.")
    return Path(path).resolve()


@pytest.fixture(scope="session")
def start_server(comfyui: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartServer]:
    """``start_server(packs=["ComfyUI-KJNodes"], cache="classic")``: a running server of one's own."""
    servers: list[Server] = []

    def start(
        packs: Sequence[str] = (),
        cache: str | None = None,
        *,
        ours: bool = True,
        arguments: Sequence[str] = (),
    ) -> Server:
        folders = [comfyui / "custom_nodes" / pack for pack in packs]
        for folder in folders:
            if not folder.is_dir():
                pytest.skip(f"{folder.name} is not in the custom_nodes of COMFYUI_PATH.")
        options = [f"--cache-{cache.split()[0]}", *cache.split()[1:]] if cache else []
        python = os.environ.get("COMFYUI_PYTHON", sys.executable)
        server = Server(
            comfyui,
            python,
            tmp_path_factory.mktemp("server"),
            packs=folders,
            ours=ours,
            arguments=[*options, *arguments],
        )
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def server(start_server: StartServer) -> Server:
    """A server with LongTake and the test nodes, shared by all tests that only queue prompts."""
    return start_server()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show the end of a server's log beside the failure of a test that used it."""
    outcome: Any = yield
    report = outcome.get_result()
    if not report.failed:
        return
    for name, value in getattr(item, "funcargs", {}).items():
        if isinstance(value, Server):
            report.sections.append((f"log of {name}", value.log_tail()))
