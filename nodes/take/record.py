"""What a take is, written once when it begins."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..core.plan import Plan, plan_from_json
from .files import read_json

RECORD = "take.json"


@dataclass(frozen=True)
class TakeRecord:
    """What a take is, fixed when it begins.

    sound_hash, sample_rate: of the planner's sound. picture_hash, picture_size (width, height): of the start
    image. seed: the one all windows derive theirs from.
    """

    name: str
    take: str
    begun: str
    plan: Plan
    sound_hash: str
    sample_rate: int
    picture_hash: str
    picture_size: tuple[int, int]
    seed: int

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            **{key: value for key, value in vars(self).items() if key != "plan"},
            "plan": self.plan.to_json(),
        }


def read_record(folder: Path) -> TakeRecord:
    """The record of the take in `folder`; KeyError, TypeError, ValueError or OSError where none is whole."""
    found = (folder / RECORD).stat()
    return _read(folder / RECORD, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=32)
def _read(path: Path, _changed: int, _size: int) -> TakeRecord:
    """The record in a file; read once as long as it does not change, because the plan of ten hours is long."""
    values = read_json(path) or {}
    values["plan"] = plan_from_json(values["plan"])
    values["picture_size"] = tuple(values["picture_size"])
    return TakeRecord(**values)
