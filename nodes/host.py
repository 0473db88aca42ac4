"""ComfyUI as it differs from version to version, and what the nodes tell its server."""

from __future__ import annotations

import dataclasses
import inspect
import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import folder_paths
from comfy_api.latest import io
from comfy_execution.graph_utils import ExecutionBlocker
from comfy_execution.utils import get_executing_context
from server import PromptServer

from .take.store import TakeStore

log = logging.getLogger("longtake")

CATEGORY = "LongTake"

#: The pack's own wires.
SoundPlanWire = io.Custom("LONGTAKE_PLAN")
WindowWire = io.Custom("LONGTAKE_WINDOW")

_Input = TypeVar("_Input")


def schema(**fields: Any) -> io.Schema:
    """A node's schema, without the fields that this version of ComfyUI does not know."""
    known = {field.name for field in dataclasses.fields(io.Schema)}
    return io.Schema(**{name: value for name, value in fields.items() if name in known})


def field(kind: Callable[..., _Input], name: str, **options: Any) -> _Input:
    """An input or output of a node, without the options that this version of ComfyUI does not know.

    ``field(io.Int.Input, "window", default=0, advanced=True)``.
    """
    parameters = inspect.signature(kind).parameters
    if "advanced" in options and "advanced" not in parameters:
        options["extra_dict"] = {**options.get("extra_dict", {}), "advanced": options.pop("advanced")}
    return kind(name, **{key: value for key, value in options.items() if key in parameters})


def usable(nodes: Iterable[type[io.ComfyNode]]) -> list[type[io.ComfyNode]]:
    """The nodes whose schema this version of ComfyUI accepts; the others are left out, and the log says why."""
    kept = []
    for node in nodes:
        try:
            node.GET_SCHEMA()
        except Exception:
            log.exception("%s is left out: this version of ComfyUI refuses its schema.", node.__name__)
        else:
            kept.append(node)
    return kept


def blocked() -> ExecutionBlocker:
    """A value that silently keeps everything that needs it from running."""
    return ExecutionBlocker(None)


def store() -> TakeStore:
    """The takes below ComfyUI's output folder."""
    return TakeStore(Path(folder_paths.get_output_directory()) / "longtake")


def saved_result(path: Path) -> dict[str, str]:
    """How ComfyUI names a file below its output folder in a node's `ui`."""
    relative = path.relative_to(folder_paths.get_output_directory())
    return {"filename": relative.name, "subfolder": relative.parent.as_posix(), "type": "output"}


def say(text: str, *nodes: str | None) -> None:
    """Show a line of progress in nodes, and once in the log."""
    log.info(text)
    for node in nodes:
        if node:
            PromptServer.instance.send_progress_text(text, node)


def announce(data: Mapping[str, Any]) -> None:
    """Tell every client where a take stands, as the message ``longtake.take``."""
    PromptServer.instance.send_sync("longtake.take", dict(data))


def running_prompt_id() -> str:
    """The id of the prompt that the calling node runs in."""
    context = get_executing_context()
    if context is None:
        raise RuntimeError("This can only be asked from within a node that ComfyUI runs.")
    return str(context.prompt_id)
