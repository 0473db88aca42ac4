"""Frames that carry their own number, so that a finished video can be read back frame by frame.

A frame is a grid of 4 x 6 light and dark cells: 16 bits of the number and 8 bits that check it.
The cells are large against H.264's blocks, and a reading that is in doubt raises.
"""

import zlib

import numpy as np
from numpy.typing import NDArray

ROWS, COLUMNS = 4, 6
LARGEST = 2**16 - 1
DARK, LIGHT = 0.1, 0.9
DOUBT = 0.15  # a cell's mean must be this far from the middle between dark and light


def paint(number: int, height: int, width: int) -> NDArray[np.float32]:
    """(height, width, 3) float32 in [0, 1]: a frame that shows this number, 0 to 65535."""
    if not 0 <= number <= LARGEST:
        raise ValueError(f"{number} cannot be painted. Use 0 to {LARGEST}.")
    if height < ROWS * 4 or width < COLUMNS * 4:
        raise ValueError(f"{width}x{height} is too small to paint. Use at least {COLUMNS * 4}x{ROWS * 4}.")
    rows = np.arange(height) * ROWS // height
    columns = np.arange(width) * COLUMNS // width
    grey = np.where(_bits(number), LIGHT, DARK).astype(np.float32)[rows][:, columns]
    return np.repeat(grey[..., None], 3, axis=2)


def paint_frames(start: int, stop: int, height: int, width: int) -> NDArray[np.float32]:
    """(stop - start, height, width, 3) float32 in [0, 1]: the frames start, ..., stop - 1."""
    return np.stack([paint(number, height, width) for number in range(start, stop)])


def read(frame: NDArray[np.uint8]) -> int:
    """Read the number that a (height, width, 3) uint8 frame shows; ValueError if it is in doubt."""
    height, width = frame.shape[:2]
    grey = frame.astype(np.float64).mean(axis=2) / 255
    means = np.empty((ROWS, COLUMNS))
    for row in range(ROWS):
        for column in range(COLUMNS):
            means[row, column] = grey[_inner(row, ROWS, height), _inner(column, COLUMNS, width)].mean()
    middle = (DARK + LIGHT) / 2
    if np.abs(means - middle).min() < DOUBT:
        raise ValueError(f"The frame shows no painted number: its cells are {means.round(2).tolist()}.")
    value = int("".join("1" if bit else "0" for bit in (means > middle).ravel()), 2)
    number = value >> 8
    if not np.array_equal(_bits(number), means > middle):
        raise ValueError(f"The frame reads {number}, but its check bits do not fit.")
    return number


def read_frames(frames: NDArray[np.uint8]) -> list[int]:
    """Read the numbers that (frames, height, width, 3) uint8 show."""
    return [read(frame) for frame in frames]


def _bits(number: int) -> NDArray[np.bool_]:
    check = zlib.crc32(number.to_bytes(2, "big")) & 0xFF
    text = format(number << 8 | check, "024b")
    return (np.array(list(text)) == "1").reshape(ROWS, COLUMNS)


def _inner(index: int, cells: int, size: int) -> slice:
    """Give the middle half of a cell, away from what scaling and compression do to its edges."""
    quarter = size / cells / 4
    first = int(index * 4 * quarter + quarter)
    return slice(first, max(int(index * 4 * quarter + 3 * quarter), first + 1))
