"""Two takes of the same overlap that differ, and how the seams of `nodes/core/seam.py` join them.

Synthetic: a place that sways before the camera, or passes it steadily, painted twice; the second painting is off
by up to two pixels, by 3 % of brightness, or both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from ..nodes.core.seam import SEAMS, blend
from .bench_worlds import moved, texture

Array = np.ndarray[Any, Any]

_OVERLAP, _LENGTH = 9, 45
_NOISE = 0.3 / 255


def _grows(at: Array) -> Array:
    return np.asarray(np.clip(2 * at / (_OVERLAP - 1), 0, 2))


def _crosses(at: Array) -> Array:
    return np.asarray(np.clip(np.abs(at - 4) / 2, 0, 2))


def _constant(at: Array) -> Array:
    return np.full(len(at), 2.0)


def _nowhere(at: Array) -> Array:
    return np.zeros(len(at))


def _sways(at: Array) -> Array:
    return np.asarray(6 * np.sin((at - _LENGTH) / 4.5))


def _passes(at: Array) -> Array:
    return np.asarray(1.33 * at - 60)


#: By how many pixels the second take is off in its n-th frame, its gain, and how the place moves.
CASES: Mapping[str, tuple[Callable[[Array], Array], float, Callable[[Array], Array]]] = {
    "off by up to 2 pixels": (_grows, 1.0, _sways),
    "off by 2 pixels at both ends": (_crosses, 1.0, _sways),
    "off by 2 pixels throughout": (_constant, 1.0, _sways),
    "3 % brighter": (_nowhere, 1.03, _sways),
    "2 pixels throughout and 3 % brighter": (_constant, 1.03, _sways),
    "steady pan, off by up to 2 pixels and 3 % brighter": (_grows, 1.03, _passes),
    "steady pan, off by 2 pixels throughout": (_constant, 1.0, _passes),
}


def takes(case: str, size: tuple[int, int], seed: int = 0) -> tuple[Array, Array]:
    """The frames up to the end of the overlap, and the window that begins with it; (F, H, W, 3) float32 each."""
    off, gain, moves = CASES[case]
    place = texture(size[0] + 40, size[1] + 240, 11)
    random = torch.Generator().manual_seed(seed)

    def painted(position: Array) -> Array:
        across = torch.from_numpy(position).float() + 60
        frames = moved(place, across, torch.full_like(across, 20), size)
        frames = frames + _NOISE * torch.randn(frames.shape, generator=random)
        return np.asarray(frames.numpy())

    at = np.arange(2 * _LENGTH - _OVERLAP, dtype=np.float64)
    position = moves(at)
    first = painted(position[:_LENGTH])
    second = painted(position[_LENGTH - _OVERLAP :] + off(np.arange(_LENGTH, dtype=np.float64)))
    return np.clip(first, 0, 1), np.clip(second * gain, 0, 1).astype(np.float32)


def seam_figures(case: str, mode: str, size: tuple[int, int]) -> dict[str, float]:
    """How a seam shows.

    step: the largest change from frame to frame around it, in shares of the largest that the takes have by
    themselves. sharpness: the least of any frame around it, in shares of the takes' own. brightness: the largest
    step of the mean that is not in the scene, in 1/255.
    """
    first, second = takes(case, size)
    tail = first[-_OVERLAP:]
    head = blend(tail, second, mode)
    video = np.concatenate([first[:-_OVERLAP], head, second[len(head) :]])
    near = slice(_LENGTH - _OVERLAP - 1, _LENGTH + 1)
    usual = np.concatenate([_changes(first), _changes(second)])
    steps = _changes(video)[near] / np.quantile(usual, 0.95)
    sharp = np.array([_sharpness(f) for f in video])
    own = np.concatenate([sharp[: _LENGTH - _OVERLAP], sharp[_LENGTH:]])
    means = video.mean((1, 2, 3)) * 255
    natural = np.concatenate([first, second[_OVERLAP:] / CASES[case][1]]).mean((1, 2, 3)) * 255
    return {
        "step": float(steps.max()),
        "sharpness": float(sharp[near].min() / np.median(own)),
        "brightness": float(np.abs(np.diff(means - natural))[near].max()),
    }


def _changes(frames: Array) -> Array:
    return np.asarray(np.abs(np.diff(frames, axis=0)).mean((1, 2, 3)))


def _sharpness(frame: Array) -> float:
    """Standard deviation of the Laplacian of the grey picture."""
    grey = frame.mean(-1)
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    return float((4 * grey[1:-1, 1:-1] - around).std())


def seams(size: tuple[int, int]) -> list[dict[str, Any]]:
    """Rows for `bench_color`: every seam on every case."""
    rows = []
    for case in CASES:
        for mode in SEAMS:
            figures = seam_figures(case, mode, size)
            rows.append(
                {
                    "experiment": f"seam, {case}",
                    "subject": mode,
                    "ms_per_frame": None,
                    "ratio_to_copy": None,
                    "peak_mb": None,
                    "error": None,
                    "flicker": None,
                    "seam": round(figures["brightness"], 3),
                    "worst_step": round(figures["step"], 3),
                    "worst_sharpness": round(figures["sharpness"], 3),
                }
            )
    return rows
