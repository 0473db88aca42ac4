"""A picture of the drift that Color Match found over a take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PIL import Image, ImageDraw, ImageFont

# Twice the size at which a node shows it.
_WIDTH, _HEIGHT, _LEFT, _MARGIN, _FOOT, _LETTERS = 1024, 360, 76, 16, 44, 23
_BACK, _GRID, _TEXT = (24, 26, 31), (52, 56, 64), (200, 206, 216)
_SERIES: Mapping[str, tuple[tuple[int, int, int], str]] = {
    "head_drift": ((76, 154, 255), "at the head, to the window before"),
    "tail_drift": ((255, 170, 64), "at the tail, to what stood still"),
}
_LEAST = 1.0  # of 255: the axis never shows less


def draw_drift(reports: Mapping[int, Mapping[str, Any]]) -> Image.Image:
    """Drift before correction, in steps of 1/255, window by window.

    reports: by index, as `Correction.to_json` gives them. Gives an RGB picture, 1024 x 360. A window that was
    left alone has a hollow mark where something was measured, and none where nothing was.
    """
    image = Image.new("RGB", (_WIDTH, _HEIGHT), _BACK)
    draw = ImageDraw.Draw(image)
    values = [float(report[name]) for report in reports.values() for name in _SERIES if report.get(name) is not None]
    top = max([_LEAST, *values]) * 1.1
    last = max([1, *reports])

    def place(index: int, value: float) -> tuple[float, float]:
        x = _LEFT + (_WIDTH - _LEFT - 2 * _MARGIN) * index / last
        return x, _MARGIN + (_HEIGHT - 2 * _MARGIN - 2 * _FOOT) * (1 - value / top)

    font = ImageFont.load_default(_LETTERS)
    for part in range(3):
        value = top / 1.1 * part / 2
        y = place(0, value)[1]
        draw.line((_LEFT, y, _WIDTH - _MARGIN, y), fill=_GRID)
        draw.text((_LEFT - 10, y), f"{value:.1f}", _TEXT, font, anchor="rm")
    floor = place(0, 0)[1]
    draw.text((place(0, 0)[0], floor + 8), "1", _TEXT, font, anchor="lt")
    draw.text((place(last, 0)[0], floor + 8), f"window {last + 1}", _TEXT, font, anchor="rt")
    for name, (colour, _) in _SERIES.items():
        _draw_series(
            draw,
            [(place(i, float(r[name])), _used(r, name)) for i, r in sorted(reports.items()) if r.get(name) is not None],
            colour,
        )
    x = float(_LEFT)
    for colour, label in _SERIES.values():
        draw.rectangle((x, _HEIGHT - _MARGIN - 19, x + 19, _HEIGHT - _MARGIN), fill=colour)
        draw.text((x + 28, _HEIGHT - _MARGIN), label, _TEXT, font, anchor="ls")
        x += 28 + draw.textlength(label, font) + 26
    draw.text((_WIDTH - _MARGIN, _HEIGHT - _MARGIN), "/255", _TEXT, font, anchor="rs")
    return image


def _draw_series(
    draw: ImageDraw.ImageDraw, points: list[tuple[tuple[float, float], bool]], colour: tuple[int, int, int]
) -> None:
    if len(points) > 1:
        draw.line([point for point, _ in points], fill=colour, width=3)
    for (x, y), used in points:
        draw.ellipse((x - 6, y - 6, x + 6, y + 6), fill=colour if used else _BACK, outline=colour, width=2)


def _used(report: Mapping[str, Any], name: str) -> bool:
    """Whether what was measured was also taken out."""
    key = "head_applied" if name == "head_drift" else "tail_applied"
    return bool(report.get(key))
