"""The affine colour transform between two pictures of the same things, from corresponding places.

Places are means over 8 x 8 pixels: noise averages out there, so that it neither pulls the gain under 1 (errors
in variables) nor needs many pixels, and a shift by a pixel changes little. Every second row of blocks is used.

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
    """Means over blocks of 8 x 8 pixels, of every second row of blocks.

    mask: (1 or F, H, W) in [0, 1]; a block counts if all of it is at least one half. None: all count.
    """
    count, height, width, _ = frames.shape
    tall, wide = min(BLOCK, height), min(BLOCK, width)
    rows, columns = height // tall, width // wide
    every = 2 if rows * columns > 4 * _FEW and rows > 1 else 1
    with torch.no_grad():
        used = frames[:, : rows * tall, : columns * wide]
        bands = used.reshape(count, rows, tall, columns * wide, 3)[:, ::every].float()
        grid = (count, -1, columns, wide, 3)
        mean = bands.mean(2).view(grid).mean(3)
        low, high = bands.amin(2).view(grid).amin((3, 4)), bands.amax(2).view(grid).amax((3, 4))
        usable = (low > _CLIPPED) & (high < 1 - _CLIPPED)
        if mask is not None:
            inside = mask[:, : rows * tall, : columns * wide].reshape(-1, rows, tall, columns, wide)
            usable = usable & (inside[:, ::every].amin((2, 4)) >= 0.5)
    usable = usable.cpu()
    return Blocks(mean.cpu().double(), usable, torch.ones_like(usable))


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
