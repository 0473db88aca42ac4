"""Widths, heights and durations, read through the nodes that hand them on."""

from __future__ import annotations

import re
from fractions import Fraction

from ..workflow.graph import Node, Output
from .roles import PASS_THROUGH

_MOST_STEPS = 50
#: What a resize with these settings gives is exactly what was asked for, but for `divisible_by`.
_EXACT = ("stretch", "crop", False, "False", None)
_CLOCK = re.compile(r"^(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)$")
Pixels = tuple[int, int]


def size(node: Node, name: str) -> int | None:
    """The pixels that reach an input called ``width`` or ``height``; None if only a run can tell."""
    axis = "height" if "height" in name else "width"
    value = node.number(name)
    if value is not None:
        return int(value)
    source = node.source(name)
    if not isinstance(source, Output) or source.type != "INT" or axis not in source.name:
        return None
    measured = picture_size(source.node)
    return measured[axis == "height"] if measured else None


def picture_size(node: Node) -> Pixels | None:
    """Width and height of the picture that a node gives or measures; None if only a run can tell."""
    for _ in range(_MOST_STEPS):
        if node.type in ("ImageResizeKJv2", "ImageResizeKJ", "ImageScale"):
            return _resized(node)
        name = next((entry for entry in ("image", "images", "pixels") if entry in node.links), None)
        hands_on = node.type in PASS_THROUGH or node.type.startswith("GetImageSize") or node.type == "LTXVPreprocess"
        feeder = node.feeder(name) if name is not None and hands_on else None
        if feeder is None:
            return None
        node = feeder
    return None


def _resized(node: Node) -> Pixels | None:
    width, height = size(node, "width"), size(node, "height")
    if node.value("keep_proportion") not in _EXACT or not width or not height:
        return None
    step = node.number("divisible_by")
    grid = int(step) if step and step > 1 else 1
    return width - width % grid, height - height % grid


def seconds(value: object) -> Fraction | None:
    """A time as people write it (``1:05``, ``0:00:07.5``) or a number, in seconds."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Fraction(str(value))
    match = _CLOCK.match(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    hours, minutes, rest = match.groups()
    return int(hours or 0) * 3600 + int(minutes) * 60 + Fraction(rest)


def sound_limit(node: Node, name: str) -> Fraction | None:
    """The longest that the sound at an input can be, in seconds, if a node on its way cuts it; else None."""
    longest: Fraction | None = None
    for _ in range(_MOST_STEPS):
        feeder = node.feeder(name)
        if feeder is None:
            return longest
        cut = _cut(feeder)
        if cut is not None:
            longest = cut if longest is None else min(longest, cut)
        onward = next((entry for entry in ("audio", "audio_1", "waveform") if entry in feeder.links), None)
        if onward is None:
            return longest
        node, name = feeder, onward
    return longest


def _cut(node: Node) -> Fraction | None:
    if node.type == "TrimAudioDuration":
        value = node.number("duration")
        return Fraction(str(value)) if value is not None else None
    if node.type == "AudioCrop":
        start, stop = seconds(node.value("start_time")), seconds(node.value("end_time"))
        return stop - start if start is not None and stop is not None and stop > start else None
    return None
