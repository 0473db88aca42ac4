"""Keep a window: its final frames as a segment of video, and what the next window needs of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from ..core.job import TakeWindow
from ..core.kept_range import blended_range, frames_multiple, kept_range
from ..core.plan import Window
from ..core.seam import SEAMS, blend
from .files import check_room, hash_array, hash_file, size_of, sync_folder
from .kept import POSTER, SEAM_TAIL, TAIL, KeptWindow
from .tail import write_tail
from .take import Surplus, Take
from .video import Encoding, write_poster, write_segment

Array = np.ndarray[Any, Any]

#: Bytes per pixel that a segment may take at most, by codec: what is asked of the disk for a first window.
_BYTES_PER_PIXEL = {"h264": 0.75, "ffv1": 3.5}


@dataclass(frozen=True)
class Style:
    """How a take is written. Its first window decides; the later ones follow.

    encoding: of the segments. seam: how windows meet, one of `core.seam.SEAMS`.
    """

    encoding: Encoding = field(default_factory=Encoding)
    seam: str = SEAMS[0]


def keep_window(
    take: Take,
    job: TakeWindow,
    frames: Array,
    continue_from: Array | None = None,
    *,
    style: Style | None = None,
    graph: Mapping[str, Any] | None = None,
    seconds: float | None = None,
) -> KeptWindow:
    """Write one window to its take.

    frames: (n, H, W, 3) float32 or uint8, sRGB in [0, 1] or [0, 255], all frames of the window, possibly
    upscaled and with a whole multiple of frames. continue_from: (N, H, W, 3) float32, the N frames of the
    window as the model made them, that the next one goes on from; `frames` if None. graph: what made the
    window, and seconds: how long that took, for the record. Raises ``ValueError`` for frames that cannot be
    kept, before anything is written, and `Surplus` for a window that need not be.
    """
    window, raw = job.window, frames if continue_from is None else continue_from
    _check(frames, raw, window)
    _check_wanted(take, job)
    style = _style_as_begun(take, window, frames, style or Style())
    joined = _Joined(take, window, frames, style.seam)
    with take.lock():
        _check_wanted(take, job)
        tail = _tail(raw, take.plan.next_overlap(window.index))
        seam_tail = _different(joined.tail(), tail)
        if window.index:
            take.check_room()  # as before the sampler, so that what passed there does not fail here
        else:
            _check_room(take.folder, joined, [tail, seam_tail], style.encoding)
        with take.writing() as folder:
            segment = folder / f"segment{style.encoding.suffix}"
            size = (frames.shape[2], frames.shape[1])
            fps = take.plan.fps * joined.multiple
            write_segment(segment, joined, size=size, fps=fps, encoding=style.encoding)
            write_poster(folder / POSTER, joined.middle())
            for name, value in ((TAIL, tail), (SEAM_TAIL, seam_tail)):
                if value is not None:
                    write_tail(folder / name, value)
            kept = KeptWindow(
                index=window.index,
                attempt=job.attempt,
                frames=joined.span,
                multiple=joined.multiple,
                size=size,
                seed=job.seed,
                encoding=style.encoding,
                seam=style.seam,
                continues=job.continues,
                tail=hash_array(tail) if tail is not None else "",
                seam_tail=hash_array(seam_tail) if seam_tail is not None else "",
                segment_hash=hash_file(segment),
                bytes={path.name: size_of(path) for path in folder.iterdir()},
                made=datetime.now(timezone.utc).isoformat(timespec="seconds"),
                seconds=seconds,
                graph=take.keep_graph(graph) if graph else "",
            )
            kept.write(folder)
            sync_folder(folder)
            take.commit(folder, kept)
    return kept


class _Joined:
    """A window's final frames, one after the other, its head joined to the tail of the window before."""

    def __init__(self, take: Take, window: Window, frames: Array, seam: str) -> None:
        self.multiple = frames_multiple(len(frames), window)
        self._frames, self._head = frames, frames[:0]
        plan, cut = take.plan, seam == SEAMS[0]
        self.range = (kept_range if cut else blended_range)(len(frames), plan, window)
        self._unfinished = 0 if cut or window.index + 1 == len(plan.windows) else len(frames) - self.range.stop
        start = window.kept[0] if cut else window.start
        self.span = (start * self.multiple, start * self.multiple + len(self))
        if not cut and window.index:
            self._head = blend(take.seam_tail(window.index), _as_float(frames), seam)

    def __len__(self) -> int:
        return self.range.stop - self.range.start + self.range.repeat

    def __iter__(self) -> Iterator[Array]:
        return map(self._frame, self.range.indices())

    def middle(self) -> Array:
        """The frame that stands for the window in a small picture."""
        return self._frame((self.range.start + self.range.stop - 1) // 2)

    def tail(self) -> Array | None:
        """The frames behind the final ones, unfinished until the next window is there."""
        if not self._unfinished:
            return None
        count = len(self._frames)
        return _as_float(np.stack([self._frame(index) for index in range(count - self._unfinished, count)]))

    def _frame(self, index: int) -> Array:
        frame: Array = self._head[index] if index < len(self._head) else self._frames[index]
        return frame


def _as_float(frames: Array) -> Array:
    """(N, H, W, 3) float32 in [0, 1], of float32 or uint8."""
    if frames.dtype == np.uint8:
        return frames.astype(np.float32) / np.float32(255)
    return np.ascontiguousarray(frames, dtype=np.float32)


def _tail(raw: Array, overlap: int) -> Array | None:
    return _as_float(raw[len(raw) - overlap :]) if overlap else None


def _different(seam_tail: Array | None, tail: Array | None) -> Array | None:
    """The tail for the seam, if it is not the same as the one that the model goes on from."""
    same = seam_tail is not None and tail is not None and np.array_equal(seam_tail, tail)
    return None if same else seam_tail


def _check(frames: Array, raw: Array, window: Window) -> None:
    for name, value in (("frames", frames), ("continue_from", raw)):
        if value.ndim != 4 or value.shape[-1] != 3:
            raise ValueError(
                f"`{name}` has the shape {tuple(value.shape)}. Give frames of shape (N, height, width, 3), "
                "without an alpha channel."
            )
        if value.dtype != np.uint8 and not np.issubdtype(value.dtype, np.floating):
            raise ValueError(f"`{name}` holds {value.dtype}. Give float32 in [0, 1], or uint8.")
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


def _style_as_begun(take: Take, window: Window, frames: Array, style: Style) -> Style:
    """The style of the take's first window; this one must have its size and be interpolated as it was."""
    first = take.kept(0) if window.index else None
    if first is None:
        return style
    size, multiple = (frames.shape[2], frames.shape[1]), frames_multiple(len(frames), window)
    if size != first.size or multiple != first.multiple:
        raise ValueError(
            f"Window {window.index + 1} has frames of {size[0]}x{size[1]} at {multiple} times the frame rate, but "
            f"{take.record.name} began with {first.size[0]}x{first.size[1]} at {first.multiple} times. "
            "Set the size back, or begin a new take."
        )
    for_each = first.frames[1] == take.plan.windows[0].kept[1] * multiple
    needed = window.frames * multiple - (0 if for_each else multiple - 1)
    if first.seam == SEAMS[0] and len(frames) != needed:
        raise ValueError(
            f"Window {window.index + 1} has {len(frames)} frames where {needed} are needed, as the windows before "
            "were interpolated. Interpolate this one in the same way, or begin a new take."
        )
    return Style(first.encoding, first.seam)


def _check_room(folder: Path, joined: _Joined, tails: list[Array | None], encoding: Encoding) -> None:
    picture = joined.middle()
    segment = len(joined) * picture.shape[0] * picture.shape[1] * _BYTES_PER_PIXEL[encoding.codec]
    check_room(folder, int(segment) + sum(tail.nbytes for tail in tails if tail is not None))
