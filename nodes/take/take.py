"""A take: the folder in which a video is made, one window after the other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from ..core.job import window_seed
from ..core.plan import Plan, Window
from .files import (
    check_room,
    hash_array,
    hash_file,
    locked,
    read_json,
    remove,
    remove_temporaries,
    replacing,
    stamp_of,
    sync_folder,
)
from .kept import SEAM_TAIL, TAIL, Damaged, KeptWindow, read_kept, window_folder_name
from .record import RECORD, read_record
from .state import Retake, State, read_state, write_state
from .tail import read_tail
from .video import join

Array = np.ndarray[Any, Any]

SOUND = "sound.flac"


class Surplus(Exception):
    """A window that need not be kept, and why."""


class Take:
    """One take on disk. Every method may be called from several processes at once."""

    def __init__(self, folder: Path) -> None:
        try:
            self.record = read_record(folder)
        except (KeyError, TypeError, ValueError, OSError) as error:
            raise ValueError(
                f"{folder} is not a take: its {RECORD} is missing or damaged. "
                "Remove the folder or use another name; `longtake takes list` shows what there is."
            ) from error
        self.folder = folder
        self.windows = folder / "windows"

    # -- looking ------------------------------------------------------------------------------------------

    @property
    def plan(self) -> Plan:
        """The plan of the take."""
        return self.record.plan

    @property
    def sound(self) -> Path:
        """The sound, as it goes into the video."""
        return self.folder / SOUND

    @property
    def state(self) -> State:
        """The state as it stands on disk now, with the number of windows that stand."""
        state, changed = self._stored(), self._changed()
        if state.seen == changed:
            return state
        kept = self._count_kept(state)
        return replace(state, kept=kept, seen=changed, joined=state.joined if kept == len(self.plan.windows) else "")

    @property
    def revision(self) -> str:
        """Differs whenever anything about the windows has changed, by our hand or another's, or the video is gone."""
        state = self._stored()
        gone = ":gone" if state.joined and not state.joined_stands else ""
        return f"{self.record.take}:{state.revision}:{self._changed()}{gone}"

    @property
    def complete(self) -> bool:
        """Every window stands."""
        return self.state.kept == len(self.plan.windows)

    def next_window(self) -> Window | None:
        """The first window that is not there; None when all are."""
        kept = self.state.kept
        return self.plan.windows[kept] if kept < len(self.plan.windows) else None

    def attempt(self, index: int) -> int:
        """How often window `index` was asked for again."""
        return self._stored().attempt(index)

    def seed(self, index: int) -> int:
        """The seed of window `index`."""
        state = self._stored()
        return window_seed(state.seed(index, self.record.seed), index, state.attempt(index))

    def check_room(self) -> None:
        """Refuse to begin a window that the disk has no room for, judged by the one before."""
        if window := self.next_window():
            last = self.kept(window.index - 1) if window.index else None
            check_room(self.folder, sum(last.bytes.values()) if last else 0)

    def kept(self, index: int) -> KeptWindow | None:
        """The record of window `index` if it is there."""
        return read_kept(self.window_folder(index, self.attempt(index)))

    def kept_windows(self) -> Iterator[KeptWindow]:
        """The records of all windows that stand, in order."""
        state = self.state
        for index in range(state.kept):
            window = read_kept(self.window_folder(index, state.attempt(index)))
            if window is None:
                return
            yield window

    def window_folder(self, index: int, attempt: int) -> Path:
        """Where an attempt at a window lies."""
        return self.windows / window_folder_name(index, attempt)

    def motion_frames(self, index: int) -> Array:
        """The frames that window `index` (1 or later) continues from: (overlap, H, W, 3) float32.

        ``Damaged`` if they are not what window `index` - 1 left; that window is then set aside.
        """
        return self._left_by(index - 1, TAIL)

    def seam_tail(self, index: int) -> Array:
        """The unfinished frames before window `index`, as they would be seen: (overlap, H, W, 3) float32.

        ``Damaged`` as for `motion_frames`.
        """
        kept = self.kept(index - 1)
        return self._left_by(index - 1, SEAM_TAIL if kept and kept.seam_tail else TAIL)

    def _left_by(self, index: int, name: str) -> Array:
        folder = self.window_folder(index, self.attempt(index))
        kept = read_kept(folder)
        if kept is not None:
            try:
                frames = read_tail(folder / name)
            except ValueError:
                pass
            else:
                if hash_array(frames) == (kept.tail if name == TAIL else kept.seam_tail):
                    return frames
        raise self._given_up(index)

    def _given_up(self, index: int) -> Damaged:
        self.set_aside(index)
        return Damaged(f"Window {index + 1} of {self.record.name} is not whole and was set aside: it is made again.")

    # -- changing -----------------------------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[Path]:
        """A folder for a window that is being written; for who holds the lock. Gone when the block ends."""
        folder = self.folder / "writing"
        remove(folder)
        folder.mkdir()
        try:
            yield folder
        finally:
            remove(folder)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Only one process at a time changes a take. The system frees the lock of one that dies."""
        with locked(self.folder):
            yield

    def commit(self, temporary: Path, kept: KeptWindow) -> State:
        """Give a written window its name; for who holds the lock. Its predecessors are gone then."""
        before = self.state
        final = self.window_folder(kept.index, kept.attempt)
        self.windows.mkdir(exist_ok=True)
        if final.exists():
            self._move_aside(final)
        temporary.rename(final)
        sync_folder(self.windows)
        for attempt in range(kept.attempt):
            remove(self.window_folder(kept.index, attempt))
        standing = self._count_kept(before, kept.index + 1, kept.tail)
        after = replace(before, kept=standing, seen=self._changed(), joined="")
        return write_state(self.folder, after)

    def set_aside(self, index: int) -> None:
        """Take window `index` out, so that it is made again. What it held stays until `clean`."""
        with self.lock():
            folder = self.window_folder(index, self.attempt(index))
            if folder.exists():
                self._put_away(folder)

    def retake(self, start: int, seed: int | None = None) -> None:
        """Ask for the windows from `start` (an index, from 0) on once more.

        Those that stand are set aside, and removed one by one as their replacements are kept.
        """
        count = len(self.plan.windows)
        if not 0 <= start < count:
            raise ValueError(
                f"Take {self.record.name} has windows 1 to {count}. Retake from one of them, not {start + 1}."
            )
        with self.lock():
            state = self.state
            if start > state.kept:
                raise ValueError(
                    f"Window {start + 1} of {self.record.name} is not made yet. "
                    f"Retake from window {state.kept + 1} or earlier, or queue the graph to go on."
                )
            retakes = (*state.retakes, Retake(start, seed))
            write_state(self.folder, replace(state, retakes=retakes, kept=start, joined=""))

    def finish(self, path: Path, metadata: Mapping[str, str]) -> Path:
        """Join the windows and the sound into `path`, if that has not been done; ``Damaged`` if one is not whole."""
        with self.lock():
            state = self.state
            if state.joined == str(path.absolute()) and state.joined_stands:
                return path
            kept_windows = [self._whole(index) for index in range(state.kept)]
            if state.kept < len(self.plan.windows):
                raise ValueError(
                    f"{state.kept} of {len(self.plan.windows)} windows of {self.record.name} are there. "
                    "Queue the graph to make the others, then join."
                )
            first = kept_windows[0]
            remove_temporaries(path)
            join(
                path,
                [self.window_folder(kept.index, kept.attempt) / kept.segment for kept in kept_windows],
                fps=self.plan.fps * first.multiple,
                encoding=first.encoding,
                sound=self.sound,
                metadata=metadata,
                frames=self.plan.frames * first.multiple,
            )
            joined = replace(state, joined=str(path.absolute()), joined_as=stamp_of(path))
            write_state(self.folder, joined, revise=False)
        return path

    def _whole(self, index: int) -> KeptWindow:
        """The record of a window whose segment is what was written; for who holds the lock."""
        folder = self.window_folder(index, self.attempt(index))
        kept = read_kept(folder)
        if kept is None or hash_file(folder / kept.segment) != kept.segment_hash:
            if folder.exists():
                self._put_away(folder)
            raise Damaged(f"The video of window {index + 1} of {self.record.name} is damaged: it is made again.")
        return kept

    def keep_graph(self, graph: Mapping[str, Any]) -> str:
        """Store the graph that makes windows; the same graph is stored once. Gives its hash."""
        text = json.dumps(graph, sort_keys=True, ensure_ascii=False, default=str).encode()
        digest = hash_array(np.frombuffer(text, np.uint8))[:16]
        path = self.folder / "graphs" / f"{digest}.json"
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            with replacing(path) as temporary:
                temporary.write_bytes(text)
        return digest

    def graph(self, digest: str) -> dict[str, Any] | None:
        """The graph that `keep_graph` stored."""
        return read_json(self.folder / "graphs" / f"{digest}.json")

    # -- inside -------------------------------------------------------------------------------------------

    def _stored(self) -> State:
        """The state as it was written, without a look at what has happened to the windows since."""
        return read_state(self.folder, self.windows)

    def _changed(self) -> int:
        """What tells one state of the folder of windows from another.

        When it was last changed, and how many folders it has: clocks of file systems may tick in steps of 4 ms.
        """
        try:
            found = self.windows.stat()
        except OSError:
            return 0
        return found.st_mtime_ns << 16 | found.st_nlink & 0xFFFF

    def _count_kept(self, state: State, start: int = 0, continues: str = "") -> int:
        """How many windows stand, where those before `start` do: each whole, and made from the one before it."""
        for index in range(start, len(self.plan.windows)):
            kept = read_kept(self.window_folder(index, state.attempt(index)))
            if kept is None or (index and kept.continues != continues):
                return index
            continues = kept.tail
        return len(self.plan.windows)

    def _put_away(self, folder: Path) -> None:
        """Move a window's folder out of the take, and write down what stands; for who holds the lock."""
        self._move_aside(folder)
        state = self._stored()
        write_state(self.folder, replace(state, kept=self._count_kept(state), seen=self._changed(), joined=""))

    def _move_aside(self, folder: Path) -> None:
        aside = self.folder / "aside"
        aside.mkdir(exist_ok=True)
        stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S%f")
        folder.rename(aside / f"{folder.name}-{stamp}")
        sync_folder(self.windows)
