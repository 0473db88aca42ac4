"""How loud a sound is: integrated loudness by ITU-R BS.1770-4."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.signal import lfilter

Array = np.ndarray[Any, Any]

_SILENCE = -70.0  # LUFS: what is quieter is not counted
_BELOW = -10.0  # LU: nor what is this much under the mean


def loudness(waveform: Array, sample_rate: int) -> float | None:
    """Integrated loudness in LUFS; None for silence and for less than 0.4 s.

    waveform: (C, N) float in [-1, 1] at `sample_rate`. Channels count equally, as left, right and centre do.
    """
    block, hop = round(0.4 * sample_rate), round(0.1 * sample_rate)
    if waveform.shape[1] < block:
        return None
    weighted = _weighted(np.asarray(waveform, np.float64), sample_rate)
    total = np.concatenate([[0.0], np.cumsum((weighted**2).sum(0))])
    starts = np.arange(0, waveform.shape[1] - block + 1, hop)
    power = (total[starts + block] - total[starts]) / block
    power = power[power > 10 ** ((_SILENCE + 0.691) / 10)]
    if not len(power):
        return None
    power = power[power > power.mean() * 10 ** (_BELOW / 10)]
    return float(-0.691 + 10 * math.log10(power.mean()))


def _weighted(waveform: Array, sample_rate: int) -> Array:
    """K-weighting: the shelf of a head, then a high-pass; the standard's filters as analogue prototypes."""
    for high, frequency, quality in (
        (3.999843853973347, 1681.974450955533, 0.7071752369554196),
        (None, 38.13547087602444, 0.5003270373238773),
    ):
        k = math.tan(math.pi * frequency / sample_rate)
        below = 1 + k / quality + k * k
        if high is None:
            forward = [1.0, -2.0, 1.0]
        else:
            gain = 10 ** (high / 20)
            middle = gain**0.4996667741545416
            forward = [
                (gain + middle * k / quality + k * k) / below,
                2 * (k * k - gain) / below,
                (gain - middle * k / quality + k * k) / below,
            ]
        back = [1.0, 2 * (k * k - 1) / below, (1 - k / quality + k * k) / below]
        waveform = lfilter(forward, back, waveform, axis=1)
    return waveform
