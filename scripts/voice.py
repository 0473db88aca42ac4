"""What a painted face needs of a voice: for every frame of the video, how loud it is and how open the mouth."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from ..nodes.core.units import frames_to_samples_rounded

Array = np.ndarray[Any, Any]

#: Frames that are measured at a time.
_BLOCK = 1000
#: Loudness below this share of the voice's usual one is silence.
_SILENCE = 0.08
#: How fast the mouth follows, as shares of the way per frame at 25 fps.
_OPENING, _CLOSING = 0.7, 0.45
_GLOW_RISE, _GLOW_FALL = 0.25, 0.06
_REFERENCE_FPS = 25


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """opening: (F,) float32 in [0, 1], the mouth. glow: (F,) float32 in [0, 1], the same voice, slower."""

    opening: Array
    glow: Array


def follow_voice(waveform: Array, sample_rate: int, fps: Fraction, frames: int) -> Voice:
    """Measure a waveform, (C, N) float32 in [-1, 1], for `frames` frames; past its end there is silence."""
    loudness, hiss = np.zeros(frames, np.float32), np.zeros(frames, np.float32)
    for first in range(0, frames, _BLOCK):
        last = min(first + _BLOCK, frames)
        edges = [frames_to_samples_rounded(frame, fps, sample_rate) for frame in range(first, last + 1)]
        part = waveform[:, edges[0] : edges[-1]].mean(0, dtype=np.float32)
        for frame, (start, stop) in enumerate(pairwise(edges), first):
            samples = part[start - edges[0] : stop - edges[0]]
            if samples.size > 1:
                loudness[frame] = np.sqrt(np.mean(samples**2))
                hiss[frame] = np.mean(samples[1:] * samples[:-1] < 0)
    usual = np.percentile(loudness[loudness > loudness.max() / 20], 90) if loudness.any() else 1.0
    level = np.clip((loudness / max(float(usual), 1e-6) - _SILENCE) / (1 - _SILENCE), 0, 1) ** 0.7
    # An s or an f is loud with the teeth together.
    wanted = level * (1 - 0.7 * np.clip((hiss - 0.15) / 0.25, 0, 1))
    return Voice(_followed(wanted, fps, _OPENING, _CLOSING), _followed(level, fps, _GLOW_RISE, _GLOW_FALL))


def _followed(wanted: Array, fps: Fraction, rise: float, fall: float) -> Array:
    """A value that goes after another, up at one speed and down at another."""
    shorter = float(_REFERENCE_FPS / fps)
    rise, fall = 1 - (1 - rise) ** shorter, 1 - (1 - fall) ** shorter
    result, value = np.zeros(len(wanted), np.float32), 0.0
    for frame, goal in enumerate(wanted.tolist()):
        value += (goal - value) * (rise if goal > value else fall)
        result[frame] = value
    return result
