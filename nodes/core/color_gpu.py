"""Affine colour transforms on devices other than the CPU: one pass over the frames where Triton is there.

Triton comes with torch's CUDA and ROCm builds for Linux. Without it the same is done with torch's own
operations, in pieces that stay in the device's cache.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor

#: Pixels worked on at a time without Triton.
_CHUNK = 1 << 20

#: Values that one Triton program writes.
_BLOCK = 2048


def apply_on_gpu(frames: Tensor, transform: Tensor, out: Tensor) -> bool:
    """`color.apply` for frames that are not on the CPU; whether all of them are finite."""
    kernel = _kernel() if frames.device.type == "cuda" else None
    same_place = out.untyped_storage().data_ptr() == frames.untyped_storage().data_ptr()
    if kernel is None or same_place or not frames.is_contiguous():
        return apply_in_pieces(frames, transform, out)
    table = transform.expand(len(frames), 3, 4).float().contiguous().to(frames.device)
    bad = torch.zeros(1, dtype=torch.int32, device=frames.device)
    values = frames[0].numel()
    with torch.cuda.device(frames.device):
        kernel[(-(-values // _BLOCK), len(frames))](frames, out, table, bad, values, BLOCK=_BLOCK)
    return not bool(bad.item())


def apply_in_pieces(frames: Tensor, transform: Tensor, out: Tensor) -> bool:
    """The same with torch's own operations. Products are made one channel at a time, never as TF32."""
    table = transform.expand(len(frames), 3, 4).tolist()
    finite = torch.ones((), dtype=torch.bool, device=frames.device)
    for frame, rows, into in zip(frames, table, out, strict=True):
        pixels, target = frame.reshape(-1, 3), into.view(-1, 3)
        for start in range(0, len(pixels), _CHUNK):
            source = pixels[start : start + _CHUNK].float()
            result = torch.empty_like(source)
            for channel, (red, green, blue, offset) in enumerate(rows):
                column = torch.mul(source[:, 0], red).add_(offset)
                column.add_(source[:, 1], alpha=green)
                torch.add(column, source[:, 2], alpha=blue, out=result[:, channel])
            finite &= torch.isfinite(result.sum())
            target[start : start + _CHUNK] = result.clamp_(0, 1)
    return bool(finite)


@cache
def _kernel() -> Any:
    """The Triton kernel, or None where there is no Triton."""
    try:
        from .color_triton import affine_kernel  # noqa: PLC0415 - Triton is not everywhere
    except ImportError:
        return None
    return affine_kernel
