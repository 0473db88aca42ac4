"""A plan drawn over its sound, from the real data."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .plan import Plan, Window

Array = np.ndarray[Any, Any]

# Twice the size at which a node shows it, so that the text is read there.
_WIDTH, _MARGIN, _WAVE, _LANE, _LANES, _FOOT, _LETTERS = 1024, 12, 96, 34, 3, 34, 23
_MOST_WINDOWS = 160
_BACK, _WAVE_COLOUR, _TEXT = (24, 26, 31), (92, 108, 130), (200, 206, 216)
_KEPT, _OVERLAP, _PADDING = (76, 154, 255), (44, 74, 116), (150, 62, 62)


def draw_plan(plan: Plan, waveform: Array, sample_rate: int) -> Image.Image:
    """The waveform, and below it every window: what it shares, what it adds, what lies past the end.

    waveform: (C, N) float32 in [-1, 1] at `sample_rate`. Gives an RGB picture 1024 pixels wide. Past 160
    windows the lanes show what is kept of them as a whole.
    """
    height = _MARGIN * 3 + _WAVE + _LANE * _LANES + _FOOT
    image = Image.new("RGB", (_WIDTH, height), _BACK)
    draw = ImageDraw.Draw(image)
    sound = float(waveform.shape[-1] * plan.fps / sample_rate)
    scale = (_WIDTH - 2 * _MARGIN) / max(plan.windows[-1].stop, sound)
    _draw_wave(draw, plan, waveform, sample_rate, scale)
    if len(plan.windows) <= _MOST_WINDOWS:
        for window in plan.windows:
            _draw_window(draw, window, scale)
    else:
        top = 2 * _MARGIN + _WAVE
        draw.rectangle((_MARGIN, top, _MARGIN + plan.frames * scale, top + _LANE * _LANES), fill=_KEPT)
        draw.text(
            (_WIDTH / 2, top + _LANE * _LANES / 2), f"{len(plan.windows)} windows", _BACK, _font(_LETTERS), anchor="mm"
        )
    _draw_foot(draw, plan, height)
    return image


def _draw_wave(draw: ImageDraw.ImageDraw, plan: Plan, waveform: Array, sample_rate: int, scale: float) -> None:
    columns = _WIDTH - 2 * _MARGIN
    middle = _MARGIN + _WAVE // 2
    samples_per_column = float(sample_rate / plan.fps) / scale
    for column in range(columns):
        part = waveform[:, int(column * samples_per_column) : int((column + 1) * samples_per_column) + 1]
        if not part.size:
            break
        reach = min(1.0, float(np.abs(part).max())) * _WAVE / 2
        draw.line((_MARGIN + column, middle - reach, _MARGIN + column, middle + reach), fill=_WAVE_COLOUR)
    end = _MARGIN + plan.frames * scale
    draw.line((end, _MARGIN, end, _MARGIN + _WAVE), fill=_TEXT)


def _draw_window(draw: ImageDraw.ImageDraw, window: Window, scale: float) -> None:
    top = 2 * _MARGIN + _WAVE + (window.index % _LANES) * _LANE
    kept_start, kept_stop = window.kept
    for start, stop, colour in (
        (window.start, kept_start, _OVERLAP),
        (kept_start, kept_stop, _KEPT),
        (kept_stop, window.stop, _PADDING),
    ):
        if stop > start:
            box = (_MARGIN + start * scale, top, _MARGIN + stop * scale - 1, top + _LANE - 4)
            draw.rectangle((box[0], box[1], max(box[0], box[2]), box[3]), fill=colour)
    label = str(window.index + 1)
    if (kept_stop - kept_start) * scale > _LETTERS * (len(label) + 1) * 0.6:
        centre = _MARGIN + (kept_start + kept_stop) / 2 * scale
        draw.text((centre, top + (_LANE - 4) / 2), label, _BACK, _font(_LETTERS), anchor="mm")


def _draw_foot(draw: ImageDraw.ImageDraw, plan: Plan, height: int) -> None:
    y, x = height - _MARGIN, float(_MARGIN)
    font = _font(_LETTERS)
    for colour, text in (
        (_KEPT, "kept"),
        (_OVERLAP, "shared"),
        (_PADDING, "past the end"),
    ):
        draw.rectangle((x, y - 19, x + 19, y), fill=colour)
        draw.text((x + 28, y), text, _TEXT, font, anchor="ls")
        x += 28 + draw.textlength(text, font) + 26
    seconds = float(plan.frames / plan.fps)
    count = len(plan.windows)
    summary = f"{plan.frames} frames, {seconds:.2f} s, {count} window{'s' * (count > 1)}"
    draw.text((_WIDTH - _MARGIN, y), summary, _TEXT, font, anchor="rs")


def _font(size: int) -> Any:
    return ImageFont.load_default(size)
