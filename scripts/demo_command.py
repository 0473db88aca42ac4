"""`longtake demo`: the whole machine without a model. The same plan, take, tails and joining as in ComfyUI."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from tqdm import tqdm

from ..nodes.core.units import samples_to_frames_rounded_up
from ..nodes.take.keep import Style, keep_window
from ..nodes.take.kept import Damaged
from ..nodes.take.next import next_job
from ..nodes.take.sound import read_sound
from ..nodes.take.store import material_from
from ..nodes.take.take import Take
from ..nodes.take.video import Encoding
from .painter import Landmarks, Painter, usual_landmarks
from .plan_command import add_plan_arguments, fps_of, plan_for
from .takes_command import add_folder_argument, store_of
from .voice import follow_voice

Array = np.ndarray[Any, Any]

_ASSETS = Path(__file__).with_name("assets")
_LONGEST_SIDE = 768
_CODECS = {".mp4": "h264", ".mkv": "ffv1"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `longtake demo`."""
    parser.add_argument(
        "--image", type=Path, default=_ASSETS / "portrait.png", metavar="FACE", help="the picture that speaks"
    )
    parser.add_argument("--audio", type=Path, default=_ASSETS / "speech.flac", metavar="SPEECH", help="what it says")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("talking.mp4"), metavar="FILE", help="mp4, or mkv without loss"
    )
    parser.add_argument("--name", help="of the take (default: the output's)")
    parser.add_argument("--seed", type=int, default=0, help="how the head moves; counts when a take begins")
    parser.add_argument("--anew", action="store_true", help="begin a new take where one stands already")
    parser.add_argument("--mouth", metavar="X,Y,WIDTH", help="where the mouth is, in pixels of the picture")
    add_folder_argument(parser)
    add_plan_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Make the video, or what is missing of it; 0."""
    codec = _CODECS.get(options.output.suffix.lower())
    if codec is None:
        raise ValueError(
            f"{options.output} is neither mp4 nor mkv. Use for example {options.output.with_suffix('.mp4')}."
        )
    picture, landmarks = read_portrait(options.image, options.mouth)
    sound, fps = read_sound(options.audio), fps_of(options)
    plan = plan_for(options, samples_to_frames_rounded_up(sound.waveform.shape[1], fps, sound.sample_rate))
    store = store_of(options)
    material = material_from(plan, sound.waveform, sound.sample_rate, picture)
    take, message = store.open(options.name or options.output.stem, material, options.seed, fresh=options.anew)
    voice = follow_voice(sound.waveform, sound.sample_rate, fps, plan.frames)
    if message:
        print(message, file=sys.stderr)
    painter = Painter(picture, landmarks, voice, fps)
    path = None
    while path is None:
        make(take, painter, picture, Style(Encoding(codec=codec)))
        path = finish(take, options.output)
    print(
        f"{path}: {plan.frames} frames at {plan.fps} fps, {float(plan.frames / plan.fps):.2f} s, from "
        f"{len(plan.windows)} windows in {take.folder}"
    )
    return 0


def make(take: Take, painter: Painter, picture: Array, style: Style) -> None:
    """Paint and keep every window of the take that is not there, one at a time."""
    with tqdm(total=take.plan.frames, unit="frame", disable=None) as bar:
        while not (job := next_job(take, picture, warn=lambda text: tqdm.write(text, sys.stderr))).made:
            take.check_room()
            first, last = job.window.kept
            bar.update(first - bar.n)
            bar.set_description(f"window {job.window.index + 1} of {len(take.plan.windows)}")
            frames = np.empty((job.window.frames, *picture.shape), np.uint8)
            for index, frame in enumerate(painter.window(job.window, job.motion_frames, job.seed)):
                frames[index] = frame
                bar.update(min(max(first, job.window.start + index + 1), last) - bar.n)
            keep_window(take, job, frames, style=style, seconds=time.time() - job.started)
        bar.update(take.plan.frames - bar.n)


def finish(take: Take, path: Path) -> Path | None:
    """Join the take, whose first window says how it is encoded; None if a window has to be made again."""
    first = take.kept(0)
    if first is not None and first.encoding.suffix != path.suffix.lower():
        raise ValueError(
            f"This take was begun as {first.encoding.suffix}. Use -o {path.with_suffix(first.encoding.suffix)}, "
            "or --anew to begin another."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return take.finish(path, {})
    except Damaged as damage:
        print(damage, file=sys.stderr)
        return None


def read_portrait(path: Path, mouth: str | None = None) -> tuple[Array, Landmarks]:
    """A picture as (H, W, 3) uint8, of even sizes up to 768, and where its mouth is.

    mouth: "x,y,width" in pixels of the file; without it, what the file itself notes, or where mouths are in most
    portraits.
    """
    try:
        with Image.open(path) as file:
            notes = {str(key): str(value) for key, value in file.info.items()}
            image = ImageOps.exif_transpose(file).convert("RGB")
    except UnidentifiedImageError:
        raise ValueError(f"{path.name} is no picture. Use for example a PNG or a JPEG.") from None
    scale = min(1.0, _LONGEST_SIDE / max(image.size))
    width, height = (max(2, int(side * scale) // 2 * 2) for side in image.size)
    pixels = np.asarray(image.resize((width, height), Image.Resampling.LANCZOS))
    given = mouth or notes.get("mouth")
    if given is None:
        return pixels, usual_landmarks(width, height)
    x, y, across = (value * scale for value in _numbers(given, 3))
    landmarks = Landmarks((x, y, across))
    if mouth is None and "eyes" in notes:
        landmarks = replace(landmarks, eyes=tuple(value * scale for value in _numbers(notes["eyes"], 5)))
    return pixels, landmarks


def _numbers(text: str, count: int) -> list[float]:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != count:
        raise ValueError(f"{text!r} does not say where the mouth is. Use X,Y,WIDTH, for example 256,409,84.")
    return values
