"""Which window of a take is to be made now, and what it goes on from."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.job import TakeWindow
from ..core.plan import Window
from .kept import Damaged
from .take import Take

Array = np.ndarray[Any, Any]


def next_job(
    take: Take,
    picture: Array,
    index: int | None = None,
    *,
    controller: str = "",
    warn: Callable[[str], object] | None = None,
) -> TakeWindow:
    """The first window that is missing, or the one at `index`; one that stands already is marked as made.

    picture: (H, W, 3), what the first window goes on from. controller: see `TakeWindow`. A window whose tail
    turns out to be damaged is set aside, `warn` is told, and it is the next one; with an `index` that is an
    error. So is an `index` whose predecessor is not there.
    """
    while True:
        missing = take.next_window()
        window = take.plan.windows[index] if index is not None else missing or take.plan.windows[-1]
        if missing is not None and window.index > missing.index:
            raise ValueError(
                f"Window {window.index + 1} was asked for, and window {missing.index + 1} of {take.record.name}, which "
                f"comes before it, is not there yet. Begin the loop at index {missing.index}."
            )
        made = missing is None or window.index < missing.index
        try:
            motion_frames, continues = (picture[None], "") if made else _goes_on_from(take, window, picture)
        except Damaged as damage:
            if index is not None:
                raise
            if warn:
                warn(str(damage))
            continue
        return TakeWindow(
            plan=take.plan,
            window=window,
            seed=take.seed(window.index),
            attempt=take.attempt(window.index),
            motion_frames=motion_frames,
            continues=continues,
            folder=str(take.folder),
            made=made,
            looped=index is not None,
            controller=controller,
            started=time.time(),
        )


def _goes_on_from(take: Take, window: Window, picture: Array) -> tuple[Array, str]:
    if not window.index:
        return picture[None], ""
    previous = take.kept(window.index - 1)
    frames = take.motion_frames(window.index)
    if previous and previous.seam_tail:
        take.seam_tail(window.index)  # whether it is whole must show now, not when the window is kept
    return frames, previous.tail if previous else ""
