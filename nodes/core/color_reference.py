"""Colours matched to a reference picture by its statistics: the classical methods, by their papers.

They compare what is in the frame with what is in the reference, so they answer to everything that moves or
enters; `color_match` does not. Here they are exact: within 1e-5 of a float64 evaluation of the formula.

Where a frame has next to no contrast of its own (near-white, one colour), its contrast is noise, and the
formula would multiply it. Gains are therefore kept within 1/4 and 4 and shrink to 1 as the frame's own standard
deviation goes under two steps of 8 bits; ordinary pictures are not touched by this.

frames, here: (F, H, W, 3) of any float dtype on any device, sRGB in [0, 1]. No argument is changed, except
`out`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from . import color, color_lab
from .color_lab import CIELAB, GAINS, RUDERMAN, statistics

#: The methods: Pitié and Kokaram, "The linear Monge-Kantorovitch linear colour mapping for example-based colour
#: transfer" (2007); Reinhard et al., "Color transfer between images" (2001), in its space and in CIE L*a*b*.
REFERENCE_METHODS = ("mkl", "reinhard", "reinhard lab")

_FLAT = (2 / 255) ** 2
_ROW = 4  # pixels in one row of the matrix product, as in `color`
_ROWS = 240  # rows that are summed in float32, before float64 takes over


def match_reference(
    frames: Tensor,
    reference: Tensor,
    method: str = "mkl",
    *,
    per_frame: bool = False,
    strength: float = 1.0,
    mask: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Frames with the colour statistics of the reference, clamped to [0, 1].

    reference: (R, h, w, 3) of any size; its frames count as one picture. method: of `REFERENCE_METHODS`.
    per_frame: match every frame by itself, which flickers where things move; else all frames of the window as
    one picture. mask: (1 or F, H, W) weights in [0, 1]: the frames' statistics are taken there; everything is
    transformed. strength: 0 to 10. out: as in `color.apply`.
    """
    color.check_frames(frames)
    color.check_frames(reference, "The reference picture")
    if method not in REFERENCE_METHODS:
        raise ValueError(f"There is no method named {method!r}. Use one of {', '.join(REFERENCE_METHODS)}.")
    weights = check_weights(mask, frames)
    if method == "mkl":
        source, target = moments(frames, weights), pooled(*moments(reference))
        if not all(bool(torch.isfinite(part).all()) for part in (*source, *target)):
            raise ValueError(color.NOT_FINITE)
        transform = color.with_strength(mkl(*(source if per_frame else pooled(*source)), *target), strength)
        return color.apply(frames, transform if per_frame else transform[0], out)
    space = RUDERMAN if method == "reinhard" else CIELAB
    out = color.buffer_for(frames, out)
    with torch.no_grad():
        each = [statistics(frame, space, weight) for frame, weight in _pairs(frames, weights)]
        goal = _together([statistics(frame, space) for frame in reference])
        each = each if per_frame else [_together(each)]
        finite = color_lab.match(frames, each, goal, space, color.check_strength(strength), out)
    if not finite:
        raise ValueError(color.NOT_FINITE)
    return out


def _pairs(frames: Tensor, weights: Tensor | None) -> Iterator[tuple[Tensor, Tensor | None]]:
    for index, frame in enumerate(frames):
        yield frame, None if weights is None else weights[index % len(weights)]


def _together(each: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Mean and variance of several frames as one picture."""
    means, variances = (torch.stack(part) for part in zip(*each, strict=True))
    return means.mean(0), variances.mean(0) + means.var(0, correction=0)


def mkl(mean: Tensor, covariance: Tensor, target_mean: Tensor, target_covariance: Tensor) -> Tensor:
    """(F, 3, 4): the linear Monge-Kantorovich map between Gaussians, T = S^-1/2 (S^1/2 R S^1/2)^1/2 S^-1/2.

    mean: (F, 3); covariance: (F, 3, 3), float64, as `moments` gives them. Gains as the module says.
    """
    root, inverse_root = _roots(covariance)
    middle, _ = _roots(root @ target_covariance @ root)
    matrix = inverse_root @ middle @ inverse_root
    gains, axes = torch.linalg.eigh((matrix + matrix.mT) / 2)
    contrast = (axes * (covariance @ axes)).sum(-2)
    bounded = bounded_gain(gains, contrast, _FLAT)
    if not torch.equal(bounded, gains):
        matrix = (axes * bounded[:, None]) @ axes.mT
    return torch.cat([matrix, (target_mean - (matrix @ mean[..., None])[..., 0])[..., None]], -1)


def bounded_gain(gain: Tensor, variance: Tensor, flat: float) -> Tensor:
    """`gain` within `GAINS`, and drawn to 1 in proportion where `variance` is under `flat`."""
    return 1 + (gain.clamp(*GAINS) - 1) * (variance / flat).clamp(max=1)


def _roots(matrices: Tensor) -> tuple[Tensor, Tensor]:
    """The square roots of symmetric matrices, and their inverses."""
    values, vectors = torch.linalg.eigh((matrices + matrices.mT) / 2)
    root = values.clamp(min=1e-14).sqrt()[..., None, :]
    return (vectors * root) @ vectors.mT, (vectors / root) @ vectors.mT


def moments(frames: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Mean (F, 3) and covariance (F, 3, 3) of each frame's pixels, float64 on the CPU.

    mask: as in `match_reference`. Summed in float32 over about a thousand pixels at a time, then in float64.
    """
    means, covariances = [], []
    with torch.no_grad():
        for frame, weight in _pairs(frames, check_weights(mask, frames)):
            total, sums, products = _sums(frame.reshape(-1, 3), None if weight is None else weight.reshape(-1, 1))
            mean = sums / total
            means.append(mean)
            covariances.append(products / total - torch.outer(mean, mean))
    return torch.stack(means), torch.stack(covariances)


def pooled(means: Tensor, covariances: Tensor) -> tuple[Tensor, Tensor]:
    """The moments of all frames as one picture: (1, 3) and (1, 3, 3)."""
    mean = means.mean(0, keepdim=True)
    apart = means - mean
    return mean, covariances.mean(0, keepdim=True) + (apart.T @ apart)[None] / len(means)


def _sums(pixels: Tensor, weight: Tensor | None) -> tuple[float, Tensor, Tensor]:
    """Sum of the weights, (3,) sum of the pixels and (3, 3) sum of their products, float64 on the CPU."""
    block = _ROW * _ROWS
    whole = len(pixels) // block * block
    total = float(len(pixels)) if weight is None else float(weight.cpu().double().sum())
    sums, products = torch.zeros(3, dtype=torch.float64), torch.zeros(3, 3, dtype=torch.float64)
    for part, rows, wide in ((slice(0, whole), _ROWS, _ROW), (slice(whole, None), len(pixels) - whole, 1)):
        piece = pixels[part]
        if not len(piece):
            continue
        # A GPU may be set to compute float32 products as TF32, which is too coarse.
        piece = piece.double() if piece.device.type == "cuda" else piece.float()
        weighted = piece if weight is None else piece * weight[part]
        shape = (-1, rows, 3 * wide)
        of_blocks = torch.bmm(weighted.reshape(shape).mT, piece.reshape(shape)).cpu().double().sum(0)
        sums += weighted.reshape(shape).sum(1).cpu().double().sum(0).view(wide, 3).sum(0)
        products += of_blocks.view(wide, 3, wide, 3).diagonal(dim1=0, dim2=2).sum(-1)
    return total, sums, products


def check_weights(mask: Tensor | None, frames: Tensor) -> Tensor | None:
    """(1 or F, H, W) float32 on the frames' device. A mask that is empty is refused."""
    if mask is None:
        return None
    mask = mask[None] if mask.ndim == 2 else mask
    if mask.ndim != 3 or mask.shape[1:] != frames.shape[1:3] or len(mask) not in (1, len(frames)):
        raise ValueError(
            f"A mask of shape {tuple(mask.shape)} does not fit frames of {tuple(frames.shape)}. "
            f"Use (1, {frames.shape[1]}, {frames.shape[2]})."
        )
    if bool((mask.flatten(1).sum(1) <= 0).any()):
        raise ValueError("The mask is empty, so there is nothing to measure. Leave it out, or paint what counts.")
    return mask.float().to(frames.device)
