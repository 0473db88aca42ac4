"""Where the parts of a JSON text stand, and changing one of them without touching the rest.

A path is a tuple of keys and indexes. To find one, the values before it are skipped by Python's own JSON
scanner, so no second parser can disagree with the first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from json.decoder import JSONDecoder
from typing import Any

from .errors import WorkflowError

Path = tuple[str | int, ...]
_SCAN = JSONDecoder().raw_decode
_SPACE = " \t\n\r"


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] in _SPACE and at < len(text):
        at += 1
    return at


def members(text: str, start: int) -> Iterator[tuple[str | int, int, int, int]]:
    """The members of the object or array that starts at `start`: (key, where the member starts, value start, stop)."""
    is_object, at, index = text[start] == "{", _skip(text, start + 1), 0
    while text[at] not in "}]":
        first = at
        key: str | int = index
        if is_object:
            key, at = _SCAN(text, at)
            at = _skip(text, _skip(text, at) + 1)
        _, stop = _SCAN(text, at)
        yield key, first, at, stop
        at = _skip(text, stop)
        if text[at] == ",":
            at = _skip(text, at + 1)
        index += 1


def find(text: str, path: Path) -> tuple[int, int]:
    """The half-open span of the value at `path`. Of a key that stands twice the last counts, as in `json`."""
    start = _skip(text, 1 if text.startswith("\ufeff") else 0)
    stop = len(text.rstrip(_SPACE))
    for key in path:
        found = None
        if text[start : start + 1] in ("{", "["):
            for name, _, value, end in members(text, start):
                if name == key and type(name) is type(key):
                    found = (value, end)
                    if isinstance(key, int):
                        break
        if found is None:
            raise WorkflowError(f"The workflow has no {'.'.join(map(str, path))}; it was changed while it was edited.")
        start, stop = found
    return start, stop


def has(text: str, path: Path) -> bool:
    """Whether there is a value at `path`."""
    try:
        find(text, path)
    except WorkflowError:
        return False
    return True


def get(text: str, path: Path) -> Any:
    """The value at `path`."""
    start, stop = find(text, path)
    return json.loads(text[start:stop])


def replace(text: str, path: Path, value: Any) -> str:
    """The text with another value at `path`."""
    start, stop = find(text, path)
    return text[:start] + render(text, value, _margin(text, start)) + text[stop:]


def append(text: str, path: Path, value: Any) -> str:
    """The text with `value` at the end of the array at `path`."""
    return _extend(text, path, "", value)


def add(text: str, path: Path, key: str, value: Any) -> str:
    """The text with one more key in the object at `path`."""
    return _extend(text, path, _string(text, key) + _colon(text), value)


def remove(text: str, path: Path) -> str:
    """The text without the member at `path`, its comma included."""
    start, _ = find(text, path[:-1])
    listed = list(members(text, start))
    place = max(index for index, member in enumerate(listed) if member[0] == path[-1])
    _, first, _, stop = listed[place]
    if place + 1 < len(listed):
        return text[:first] + text[listed[place + 1][1] :]
    if place:
        return text[: listed[place - 1][3]] + text[stop:]
    close = _skip(text, stop)
    return text[: start + 1] + text[close:]


def _extend(text: str, path: Path, head: str, value: Any) -> str:
    start, stop = find(text, path)
    if text[start] != ("{" if head else "["):
        what = "an object" if head else "a list"
        raise WorkflowError(f"{'.'.join(map(str, path))} of the workflow is not {what}; save the workflow again.")
    listed = list(members(text, start))
    if not listed:
        step = _step(text)
        margin = _margin(text, start) + step if step is not None else None
        body = head + render(text, value, margin)
        inner = f"{margin}{body}{_margin(text, start)}" if margin is not None else body
        return text[: start + 1] + inner + text[stop - 1 :]
    last = listed[-1]
    gap = text[listed[-2][3] : last[1]] if len(listed) > 1 else "," + text[start + 1 : last[1]]
    margin = gap[1:] if "\n" in gap else None
    return text[: last[3]] + gap + head + render(text, value, margin) + text[last[3] :]


def _margin(text: str, at: int) -> str:
    """The line break and indent of the line that position `at` is in; empty in a text of one line."""
    line = text.rfind("\n", 0, at)
    if line < 0:
        return ""
    stop = line + 1
    while text[stop] in " \t":
        stop += 1
    return ("\r\n" if text[line - 1 : line] == "\r" else "\n") + text[line + 1 : stop]


def _step(text: str) -> str | None:
    """One level of indent as this text writes it; None if it is written in one line."""
    start = _skip(text, 1 if text.startswith("\ufeff") else 0)
    inside = text[start + 1 : _skip(text, start + 1)]
    return inside.rsplit("\n", 1)[1] if "\n" in inside else None


def _colon(text: str) -> str:
    at = text.find('":')
    return ": " if at < 0 or text[at + 2 : at + 3] in _SPACE else ":"


def _comma(text: str) -> str:
    return ", " if _colon(text) == ": " else ","


def _string(text: str, value: str) -> str:
    return json.dumps(value, ensure_ascii=text.isascii())


def render(text: str, value: Any, margin: str | None) -> str:
    """A value as this text writes values. margin: line break and indent of its own line; None for one line."""
    step = _step(text)
    if not isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=text.isascii())
    brackets = "{}" if isinstance(value, dict) else "[]"
    if not value:
        return brackets
    deeper = None if margin is None or step is None or not margin else margin + step
    if isinstance(value, dict):
        parts = [_string(text, key) + _colon(text) + render(text, item, deeper) for key, item in value.items()]
    else:
        parts = [render(text, item, deeper) for item in value]
    if deeper is None:
        return brackets[0] + _comma(text).join(parts) + brackets[1]
    return brackets[0] + deeper + f",{deeper}".join(parts) + (margin or "") + brackets[1]
