"""One kept window: a folder that is there whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from .files import read_json, size_of, write_json
from .video import Encoding

TAIL = "tail.safetensors"
SEAM_TAIL = "seam.safetensors"
POSTER = "poster.jpg"
_RECORD = "window.json"


class Damaged(ValueError):
    """A file of a kept window is not what was written."""


@dataclass(frozen=True)
class KeptWindow:
    """What is written beside a window's segment.

    frames: the final frames in the segment, half-open, counted in frames of the finished video (at
    `multiple` times the plan's rate). size: (width, height). continues: hash of the frames that the window
    continued from; tail: hash of the frames that the next one continues from, empty after the last; seam_tail:
    hash of the unfinished frames that its seam begins with, empty if they are those of `tail`.
    bytes: size of every file. segment_hash: sha256. made: when, ISO 8601. seconds: how long it took, None if
    unknown. settings: what the person who ran it had set, by node; graph: hash of the graph, see `Take.graph`.
    """

    index: int
    attempt: int
    frames: tuple[int, int]
    multiple: int
    size: tuple[int, int]
    seed: int
    encoding: Encoding
    seam: str
    continues: str
    tail: str
    seam_tail: str
    segment_hash: str
    bytes: Mapping[str, int]
    made: str
    seconds: float | None = None
    graph: str = ""

    @property
    def segment(self) -> str:
        """Name of the segment's file."""
        return f"segment{self.encoding.suffix}"

    def write(self, folder: Path) -> None:
        """Write the record into the window's folder."""
        write_json(folder / _RECORD, {**asdict(self), "encoding": self.encoding.to_json()})


def window_folder_name(index: int, attempt: int) -> str:
    """Where a window lies below the take's `windows`."""
    return f"{index:05d}-{attempt}"


def read_kept(folder: Path) -> KeptWindow | None:
    """The window in `folder` if it is there, is the one of this name and every file has its size; None otherwise."""
    data = read_json(folder / _RECORD)
    if data is None:
        return None
    try:
        known = {field.name for field in fields(KeptWindow)}
        values = {key: value for key, value in data.items() if key in known}
        values["encoding"] = Encoding.from_json(values["encoding"])
        values["frames"], values["size"] = tuple(values["frames"]), tuple(values["size"])
        kept = KeptWindow(**values)
        whole = all(size_of(folder / name) == size for name, size in kept.bytes.items())
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    named = folder.name == window_folder_name(kept.index, kept.attempt)
    return kept if whole and named and kept.segment in kept.bytes else None
