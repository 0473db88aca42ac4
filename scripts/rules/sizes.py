"""Widths, heights and durations, read through the nodes that hand them on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from ...nodes.core.units import parse_fps
from ..workflow.graph import Node, Output
from .roles import PASS_THROUGH

_MOST_STEPS = 50
_MOST_FPS = 1000
#: What a resize with these settings gives is exactly what was asked for, but for `divisible_by`.
_EXACT = ("stretch", "crop", False, "False", None)
_CLOCK = re.compile(r"^(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)$")
Pixels = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a picture: its pixels, and the input where they are typed."""

    pixels: int
    node: Node
    name: str


def size(node: Node, name: str) -> int | None:
    """The width or height that reaches an input; None if only a run can tell. name: ``width`` or ``height``."""
    found = side(node, name)
    return found.pixels if found else None


def side(node: Node, name: str) -> Side | None:
    """The same, with where it is typed: at the input, or at what resized the picture whose size is told there."""
    axis = "height" if "height" in name else "width"
    value = node.number(name)
    if value is not None:
        return Side(int(value), node, name)
    source = node.source(name)
    if not isinstance(source, Output) or axis not in source.name:
        return None
    measured = _measured(source.node)
    return measured[axis == "height"] if measured else None


def picture_size(node: Node) -> Pixels | None:
    """Width and height of the picture that a node gives or measures; None if only a run can tell."""
    measured = _measured(node)
    return (measured[0].pixels, measured[1].pixels) if measured else None


def _measured(node: Node) -> tuple[Side, Side] | None:
    """The size of the picture that a node gives, or that it tells the size of."""
    for _ in range(_MOST_STEPS):
        if node.type in ("ImageResizeKJv2", "ImageResizeKJ", "ImageScale", "EmptyImage"):
            return _resized(node)
        name = next((n for n in ("image", "images", "pixels") if n in node.links), None)
        if name is None or not (node.type in (*PASS_THROUGH, "LTXVPreprocess") or node.type.startswith("GetImageSize")):
            return None
        source = node.source(name)
        if not isinstance(source, Output):
            return None
        node = source.node
    return None


def _resized(node: Node) -> tuple[Side, Side] | None:
    width, height = side(node, "width"), side(node, "height")
    keep = node.value("keep_proportion")
    if keep not in _EXACT or "get_image_size" in node.links or not width or not height:
        return None
    if width.pixels < 1 or height.pixels < 1:
        return None
    step = node.number("divisible_by")
    grid = int(step) if step and step > 1 else 1
    return _down(width, grid), _down(height, grid)


def _down(found: Side, grid: int) -> Side:
    return Side(found.pixels - found.pixels % grid, found.node, found.name)


def seconds(value: object) -> Fraction | None:
    """A time as people write it (``1:05``, ``0:00:07.5``) or a number, in seconds."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Fraction(str(value))
    match = _CLOCK.match(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    hours, minutes, rest = match.groups()
    return int(hours or 0) * 3600 + int(minutes) * 60 + Fraction(rest)


def rate(node: Node, name: str) -> Fraction | None:
    """The frames per second at an input; None if they are not known, or no frame rate."""
    value = node.number(name)
    return parse_fps(str(value)) if value is not None and 0 < value <= _MOST_FPS else None


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
