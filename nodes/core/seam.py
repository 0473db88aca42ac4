"""How two windows meet in the frames that they share.

Both windows hold these frames: the window before as its tail, the next one as its head. A seam decides what
the video shows there. numpy only, because the take's files are written without torch.

frames, here: (F, H, W, C) float, sRGB in [0, 1]. No argument is changed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Frames = npt.NDArray[Any]

#: Ways to join two windows, the default first. What each does is said in `blend`.
SEAMS = ("cut", "linear", "cosine", "best cut")

#: Frames over which the colour fit of a best cut fades out. A difference of 3/255 becomes steps of 0.1/255.
FADE = 32

_BLOCK = 8  # the fit compares means of 8 x 8 pixels: noise and a shift of a pixel or two leave them alone
_RIDGE = (2 / 255) ** 2  # pulls the gain towards 1 where the picture has no contrast to tell it
_GAINS = (0.5, 2.0)
_UNLIKE = 0.08  # frames that differ by more than this after the fit do not show the same picture


def crossfade_weights(count: int, mode: str) -> npt.NDArray[np.float64]:
    """(2, count): the shares of the tail and of the head in each shared frame; they sum to 1.

    mode: ``linear`` or ``cosine`` (raised cosine). The first frame is all tail and the last all head,
    exactly; a single frame is half of each.
    """
    if count < 1:
        raise ValueError(f"A crossfade over {count} frames is not possible. Use at least 1.")
    at = np.linspace(0.0, 1.0, count) if count > 1 else np.full(1, 0.5)
    if mode == "cosine":
        head = (1 - np.cos(np.pi * at)) / 2
        head[at == 0.0], head[at == 1.0] = 0.0, 1.0
    elif mode == "linear":
        head = at
    else:
        raise ValueError(f"There is no crossfade named {mode!r}. Use linear or cosine.")
    return np.stack([1 - head, head])


def blend(tail: Frames, window: Frames, mode: str) -> Frames:
    """The frames that stand in place of the first frames of `window`: at least as many as `tail` has.

    tail: (overlap, H, W, C), the last frames of the window before. window: (F, H, W, C), F >= overlap;
    its first `overlap` frames are the same frames of the video. The result is float32 and has `overlap`
    frames or more, never more than F; what `window` holds behind them stays as it is.

    - ``cut``: the tail as it is.
    - ``linear``, ``cosine``: a crossfade from tail to head, see `crossfade_weights`.
    - ``best cut``: the tail up to the frame where the change-over shows least, the window from there on. The
      window's colours are fitted to the tail's (gain and offset per channel); the fit fades out over `FADE`
      frames, or up to the window's end if that is nearer, so that neither the cut nor the fade is a step.

    Where three windows share frames (an overlap of more than half of the window), join one after the other:
    take the next tail from the window after this blend.
    """
    _check(tail, window, mode)
    overlap = len(tail)
    if mode == "cut":
        return np.array(tail, dtype=np.float32)
    if mode == "best cut":
        return _best_cut(tail, window)
    out = np.empty((overlap, *window.shape[1:]), np.float32)
    for frame, (of_tail, of_head) in enumerate(crossfade_weights(overlap, mode).T):
        np.multiply(tail[frame], np.float32(of_tail), out=out[frame], casting="unsafe")
        out[frame] += window[frame] * np.float32(of_head)
    return out


def best_cut(tail: Frames, window: Frames) -> int:
    """After how many frames of the tail to go over to the window: 1 to overlap.

    The frames on both sides of the cut are compared with their twins in the other window; the cut is where
    they differ least after the colour fit. Frames: as in `blend`.
    """
    _check(tail, window, "best cut")
    gain, offset = _colour_fit(_blocks(tail), _blocks(window[: len(tail)]))
    return _cut_at(tail, window, gain, offset)


def _best_cut(tail: Frames, window: Frames) -> Frames:
    overlap = len(tail)
    blocks_tail, blocks_head = _blocks(tail), _blocks(window[:overlap])
    gain, offset = _colour_fit(blocks_tail, blocks_head)
    cut = _cut_at(tail, window, gain, offset)
    fade = min(FADE, len(window) - cut)
    stop = max(overlap, cut + fade)
    out = np.empty((stop, *window.shape[1:]), np.float32)
    out[:cut] = tail[:cut]
    for frame in range(cut, stop):
        share = max(0.0, 1 - (frame - cut) / fade) if fade else 0.0
        slope = (1 + share * (gain - 1)).astype(np.float32)
        np.multiply(window[frame], slope, out=out[frame], casting="unsafe")
        out[frame] += (share * offset).astype(np.float32)
        np.clip(out[frame], 0, 1, out=out[frame])
    return out


def _cut_at(tail: Frames, window: Frames, gain: Frames, offset: Frames) -> int:
    """The cut whose change from tail[cut - 1] to the fitted window[cut] exceeds the usual change least."""
    overlap = len(tail)
    step = max(1, min(tail.shape[1:3]) // 180)  # a sample of the pixels is enough to compare frames
    old = np.asarray(tail[:, ::step, ::step], np.float32)
    new = np.asarray(window[: overlap + 1, ::step, ::step], np.float32)
    new = new * gain.astype(np.float32) + offset.astype(np.float32)
    costs = []
    for cut in range(1, len(new)):
        jump = _difference(new[cut], old[cut - 1])
        usual = _difference(new[cut], new[cut - 1])
        twins = _difference(new[cut - 1], old[cut - 1])
        costs.append(max(jump - usual, 0.0) + 0.25 * twins)
    return 1 + int(np.argmin(costs)) if costs else overlap


def _difference(one: Frames, other: Frames) -> float:
    return float(np.abs(one - other).mean())


def _blocks(frames: Frames) -> Frames:
    """(F, h, w, C) float64 means over blocks; a picture smaller than a block is one block."""
    count, height, width, channels = frames.shape
    tall, wide = min(_BLOCK, height), min(_BLOCK, width)
    rows, columns = height // tall, width // wide
    out = np.empty((count, rows, columns, channels))
    for frame in range(count):
        whole = np.asarray(frames[frame, : rows * tall, : columns * wide], np.float32)
        out[frame] = whole.reshape(rows, tall, columns, wide, channels).mean((1, 3))
    return out


def _colour_fit(tail: Frames, head: Frames) -> tuple[Frames, Frames]:
    """Gain and offset per channel that take the head's blocks to the tail's; (1, 0) if that does not fit."""
    channels = tail.shape[-1]
    old, new = tail.reshape(-1, channels), head.reshape(-1, channels)
    inside = ((np.minimum(old, new) > 2 / 255) & (np.maximum(old, new) < 253 / 255)).all(-1)
    none = np.ones(channels), np.zeros(channels)
    if inside.sum() < max(1, len(old) // 20):
        return none
    old, new = old[inside], new[inside]
    good = np.ones(len(old), bool)
    gain, offset = none
    for _ in range(3):
        mean_old, mean_new = old[good].mean(0), new[good].mean(0)
        from_old, from_new = old[good] - mean_old, new[good] - mean_new
        # The ratio of contrasts: unlike least squares it does not shrink when the two pictures are shifted.
        gain = np.sqrt(((from_old**2).mean(0) + _RIDGE) / ((from_new**2).mean(0) + _RIDGE))
        gain = np.clip(gain, *_GAINS)
        offset = mean_old - gain * mean_new
        left = np.abs(new * gain + offset - old).mean(-1)
        good = left <= max(2.5 * float(np.median(left)), 1e-6)
    return (gain, offset) if float(np.median(left)) <= _UNLIKE else none


def _check(tail: Frames, window: Frames, mode: str) -> None:
    if mode not in SEAMS:
        raise ValueError(f"There is no seam named {mode!r}. Use one of {', '.join(SEAMS)}.")
    if tail.ndim != 4 or window.ndim != 4 or tail.shape[1:] != window.shape[1:]:
        raise ValueError(
            f"A tail of shape {tuple(tail.shape)} cannot meet a window of shape {tuple(window.shape)}. "
            "Use frames of one size, for example (9, 720, 1280, 3) and (81, 720, 1280, 3)."
        )
    if not 1 <= len(tail) <= len(window):
        raise ValueError(
            f"A tail of {len(tail)} frames cannot meet a window of {len(window)}. "
            "Use 1 frame up to as many as the window has, for example 9 and 81."
        )
