"""Names and types of what nodes take and give.

The committed snapshot `node_definitions.json` holds one line per node, made by `snapshot.py` from a server's
``/object_info``; a live server can be asked instead. An input is ``[name, type, flags, default]``: flag
``w`` a widget, ``c`` adds the position for what happens after the run, ``u`` adds a blank position, ``o``
optional; a dynamic choice has a fifth entry, its options. A third entry of a node marks an output node.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from .errors import WorkflowError

_SNAPSHOT = Path(__file__).with_name("node_definitions.json")


@dataclass(frozen=True, slots=True)
class InputDef:
    """One input of a node. blanks: positions in the widget list that follow it and hold nothing."""

    name: str
    type: str
    widget: bool = False
    control: bool = False
    blanks: int = 0
    optional: bool = False
    default: Any = None
    options: Mapping[str, Sequence[InputDef]] = field(default_factory=dict)


class Definitions:
    """What is known of node types, read when asked for. `data` is in the snapshot's form."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data
        self._inputs: dict[str, tuple[InputDef, ...] | None] = {}
        self._types: dict[str, Mapping[str, str] | None] = {}

    def __contains__(self, kind: object) -> bool:
        return kind in self._data

    def inputs(self, kind: str) -> tuple[InputDef, ...] | None:
        """The inputs of a node type in the order of its widgets; None if the type is not known."""
        if kind not in self._inputs:
            entry = self._data.get(kind)
            self._inputs[kind] = tuple(map(_input, entry[0])) if entry else None
        return self._inputs[kind]

    def types(self, kind: str) -> Mapping[str, str] | None:
        """The type of each input by name; None if the node type is not known."""
        if kind not in self._types:
            known = self.inputs(kind)
            self._types[kind] = {entry.name: entry.type for entry in known} if known is not None else None
        return self._types[kind]

    def outputs(self, kind: str) -> Sequence[tuple[str, str]] | None:
        """(name, type) of the outputs of a node type; None if the type is not known."""
        entry = self._data.get(kind)
        return entry[1] if entry else None

    def is_output(self, kind: str) -> bool:
        """Whether a node type is run for its own sake: it saves or shows something."""
        entry = self._data.get(kind)
        return entry is not None and len(entry) > 2


def _input(entry: Sequence[Any]) -> InputDef:
    name, kind, flags, default = entry[:4]
    options = entry[4] if len(entry) > 4 else {}
    return InputDef(
        name=name,
        type=kind,
        widget="w" in flags,
        control="c" in flags,
        blanks=flags.count("u"),
        optional="o" in flags,
        default=default,
        options={key: tuple(map(_input, value)) for key, value in options.items()},
    )


@cache
def committed() -> Definitions:
    """The snapshot that comes with the pack."""
    return Definitions(json.loads(_SNAPSHOT.read_text(encoding="utf-8")))


def from_object_info(info: Mapping[str, Any]) -> Definitions:
    """Definitions from what a server answers to ``/object_info``, on top of the committed ones."""
    from .snapshot import compact  # noqa: PLC0415 - not needed to read the committed one

    merged = json.loads(_SNAPSHOT.read_text(encoding="utf-8"))
    merged.update(compact(info))
    return Definitions(merged)


def from_server(url: str, timeout: float = 20) -> Definitions:
    """Definitions of a running ComfyUI, for example ``http://127.0.0.1:8188``."""
    from urllib.error import URLError  # noqa: PLC0415 - only with --server
    from urllib.request import Request, urlopen  # noqa: PLC0415

    if not url.startswith(("http://", "https://")):
        raise WorkflowError(f"{url!r} is not the address of a server; use one like http://127.0.0.1:8188.")
    request = Request(url.rstrip("/") + "/object_info", headers={"Accept": "application/json"})  # noqa: S310
    try:
        with urlopen(request, timeout=timeout) as answer:  # noqa: S310 - the scheme was looked at
            info = json.loads(answer.read())
    except (URLError, OSError, ValueError) as error:
        raise WorkflowError(
            f"The server at {url} did not give its node definitions ({error}); is it running?"
        ) from None
    if not isinstance(info, dict):
        raise WorkflowError(f"The server at {url} did not answer like ComfyUI; use one like http://127.0.0.1:8188.")
    return from_object_info(info)
