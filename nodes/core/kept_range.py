"""Which of a window's frames are final when it is kept, however they were interpolated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .plan import Plan, Window


@dataclass(frozen=True)
class FrameRange:
    """Which of a window's frames go into its segment.

    With `multiple` > 1 the frames were interpolated. Two layouts are understood: `multiple` frames for each
    of the plan's (n * multiple), or `multiple` - 1 between each two of them ((n - 1) * multiple + 1). In the
    second, what lies between two frames belongs to the later one.
    """

    start: int
    stop: int
    repeat: int

    def indices(self) -> Iterator[int]:
        """Indices into the window's frames; the last is repeated at the end of a video that needs it."""
        yield from range(self.start, self.stop)
        for _ in range(self.repeat):
            yield self.stop - 1


def frames_multiple(count: int, window: Window) -> int:
    """How many frames there are for each of the plan's; ``ValueError`` where that is not whole."""
    frames = window.frames
    if count > 0 and count % frames == 0:
        return count // frames
    if frames > 1 and count > 1 and (count - 1) % (frames - 1) == 0:
        return (count - 1) // (frames - 1)
    raise ValueError(
        f"Window {window.index + 1} has {count} frames where {frames} are needed, or a whole multiple of them. "
        f"Give all {frames} frames of the window, for example straight from the decoder."
    )


def kept_range(count: int, plan: Plan, window: Window) -> FrameRange:
    """The frames that a window adds after a hard cut: those that no window before it has."""
    multiple = frames_multiple(count, window)
    start, stop = (frame - window.start for frame in window.kept)
    if count == window.frames * multiple:
        return FrameRange(start * multiple, stop * multiple, 0)
    first = (start - 1) * multiple + 1 if window.index else 0
    last = (stop - 1) * multiple + 1
    if window.index + 1 < len(plan.windows):
        return FrameRange(first, last, 0)
    end = min(count, last + multiple - 1)
    return FrameRange(first, end, last + multiple - 1 - end)


def blended_range(count: int, plan: Plan, window: Window) -> FrameRange:
    """The frames that are final where seams are blended: from the window's start to the next one's.

    What lies behind them is unfinished until the next window is there.
    """
    multiple = frames_multiple(count, window)
    if window.index + 1 < len(plan.windows):
        return FrameRange(0, (plan.windows[window.index + 1].start - window.start) * multiple, 0)
    needed = (plan.frames - window.start) * multiple
    return FrameRange(0, min(count, needed), max(0, needed - count))
