"""One window's colours brought to the take's, with one smooth transform.

Two things are known for certain. The window's overlap frames show what the tail of the window before shows:
whatever colour transform lies between them is drift (`overlap`). And on a shot that stands still, what has not
moved looks as it did in the take's first frame (`anchor`); this sees drift that grows inside a window, which
the overlap cannot (`color_anchor`). Nothing is measured on content that may have changed for good reason.

frames, here: (F, H, W, 3) of any float dtype on any device, sRGB in [0, 1]. No argument is changed, except
`out`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from . import color
from .color_anchor import AGREE, Anchors, find_ramp
from .color_fit import Fit, blocks, compare

#: What `match_window` can go by, the default first. Chosen by `scripts/bench_color.py`: after 8 windows of steps
#: and ramps on a still camera it leaves the noise alone (0.89/255), where overlap leaves 9.6 and nothing 28; with a
#: moving camera it is overlap; it was worse than no correction nowhere. That drift is synthetic.
METHODS = ("overlap and anchor", "overlap", "anchor")

_SAME_PICTURE = 4 / 255  # two renderings of the same frames differ by less than this after the fit


@dataclass(frozen=True)
class Correction:
    """What to do to a window, and why.

    transforms: (3, 4) for the whole window or (F, 3, 4), float64. The numbers are None where nothing was
    compared. head_drift, tail_drift: how far this window's colours were off, before the correction, at its
    head against the window before and at its tail against the first frame, in steps of 1/255 (root mean
    square). head_inliers, tail_inliers: shares of the places compared that agree. head_applied, tail_applied:
    whether it was taken out. words: what was done and why.
    """

    transforms: Tensor
    head_drift: float | None = None
    tail_drift: float | None = None
    head_inliers: float | None = None
    tail_inliers: float | None = None
    head_applied: bool = False
    tail_applied: bool = False
    words: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """As plain data, without the transforms."""
        plain = {key: value for key, value in vars(self).items() if key != "transforms"}
        return {**plain, "words": list(self.words)}


def match_window(
    frames: Tensor,
    previous: Tensor | None,
    first_frame: Tensor | None,
    method: str = METHODS[0],
    *,
    strength: float = 1.0,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> tuple[Tensor, Correction]:
    """A window with its drift taken out, and the correction that was applied.

    previous: (overlap, H, W, 3), the tail of the window before, which the first frames of `frames` show again;
    None for the first window. first_frame: (1, H, W, 3), the take's; without it the anchor is the window's own head.
    mask: (H, W), (1, H, W) or (F, H, W) in [0, 1], the places that are compared; all of the picture is corrected.
    strength: 0 to 10. out: as in `color.apply`. Where there is nothing to correct and no `out`, the result is
    `frames` itself.
    """
    correction = find_correction(frames, previous, first_frame, method, mask=mask)
    transforms = color.with_strength(correction.transforms, strength)
    if out is None and bool((transforms == color.identity()).all()):
        check_finite(frames)
        return frames, correction
    return color.apply(frames, transforms, out), correction


def find_correction(
    frames: Tensor,
    previous: Tensor | None,
    first_frame: Tensor | None,
    method: str = METHODS[0],
    *,
    mask: Tensor | None = None,
) -> Correction:
    """The correction that `match_window` applies."""
    _check(frames, previous, first_frame, method)
    previous = None if previous is None else previous.to(frames.device)
    first_frame = None if first_frame is None else first_frame[:1].to(frames.device)
    places = check_mask(mask, frames)
    head, words = None, []
    if previous is not None and "overlap" in method:
        head, said, transform = _at_head(frames, previous, places)
        words.append(said)
    else:
        transform = color.identity()
    tail, transforms = None, transform
    known = first_frame if previous is None else previous
    if known is not None and "anchor" in method:
        anchors = Anchors(first_frame, known, places)
        start = 0 if previous is None else len(previous) - 1
        tail, said, transforms = find_ramp(frames, anchors, transform, start)
        words.append(said)
    return Correction(
        transforms,
        head_drift=255 * head.drift if head else None,
        tail_drift=255 * tail.drift if tail else None,
        head_inliers=head.inliers if head else None,
        tail_inliers=tail.inliers if tail else None,
        head_applied=head is not None and head.inliers >= AGREE,
        tail_applied=tail is not None and transforms.ndim == 3,
        words=tuple(words) or ("Nothing to compare with: left as it is.",),
    )


def _at_head(frames: Tensor, previous: Tensor, mask: Tensor | None) -> tuple[Fit, str, Tensor]:
    """The fit of the overlap, what it comes to in words, and the transform to use."""
    overlap = len(previous)
    here = None if mask is None else mask[:overlap]
    found = compare(blocks(frames[:overlap], here), blocks(previous, here), _SAME_PICTURE)
    if found.inliers < AGREE:
        words = f"Overlap: only {found.inliers:.0%} of it shows the same picture; left as it is."
        return found, words, color.identity()
    words = f"Overlap: {255 * found.drift:.2f}/255 taken out, {found.inliers:.0%} agree."
    return found, words, found.transform


def check_mask(mask: Tensor | None, frames: Tensor) -> Tensor | None:
    """(1 or F, H, W) on the frames' device; None for no mask, and for one that is empty."""
    if mask is None:
        return None
    mask = mask[None] if mask.ndim == 2 else mask
    if mask.ndim != 3 or mask.shape[1:] != frames.shape[1:3] or len(mask) not in (1, len(frames)):
        raise ValueError(
            f"A mask of shape {tuple(mask.shape)} does not fit frames of {tuple(frames.shape)}. "
            f"Use (1, {frames.shape[1]}, {frames.shape[2]})."
        )
    if not bool((mask >= 0.5).any()):
        raise ValueError("The mask is empty, so there is nothing to compare. Leave it out, or paint what stands still.")
    return mask.to(frames.device)


def check_finite(frames: Tensor) -> None:
    """Refuse NaN and infinity. Reads the frames one at a time."""
    sums = torch.stack([frame.sum(dtype=torch.float32) for frame in frames])
    if not bool(torch.isfinite(sums).all()):
        raise ValueError(color.NOT_FINITE)


def _check(frames: Tensor, previous: Tensor | None, first_frame: Tensor | None, method: str) -> None:
    if method not in METHODS:
        raise ValueError(f"There is no method named {method!r}. Use one of: {'; '.join(METHODS)}.")
    color.check_frames(frames)
    for name, other in (("tail of the window before", previous), ("first frame", first_frame)):
        if other is None:
            continue
        color.check_frames(other, f"The {name}")
        if other.shape[1:] != frames.shape[1:]:
            raise ValueError(
                f"The {name} is {other.shape[2]} x {other.shape[1]}, "
                f"the window {frames.shape[2]} x {frames.shape[1]}. "
                f"Use pictures of one size, for example {frames.shape[2]} x {frames.shape[1]}."
            )
        check_finite(other)
    if previous is not None and len(previous) > len(frames):
        raise ValueError(
            f"A tail of {len(previous)} frames is longer than the window of {len(frames)}. "
            f"Use up to {len(frames)} frames, for example {min(9, len(frames))}."
        )
