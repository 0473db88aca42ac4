"""The plan: which frames each window makes, and which of them reach the video.

A plan is a value. All window arithmetic of the project is in this module, as data; no node, script or
rule computes a start or an end itself.

Frames are counted on the timeline of the video, from 0; intervals are half-open. Two neighbouring
windows share `overlap` frames. The frames that a window adds are its ``kept`` frames: of all windows,
one after the other, they are frames 0, 1, ..., F - 1, each once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .units import frames_rounded_down, frames_rounded_up, parse_fps

#: Largest overlap that spreading may make, as a share of the window: the largest that was run with the
#: real sampler (57 of 81).
_MOST_OVERLAP = Fraction(57, 81)


@dataclass(frozen=True, slots=True)
class Family:
    """What a model family counts in, and the window its examples use."""

    name: str
    temporal_scale: int
    window: int
    overlap: int
    fps: Fraction


#: Wan 2.1 InfiniteTalk: 81 frames, 9 shared. LTX-2: 19.88 s at 25 fps, of which 49 frames (1.96 s) shared.
FAMILIES: Mapping[str, Family] = {
    "wan": Family("wan", 4, 81, 9, Fraction(25)),
    "ltx": Family("ltx", 8, 497, 49, Fraction(25)),
}


@dataclass(frozen=True, slots=True)
class Window:
    """One call of the sampler: frames [start, stop), of which the first `overlap` continue the window before.

    `padding` frames lie past the end of the video and never reach it.
    """

    index: int
    start: int
    stop: int
    overlap: int
    padding: int

    @property
    def frames(self) -> int:
        """How many frames the sampler makes."""
        return self.stop - self.start

    @property
    def kept(self) -> tuple[int, int]:
        """The frames of the video, half-open, that this window adds."""
        return self.start + self.overlap, self.stop - self.padding

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "index": self.index,
            "start": self.start,
            "stop": self.stop,
            "overlap": self.overlap,
            "padding": self.padding,
            "kept": list(self.kept),
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """All windows of one video.

    frames: frames of the video. window, overlap, fit: what was asked for; each window of `windows` says
    what it got. fps: exact.
    """

    frames: int
    fps: Fraction
    temporal_scale: int
    window: int
    overlap: int
    fit: str
    windows: tuple[Window, ...]

    def __post_init__(self) -> None:
        _check_cover(self)

    @property
    def asked(self) -> tuple[int, Fraction, int, int, int, str]:
        """What the plan was made for and how; two plans that agree in it make the same video."""
        return self.frames, self.fps, self.temporal_scale, self.window, self.overlap, self.fit

    @property
    def longest_window(self) -> int:
        """Frames of the longest window: what nodes upstream of the loop must be made for."""
        return max(window.frames for window in self.windows)

    @property
    def generated(self) -> int:
        """Frames that the sampler makes in all windows together."""
        return sum(window.frames for window in self.windows)

    @property
    def padding(self) -> int:
        """Frames that are made past the end of the video."""
        return self.windows[-1].padding

    def next_overlap(self, index: int) -> int:
        """How many frames at the end of window `index` the next window continues from; 0 after the last."""
        return self.windows[index + 1].overlap if index + 1 < len(self.windows) else 0

    def to_json(self) -> dict[str, Any]:
        """As plain data; `plan_from_json` gives the same plan back."""
        return {
            "frames": self.frames,
            "fps": int(self.fps) if self.fps.denominator == 1 else str(self.fps),
            "temporal_scale": self.temporal_scale,
            "window": self.window,
            "overlap": self.overlap,
            "fit": self.fit,
            "windows": [window.to_json() for window in self.windows],
        }


def plan_from_json(data: Mapping[str, Any]) -> Plan:
    """The plan that `Plan.to_json` wrote. The windows are taken as they stand, and checked."""
    try:
        windows = tuple(
            Window(*(int(item[key]) for key in ("index", "start", "stop", "overlap", "padding")))
            for item in data["windows"]
        )
        numbers = {key: int(data[key]) for key in ("frames", "temporal_scale", "window", "overlap")}
        fps, fit = parse_fps(data["fps"]), str(data["fit"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"This is not a plan: {error!r}. Use what `longtake plan --json` prints.") from error
    return Plan(fps=fps, fit=fit, windows=windows, **numbers)


def make_plan(
    frames: int,
    *,
    fps: str | float | Fraction = 25,
    temporal_scale: int = 4,
    window: int = 81,
    overlap: int = 9,
    fit: str = "exact",
) -> Plan:
    """The windows that cover `frames` frames.

    window: frames of one sampler call, temporal_scale * n + 1. overlap: frames that neighbours share,
    temporal_scale * n + 1 and less than the window. fit: how the end is met.

    - ``exact``: windows of full length; what they make too much is spread over the overlaps in steps of
      `temporal_scale`, none above 57 of 81 in proportion; past that the last window shrinks.
    - ``shrink``: overlaps as asked, the last window shrunk to the grid.
    - ``pad``: overlaps as asked, all windows of full length, as WanVideoWrapper's own loop runs; what lies
      past the end is made but not kept.
    - ``floor``: as many frames as whole windows fill without passing the end; the rest of the sound stays
      without picture.
    """
    _check_arguments(frames, temporal_scale, window, overlap, fit)
    layout = _FITS[fit](frames, temporal_scale, window, overlap)
    covered = frames if fit != "floor" else layout[-1][0] + layout[-1][1]
    windows = tuple(
        Window(
            index=index,
            start=start,
            stop=start + length,
            overlap=layout[index - 1][0] + layout[index - 1][1] - start if index else 0,
            padding=max(0, start + length - covered),
        )
        for index, (start, length) in enumerate(layout)
    )
    return Plan(covered, parse_fps(fps), temporal_scale, window, overlap, fit, windows)


#: (start, length) of every window.
_Layout = list[tuple[int, int]]


def _exact(frames: int, scale: int, window: int, overlap: int) -> _Layout:
    total = frames_rounded_up(frames, scale)
    if total <= window:
        return [(0, total)]
    count = _windows_needed(total, window, overlap)
    steps = (count * window - (count - 1) * overlap - total) // scale
    most = max(overlap, frames_rounded_down(int(window * _MOST_OVERLAP), scale))
    room = (most - overlap) // scale * (count - 1)
    spread = min(steps, room)
    layout = [(0, window)]
    for seam in range(1, count):
        extra = spread * seam // (count - 1) - spread * (seam - 1) // (count - 1)
        layout.append((layout[-1][0] + window - overlap - extra * scale, window))
    start, _ = layout[-1]
    layout[-1] = (start, total - start)
    return layout


def _shrink(frames: int, scale: int, window: int, overlap: int) -> _Layout:
    layout = _pad(frames, scale, window, overlap)
    start, _ = layout[-1]
    layout[-1] = (start, frames_rounded_up(frames, scale) - start)
    return layout


def _pad(frames: int, _scale: int, window: int, overlap: int) -> _Layout:
    return [(index * (window - overlap), window) for index in range(_windows_needed(frames, window, overlap))]


def _floor(frames: int, scale: int, window: int, overlap: int) -> _Layout:
    if frames < window:
        return [(0, frames_rounded_down(frames, scale))]
    stride = window - overlap
    return [(index * stride, window) for index in range((frames - window) // stride + 1)]


_FITS: Mapping[str, Callable[[int, int, int, int], _Layout]] = {
    "exact": _exact,
    "shrink": _shrink,
    "pad": _pad,
    "floor": _floor,
}

#: The ways to meet the end of the sound, the default first.
FITS = tuple(_FITS)


def _windows_needed(frames: int, window: int, overlap: int) -> int:
    return 1 if frames <= window else 1 + -(-(frames - window) // (window - overlap))


def _check_arguments(frames: int, scale: int, window: int, overlap: int, fit: str) -> None:
    if frames < 1:
        raise ValueError(f"A video of {frames} frames cannot be planned. Use at least 1.")
    if scale < 1:
        raise ValueError(f"A temporal scale of {scale} is not possible. Use 4 for Wan, 8 for LTX.")
    if fit not in _FITS:
        raise ValueError(f"There is no way named {fit!r} to meet the end. Use one of {', '.join(FITS)}.")
    if window <= scale or (window - 1) % scale:
        raise ValueError(
            f"A window of {window} frames does not fill whole latent frames and leave room for an overlap. "
            f"Use {scale}n + 1, for example {max(1 + scale, frames_rounded_down(window, scale))}."
        )
    if overlap < 1 or (overlap - 1) % scale:
        near = min(frames_rounded_down(max(overlap, 1), scale), window - scale)
        raise ValueError(
            f"An overlap of {overlap} frames does not fill whole latent frames. Use {scale}n + 1, for example {near}."
        )
    if overlap >= window:
        raise ValueError(
            f"An overlap of {overlap} frames leaves nothing new in a window of {window}. "
            f"Use less than the window, for example {frames_rounded_down(max(window // 9, 1), scale)}."
        )


def _check_cover(plan: Plan) -> None:
    """Refuse windows that do not give each frame of the video once."""
    at = 0
    for index, window in enumerate(plan.windows):
        kept_start, kept_stop = window.kept
        previous = plan.windows[index - 1] if index else None
        if (
            window.index != index
            or kept_start != at
            or kept_stop <= kept_start
            or window.padding < 0
            or (window.padding > 0 and index + 1 < len(plan.windows))
            or window.overlap != (previous.stop - window.start if previous else 0)
            or window.start < 0
            or window.overlap < 0
        ):
            raise ValueError(
                f"Window {index + 1} of the plan keeps frames {kept_start} to {kept_stop} where frame {at} is "
                "next. Use a plan as `longtake plan --json` prints it."
            )
        at = kept_stop
    if not plan.windows or at != plan.frames:
        raise ValueError(
            f"The plan covers {at} of {plan.frames} frames. Use a plan as `longtake plan --json` prints it."
        )
