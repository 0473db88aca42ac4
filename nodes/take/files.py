"""Small things about files that everything in a take rests on: whole or not there at all."""

from __future__ import annotations

import errno
import glob
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

_FORBIDDEN = frozenset('<>:"/\\|?*')
_RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10))}
_LONGEST_NAME = 100
_MOST_BYTES = 200  # of 255, so that the names of files which begin with it fit as well
_HASH_CHUNK = 1 << 24
_LOCK_SECONDS = 120
_ROOM_TO_SPARE = 64 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT)


def check_name(name: str) -> str:
    """`name`, if it can be the name of a folder on every system; ``ValueError`` with one that can, if not."""
    clean = "".join("-" if char in _FORBIDDEN or not char.isprintable() else char for char in name).strip(" .")
    if clean.split(".")[0].strip().upper() in _RESERVED:
        clean = f"take-{clean}"
    clean = clean[:_LONGEST_NAME].encode("utf-8", "ignore")[:_MOST_BYTES].decode("utf-8", "ignore").strip(" .")
    if not clean or clean != name:
        raise ValueError(f"A take cannot be named {name!r}. Use a plain name, for example {clean or 'take'!r}.")
    return name


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Only one process at a time writes to `folder`; not to be nested. The system frees the lock of one that dies."""
    try:
        with FileLock(folder / "lock", timeout=_LOCK_SECONDS):
            yield
    except Timeout:
        raise TimeoutError(
            f"Another process has been writing to {folder} for {_LOCK_SECONDS} s. "
            "Wait for it or stop it, then queue again."
        ) from None
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise OSError(
            error.errno,
            f"The disk of {folder} is full. Free some space (`longtake takes clean` helps) and queue again: "
            "every finished window is kept.",
        ) from error


def sync_folder(folder: Path) -> None:
    """Make renames in `folder` outlast a power cut, where the system can."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    """Make the bytes of `path` outlast a power cut."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Replace `path` by `data`, at once or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(data, indent=1, ensure_ascii=False), encoding="utf-8")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to; when the block ends well, the file is synced and takes `path`'s place."""
    temporary = temporary_beside(path)
    try:
        yield temporary
        sync_file(temporary)
        temporary.replace(path)
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in `path`; None where there is no such file or it does not hold one."""
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None


def temporary_beside(path: Path) -> Path:
    """A hidden name in the same folder that nobody else uses."""
    return path.with_name(f".{path.stem}.{uuid.uuid4().hex[:8]}.tmp{path.suffix}")


def remove_temporaries(path: Path) -> None:
    """Remove what writes to `path` left when their process was killed; for who alone may write to it."""
    for left in path.parent.glob(f".{glob.escape(path.stem)}.*.tmp{path.suffix}"):
        remove(left)


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def size_of(path: Path) -> int:
    """Bytes in a file or in all files below a folder; 0 where there is none."""
    if path.is_dir():
        return sum(size_of(child) for child in path.iterdir())
    try:
        return path.stat().st_size
    except OSError:
        return 0


def stamp_of(path: Path) -> str:
    """What tells a file from another that takes its place: its size and when it was written; empty if it is gone."""
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_size}:{found.st_mtime_ns}"


def hash_file(path: Path) -> str:
    """sha256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_HASH_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def hash_array(array: np.ndarray[Any, Any]) -> str:
    """sha256 of an array's shape, dtype and values."""
    digest = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    flat = np.ascontiguousarray(array).reshape(-1)
    step = max(1, _HASH_CHUNK // max(1, flat.itemsize))
    for start in range(0, flat.size, step):
        digest.update(flat[start : start + step].data)
    return digest.hexdigest()


def check_room(folder: Path, needed: int) -> None:
    """Refuse to begin a write of `needed` bytes, and some to spare, that the disk has no room for."""
    needed += _ROOM_TO_SPARE
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise OSError(
            f"The disk of {folder} has {free / 1e6:.0f} MB free and this window needs about "
            f"{needed / 1e6:.0f} MB. Free some space (`longtake takes clean` helps) and queue again: "
            "every finished window is kept."
        )
