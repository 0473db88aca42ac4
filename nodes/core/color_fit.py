"""The affine colour transform between two pictures of the same things, from corresponding places.

Places are means over 8 x 8 pixels: noise averages out there, so that it neither pulls the gain under 1 (errors
in variables) nor needs many of them, and a shift by a pixel changes little. About a thousand in a frame, on an
even grid, are enough.

blocks: (N, 3) float64 on the CPU, sRGB in [0, 1]. frames, here: (F, H, W, 3) float on any device. No argument
is changed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from .color import identity

BLOCK = 8

#: A place that has not moved differs by less than this, in [0, 1] units.
STILL = 2 / 255

#: A pixel closer than this to black or white counts as clipped: what it was is not known.
_CLIPPED = 0.75 / 255

#: Pulls a fit towards no change in the directions of colour in which the picture has nothing to tell it.
_RIDGE = (0.5 / 255) ** 2

#: A drift of less than this many standard errors is none.
_SURE = 3

_ENOUGH = 1000  # blocks of a frame
_INSIDE = 0.5  # of a mask
_ROUNDS = 6
_FEW = 24  # blocks: fewer cannot carry 12 numbers


@dataclass(frozen=True)
class Fit:
    """A transform and how well it is founded.

    transform: (3, 4) float64. inliers: share of all places, clipped ones left out, that it brings to within
    the floor. residual: median difference that it leaves, in [0, 1] units. where: (N, 3), the colours of the
    places that agree, float64.
    """

    transform: Tensor
    inliers: float
    residual: float
    where: Tensor

    @property
    def drift(self) -> float:
        """How far the transform moves these colours: root mean square, in [0, 1] units."""
        return self.distance(identity())

    def distance(self, other: Tensor) -> float:
        """How far apart this transform and another take these colours: root mean square, in [0, 1] units."""
        apart = self.transform - other
        return _root_mean_square(self.where @ apart[:, :3].T + apart[:, 3])


@dataclass(frozen=True)
class Blocks:
    """Block means of frames, and which of them can be used.

    mean: (F, h, w, 3) float64, CPU. usable: (F, h, w) bool, CPU: no pixel clipped, and inside the mask. still:
    the same shape: what does not move; the rest counts as disagreeing.
    """

    mean: Tensor
    usable: Tensor
    still: Tensor


def blocks(frames: Tensor, mask: Tensor | None = None) -> Blocks:
    """Means over blocks of 8 x 8 pixels on an even grid, about a thousand in a frame.

    mask: (1 or F, H, W) in [0, 1]; a block counts if all of it is at least one half. None: all count.
    """
    _, height, width, _ = frames.shape
    tall, wide = min(BLOCK, height), min(BLOCK, width)
    columns = width // wide
    every = max(1, round((height // tall * columns / _ENOUGH) ** 0.5))

    def bands(picture: Tensor) -> Tensor:
        """(h, tall, W * channels): the rows of pixels of every so many rows of blocks."""
        lines = picture.reshape(height, -1)[: height // tall * tall]
        cut: Tensor = lines.view(-1, tall, lines.shape[1])[::every]
        return cut.float()

    def cells(reduced: Tensor, channels: int) -> Tensor:
        """(h, w, wide * channels): what the rows were reduced to, block by block."""
        cut = reduced[:, : columns * wide * channels].reshape(len(reduced), columns, wide * channels)
        return cut[:, ::every]

    means, usable = [], []
    with torch.no_grad():
        for index, frame in enumerate(frames):
            rows = bands(frame)
            # Row by row: torch's reductions over a middle axis are many times slower.
            total, low, high = (rows[:, 0].clone() for _ in range(3))
            for row in rows.unbind(1)[1:]:
                total += row
                torch.minimum(low, row, out=low)
                torch.maximum(high, row, out=high)
            mean = cells(total.div_(tall), 3)
            means.append(mean.reshape(*mean.shape[:2], wide, 3).mean(2))
            clear = (cells(low, 3).amin(2) > _CLIPPED) & (cells(high, 3).amax(2) < 1 - _CLIPPED)
            if mask is not None:
                clear &= cells(bands(mask[index % len(mask)]).amin(1), 1).amin(2) >= _INSIDE
            usable.append(clear)
    counted = torch.stack(usable).cpu()
    return Blocks(torch.stack(means).cpu().double(), counted, torch.ones_like(counted))


def still_blocks(frames: Tensor, mask: Tensor | None = None) -> Blocks:
    """The mean of a few frames as one frame; blocks that change by more than `STILL` meanwhile are not still."""
    few = blocks(frames, mask)
    still = (few.mean.amax(0) - few.mean.amin(0)).amax(-1) <= STILL
    return Blocks(few.mean.mean(0, keepdim=True), few.usable.all(0, keepdim=True), still[None])


def compare(source: Blocks, target: Blocks, floor: float) -> Fit:
    """The fit that takes `source` to `target`, which may be one frame for all. floor: as in `fit`."""
    usable = source.usable & target.usable
    chosen = usable & source.still & target.still
    found = fit(source.mean[chosen], target.mean.expand_as(source.mean)[chosen], floor)
    share = float(chosen.sum()) / max(1.0, float(usable.sum()))
    return replace(found, inliers=found.inliers * share)


def fit(source: Tensor, target: Tensor, floor: float = 2 / 255) -> Fit:
    """The transform that takes `source` to `target`, by trimmed least squares.

    Least squares over the better half of the places, again and again, until the places within the noise are
    found (least trimmed squares with concentration steps, Rousseeuw and van Driessen 2006); then once more
    over all of those. A drift that noise alone could make is none.

    source, target: (N, 3) blocks of the same places. floor: places that differ by less than this after the
    fit agree, in [0, 1] units. Where there is too little to go by, the transform is `identity`.
    """
    nothing = Fit(identity(), 0.0, 1.0, source)
    good = torch.ones(len(source), dtype=torch.bool)
    for step in range(_ROUNDS):
        if good.sum() < _FEW:
            return nothing
        transform = _least_squares(source[good], target[good])
        left = _differences(source, target, transform)
        limit = left.median() if step < _ROUNDS - 2 else torch.clamp(2.5 * left.median(), max=floor)
        good = left <= torch.clamp(limit, min=1e-6)
    if good.sum() < _FEW:
        return nothing
    found = Fit(_least_squares(source[good], target[good]), 0.0, 0.0, source[good])
    left = _differences(source, target, found.transform)
    # What noise alone would make of no drift at all: four numbers from N places.
    uncertain = _root_mean_square(left[good]) * (4 / float(good.sum())) ** 0.5
    transform = found.transform if found.drift > _SURE * uncertain else identity()
    return Fit(transform, float((left <= floor).double().mean()), float(left.median()), source[good])


def _least_squares(source: Tensor, target: Tensor) -> Tensor:
    """(3, 4) by normal equations, centred, with a ridge towards the identity."""
    mean_source, mean_target = source.mean(0), target.mean(0)
    centred = source - mean_source
    change = (target - mean_target) - centred
    moments = centred.T @ centred / len(source) + _RIDGE * torch.eye(3, dtype=torch.float64)
    matrix = torch.eye(3, dtype=torch.float64) + torch.linalg.solve(moments, centred.T @ change / len(source)).T
    return torch.cat([matrix, (mean_target - matrix @ mean_source)[:, None]], 1)


def _differences(source: Tensor, target: Tensor, transform: Tensor) -> Tensor:
    """(N,): root mean square over the channels of what the transform leaves."""
    return (source @ transform[:, :3].T + transform[:, 3] - target).square().mean(1).sqrt()


def _root_mean_square(values: Tensor) -> float:
    return float(values.square().mean().sqrt()) if values.numel() else 0.0
