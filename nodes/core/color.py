"""Affine colour transforms of frames, at the speed of memory.

A transform is (3, 4): a 3 x 3 matrix and an offset, out = matrix @ colour + offset; (F, 3, 4) holds one for
each frame. Transforms are float64 on the CPU, however the frames are stored.

frames, here: (F, H, W, 3) of any float dtype on any device, sRGB in [0, 1]. No argument is changed, except
`out`, which is there to be written.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .color_gpu import apply_in_pieces

#: Pixels worked on at a time on a CPU: 3 MB of float32, small enough to stay in the cache.
_CHUNK = 1 << 18

#: Pixels that one row of the matrix product holds. torch has no fast 3 x 3 product; four pixels as one
#: colour of 12 channels, times a block-diagonal matrix, is an ordinary convolution of kernel size 1.
_ROW = 4


def identity() -> Tensor:
    """(3, 4): the transform that changes nothing."""
    return torch.eye(3, 4, dtype=torch.float64)


def inverse(transform: Tensor) -> Tensor:
    """The transform that undoes `transform`; (..., 3, 4)."""
    matrix = torch.linalg.inv(transform[..., :3])
    return torch.cat([matrix, -matrix @ transform[..., 3:]], -1)


def compose(second: Tensor, first: Tensor) -> Tensor:
    """The transform that applies `first`, then `second`; (..., 3, 4)."""
    matrix = second[..., :3] @ first[..., :3]
    return torch.cat([matrix, second[..., :3] @ first[..., 3:] + second[..., 3:]], -1)


def with_strength(transform: Tensor, strength: float) -> Tensor:
    """`transform` in part: 0 changes nothing, 1 is all of it, up to 10 exaggerates; (..., 3, 4)."""
    check_strength(strength)
    return identity() + strength * (transform - identity())


def apply(frames: Tensor, transform: Tensor, out: Tensor | None = None) -> Tensor:
    """Frames with their colours transformed and clamped to [0, 1].

    transform: (3, 4) for all frames, or (F, 3, 4). out: a contiguous tensor of the shape, dtype and device of
    `frames` to write to, which may be `frames` itself if the caller owns it; a new one if None. Computed in
    float32. Extra memory on a CPU: under 10 MB at any size. Frames with NaN or infinity raise ValueError.
    """
    check_frames(frames)
    if transform.shape not in ((3, 4), (len(frames), 3, 4)):
        raise ValueError(
            f"A transform of shape {tuple(transform.shape)} does not fit {len(frames)} frames. "
            f"Use (3, 4) or ({len(frames)}, 3, 4)."
        )
    out = buffer_for(frames, out)
    with torch.no_grad():
        if frames.device.type == "cpu":
            finite = _apply_on_cpu(frames, transform, out)
        else:
            finite = apply_in_pieces(frames, transform, out)
    if not finite:
        raise ValueError(NOT_FINITE)
    return out


def buffer_for(frames: Tensor, out: Tensor | None) -> Tensor:
    """`out` if it can take the result for `frames`, a new tensor if it is None."""
    if out is None:
        return torch.empty_like(frames, memory_format=torch.contiguous_format)
    if out.shape != frames.shape or out.dtype != frames.dtype or out.device != frames.device:
        raise ValueError(
            f"A buffer of {tuple(out.shape)} {out.dtype} on {out.device} cannot take frames of "
            f"{tuple(frames.shape)} {frames.dtype} on {frames.device}. Use torch.empty_like(frames)."
        )
    if not out.is_contiguous():
        raise ValueError("A buffer with gaps cannot be written to. Use torch.empty(frames.shape).")
    return out


def check_strength(strength: float) -> float:
    """A strength from 0 to 10, or an error."""
    if not 0 <= strength <= 10:
        raise ValueError(f"A strength of {strength} is out of range. Use 0 to 10, for example 1.")
    return strength


NOT_FINITE = (
    "The frames hold NaN or infinity, so the step that made them went wrong. "
    "Use frames in [0, 1], for example with the VAE in float32."
)


def check_frames(frames: Tensor, name: str = "frames") -> None:
    """Refuse what is not (F, H, W, 3) of a float dtype."""
    if frames.ndim != 4 or frames.shape[-1] != 3 or not frames.is_floating_point() or not frames.numel():
        raise ValueError(
            f"{name} of shape {tuple(frames.shape)} and {frames.dtype} are not pictures. "
            "Use (F, H, W, 3) of float, for example (81, 720, 1280, 3) float32."
        )


def _apply_on_cpu(frames: Tensor, transform: Tensor, out: Tensor) -> bool:
    if transform.ndim == 2 and frames.is_contiguous():
        return _apply_to_pixels(frames.view(-1, 3), transform, out.view(-1, 3))
    finite = True
    for frame, of_frame, into in zip(frames, transform.expand(len(frames), 3, 4), out, strict=True):
        finite &= _apply_to_pixels(frame.reshape(-1, 3), of_frame, into.view(-1, 3))
    return finite


def _apply_to_pixels(pixels: Tensor, transform: Tensor, out: Tensor) -> bool:
    """(N, 3) to (N, 3); whether all of it is finite."""
    whole = len(pixels) // _ROW * _ROW
    parts = -(-whole // _CHUNK) or 1
    step = -(-whole // (parts * _ROW)) * _ROW or 1
    matrix, offset = transform[:, :3].float(), transform[:, 3].float()
    weight = torch.kron(torch.eye(_ROW), matrix).view(3 * _ROW, 3 * _ROW, 1, 1)
    bias = offset.repeat(_ROW)
    finite = True
    for start in range(0, whole, step):
        stop = min(start + step, whole)
        source = pixels[start:stop].float().view(1, 1, -1, 3 * _ROW).permute(0, 3, 1, 2)
        result = torch.nn.functional.conv2d(source, weight, bias)
        finite &= bool(torch.isfinite(result.sum()))
        into = out[start:stop].view(1, 1, -1, 3 * _ROW).permute(0, 3, 1, 2)
        if out.dtype == torch.float32:
            torch.clamp(result, 0, 1, out=into)
        else:
            into.copy_(result.clamp_(0, 1))
        del source, result  # or two would be there at once
    if whole < len(pixels):
        result = pixels[whole:].float() @ matrix.T + offset
        finite &= bool(torch.isfinite(result.sum()))
        out[whole:] = result.clamp_(0, 1)
    return finite
