"""Writing a mended file so that it can be had back.

The backup's name holds the start of the hash of what was written, so that it is only ever given back for
the file that it belongs to: a file that was changed since is left alone.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from ..workflow.errors import WorkflowError

_MARK = ".longtake-"


def _backup(path: Path, content: bytes) -> Path:
    return path.with_name(f"{path.name}{_MARK}{hashlib.sha256(content).hexdigest()[:16]}.bak")


def write_with_backup(path: Path, before: bytes, after: bytes) -> None:
    """Put `after` into the file at once or not at all, and `before` beside it.

    Where `before` is itself what a fix wrote, the backup of that fix is kept: reverting goes back to the start.
    """
    try:
        if path.read_bytes() != before:
            raise WorkflowError(f"{path} changed while it was audited; run the audit again.")
        older, backup = _backup(path, before), _backup(path, after)
        if older.exists():
            older.replace(backup)
        else:
            _write(backup, before, path)
        _write(path, after, path)
    except OSError as error:
        raise WorkflowError(f"{path} cannot be written ({error.strerror or error}); nothing was changed.") from None


def revert(path: Path) -> bool:
    """Give a file the bytes that it had before a fix. False if no fix was made to it."""
    try:
        content = path.read_bytes()
        backup = _backup(path, content)
        if backup.exists():
            _write(path, backup.read_bytes(), path)
            backup.unlink()
            return True
        others = [found for found in path.parent.iterdir() if found.name.startswith(path.name + _MARK)]
    except OSError as error:
        raise WorkflowError(f"{path} cannot be reverted ({error.strerror or error}); check the path.") from None
    if others:
        raise WorkflowError(f"{path} was changed after it was mended; its bytes from before are in {others[0].name}.")
    return False


def _write(path: Path, content: bytes, like: Path) -> None:
    handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(like.stat().st_mode & 0o777)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
