"""What may go from a name's folder: damaged windows that were set aside, takes that are over."""

from __future__ import annotations

from dataclasses import dataclass

from .files import remove, size_of
from .store import TakeStore


@dataclass(frozen=True)
class Cleaned:
    """What was removed, in words, and its bytes."""

    what: str
    bytes: int


def clean(store: TakeStore, name: str, *, old_takes: bool = False, dry_run: bool = False) -> list[Cleaned]:
    """Remove what was set aside in every take of `name`, and with `old_takes` the takes that are not current.

    Nothing that the current take's video is made of is touched. dry_run: only tell.
    """
    current = store.current(name)
    cleaned = []
    for take in list(store.takes(name)):
        number = take.record.take
        if old_takes and current is not None and number != current.record.take:
            size = size_of(take.folder) if dry_run else store.remove(take)
            cleaned.append(Cleaned(f"take {number} of {name}", size))
            continue
        aside = take.folder / "aside"
        if size := size_of(aside):
            if not dry_run:
                with take.lock():
                    remove(aside)
            cleaned.append(Cleaned(f"windows set aside in take {number} of {name}", size))
    return cleaned
