"""A small painter that stands where the model stands: it lets a picture speak, window by window.

Every frame is made from the picture, the voice at that frame, and *the frame before it*, of which a part
shines through. So a window can only go on where the one before it stopped: its first new frame needs the last
motion frame, as with a model. The mouth opens with the voice, a light follows it, motes rise in the light, the
eyes blink now and then, and the head moves a little, by the window's seed, and is back at rest where the next
window begins.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from PIL import Image

from ..nodes.core.plan import Window
from .voice import Voice

Array = np.ndarray[Any, Any]

#: How much of the frame before shines through.
_AFTERGLOW = 0.3
#: How far the picture is enlarged, so that its edges stay outside when the head moves.
_ENLARGED = 0.05
_BEGIN_SECONDS = 1.2
_MOTES = 40
_BLINK_SECONDS, _BLINKS_EVERY = 0.24, 3.1

_INSIDE, _TEETH, _TONGUE = (np.array(colour, np.float32) for colour in ((74, 22, 30), (238, 232, 226), (176, 78, 82)))
_WARM, _COOL, _MOTE = (
    np.array(colour, np.float32) for colour in ((1.0, 0.62, 0.32), (0.36, 0.55, 1.0), (1.0, 0.86, 0.6))
)


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Where things are in a picture, in pixels. mouth: centre x, y, width. eyes: x, y, x, y, half width; or empty."""

    mouth: tuple[float, float, float]
    eyes: tuple[float, ...] = ()


def usual_landmarks(width: int, height: int) -> Landmarks:
    """Where the mouth is in most portraits."""
    return Landmarks((width / 2, height * 0.63, min(width, height) * 0.16))


class Painter:
    """Paints the windows of one picture and one voice. What it paints hangs on its arguments alone."""

    def __init__(self, picture: Array, landmarks: Landmarks, voice: Voice, fps: Fraction) -> None:
        """picture: (H, W, 3) uint8. voice: of every frame of the video; past its end there is silence."""
        self._picture, self._landmarks, self._voice, self._fps = picture, landmarks, voice, fps
        self._warm, self._cool = _lights(*picture.shape[:2])
        self._stamp = _stamp(max(3, min(picture.shape[:2]) // 70))

    def window(self, window: Window, motion_frames: Array, seed: int) -> Iterator[Array]:
        """The frames of one window, each (H, W, 3) uint8.

        motion_frames: (M, H, W, 3) float32 in [0, 1], M at least `window.overlap`: the frames that it shares
        with the one before, which come back as they are; for the first window the picture (M = 1).
        """
        shared = [_to_bytes(frame) for frame in motion_frames[len(motion_frames) - max(window.overlap, 1) :]]
        yield from shared[: window.overlap]
        before = shared[-1]
        for number in range(window.start + window.overlap, window.stop):
            before = self.frame(number, window, seed, before)
            yield before

    def frame(self, number: int, window: Window, seed: int, before: Array) -> Array:
        """Frame `number` of the video, (H, W, 3) uint8, where `before` is the one before it."""
        inside = number < len(self._voice.glow)
        opening = float(self._voice.opening[number]) if inside else 0.0
        glow = float(self._voice.glow[number]) if inside else 0.0
        seconds = float(number / self._fps)
        face = _blink(self._picture, self._landmarks, _lid(seconds))
        face = _open_mouth(face, self._landmarks.mouth, opening)
        moved = self._moved(face, seconds, _gesture(number, window, seed))
        lit = self._lit(moved, seconds, glow)
        return np.rint(lit * (1 - _AFTERGLOW) + before * np.float32(_AFTERGLOW)).astype(np.uint8)

    def _moved(self, face: Array, seconds: float, gesture: tuple[float, float, float]) -> Array:
        """The face nearer or farther, as it breathes, turned and shifted."""
        height, width = face.shape[:2]
        across, down, turn = gesture
        # The video begins with the picture as it is.
        begun = min(1.0, seconds / _BEGIN_SECONDS) ** 2 * (3 - 2 * min(1.0, seconds / _BEGIN_SECONDS))
        breath = math.sin(seconds * 2 * math.pi / 4.3)
        zoom = 1 + begun * (_ENLARGED + 0.006 * breath)
        angle = begun * math.radians(0.9 * turn + 0.25 * math.sin(seconds * 2 * math.pi / 7.9))
        a, b = math.cos(angle) / zoom, math.sin(angle) / zoom
        cx, cy = width / 2, height * 0.6
        shift_x, shift_y = 0.008 * width * across * begun, 0.006 * height * (down + 0.4 * breath) * begun
        matrix = (
            a,
            b,
            cx - a * (cx + shift_x) - b * (cy + shift_y),
            -b,
            a,
            cy + b * (cx + shift_x) - a * (cy + shift_y),
        )
        moved = Image.fromarray(face).transform(
            (width, height), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC
        )
        return np.asarray(moved, np.float32)

    def _lit(self, face: Array, seconds: float, glow: float) -> Array:
        """The face in a light that follows the voice: 1 - (1 - face)(1 - light), and motes in it."""
        wave = 0.5 + 0.5 * math.sin(seconds * 0.9)
        warm, cool = 0.06 + 0.42 * glow, 0.05 + 0.16 * glow * wave
        shade = self._warm[..., None] * (_WARM * np.float32(warm)) + self._cool[..., None] * (_COOL * np.float32(cool))
        self._add_motes(shade, seconds, glow)
        np.minimum(shade, 1, out=shade)
        lit: Array = face + (255 - face) * shade
        return lit

    def _add_motes(self, light: Array, seconds: float, glow: float) -> None:
        height, width = light.shape[:2]
        size = len(self._stamp)
        for mote in range(_MOTES):
            x0, phase, speed, drift, strength = np.random.default_rng([mote, 11]).random(5).tolist()
            way = (seconds * (0.05 + 0.07 * speed) + phase) % 1
            aside = 0.5 + 0.55 * math.copysign(abs(2 * x0 - 1) ** 0.4, x0 - 0.5)
            x = int((aside + 0.03 * math.sin(seconds * (0.4 + drift) + 9 * phase)) * width)
            y = int((1.1 - 1.2 * way) * height)
            left, top = max(0, x), max(0, y)
            part = light[top : max(0, y + size), left : max(0, x + size)]
            stamp = self._stamp[top - y :, left - x :][: part.shape[0], : part.shape[1]]
            part += (
                stamp[..., None]
                * _MOTE
                * np.float32(math.sin(math.pi * way) * (0.1 + 0.5 * glow) * (0.3 + 0.7 * strength))
            )


def _to_bytes(frame: Array) -> Array:
    return np.rint(frame * 255).astype(np.uint8) if frame.dtype != np.uint8 else frame


def _gesture(number: int, window: Window, seed: int) -> tuple[float, float, float]:
    """How far the head is across, down and turned, each in [-1, 1]; at rest at both ends of what is kept."""
    start, stop = window.kept
    way = min(1.0, max(0.0, (number - start + 1) / (stop - start)))
    swing = np.random.default_rng([seed & 0xFFFFFFFF, seed >> 32]).uniform(-1, 1, 4)
    hold = math.sin(math.pi * way) ** 2
    nod = math.sin(2 * math.pi * way)
    return float(swing[0] * hold), float(swing[1] * hold * nod), float(swing[2] * hold + 0.4 * swing[3] * hold * nod)


def _lid(seconds: float) -> float:
    """How far the eyes are closed: 0 most of the time."""
    turn = int(seconds // _BLINKS_EVERY)
    at = seconds - turn * _BLINKS_EVERY - 0.4 - 2 * float(np.random.default_rng([turn, 5]).random())
    return math.sin(math.pi * at / _BLINK_SECONDS) ** 2 if 0 < at < _BLINK_SECONDS else 0.0


def _open_mouth(face: Array, mouth: tuple[float, float, float], opening: float) -> Array:
    """The picture with its mouth open: the lips part, the chin goes down, and what is behind them shows."""
    x, y, width = mouth
    height = opening * 0.44 * width
    if height < 0.5:
        return face
    half, up, down = width * 0.47, width * 0.7, width * 1.5
    top, bottom = int(max(0, y - up)), int(min(face.shape[0], y + down))
    left, right = int(max(0, x - half)), int(min(face.shape[1], x + half) + 1)
    across = (np.arange(left, right, dtype=np.float32) - x) / half
    shape = np.sqrt(np.clip(1 - across**2, 0, 1))
    rows = np.arange(top, bottom, dtype=np.float32)[:, None] - y
    lower, upper = 0.78 * height * shape, 0.22 * height * shape
    # What lay between the line of the mouth and the edge of the region is drawn together linearly.
    below, above = (rows - lower) * down / (down - lower), (rows + upper) * up / (up - upper)
    source = np.where(rows > lower, below, np.where(rows < -upper, above, 0)) + y
    warped = _rows_at(face[:, left:right], source)
    depth = np.minimum(lower - rows, rows + upper)
    inside = np.clip(depth / 1.5 + 0.5, 0, 1) * (shape > 0.05)
    result = face.copy()
    behind = _inside_of_mouth(rows, lower, upper, shape, height)
    result[top:bottom, left:right] = np.rint(warped + (behind - warped) * inside[..., None])
    return result


def _inside_of_mouth(rows: Array, lower: Array, upper: Array, shape: Array, height: float) -> Array:
    """(rows, columns, 3) float32: dark, with the upper teeth and the tongue where they would be."""
    depth = np.clip((rows + upper) / (lower + upper + 1e-6), 0, 1)
    teeth = np.clip((0.3 - depth) * 9, 0, 1) * np.clip(shape * 3 - 1.4, 0, 1) * min(1, height / 14)
    tongue = np.clip((depth - 0.66) * 5, 0, 1) * np.clip(shape * 3 - 1.8, 0, 1)
    dark = _INSIDE * (1.1 - 0.5 * depth[..., None])
    dark = dark + (_TONGUE - dark) * (0.8 * tongue[..., None])
    return dark + (_TEETH - dark) * (0.9 * teeth[..., None])


def _blink(face: Array, landmarks: Landmarks, closed: float) -> Array:
    """The picture with its upper lids drawn down."""
    if not landmarks.eyes or closed < 0.02:
        return face
    *places, half = landmarks.eyes
    result = face.copy()
    for x, y in zip(places[::2], places[1::2], strict=True):
        wide, span = half * 1.1, half * 0.78
        top, left, right = int(y - span), int(x - wide), int(x + wide) + 1
        rows = np.arange(top, int(y + span), dtype=np.float32)[:, None] - y
        shape = np.sqrt(np.clip(1 - ((np.arange(left, right, dtype=np.float32) - x) / wide) ** 2, 0, 1))
        # What lies between the brow and the upper lashes is stretched down to the lower lid.
        edge = half * 0.4 * shape
        lashes = edge - closed * half * 0.68 * shape
        source = np.where(rows < edge, lashes - (edge - rows) * (span + lashes) / (span + edge), rows) + y
        result[top : top + len(rows), left:right] = np.rint(_rows_at(face[:, left:right], source))
    return result


def _rows_at(columns: Array, rows: Array) -> Array:
    """`columns`, (H, W, 3) uint8, looked up at fractional `rows`, (h, W): (h, W, 3) float32."""
    rows = np.clip(rows, 0, len(columns) - 1.001)
    whole = rows.astype(np.intp)
    part = (rows - whole)[..., None].astype(np.float32)
    first = np.take_along_axis(columns, whole[..., None], 0).astype(np.float32)
    second = np.take_along_axis(columns, whole[..., None] + 1, 0).astype(np.float32)
    return first + (second - first) * part


def _lights(height: int, width: int) -> tuple[Array, Array]:
    """Where the warm and the cool light fall: each (H, W) float32 in [0, 1]."""
    y, x = np.mgrid[:height, :width].astype(np.float32) / np.array([height, width], np.float32).reshape(2, 1, 1)
    warm = np.exp(-(((x - 0.12) / 0.5) ** 2) - ((y - 0.95) / 0.6) ** 2)
    cool = np.exp(-(((x - 0.95) / 0.4) ** 2) - ((y - 0.1) / 0.5) ** 2)
    return warm.astype(np.float32), cool.astype(np.float32)


def _stamp(radius: int) -> Array:
    at = np.arange(-2 * radius, 2 * radius + 1, dtype=np.float32) / radius
    return np.exp(-2 * (at[:, None] ** 2 + at[None] ** 2)).astype(np.float32)
