"""Applies edits to the text of a workflow: what is not named by an edit keeps its bytes."""

from __future__ import annotations

from collections.abc import Iterable

from . import api_editor, ui_editor, ui_nodes
from .document import Document
from .edits import Edit
from .errors import WorkflowError


def _where(edit: Edit) -> str:
    return f"node {getattr(edit, 'node', '') or getattr(edit, 'near', '') or getattr(edit, 'scope', '')}"


def apply(document: Document, edits: Iterable[Edit]) -> Document:
    """The document with all edits made, one after the other; nothing is made if one of them cannot be."""
    if not document.writable:
        raise WorkflowError(
            f"{document.name} carries its workflow inside a media file and cannot be changed; "
            "open it in ComfyUI and save the workflow as JSON."
        )
    keys: dict[str, str] = {}
    handlers = {**ui_editor.HANDLERS, **ui_nodes.HANDLERS} if document.kind == "ui" else api_editor.HANDLERS
    for edit in edits:
        handler = handlers.get(type(edit))
        if handler is None:
            raise WorkflowError(f"A prompt in the API format has nothing that {type(edit).__name__} could change.")
        try:
            document = document.with_text(handler(document, edit, keys))
        except (TypeError, AttributeError, KeyError, IndexError) as error:
            # The file has something else where a node, a slot or a link should be.
            text = f"{document.name} is not built as a workflow is at {_where(edit)}, and cannot be changed there."
            raise WorkflowError(text) from error
    return document
