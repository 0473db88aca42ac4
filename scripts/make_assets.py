"""Draw the portrait and record the speech that `longtake demo` uses when it is given neither.

    python -m longtake.scripts.make_assets [--check]

The portrait is drawn by this file and shows nobody. The speech is made by espeak-ng, which has to be installed.
--check draws the portrait again and compares it with the one in the repository; exit status 1 if it differs.
"""

from __future__ import annotations

import argparse
import math
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter
from PIL.PngImagePlugin import PngInfo

from ..nodes.take.sound import read_sound, write_sound

ASSETS = Path(__file__).with_name("assets")
PORTRAIT, SPEECH = ASSETS / "portrait.png", ASSETS / "speech.flac"

WIDTH, HEIGHT = 512, 640
#: Where the mouth is: centre x, y and width, as the painter wants it.
MOUTH = (256, 409, 84)
#: Where the eyes are: centre x and y of each, and half their width.
EYES = (205, 312, 307, 312, 31)
#: Where the eyes are: centre x and y of each, and half their width.
TEXT = (
    "Hello. Nobody sat for this picture, and nobody spoke these words. "
    "Every window you see goes on from the one before it."
)
_SPEECH_RATE = 22050

#: Everything is drawn this much larger and made smaller at the end.
_SCALE = 4
#: How far two drawings by different versions of Pillow may differ, in 8-bit steps, on average.
_TOLERANCE = 1.0

Point = tuple[float, float]
Colour = tuple[int, int, int]

SKIN, SKIN_SHADE, SKIN_LIGHT = (236, 184, 152), (206, 140, 112), (250, 212, 184)
HAIR, HAIR_LIGHT = (58, 36, 44), (116, 70, 66)
CLOTH, CLOTH_LIGHT = (38, 92, 102), (64, 132, 138)
LIP, LIP_DARK, LINE = (196, 96, 92), (150, 62, 66), (86, 48, 46)


def draw_portrait() -> Image.Image:
    """The portrait: RGB, 512x640."""
    picture = _background()
    _shape(picture, _HAIR_BACK, HAIR)
    _shape(picture, _SHOULDERS, CLOTH)
    _soft(picture, _SHOULDERS, _ellipse(150, 600, 120, 70), CLOTH_LIGHT, 26, 0.6)
    _shape(picture, _NECK, SKIN)
    _soft(picture, _NECK, _ellipse(256, 462, 84, 40), SKIN_SHADE, 12, 0.9)
    _shape(picture, _COLLAR, CLOTH_LIGHT)
    for x in (152, 360):
        _shape(picture, _ellipse(x, 336, 17, 30), SKIN_SHADE)
    _shape(picture, _FACE, SKIN)
    _soft(picture, _FACE, _ellipse(196, 250, 74, 70), SKIN_LIGHT, 34, 0.8)
    _soft(picture, _FACE, _ellipse(374, 380, 46, 130), SKIN_SHADE, 24, 0.75)
    _soft(picture, _FACE, _ellipse(256, 196, 120, 34), SKIN_SHADE, 14, 0.7)
    for x in (194, 318):
        _soft(picture, _FACE, _ellipse(x, 372, 32, 20), (240, 138, 120), 14, 0.5)
    for x, side in ((205, 1), (307, -1)):
        _eye(picture, x, 312, side)
    _nose(picture)
    _mouth(picture)
    _shape(picture, _FRINGE, HAIR)
    _soft(picture, _FRINGE, _curve([(168, 232), (214, 166), (296, 158), (338, 200)], 14), HAIR_LIGHT, 9, 0.8)
    _soft(picture, _HAIR_BACK, _curve([(132, 300), (138, 380), (132, 440)], 10), HAIR_LIGHT, 9, 0.6)
    return picture.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def _background() -> Image.Image:
    """A dusk of soft lights."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] / np.array([HEIGHT, WIDTH]).reshape(2, 1, 1)
    top, bottom = np.array([34, 44, 74]), np.array([96, 70, 92])
    colours = top + (bottom - top) * y[..., None]
    glow = np.exp(-(((x - 0.5) / 0.5) ** 2 + ((y - 0.45) / 0.42) ** 2))
    colours = colours + glow[..., None] * np.array([60, 54, 52])
    random = np.random.default_rng(7)
    for _ in range(22):
        cx, cy, radius = random.uniform(0, 1), random.uniform(0, 0.8), random.uniform(0.02, 0.07)
        distance = np.hypot(x - cx, (y - cy) * HEIGHT / WIDTH)
        disc = 1 / (1 + np.exp((distance - radius) * 260))
        tint = np.array([[255, 190, 120], [255, 150, 140], [150, 190, 255]][random.integers(3)])
        colours = colours + disc[..., None] * tint * random.uniform(0.06, 0.2)
    small = Image.fromarray(np.clip(colours, 0, 255).astype(np.uint8))
    return small.resize((WIDTH * _SCALE, HEIGHT * _SCALE), Image.Resampling.BICUBIC)


def _eye(picture: Image.Image, x: float, y: float, side: int) -> None:
    white = _smooth(
        [(x - 30, y + 3), (x - 10, y - 11), (x + 12, y - 11), (x + 30, y + 3), (x + 8, y + 12), (x - 8, y + 12)]
    )
    _soft(picture, _FACE, _ellipse(x, y - 10, 38, 20), SKIN_SHADE, 9, 0.6)
    _shape(picture, white, (248, 244, 240))
    iris = _mask(white)
    layer = Image.new("L", picture.size)
    for radius, colour in ((14.5, (44, 62, 66)), (12.5, (84, 128, 122)), (6.5, (22, 22, 28))):
        layer.paste(0, (0, 0, *layer.size))
        ImageDraw.Draw(layer).polygon(_scaled(_ellipse(x + 1, y - 1, radius, radius)), fill=255)
        picture.paste(colour, mask=ImageChops.multiply(layer, iris))
    _shape(picture, _ellipse(x + 5, y - 6, 3.6, 3.6), (255, 255, 255))
    _soft(picture, white, _curve([(x - 30, y - 2), (x, y - 14), (x + 30, y - 2)], 5), (120, 96, 96), 3, 0.7)
    _shape(picture, _curve([(x - 32, y + 3), (x - 12, y - 11), (x + 12, y - 11), (x + 32, y + 3)], 2.6), LINE)
    _shape(picture, _curve([(x - 22, y + 12), (x, y + 15), (x + 22, y + 11)], 0.9), SKIN_SHADE)
    brow = [(x - 36 * side, y - 27), (x - 10 * side, y - 38), (x + 30 * side, y - 29)]
    _shape(picture, _curve(brow, 4.2), HAIR)


def _nose(picture: Image.Image) -> None:
    _soft(picture, _FACE, _curve([(268, 316), (272, 344), (276, 362)], 7), SKIN_SHADE, 7, 0.7)
    _soft(picture, _FACE, _curve([(252, 310), (252, 356)], 6), SKIN_LIGHT, 6, 0.8)
    _shape(picture, _curve([(240, 370), (254, 377), (270, 370)], 1.8), SKIN_SHADE)
    for x in (243, 268):
        _soft(picture, _FACE, _ellipse(x, 369, 4, 2.6), LIP_DARK, 1.5, 0.7)


def _mouth(picture: Image.Image) -> None:
    x, y, width = MOUTH[0], MOUTH[1] - 1, MOUTH[2]
    half = width / 2
    upper = [(x - half, y - 4), (x - 14, y - 9), (x, y - 6), (x + 14, y - 9), (x + half, y - 4), (x, y + 4)]
    lower = [(x - half, y - 4), (x, y + 2), (x + half, y - 4), (x + 20, y + 13), (x, y + 16), (x - 20, y + 13)]
    _soft(picture, _FACE, _ellipse(x, y + 24, 30, 7), SKIN_SHADE, 6, 0.7)
    _shape(picture, _smooth(lower), LIP)
    _shape(picture, _smooth(upper), LIP_DARK)
    _soft(picture, _smooth(lower), _ellipse(x - 6, y + 8, 18, 4), (236, 150, 140), 4, 0.8)
    _shape(
        picture,
        _curve([(x - half - 3, y - 6), (x - 16, y + 1), (x, y + 3), (x + 16, y + 1), (x + half + 3, y - 6)], 1.3),
        LINE,
    )


def _smooth(points: Sequence[Point]) -> list[Point]:
    """A closed curve through the points (Catmull and Rom 1974), as a polygon."""
    ends = np.asarray(points, float)
    before, after, behind = (np.roll(ends, shift, 0) for shift in (1, -1, -2))
    t = np.linspace(0, 1, 24, endpoint=False)[:, None, None]
    parts = 0.5 * (
        2 * ends
        + (after - before) * t
        + (2 * before - 5 * ends + 4 * after - behind) * t**2
        + (3 * ends - before - 3 * after + behind) * t**3
    )
    return [(float(px), float(py)) for px, py in parts.transpose(1, 0, 2).reshape(-1, 2)]


def _ellipse(x: float, y: float, across: float, down: float) -> list[Point]:
    turns = np.linspace(0, 2 * math.pi, 96, endpoint=False)
    return [(x + across * math.cos(turn), y + down * math.sin(turn)) for turn in turns]


def _curve(points: Sequence[Point], half_width: float) -> list[Point]:
    """A stroke through the points that tapers at its ends."""
    ends = np.asarray([points[0], *points, points[-1]], float)
    path = []
    for before, start, stop, behind in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        t = np.linspace(0, 1, 16, endpoint=False)[:, None]
        path.append(
            0.5
            * (
                2 * start
                + (stop - before) * t
                + (2 * before - 5 * start + 4 * stop - behind) * t**2
                + (3 * start - before - 3 * stop + behind) * t**3
            )
        )
    line = np.concatenate([*path, ends[-1:]])
    along = np.gradient(line, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], 1) / np.maximum(np.linalg.norm(along, axis=1), 1e-6)[:, None]
    taper = half_width * np.sin(np.linspace(0.12, math.pi - 0.12, len(line)))[:, None] ** 0.6
    outline = np.concatenate([line + normal * taper, (line - normal * taper)[::-1]])
    return [(float(px), float(py)) for px, py in outline]


def _scaled(points: Sequence[Point]) -> list[Point]:
    return [(px * _SCALE, py * _SCALE) for px, py in points]


def _mask(points: Sequence[Point]) -> Image.Image:
    mask = Image.new("L", (WIDTH * _SCALE, HEIGHT * _SCALE))
    ImageDraw.Draw(mask).polygon(_scaled(points), fill=255)
    return mask


def _shape(picture: Image.Image, points: Sequence[Point], colour: Colour) -> None:
    picture.paste(colour, mask=_mask(points))


def _soft(
    picture: Image.Image, inside: Sequence[Point], points: Sequence[Point], colour: Colour, blur: float, strength: float
) -> None:
    """Shade the part of `inside` that lies under a blurred shape."""
    mask = _mask(points).reduce(_SCALE).filter(ImageFilter.GaussianBlur(blur)).resize(picture.size)
    mask = ImageChops.multiply(mask.point(lambda value: value * strength), _mask(inside))
    picture.paste(colour, mask=mask)


_FACE = _smooth(
    [
        (160, 270),
        (164, 350),
        (188, 418),
        (230, 464),
        (256, 473),
        (282, 464),
        (324, 418),
        (348, 350),
        (352, 270),
        (320, 196),
        (256, 172),
        (192, 196),
    ]
)
_NECK = _smooth([(212, 430), (300, 430), (300, 500), (330, 540), (256, 566), (182, 540), (212, 500)])
_SHOULDERS = _smooth(
    [(256, 530), (350, 528), (436, 560), (486, 640), (500, 720), (12, 720), (26, 640), (76, 560), (162, 528)]
)
_COLLAR = _smooth(
    [
        (176, 532),
        (214, 556),
        (256, 566),
        (298, 556),
        (336, 532),
        (346, 548),
        (300, 580),
        (256, 588),
        (212, 580),
        (166, 548),
    ]
)
_HAIR_BACK = _smooth(
    [
        (256, 116),
        (348, 138),
        (398, 230),
        (394, 360),
        (404, 448),
        (360, 486),
        (256, 470),
        (152, 486),
        (108, 448),
        (118, 360),
        (114, 230),
        (164, 138),
    ]
)
_FRINGE = _smooth(
    [
        (140, 330),
        (128, 250),
        (150, 166),
        (216, 118),
        (310, 122),
        (366, 178),
        (384, 250),
        (372, 332),
        (354, 292),
        (346, 252),
        (318, 222),
        (288, 196),
        (244, 230),
        (196, 252),
        (162, 290),
    ]
)


def record_speech(path: Path) -> None:
    """Let espeak-ng speak the text into a FLAC file."""
    program = shutil.which("espeak-ng")
    if program is None:
        raise ValueError("espeak-ng is not there. Install it, for example with `apt-get install espeak-ng`.")
    with tempfile.TemporaryDirectory() as folder:
        spoken = Path(folder) / "speech.wav"
        command = [program, "-v", "en-gb", "-s", "158", "-p", "46", "-w", str(spoken), TEXT]
        subprocess.run(command, check=True)  # noqa: S603 - our own arguments
        sound = read_sound(spoken)
    # 16 of the 24 bits that are stored, which halves the file.
    waveform = np.rint(sound.waveform * 0.9 * 32768) / 32768
    write_sound(path, waveform, sound.sample_rate)


def main(arguments: Sequence[str] | None = None) -> int:
    """Make both files, or look whether the portrait is what this file draws."""
    parser = argparse.ArgumentParser(prog="make_assets", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare the portrait, write nothing")
    options = parser.parse_args(arguments)
    drawn = draw_portrait()
    if options.check:
        with Image.open(PORTRAIT) as there:
            difference = np.abs(np.asarray(there, float) - np.asarray(drawn, float)).mean()
        if difference > _TOLERANCE:
            print(f"{PORTRAIT.name} differs from what is drawn by {difference:.2f} steps; run make_assets.")
            return 1
        return 0
    ASSETS.mkdir(exist_ok=True)
    notes = PngInfo()
    notes.add_text("mouth", ",".join(map(str, MOUTH)))
    notes.add_text("eyes", ",".join(map(str, EYES)))
    drawn.save(PORTRAIT, pnginfo=notes, optimize=True)
    record_speech(SPEECH)
    return 0


if __name__ == "__main__":
    sys.exit(main())
