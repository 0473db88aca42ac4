"""Drift that grows inside a window, seen on what stands still.

The tail of a window is compared with the frames that it went on from. Where the picture has not moved, the two
must be equal; a difference that grew evenly from head to tail, and is small, is drift. One that came all at
once, or is large, is an event in the picture (a lamp, a cloud) and is left alone, as is a picture of which too
little stands still.

The ramp leads back to the take's first frame where that is near, so that nothing adds up over many windows;
else to the window's own head.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .color_fit import STILL, Fit, compare, still_blocks

#: Share of the places that must agree before a fit is believed.
AGREE = 0.35

#: Drift within one window, in [0, 1] units. More is an event.
MOST_DRIFT = 6 / 255

#: How far the colours at a window's head may be off the first frame and still be led back to it. Further off,
#: the scene has changed.
MOST_OFFSET = 3 / 255

_UNEVEN = 0.35  # how far the middle of a window may be off the straight line from head to tail, in its drift
_NOISE = 0.25 / 255
_FEW = 5  # frames that are compared at once


@dataclass(frozen=True)
class Anchors:
    """What a window's tail is held to.

    first_frame: (1, H, W, 3), the take's, or None. head: (overlap, H, W, 3), the frames that the window goes on from,
    corrected. mask: (1 or F, H, W), the places to compare, or None.
    """

    first_frame: Tensor | None
    head: Tensor
    mask: Tensor | None


def find_ramp(frames: Tensor, anchors: Anchors, head: Tensor, start: int) -> tuple[Fit, str, Tensor]:
    """What was found at the tail, what it comes to in words, and the window's transforms.

    head: (3, 4), the transform at the window's head, up to frame `start`. The transforms are (F, 3, 4), equal to
    `head` up to frame `start` and linear from there on, or `head` itself where there is no ramp.
    """
    count = len(frames)
    size = max(1, min(_FEW, (count - 1 - start) // 3))
    centre = count - (size + 1) / 2
    mask = anchors.mask
    tail = still_blocks(frames[-size:], _at(mask, count - size, size))
    own = compare(tail, still_blocks(anchors.head[-_FEW:], _at(mask, 0, 1)), STILL)
    if own.inliers < AGREE or centre <= start:
        return own, f"Anchor: only {own.inliers:.0%} of the picture stands still; no ramp.", head
    growth = own.distance(head)
    if growth > MOST_DRIFT:
        return own, f"Anchor: {255 * growth:.1f}/255 in one window is no drift but an event; no ramp.", head
    middle = (start + count - size) // 2
    if middle > start and not _even(frames, anchors, own, head, (start, middle, size, centre)):
        return own, f"Anchor: {255 * growth:.1f}/255 came all at once, not as drift does; no ramp.", head
    found, name = own, "the window's head"
    if anchors.first_frame is not None:
        first = compare(tail, still_blocks(anchors.first_frame, _at(mask, 0, 1)), STILL)
        if first.inliers >= AGREE and first.distance(own.transform) <= MOST_OFFSET:
            found, name = first, "the first frame"
    share = (torch.arange(count, dtype=torch.float64) - start).clamp_(min=0) / (centre - start)
    ramp = torch.lerp(head.expand(count, 3, 4), found.transform.expand(count, 3, 4), share[:, None, None])
    words = f"Anchor: {255 * found.drift:.2f}/255 at the tail against {name}, {found.inliers:.0%} agree; ramped in."
    return found, words, ramp


def _even(frames: Tensor, anchors: Anchors, tail: Fit, head: Tensor, where: tuple[int, int, int, float]) -> bool:
    """Whether the drift at the middle of the window is about its share of the drift at the tail."""
    start, middle, size, centre = where
    seen = still_blocks(frames[middle : middle + size], _at(anchors.mask, middle, size))
    found = compare(seen, still_blocks(anchors.head[-_FEW:], _at(anchors.mask, 0, 1)), STILL)
    if found.inliers < AGREE:
        return True
    share = (middle + (size - 1) / 2 - start) / (centre - start)
    off = found.distance(torch.lerp(head, tail.transform, share))
    return off <= _UNEVEN * tail.distance(head) + _NOISE


def _at(mask: Tensor | None, start: int, size: int) -> Tensor | None:
    return mask if mask is None or len(mask) == 1 else mask[start : start + size]
