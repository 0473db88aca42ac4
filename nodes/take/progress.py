"""Where a take stands, in words and as data."""

from __future__ import annotations

from statistics import median
from typing import Any

from .kept import POSTER, KeptWindow
from .take import Take

_WINDOWS_FOR_RATE = 5


def seconds_left(take: Take) -> float | None:
    """Seconds that the missing windows will take, by the median of the last ones; None before the first."""
    kept = take.state.kept
    indices = range(kept - 1, max(-1, kept - 1 - _WINDOWS_FOR_RATE), -1)
    times = [window.seconds for window in map(take.kept, indices) if window and window.seconds]
    return median(times) * (len(take.plan.windows) - kept) if times else None


def duration_to_text(seconds: float) -> str:
    """45 s, 3 min, 2 h 5 min."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def describe(take: Take) -> str:
    """One line: windows made of windows planned, and how long the rest will take."""
    count, kept = len(take.plan.windows), take.state.kept
    if kept == count:
        return f"{take.record.name}: all {count} windows are there"
    left = seconds_left(take)
    time = f", about {duration_to_text(left)} left" if left is not None else ""
    return f"{take.record.name}: window {kept + 1} of {count}{time}"


def status(take: Take, *, with_windows: bool = True) -> dict[str, Any]:
    """The same as data, for callers over HTTP and the command line."""
    state = take.state
    data: dict[str, Any] = {
        "name": take.record.name,
        "take": take.record.take,
        "folder": str(take.folder),
        "begun": take.record.begun,
        "frames": take.plan.frames,
        "fps": str(take.plan.fps),
        "windows": len(take.plan.windows),
        "kept": state.kept,
        "complete": state.kept == len(take.plan.windows),
        "revision": take.revision,
        "seconds_left": seconds_left(take),
    }
    if with_windows:
        data["kept_windows"] = [_window(take, kept) for kept in take.kept_windows()]
    return data


def _window(take: Take, kept: KeptWindow) -> dict[str, Any]:
    folder = take.window_folder(kept.index, kept.attempt)
    return {
        "index": kept.index,
        "attempt": kept.attempt,
        "seed": kept.seed,
        "frames": list(kept.frames),
        "made": kept.made,
        "seconds": kept.seconds,
        "graph": kept.graph,
        "segment": str(folder / kept.segment),
        "poster": str(folder / POSTER),
    }
