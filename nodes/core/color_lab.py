"""Mean and standard deviation matched in a Lab space: Reinhard et al., "Color transfer between images" (2001).

Two spaces: the paper's own l-alpha-beta, decorrelated logarithms of cone responses (Ruderman et al. 1998), and
CIE L*a*b* under D65, which most programs mean by Lab. Pixels are computed in float32, sums closed in float64.

planes: (3, N) float32.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

_CHUNK = 1 << 17

#: The least and the largest gain that statistics are matched with.
GAINS = (0.25, 4.0)

_Matrix = Sequence[Sequence[float]]

#: Reinhard et al., equations 4 and 6.
_RGB_TO_LMS: _Matrix = ((0.3811, 0.5783, 0.0402), (0.1967, 0.7244, 0.0782), (0.0241, 0.1288, 0.8444))
_A, _B, _C = 3**-0.5, 6**-0.5, 2**-0.5
_LMS_TO_LAB: _Matrix = ((_A, _A, _A), (_B, _B, -2 * _B), (_C, -_C, 0.0))
#: The logarithm of black does not exist; half a step of 8 bits stands in for less.
_DARK = 0.5 / 255

#: IEC 61966-2-1 (sRGB), and the white point D65.
_RGB_TO_XYZ: _Matrix = (
    (0.412453, 0.357580, 0.180423),
    (0.212671, 0.715160, 0.072169),
    (0.019334, 0.119193, 0.950227),
)
_WHITE = (0.95047, 1.0, 1.08883)


def _inverse(matrix: _Matrix) -> _Matrix:
    rows: _Matrix = torch.linalg.inv(torch.tensor(matrix, dtype=torch.float64)).tolist()
    return rows


_LMS_TO_RGB, _LAB_TO_LMS, _XYZ_TO_RGB = _inverse(_RGB_TO_LMS), _inverse(_LMS_TO_LAB), _inverse(_RGB_TO_XYZ)


def _mixed(planes: Tensor, matrix: _Matrix) -> Tensor:
    """matrix @ planes, written out: on a GPU a product could be computed as TF32."""
    out = torch.empty_like(planes)
    for row, weights in enumerate(matrix):
        torch.mul(planes[0], weights[0], out=out[row])
        out[row].add_(planes[1], alpha=weights[1]).add_(planes[2], alpha=weights[2])
    return out


def rgb_to_ruderman(planes: Tensor) -> Tensor:
    """RGB in [0, 1] to the paper's l, alpha, beta (logarithms to base 10)."""
    return _mixed(_mixed(planes, _RGB_TO_LMS).clamp_(min=_DARK).log10_(), _LMS_TO_LAB)


def ruderman_to_rgb(planes: Tensor) -> Tensor:
    """The inverse of `rgb_to_ruderman`, not clamped."""
    logarithms = _mixed(planes, _LAB_TO_LMS)
    return _mixed(torch.pow(10.0, logarithms), _LMS_TO_RGB)


def rgb_to_cielab(planes: Tensor) -> Tensor:
    """sRGB in [0, 1] to CIE L* in [0, 100], a*, b*, D65."""
    linear = torch.where(planes > 0.04045, ((planes.clamp(min=0) + 0.055) / 1.055).pow(2.4), planes / 12.92)
    xyz = _mixed(linear, _RGB_TO_XYZ) / linear.new_tensor(_WHITE)[:, None]
    f = torch.where(xyz > (6 / 29) ** 3, xyz.clamp(min=0).pow(1 / 3), xyz * (29 / 6) ** 2 / 3 + 4 / 29)
    return torch.stack([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def cielab_to_rgb(planes: Tensor) -> Tensor:
    """The inverse of `rgb_to_cielab`, not clamped above."""
    middle = (planes[0] + 16) / 116
    f = torch.stack([middle + planes[1] / 500, middle, middle - planes[2] / 200])
    xyz = torch.where(f > 6 / 29, f.pow(3), (f - 4 / 29) * 3 * (6 / 29) ** 2) * planes.new_tensor(_WHITE)[:, None]
    linear = _mixed(xyz, _XYZ_TO_RGB).clamp_(min=0)
    return torch.where(linear > 0.0031308, 1.055 * linear.pow(1 / 2.4) - 0.055, linear * 12.92)


@dataclass(frozen=True)
class Space:
    """A colour space. flat: standard deviation, in its units, under which a picture has no contrast of its own."""

    to_lab: Callable[[Tensor], Tensor]
    to_rgb: Callable[[Tensor], Tensor]
    flat: float


RUDERMAN = Space(rgb_to_ruderman, ruderman_to_rgb, 0.01)
CIELAB = Space(rgb_to_cielab, cielab_to_rgb, 0.8)


def _pieces(frame: Tensor) -> Iterator[tuple[int, Tensor]]:
    """A frame as planes, piece by piece, and where each begins."""
    pixels = frame.reshape(-1, 3)
    for start in range(0, len(pixels), _CHUNK):
        yield start, pixels[start : start + _CHUNK].float().T.contiguous()


def statistics(frame: Tensor, space: Space, weight: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Mean and variance (3,) of one frame (H, W, 3) in a space, float64 on the CPU. weight: (H, W) or None."""
    total, mean, squares = 0.0, torch.zeros(3, dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
    for start, planes in _pieces(frame):
        lab = space.to_lab(planes)
        if weight is None:
            count = float(lab.shape[1])
            of_piece, variance = (t.cpu().double() for t in _mean_and_variance(lab, None))
        else:
            share = weight.reshape(-1)[start : start + _CHUNK]
            count = float(share.sum())
            if not count:
                continue
            of_piece, variance = (t.cpu().double() for t in _mean_and_variance(lab, share / count))
        apart = of_piece - mean
        mean = mean + apart * (count / (total + count))
        squares = squares + variance * count + apart.square() * (total * count / (total + count))
        total += count
    return mean, squares / total


def _mean_and_variance(lab: Tensor, share: Tensor | None) -> tuple[Tensor, Tensor]:
    if share is None:
        variance, mean = torch.var_mean(lab, 1, correction=0)
        return mean, variance
    mean = (lab * share).sum(1)
    return mean, ((lab - mean[:, None]).square() * share).sum(1)


def match(
    frames: Tensor,
    source: Sequence[tuple[Tensor, Tensor]],
    target: tuple[Tensor, Tensor],
    space: Space,
    strength: float,
    out: Tensor,
) -> bool:
    """Write frames with the target's mean and deviation to `out`; whether all of it is finite.

    source: mean and variance of each frame, or one pair for all, in `space`; target: of the reference.
    """
    finite = True
    for index, (frame, into) in enumerate(zip(frames, out, strict=True)):
        mean, variance = source[index % len(source)]
        ratio = (target[1] / variance.clamp(min=1e-20)).sqrt().clamp(*GAINS)
        gain = 1 + (ratio - 1) * (variance / space.flat**2).clamp(max=1)
        slope = gain.to(frames.device, torch.float32)[:, None]
        offset = (target[0] - gain * mean).to(frames.device, torch.float32)[:, None]
        flat = into.view(-1, 3)
        for start, planes in _pieces(frame):
            rgb = space.to_rgb(space.to_lab(planes) * slope + offset).clamp_(0, 1)
            result = torch.lerp(planes, rgb, strength)
            finite &= bool(torch.isfinite(result.sum()))
            flat[start : start + planes.shape[1]] = result.clamp_(0, 1).T
    return finite
