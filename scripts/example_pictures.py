"""The thumbnails of the example workflows, from the portrait and the speech of `longtake demo`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..nodes.core.plan import FAMILIES, Plan, make_plan
from ..nodes.core.plan_picture import draw_plan
from ..nodes.core.units import samples_to_frames_rounded_up
from ..nodes.take.sound import Sound, read_sound
from .demo_command import read_portrait
from .make_assets import PORTRAIT, SPEECH
from .painter import Painter
from .voice import follow_voice

_SIDE, _BACK, _TEXT = 640, (24, 26, 31), (200, 206, 216)
#: Frames among which the one with the widest mouth is taken.
_LOOKED_AT = 20
#: Two pictures are the same up to what JPEG and another version of Pillow do: 8-bit steps, on average.
_TOLERANCE = 4.0


@cache
def talking_video() -> Image.Image:
    """A frame of the demo that speaks, and below it the plan that it comes from."""
    sound, plan = _speech("exact")
    picture, landmarks = read_portrait(PORTRAIT)
    voice = follow_voice(sound.waveform, sound.sample_rate, plan.fps, plan.frames)
    painter = Painter(picture, landmarks, voice, plan.fps)
    window = plan.windows[0]
    widest = int(np.argmax(voice.opening[:_LOOKED_AT]))
    frames = painter.window(window, picture[None].astype(np.float32) / 255, seed=0)
    frame = Image.fromarray(next(frame for number, frame in enumerate(frames) if number == widest))
    below = _drawn(plan, sound)
    above = frame.resize((_SIDE, _SIDE * frame.height // frame.width), Image.Resampling.LANCZOS)
    image = Image.new("RGB", (_SIDE, _SIDE), _BACK)
    image.paste(above, (0, (_SIDE - below.height - above.height) // 2))
    image.paste(below, (0, _SIDE - below.height))
    return image


@cache
def look_at_a_plan() -> Image.Image:
    """The same sound under three ways to meet its end."""
    image = Image.new("RGB", (_SIDE, _SIDE), _BACK)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(24)
    step = _SIDE // 3
    for row, fit in enumerate(("exact", "shrink", "pad")):
        draw.text((_SIDE - 8, row * step + 10), fit, _TEXT, font, anchor="ra")
        sound, plan = _speech(fit)
        image.paste(_drawn(plan, sound), (0, row * step + 42))
    return image


def save(image: Image.Image, path: Path) -> None:
    """Write a thumbnail, under 100 KB."""
    image.save(path, quality=85, optimize=True)


def differs(image: Image.Image, path: Path) -> bool:
    """Whether a thumbnail is another picture than this one."""
    if not path.exists():
        return True
    with Image.open(path) as file:
        there = np.asarray(file.convert("RGB"), np.float32)
    return there.shape != (_SIDE, _SIDE, 3) or float(np.abs(there - np.asarray(image)).mean()) > _TOLERANCE


def _speech(fit: str) -> tuple[Sound, Plan]:
    sound, wan = read_sound(SPEECH), FAMILIES["wan"]
    frames = samples_to_frames_rounded_up(sound.waveform.shape[-1], wan.fps, sound.sample_rate)
    return sound, make_plan(frames, fps=wan.fps, window=wan.window, overlap=wan.overlap, fit=fit)


def _drawn(plan: Plan, sound: Sound) -> Image.Image:
    picture = draw_plan(plan, sound.waveform, sound.sample_rate)
    smaller: Image.Image = picture.resize((_SIDE, picture.height * _SIDE // picture.width), Image.Resampling.LANCZOS)
    return smaller
