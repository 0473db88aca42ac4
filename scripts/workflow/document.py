"""A file that holds a workflow: its text, its plain data, its graph.

The text is kept as it was read, so that a change touches nothing but itself. Whatever is wrong with a file
becomes one `WorkflowError`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from .api_format import is_api, read_api
from .definitions import Definitions, committed
from .errors import WorkflowError
from .graph import Graph
from .metadata import embedded_texts, is_media
from .ui_format import is_ui, read_ui

#: A file of more bytes than this is refused; the largest public workflow has under 2 MB.
MOST_BYTES = 128 * 1024 * 1024
_BOM = "\ufeff"
#: Keys under which other programs wrap a workflow.
_WRAPPERS = ("workflow", "prompt", "input")


class NotAWorkflowError(WorkflowError):
    """Well-formed data that is something else than a workflow."""


@dataclass(frozen=True)
class Document:
    """The text of a workflow. writable: whether the text is the whole file, so that it can be written back."""

    name: str
    text: str
    definitions: Definitions
    writable: bool = True

    @cached_property
    def data(self) -> Any:
        """The text as plain data."""
        return parse(self.text, self.name)

    @cached_property
    def _inner(self) -> tuple[str, Any, tuple[str | int, ...]]:
        data: Any = self.data
        path: tuple[str | int, ...] = ()
        for _ in range(len(_WRAPPERS) + 1):
            if is_ui(data):
                return "ui", data, path
            if is_api(data):
                return "api", data, path
            key = next((key for key in _WRAPPERS if isinstance(data, dict) and isinstance(data.get(key), dict)), None)
            if key is None:
                break
            data, path = data[key], (*path, key)
        raise NotAWorkflowError(
            f"{self.name} is not a workflow; save one from the canvas, or export it in the API format."
        )

    @property
    def kind(self) -> str:
        """``ui`` or ``api``."""
        return self._inner[0]

    @cached_property
    def graph(self) -> Graph:
        """The workflow as a graph."""
        kind, data, path = self._inner
        try:
            return (read_ui if kind == "ui" else read_api)(data, self.definitions, path)
        except WorkflowError as error:
            raise WorkflowError(f"{self.name}: {error}") from None

    def with_text(self, text: str) -> Document:
        """The same document with another text."""
        return Document(self.name, text, self.definitions, self.writable)


def parse(text: str, name: str) -> Any:
    """Plain data of a text that should be JSON. NaN and infinity are let pass, as the server writes them."""
    try:
        return json.loads(text[1:] if text.startswith(_BOM) else text)
    except json.JSONDecodeError as error:
        what = (
            "is empty" if not text.strip() else f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        )
        raise WorkflowError(f"{name} {what}; save the workflow again.") from None
    except RecursionError:
        raise WorkflowError(f"{name} nests too deeply for a workflow; save the workflow again.") from None
    except ValueError:
        raise WorkflowError(f"{name} holds a number too long to read; save the workflow again.") from None


def read_text(text: str, name: str = "the workflow", definitions: Definitions | None = None) -> Document:
    """A document from text, for example what a browser sends."""
    if len(text) > MOST_BYTES:
        raise WorkflowError(f"{name} has {len(text)} characters; at most {MOST_BYTES} are read.")
    return Document(name, text, definitions or committed())


def read_data(data: Any, name: str = "the prompt", definitions: Definitions | None = None) -> Document:
    """A document from plain data, for example the prompt that is about to run. It has no text to edit."""
    document = Document(name, "", definitions or committed(), writable=False)
    document.__dict__["data"] = data
    return document


def read_file(path: Path, name: str | None = None, definitions: Definitions | None = None) -> Document:
    """The document in a file: JSON, or a picture, sound or video that carries one."""
    name = name or str(path)
    try:
        size = path.stat().st_size
        if is_media(path):
            return _from_media(path, name, definitions or committed())
        if size > MOST_BYTES:
            raise WorkflowError(f"{name} has {size} bytes; at most {MOST_BYTES} are read.")
        raw = path.read_bytes()
    except OSError as error:
        raise WorkflowError(f"{name} cannot be read ({error.strerror or error}); check the path.") from None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WorkflowError(f"{name} is not UTF-8 at byte {error.start}; save the workflow again.") from None
    return Document(name, text, definitions or committed())


def _from_media(path: Path, name: str, definitions: Definitions) -> Document:
    texts = embedded_texts(path)
    for key in ("workflow", "prompt"):
        if key in texts:
            return Document(name, texts[key], definitions, writable=False)
    raise NotAWorkflowError(f"{name} carries no workflow; use the file that ComfyUI itself saved.")
