"""Pictures of what `longtake measure` found: one curve per video, windows marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..nodes.core.measure import Curves, drift_by_second

Array = np.ndarray[Any, Any]
Font = Any

_WIDTH, _PANEL, _LEFT, _MARGIN, _LETTERS = 1400, 210, 90, 20, 20
_BACK, _GRID, _TEXT = (24, 26, 31), (58, 62, 72), (200, 206, 216)
_COLOURS = ((76, 154, 255), (255, 170, 64), (110, 200, 120), (214, 110, 190))


@dataclass(frozen=True)
class Measured:
    """One video: its name, frames per second, curves, and the first frame of each window but the first."""

    name: str
    fps: float
    curves: Curves
    boundaries: Sequence[int]


#: Panels: what is shown, and where its values stand at; (seconds, values).
_PANELS: Sequence[tuple[str, Callable[[Measured], tuple[Array, Array]]]] = (
    ("colour drift against the first two seconds, 1/255", lambda m: _by_second(m, drift_by_second(m.curves))),
    ("change from frame to frame, 1/255", lambda m: _by_frame(m, m.curves.change)),
    ("shift of brightness from frame to frame, 1/255", lambda m: _by_frame(m, m.curves.shift)),
    ("sharpness", lambda m: _by_frame(m, m.curves.sharpness)),
    ("likeness to the reference", lambda m: _by_frame(m, m.curves.likeness)),
)


def draw_curves(videos: Sequence[Measured]) -> Image.Image:
    """An RGB picture, 1400 pixels wide: five panels over time, every video in its colour."""
    top = _MARGIN * 2 + _LETTERS * len(videos)
    image = Image.new("RGB", (_WIDTH, top + _PANEL * len(_PANELS) + 2 * _MARGIN), _BACK)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(_LETTERS)
    length = max(len(video.curves.change) / video.fps for video in videos)
    for number, video in enumerate(videos):
        draw.text((_LEFT, _MARGIN + number * _LETTERS), video.name, _colour(number), font)
    for number, (title, of) in enumerate(_PANELS):
        _draw_panel(draw, top + number * _PANEL, title, [of(video) for video in videos], videos, length, font)
    draw.text((_LEFT, image.height - _MARGIN), "0 s", _TEXT, font, anchor="lm")
    draw.text((_WIDTH - _MARGIN, image.height - _MARGIN), f"{length:.2f} s", _TEXT, font, anchor="rm")
    return image


def _draw_panel(
    draw: ImageDraw.ImageDraw,
    top: int,
    title: str,
    lines: Sequence[tuple[Array, Array]],
    videos: Sequence[Measured],
    length: float,
    font: Font,
) -> None:
    values = np.concatenate([value for _, value in lines])
    low, high = float(min(0.0, values.min())), float(max(values.max(), 1e-6))
    floor, ceiling = top + _PANEL - _MARGIN, top + _LETTERS + 12

    def place(second: float, value: float) -> tuple[float, float]:
        x = _LEFT + (_WIDTH - _LEFT - _MARGIN) * second / length
        return x, floor - (floor - ceiling) * (value - low) / (high - low)

    draw.text((_LEFT, top), title, _TEXT, font)
    for value in (low, high):
        y = place(0, value)[1]
        draw.line((_LEFT, y, _WIDTH - _MARGIN, y), fill=_GRID)
        draw.text((_LEFT - 8, y), f"{value:.2f}", _TEXT, font, anchor="rm")
    for boundary in videos[0].boundaries:
        x = place(boundary / videos[0].fps, low)[0]
        draw.line((x, ceiling, x, floor), fill=_GRID)
    for number, (seconds, heights) in enumerate(lines):
        points = [place(float(s), float(v)) for s, v in zip(seconds, heights, strict=True)]
        if len(points) > 1:
            draw.line(points, fill=_colour(number), width=2)


def _by_frame(video: Measured, values: Sequence[float]) -> tuple[Array, Array]:
    return np.arange(len(values)) / video.fps, np.asarray(values)


def _by_second(video: Measured, values: Array) -> tuple[Array, Array]:
    middle = (np.arange(len(values)) + 0.5) * round(video.fps) / video.fps
    return np.minimum(middle, len(video.curves.change) / video.fps), values


def _colour(number: int) -> tuple[int, int, int]:
    return _COLOURS[number % len(_COLOURS)]
