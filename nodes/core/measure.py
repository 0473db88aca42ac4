"""What can be said of a video by its frames alone: drift of colours, flicker, seams, sharpness, pulse.

Frames are looked at once, in order, and only small things are kept of them, so length does not matter. No
model is needed. Where content changes, medians over places keep what moves from counting as drift.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_BLOCK = 16
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)  # BT.709
_NEAR = 12  # frames on either side that a seam is compared with
_SHORT = 5  # frames over which brightness may change evenly without flickering
_FLAT = 0.02  # of 255: less change from frame to frame than this is a still


@dataclass
class Curves:
    """What is measured frame by frame, as lists that grow; all in steps of 1/255 where nothing else is said.

    mean: (3,) mean red, green and blue. contrast: standard deviation of brightness. saturation: mean of largest
    minus smallest channel. sharpness: standard deviation of the Laplacian. change: mean absolute change of
    the places since the frame before. shift: median change of brightness of the places since then, signed; what
    moves does not count unless it is most of the picture. likeness: correlation of the places' brightness with
    those of the reference, -1 to 1. seconds: (h, w, 3) means over places of each second.
    """

    mean: list[Array] = field(default_factory=list)
    contrast: list[float] = field(default_factory=list)
    saturation: list[float] = field(default_factory=list)
    sharpness: list[float] = field(default_factory=list)
    change: list[float] = field(default_factory=list)
    shift: list[float] = field(default_factory=list)
    likeness: list[float] = field(default_factory=list)
    seconds: list[Array] = field(default_factory=list)


class Meter:
    """Looks at the frames of one video, one after the other.

    fps: frames per second. reference: (H, W, 3) uint8 to compare with; None for the first frame.
    """

    def __init__(self, fps: float, reference: Array | None = None) -> None:
        self.fps = fps
        self.curves = Curves()
        self._reference = None if reference is None else _places(reference)
        self._before: Array | None = None
        self._second: list[Array] = []

    def look(self, frame: Array) -> None:
        """Measure the next frame: (H, W, 3) uint8, sRGB."""
        places, curves = _places(frame), self.curves
        if self._reference is None:
            self._reference = places
        if self._reference.shape != places.shape:
            raise ValueError(
                "The reference and the video differ in size. Use a picture of the video's size, for example its first "
                "frame."
            )
        grey = frame.astype(np.float32) @ _LUMA
        curves.mean.append(places.mean((0, 1)))
        curves.contrast.append(float(grey.std()))
        curves.saturation.append(float((places.max(-1) - places.min(-1)).mean()))
        curves.sharpness.append(_sharpness(grey))
        before = places if self._before is None else self._before
        curves.change.append(float(np.abs(places - before).mean()))
        curves.shift.append(float(np.median((places - before) @ _LUMA)))
        curves.likeness.append(_correlation(places @ _LUMA, self._reference @ _LUMA))
        self._before = places
        self._second.append(places)
        if len(self._second) >= round(self.fps):
            self._end_second()

    def finish(self, boundaries: Sequence[int] = ()) -> dict[str, Any]:
        """All figures. boundaries: the first frame of each window but the first."""
        if self._second and (len(self._second) > self.fps / 2 or not self.curves.seconds):
            self._end_second()
        return figures(self.curves, self.fps, boundaries)

    @property
    def against_reference(self) -> float | None:
        """How far the first second's places are off the reference, median, root mean square of the channels."""
        if self._reference is None or not self.curves.seconds:
            return None
        return _apart(self.curves.seconds[0], self._reference)

    def _end_second(self) -> None:
        self.curves.seconds.append(np.mean(self._second, axis=0))
        self._second = []


def figures(curves: Curves, fps: float, boundaries: Sequence[int] = ()) -> dict[str, Any]:
    """The figures of a video from its curves.

    drift_at_end, drift_most: how far the places of the last two seconds, and of the worst second, are off those
    of the first two; the median over places, root mean square of the channels. flicker: root mean square of the
    shift of brightness from frame to frame, beyond that of the two frames before and after.
    sharpness_at_end, sharpness_least: in shares of the first two seconds and of the median. likeness_at_end: to
    the reference. pulse_seconds, pulse_strength: period of a regular jerk and its autocorrelation (0.3 and more
    can be seen). seams: see `seam_figures`.
    """
    count = len(curves.change)
    if not count:
        raise ValueError("The video has no frames. Use one with at least one picture.")
    two = max(1, min(count, round(2 * fps)))
    drift = drift_by_second(curves)
    shift = np.array(curves.shift[1:])
    sharp = np.array(curves.sharpness)
    period, strength = _pulse(np.array(curves.change[1:]), fps)
    return {
        "frames": count,
        "drift_at_end": float(np.mean(drift[-2:])),
        "drift_most": float(drift.max()),
        "contrast_at_end": float(np.mean(curves.contrast[-two:]) / max(1e-9, float(np.mean(curves.contrast[:two])))),
        "saturation_at_end": float(
            np.mean(curves.saturation[-two:]) / max(1e-9, float(np.mean(curves.saturation[:two])))
        ),
        "flicker": float(np.sqrt(np.mean((shift - _neighbours(shift)) ** 2))) if len(shift) else 0.0,
        "sharpness_at_end": float(sharp[-two:].mean() / max(1e-9, sharp[:two].mean())),
        "sharpness_least": float(sharp.min() / max(1e-9, float(np.median(sharp)))),
        "likeness_at_end": float(np.mean(curves.likeness[-two:])),
        "motion": float(np.median(curves.change[1:])) if count > 1 else 0.0,
        "pulse_seconds": period,
        "pulse_strength": strength,
        **seam_figures(curves, boundaries),
    }


def drift_by_second(curves: Curves) -> Array:
    """(S,): how far each second's places are off those of the first two seconds; see `figures`."""
    start = np.mean(curves.seconds[:2], axis=0)
    return np.array([_apart(second, start) for second in curves.seconds])


def seam_figures(curves: Curves, boundaries: Sequence[int]) -> dict[str, Any]:
    """How the boundaries stand out from the frames around them.

    seam_strength, seam_worst: change of the picture at a boundary over the median of its neighbours, mean and
    largest. elsewhere: the same ratio that 95 % of all other frames stay under; a seam above it can be seen.
    seam_brightness: mean step of brightness there beyond its neighbours'. None without boundaries.
    """
    change, shift = np.array(curves.change), np.array(curves.shift)
    inside = [at for at in boundaries if 0 < at < len(change)]
    if not inside:
        return dict.fromkeys(("seams", "seam_strength", "seam_worst", "elsewhere", "seam_brightness"))
    ratio = np.array([_stands_out(change, at) for at in range(1, len(change))])
    at_seams = ratio[np.array(inside) - 1]
    others = np.delete(ratio, np.array(inside) - 1)
    return {
        "seams": len(inside),
        "seam_strength": float(at_seams.mean()),
        "seam_worst": float(at_seams.max()),
        "elsewhere": float(np.quantile(others, 0.95)) if len(others) else None,
        "seam_brightness": float(np.mean([abs(shift[at] - np.median(_around(shift, at))) for at in inside])),
    }


def _around(values: Array, at: int) -> Array:
    """The neighbours of one frame, itself and the first frame (which follows none) left out."""
    start = max(1, at - _NEAR)
    near: Array = np.concatenate([values[start:at], values[at + 1 : at + 1 + _NEAR]])
    return near if len(near) else values[at : at + 1]


def _stands_out(change: Array, at: int) -> float:
    return float((change[at] + _FLAT) / (np.median(_around(change, at)) + _FLAT))


def _pulse(change: Array, fps: float) -> tuple[float | None, float]:
    """Period in seconds and autocorrelation of what comes back regularly, between half a second and twenty."""
    least, most = max(2, round(fps / 2)), min(round(20 * fps), len(change) // 3)
    beats = change - _smooth(change, 2 * least + 1)
    power = float(np.dot(beats, beats))
    if most <= least or power <= 0:
        return None, 0.0
    size = 1 << (2 * len(beats) - 1).bit_length()
    spectrum = np.fft.rfft(beats, size)
    alike = np.fft.irfft(spectrum * spectrum.conj(), size)[: most + 1] / power
    lag = least + int(np.argmax(alike[least:]))
    return lag / fps, float(alike[lag])


def _neighbours(values: Array) -> Array:
    """The mean of the values around each, itself left out."""
    kernel = np.ones(_SHORT)
    kernel[_SHORT // 2] = 0
    if len(values) < _SHORT:
        return np.full(len(values), values.mean())
    return np.asarray(np.convolve(values, kernel, "same") / np.convolve(np.ones(len(values)), kernel, "same"))


def _smooth(values: Array, width: int) -> Array:
    """The mean over `width` values around each, fewer at the ends."""
    if not len(values):
        return values
    kernel = np.ones(min(width, len(values)))
    return np.asarray(np.convolve(values, kernel, "same") / np.convolve(np.ones(len(values)), kernel, "same"))


def _places(frame: Array) -> Array:
    """(h, w, 3) float32: means over 16 x 16 pixels, 0 to 255."""
    height, width, _ = frame.shape
    tall, wide = min(_BLOCK, height), min(_BLOCK, width)
    rows, columns = height // tall, width // wide
    bands = frame[: rows * tall, : columns * wide].reshape(rows, tall, columns * wide * 3)
    sums = bands.sum(1, dtype=np.uint32).reshape(rows, columns, wide, 3).sum(2)
    means: Array = np.asarray(sums, np.float32) / (tall * wide)
    return means


def _sharpness(grey: Array) -> float:
    if min(grey.shape) < 3:
        return 0.0
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    return float((4 * grey[1:-1, 1:-1] - around).std())


def _correlation(one: Array, other: Array) -> float:
    one, other = one - one.mean(), other - other.mean()
    norm = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum() / norm) if norm > 0 else 1.0


def _apart(one: Array, other: Array) -> float:
    return float(np.sqrt(np.mean(np.median((one - other).reshape(-1, 3), axis=0) ** 2)))
