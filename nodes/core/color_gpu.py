"""Affine colour transforms on devices other than the CPU, with torch's own operations."""

from __future__ import annotations

import torch
from torch import Tensor

#: Pixels worked on at a time, so that what is in between stays small.
_CHUNK = 1 << 20


def apply_in_pieces(frames: Tensor, transform: Tensor, out: Tensor) -> bool:
    """`color.apply` for frames on any device; whether all of them are finite.

    Products are made one channel at a time, never as TF32.
    """
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
