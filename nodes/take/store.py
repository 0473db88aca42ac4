"""Takes by name: where they lie, which one is current, when a new one begins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from ..core.plan import Plan
from .encoding import check_fps
from .files import (
    check_name,
    hash_array,
    locked,
    read_json,
    remove,
    remove_temporaries,
    size_of,
    sync_folder,
    temporary_beside,
    write_json,
)
from .record import RECORD, TakeRecord
from .sound import hash_sound, write_sound
from .take import SOUND, Take

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
        return sorted(path.name for path in self.root.iterdir() if path.is_dir() and _numbers(path))

    def current_takes(self) -> tuple[list[Take], list[str]]:
        """The take that each name stands for now, and what is wrong with names whose take cannot be read."""
        takes, wrong = [], []
        for name in self.names():
            try:
                take = self.current(name)
            except ValueError as error:
                wrong.append(str(error))
            else:
                takes += [take] if take else []
        return takes, wrong

    def current(self, name: str) -> Take | None:
        """The take that `name` stands for now, or the newest if that is lost; None where there is none."""
        home = self.root / check_name(name)
        number = str((read_json(home / _CURRENT) or {}).get("take"))
        numbers = _numbers(home)
        if not numbers:
            return None
        return self.take(name, number if number in numbers else numbers[-1])

    def take(self, name: str, number: str) -> Take:
        """One take of a name, by its number as a text of four digits."""
        return Take(self.root / check_name(name) / check_name(number))

    def takes(self, name: str) -> Iterator[Take]:
        """Every take of a name, oldest first."""
        for number in _numbers(self.root / check_name(name)):
            yield self.take(name, number)

    def video(self, take: Take, suffix: str = ".mp4") -> Path:
        """Where the finished video of a take lies."""
        return take.folder.parent / f"{take.record.name}_{take.record.take}{suffix}"

    def open(self, name: str, material: Material, seed: int, *, fresh: bool = False) -> tuple[Take, str]:
        """The take of `name` that is made from this material, the current one first, else a new one; and why.

        fresh: begin a new one in any case. The seed counts only when a take begins.
        """
        home = self.root / check_name(name)
        check_fps(material.plan.fps)  # now, and not when the first window is written
        home.mkdir(parents=True, exist_ok=True)
        with locked(home):
            for name_of_file in ("take", _CURRENT):
                remove_temporaries(home / name_of_file)
            take = self.current(name)
            if take is None:
                return self._begin(home, material, seed), f"A take named {name} begins."
            if fresh:
                return self._begin(home, material, seed), f"A new take named {name} begins; the one before is kept."
            different = differences(take.record, material)
            if not different:
                return take, ""
            for earlier in self._newest_first(name):
                if not differences(earlier.record, material):
                    write_json(home / _CURRENT, {"take": earlier.record.take})
                    return earlier, f"{name} is again what take {earlier.record.take} was begun with, which goes on."
            new = self._begin(home, material, seed)
        return new, (
            f"The {' and the '.join(different)} of {name} changed since take {take.record.take}, which is kept: "
            f"take {new.record.take} begins."
        )

    def _newest_first(self, name: str) -> Iterator[Take]:
        for number in reversed(_numbers(self.root / name)):
            with suppress(ValueError):  # one that cannot be read hides no other
                yield self.take(name, number)

    def remove(self, take: Take) -> int:
        """Remove a take that is not current, and give the bytes that were freed."""
        current = self.current(take.record.name)
        if current is not None and current.record.take == take.record.take:
            raise ValueError(f"Take {take.record.take} of {take.record.name} is the current one and stays.")
        size = size_of(take.folder)
        remove(take.folder)
        return size

    def _begin(self, home: Path, material: Material, seed: int) -> Take:
        """Begin a take under the first number that nothing has; for who holds the lock."""
        number = f"{1 + max((int(path.name) for path in home.iterdir() if path.name.isdecimal()), default=0):04d}"
        temporary = temporary_beside(home / "take")
        (temporary / "windows").mkdir(parents=True)
        try:
            write_sound(temporary / SOUND, material.waveform, material.sample_rate)
            record = TakeRecord(
                name=home.name,
                take=number,
                begun=datetime.now(timezone.utc).isoformat(timespec="seconds"),
                plan=material.plan,
                sound_hash=material.sound_hash,
                sample_rate=material.sample_rate,
                picture_hash=_hash_picture(material.picture),
                picture_size=material.picture_size,
                seed=seed,
            )
            write_json(temporary / RECORD, record.to_json())
            temporary.rename(home / number)
            sync_folder(home)
        finally:
            remove(temporary)
        write_json(home / _CURRENT, {"take": number})
        return self.take(home.name, number)


def _numbers(home: Path) -> list[str]:
    """The numbers of all takes in a name's folder, oldest first."""
    folders = home.iterdir() if home.is_dir() else ()
    return sorted((path.name for path in folders if path.name.isdecimal() and (path / RECORD).exists()), key=int)


def material_from(plan: Plan, waveform: Array, sample_rate: int, picture: Array) -> Material:
    """Material with its sound's hash taken."""
    return Material(plan, waveform, sample_rate, hash_sound(waveform, sample_rate), picture)


def differences(record: TakeRecord, material: Material) -> list[str]:
    """What a take was begun with and is now another: of "sound", "picture" and "plan"."""
    found = []
    if record.sound_hash != material.sound_hash or record.sample_rate != material.sample_rate:
        found.append("sound")
    if record.picture_size != material.picture_size or record.picture_hash != _hash_picture(material.picture):
        found.append("picture")
    if record.plan.asked != material.plan.asked:
        found.append("plan")
    return found


def _hash_picture(picture: Array) -> str:
    """sha256 of a picture in 8 bits: the last bits of an upscaler are no other picture."""
    if picture.dtype == np.uint8:
        return hash_array(picture)
    return hash_array(np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8))
