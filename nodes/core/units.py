"""Frames, audio samples, latent frames and seconds, turned into each other exactly.

A conversion named ``<unit>_to_<unit>`` is exact or raises; one that rounds says so in its name.
"""

from __future__ import annotations

from fractions import Fraction

#: Rates that are written as decimals and mean a fraction of 1001.
_NTSC = tuple(Fraction(n * 1000, 1001) for n in (24, 30, 48, 60, 120))
_NTSC_REACH = Fraction(5, 1000)
_MOST_FPS = 1000


def parse_fps(value: str | float | Fraction) -> Fraction:
    """Frames per second as an exact fraction.

    ``25``, ``"25"``, ``12.5``, ``"24000/1001"``. What lies within 0.005 of an NTSC rate, and is no
    whole number, is that rate: 23.976, 23.98 and 29.97 mean 24000/1001 and 30000/1001.
    """
    try:
        fps = Fraction(value) if not isinstance(value, float) else Fraction(str(value))
    except (ValueError, ZeroDivisionError, TypeError, OverflowError):
        raise ValueError(
            f"{value!r} is not a frame rate. Use a number or a fraction, for example 25 or 24000/1001."
        ) from None
    if not 0 < fps <= _MOST_FPS:
        raise ValueError(f"A frame rate of {value} is out of range. Use one above 0 and up to 1000, for example 25.")
    if fps.denominator != 1:
        for rate in _NTSC:
            if abs(fps - rate) < min(_NTSC_REACH, abs(fps - round(fps))):
                return rate
    return fps


def samples_to_frames_rounded_up(samples: int, fps: Fraction, sample_rate: int) -> int:
    """The number of frames that cover `samples` audio samples: ceil(samples * fps / sample_rate)."""
    if samples < 1 or sample_rate < 1:
        raise ValueError(
            f"A sound of {samples} samples at {sample_rate} Hz cannot be covered with frames. "
            "Use at least one sample at a positive rate, for example 16000 samples at 16000 Hz."
        )
    return -(-samples * fps.numerator // (sample_rate * fps.denominator))


def frames_to_samples_rounded(frames: int, fps: Fraction, sample_rate: int) -> int:
    """The audio sample nearest to where frame `frames` starts; halves go up.

    Neighbouring frames share their boundary, so slices cut with it neither overlap nor leave gaps.
    """
    return (2 * frames * sample_rate * fps.denominator + fps.numerator) // (2 * fps.numerator)


def frames_to_seconds(frames: int, fps: Fraction) -> Fraction:
    """Exact seconds."""
    return frames / fps


def seconds_to_frames_rounded_up(seconds: Fraction, fps: Fraction) -> int:
    """The number of frames that cover `seconds`."""
    return -((-seconds * fps) // 1)


def frames_to_latents(frames: int, temporal_scale: int) -> int:
    """Latent frames of `frames` frames: 1 + (frames - 1) / temporal_scale, exact.

    A causal video VAE keeps the first frame alone and folds every further `temporal_scale` into one
    latent frame (Wan 2.1: 4, LTX-Video: 8).
    """
    if frames < 1 or (frames - 1) % temporal_scale:
        low = max(1, frames_rounded_down(frames, temporal_scale)) if frames > 0 else 1
        raise ValueError(
            f"{frames} frames do not fill whole latent frames. "
            f"Use {temporal_scale}n + 1, for example {low if low > 1 else temporal_scale + 1}."
        )
    return 1 + (frames - 1) // temporal_scale


def latents_to_frames(latents: int, temporal_scale: int) -> int:
    """Frames of `latents` latent frames: 1 + (latents - 1) * temporal_scale."""
    if latents < 1:
        raise ValueError(f"{latents} latent frames hold no picture. Use at least 1.")
    return 1 + (latents - 1) * temporal_scale


def frames_rounded_up(frames: int, temporal_scale: int) -> int:
    """The smallest count of the grid ``temporal_scale * n + 1`` that is at least `frames`."""
    return 1 + -(-(frames - 1) // temporal_scale) * temporal_scale


def frames_rounded_down(frames: int, temporal_scale: int) -> int:
    """The largest count of the grid ``temporal_scale * n + 1`` that is at most `frames`."""
    return 1 + (frames - 1) // temporal_scale * temporal_scale
