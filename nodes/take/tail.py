"""The tail: the frames that the next window continues from, kept without loss."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from .files import sync_file

Array = np.ndarray[Any, Any]

#: float32 whose low half is empty came from bfloat16: half the bytes hold it exactly.
_LOW_HALF = np.uint32(0xFFFF)


def write_tail(path: Path, frames: Array) -> None:
    """Write frames, (M, H, W, 3) float32, to the disk, so that `read_tail` gives the same bits back.

    What was made from 8 bits is stored as 8 bits, what came from bfloat16 as 16, the rest as float32.
    """
    frames = np.ascontiguousarray(frames, dtype=np.float32)
    eight = np.rint(np.clip(frames, 0, 1) * 255).astype(np.uint8)
    bits = frames.view(np.uint32)
    if np.array_equal(_from_eight(eight).view(np.uint32), bits):  # as bits: -0.0 is not 0.0
        values = {"eight_bits": eight}
    elif not (bits & _LOW_HALF).any():
        values = {"bfloat16_bits": (bits >> 16).astype(np.uint16)}
    else:
        values = {"float32": frames}
    save_file(values, path)
    sync_file(path)


def read_tail(path: Path) -> Array:
    """The frames that `write_tail` wrote: (M, H, W, 3) float32."""
    try:
        (kind, values), *_ = load_file(path).items()
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise ValueError(f"{path} is not a tail: {error}. Remove its window's folder and queue again.") from error
    if kind == "eight_bits":
        return _from_eight(values)
    if kind == "bfloat16_bits":
        return (values.astype(np.uint32) << 16).view(np.float32)
    return values


def _from_eight(values: Array) -> Array:
    return values.astype(np.float32) / np.float32(255)
