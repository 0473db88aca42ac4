"""Keep a window: its final frames as a segment of video, and what the next window needs of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from ..core.job import TakeWindow
from ..core.plan import Plan, Window
from .files import check_room, hash_array, hash_file, size_of, sync_folder
from .kept import POSTER, TAIL, KeptWindow
from .tail import write_tail
from .take import Surplus, Take
from .video import Encoding, write_poster, write_segment

Array = np.ndarray[Any, Any]

#: Bytes per pixel that a segment may take at most, by codec: what is asked of the disk before a write.
_BYTES_PER_PIXEL = {"h264": 0.75, "ffv1": 3.5}
_ROOM_TO_SPARE = 64 << 20


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
    """Which of a window's `count` frames are final when it is kept."""
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


def keep_window(
    take: Take,
    job: TakeWindow,
    frames: Array,
    continue_from: Array | None = None,
    *,
    encoding: Encoding | None = None,
    graph: str = "",
    seconds: float | None = None,
) -> KeptWindow:
    """Write one window to its take.

    frames: (n, H, W, 3) float32 or uint8, sRGB in [0, 1] or [0, 255], all frames of the window, possibly
    upscaled and with a whole multiple of frames. continue_from: (N, H, W, 3) float32, the N frames of the
    window as the model made them, that the next one goes on from; `frames` if None. encoding: what the take
    begins with; later windows follow the first. Raises ``ValueError`` for frames that cannot be kept, before
    anything is written, and `Surplus` for a window that need not be.
    """
    window, raw = job.window, frames if continue_from is None else continue_from
    _check(frames, raw, window)
    with take.lock():
        _check_wanted(take, job)
        encoding, multiple = _as_begun(take, window, frames, encoding or Encoding())
        sequence = kept_range(len(frames), take.plan, window)
        tail = _tail(raw, take.plan, window)
        _check_room(take.folder, sequence, frames, tail, encoding)
        with take.writing() as folder:
            write_segment(
                folder / f"segment{encoding.suffix}",
                (frames[index] for index in sequence.indices()),
                size=(frames.shape[2], frames.shape[1]),
                fps=take.plan.fps * multiple,
                encoding=encoding,
            )
            write_poster(folder / POSTER, frames[(sequence.start + sequence.stop) // 2])
            if tail is not None:
                write_tail(folder / TAIL, tail)
            kept = _record(take, job, folder, frames, tail, encoding, multiple, graph, seconds)
            kept.write(folder)
            sync_folder(folder)
            take.commit(folder, kept)
    return kept


def _check(frames: Array, raw: Array, window: Window) -> None:
    for name, value in (("frames", frames), ("continue_from", raw)):
        if value.ndim != 4 or value.shape[-1] != 3:
            raise ValueError(
                f"`{name}` has the shape {tuple(value.shape)}. Give frames of shape (N, height, width, 3), "
                "without an alpha channel."
            )
    frames_multiple(len(frames), window)
    if len(raw) != window.frames:
        raise ValueError(
            f"Window {window.index + 1} goes on from {len(raw)} frames where {window.frames} are needed. "
            "Connect the decoder's frames to `continue_from`, before they are interpolated."
        )
    for name, value in (("frames", frames), ("continue_from", raw)):
        bad = next((i for i, frame in enumerate(value) if not np.isfinite(frame.sum(dtype=np.float64))), None)
        if bad is not None:
            raise ValueError(
                f"Frame {bad + 1} of `{name}` in window {window.index + 1} holds NaN or infinite values, and nothing "
                "was kept. Check model precision and attention mode (for example bf16 and sdpa), then queue again."
            )
        if value is raw:
            break


def _check_wanted(take: Take, job: TakeWindow) -> None:
    """Refuse a window that stands already, or was made from what stands no more."""
    window, state = job.window, take.state
    name = f"Window {window.index + 1} of {take.record.name}"
    if job.attempt != state.attempt(window.index):
        raise Surplus(f"{name} was asked for again while it was being made; this one is not kept.")
    if window.index < state.kept:
        raise Surplus(f"{name} is there already; this one is not kept.")
    previous = take.kept(window.index - 1) if window.index else None
    if window.index > state.kept or (previous and previous.tail != job.continues):
        raise Surplus(f"{name} goes on from a window {window.index} that stands no more; it is not kept.")


def _as_begun(take: Take, window: Window, frames: Array, encoding: Encoding) -> tuple[Encoding, int]:
    """Encoding and multiple of the take: those of its first window."""
    multiple = frames_multiple(len(frames), window)
    first = take.kept(0) if window.index else None
    if first is None:
        return encoding, multiple
    size = (frames.shape[2], frames.shape[1])
    if size != first.size or multiple != first.multiple:
        raise ValueError(
            f"Window {window.index + 1} has frames of {size[0]}x{size[1]} at {multiple} times the frame rate, but "
            f"{take.record.name} began with {first.size[0]}x{first.size[1]} at {first.multiple} times. "
            "Set the size back, or begin a new take."
        )
    return first.encoding, multiple


def _tail(raw: Array, plan: Plan, window: Window) -> Array | None:
    overlap = plan.next_overlap(window.index)
    if not overlap:
        return None
    tail = raw[len(raw) - overlap :]
    scale = np.float32(255 if tail.dtype == np.uint8 else 1)
    return np.ascontiguousarray(tail, dtype=np.float32) / scale


def _check_room(folder: Path, sequence: FrameRange, frames: Array, tail: Array | None, encoding: Encoding) -> None:
    count = sequence.stop - sequence.start + sequence.repeat
    pixels = count * frames.shape[1] * frames.shape[2]
    tail_bytes = tail.nbytes if tail is not None else 0
    check_room(folder, int(pixels * _BYTES_PER_PIXEL[encoding.codec]) + tail_bytes + _ROOM_TO_SPARE)


def _record(
    take: Take,
    job: TakeWindow,
    folder: Path,
    frames: Array,
    tail: Array | None,
    encoding: Encoding,
    multiple: int,
    graph: str,
    seconds: float | None,
) -> KeptWindow:
    start, stop = job.window.kept
    return KeptWindow(
        index=job.window.index,
        attempt=job.attempt,
        frames=(start * multiple, stop * multiple),
        multiple=multiple,
        size=(frames.shape[2], frames.shape[1]),
        seed=job.seed,
        encoding=encoding,
        seam="cut",
        continues=job.continues,
        tail=hash_array(tail) if tail is not None else "",
        segment_hash=hash_file(folder / f"segment{encoding.suffix}"),
        bytes={path.name: size_of(path) for path in folder.iterdir()},
        made=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        seconds=seconds,
        graph=graph,
    )


