"""LongTake: videos exactly as long as their sound, one window at a time, inside ComfyUI.

Nothing of ComfyUI is imported when this module is: the command line and the tests use the
same package without a host.
"""

from __future__ import annotations

from typing import Any

WEB_DIRECTORY = "./web"

__all__ = ["WEB_DIRECTORY", "comfy_entrypoint"]


async def comfy_entrypoint() -> Any:
    """Every node of the pack, in the order in which data flows through them."""
    from .nodes.extension import LongTake  # noqa: PLC0415 - only ComfyUI can import it

    return LongTake()
