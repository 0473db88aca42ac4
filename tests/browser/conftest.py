"""A browser on the canvas of a real ComfyUI.

These tests need what those in tests/host need, playwright, and chromium: CHROMIUM_PATH, else /usr/bin/chromium.
With SCREENSHOTS set to a folder they leave pictures there for a person to look at.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser.canvas_page import CanvasPage
from host.conftest import comfyui, pytest_runtest_makereport, start_server  # noqa: F401 - fixtures and a hook

CHROMIUM = Path(os.environ.get("CHROMIUM_PATH", "/usr/bin/chromium"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser without a window."""
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - an optional tool
    except ImportError:
        pytest.skip("playwright is not installed. Install it to run the tests that need a browser.")
    if not CHROMIUM.exists():
        pytest.skip(f"There is no {CHROMIUM}. Set CHROMIUM_PATH to a chromium to run the tests that need a browser.")
    with sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_canvas(chromium: Any) -> Iterator[Any]:
    """``open_canvas(server)``: the canvas of a running server, in a page of its own."""
    pages = []

    def open_(server: Any, *, vue_nodes: bool = False) -> CanvasPage:
        page = chromium.new_page(viewport={"width": 1920, "height": 1080})
        pages.append(page)
        return CanvasPage(page, server.address, vue_nodes=vue_nodes)

    yield open_
    for page in pages:
        page.close()
