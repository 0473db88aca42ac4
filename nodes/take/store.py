"""Takes by name: where they lie, which one is current, when a new one begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from ..core.plan import Plan
from .files import (
    check_name,
    hash_array,
    read_json,
    remove,
    size_of,
    sync_folder,
    temporary_beside,
    write_json,
)
from .sound import hash_sound, write_sound
from .take import RECORD, SOUND, Take, TakeRecord

Array = np.ndarray[Any, Any]

_CURRENT = "current.json"


@dataclass(frozen=True)
class Material:
    """What a take is made from.

    waveform: (C, N) float32 in [-1, 1] at `sample_rate`, with its `sound_hash`. picture: (H, W, 3) float32
    in [0, 1] or uint8.
    """

    plan: Plan
    waveform: Array
    sample_rate: int
    sound_hash: str
    picture: Array

    @property
    def picture_size(self) -> tuple[int, int]:
        """(width, height)."""
        return self.picture.shape[1], self.picture.shape[0]


class TakeStore:
    """All takes below one folder: `root`/NAME/0001, 0002, ..., and the finished videos beside them."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def names(self) -> list[str]:
        """Names that have a take."""
        if not self.root.is_dir():
            return []
        return sorted(path.name for path in self.root.iterdir() if (path / _CURRENT).exists())

    def current(self, name: str) -> Take | None:
        """The take that `name` stands for now; None where there is none."""
        pointer = read_json(self.root / check_name(name) / _CURRENT)
        if pointer is None:
            return None
        return self.take(name, str(pointer.get("take")))

    def take(self, name: str, number: str) -> Take:
        """One take of a name, by its number as a text of four digits."""
        return Take(self.root / check_name(name) / check_name(number))

    def takes(self, name: str) -> Iterator[Take]:
        """Every take of a name, oldest first."""
        for folder in sorted((self.root / check_name(name)).glob("[0-9][0-9][0-9][0-9]*")):
            if (folder / RECORD).exists():
                yield Take(folder)

    def video(self, take: Take, suffix: str = ".mp4") -> Path:
        """Where the finished video of a take lies."""
        return take.folder.parent / f"{take.record.name}_{take.record.take}{suffix}"

    def open(self, name: str, material: Material, seed: int, *, fresh: bool = False) -> tuple[Take, str]:
        """The current take of `name` if it is made from the same material, else a new one; and why.

        fresh: begin a new one in any case. The seed counts only when a take begins.
        """
        take = self.current(name)
        if take is None:
            return self._begin(name, material, seed), f"A take named {name} begins."
        if fresh:
            return self._begin(name, material, seed), f"A new take named {name} begins; the one before is kept."
        different = _differences(take.record, material)
        if not different:
            return take, ""
        new = self._begin(name, material, seed)
        return new, (
            f"The {' and the '.join(different)} of {name} changed since take {take.record.take}, which is kept: "
            f"take {new.record.take} begins."
        )

    def remove(self, take: Take) -> int:
        """Remove a take that is not current, and give the bytes that were freed."""
        current = self.current(take.record.name)
        if current is not None and current.record.take == take.record.take:
            raise ValueError(f"Take {take.record.take} of {take.record.name} is the current one and stays.")
        size = size_of(take.folder)
        remove(take.folder)
        return size

    def _begin(self, name: str, material: Material, seed: int) -> Take:
        home = self.root / name
        home.mkdir(parents=True, exist_ok=True)
        temporary = temporary_beside(home / "take")
        (temporary / "windows").mkdir(parents=True)
        try:
            write_sound(temporary / SOUND, material.waveform, material.sample_rate)
            number = self._write_record(temporary, home, name, material, seed)
        finally:
            remove(temporary)
        write_json(home / _CURRENT, {"take": number})
        return self.take(name, number)

    def _write_record(self, temporary: Path, home: Path, name: str, material: Material, seed: int) -> str:
        """Give the new take the first number that nobody else has."""
        taken = [int(path.name) for path in home.iterdir() if path.name.isdecimal()]
        number = max(taken, default=0) + 1
        while True:
            record = TakeRecord(
                name=name,
                take=f"{number:04d}",
                begun=datetime.now(timezone.utc).isoformat(timespec="seconds"),
                plan=material.plan,
                sound_hash=material.sound_hash,
                sample_rate=material.sample_rate,
                picture_hash=hash_array(material.picture),
                picture_size=material.picture_size,
                seed=seed,
            )
            write_json(temporary / RECORD, record.to_json())
            try:
                temporary.rename(home / record.take)
            except OSError:
                if not (home / record.take).exists():
                    raise
                number += 1
                continue
            sync_folder(home)
            return record.take


def material_from(plan: Plan, waveform: Array, sample_rate: int, picture: Array) -> Material:
    """Material with its sound's hash taken."""
    return Material(plan, waveform, sample_rate, hash_sound(waveform, sample_rate), picture)


def _differences(record: TakeRecord, material: Material) -> list[str]:
    found = []
    if record.sound_hash != material.sound_hash or record.sample_rate != material.sample_rate:
        found.append("sound")
    if record.picture_size != material.picture_size or record.picture_hash != hash_array(material.picture):
        found.append("picture")
    if record.plan != material.plan:
        found.append("plan")
    return found
