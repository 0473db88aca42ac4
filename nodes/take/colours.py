"""What Color Match found, window by window, kept in the take so that drift can be seen over all of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .files import locked, read_json, write_json

NAME = "colours.json"


def read_colours(folder: Path) -> dict[int, dict[str, Any]]:
    """The report of each window of the take in `folder`, by index; nothing where there is none."""
    stored = read_json(folder / NAME) or {}
    reports = stored.get("windows")
    if not isinstance(reports, dict):
        return {}
    return {int(index): report for index, report in reports.items() if index.isdecimal() and isinstance(report, dict)}


def note_colours(folder: Path, index: int, report: Mapping[str, Any]) -> dict[int, dict[str, Any]]:
    """Keep the report of window `index` in place of an older one; gives those of all windows up to it."""
    with locked(folder):
        reports = {**read_colours(folder), index: dict(report)}
        write_json(folder / NAME, {"windows": {str(key): reports[key] for key in sorted(reports)}})
    return {key: value for key, value in sorted(reports.items()) if key <= index}
