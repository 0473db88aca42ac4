"""`longtake measure`: what can be said of a video by numbers, so that of two runs the better can be told."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from ..nodes.core.measure import Meter
from ..nodes.core.plan import Plan
from ..nodes.take.sound import read_sound
from .measure_plot import Measured, draw_curves
from .measure_sound import loudness
from .takes_command import add_folder_argument, store_of

Array = np.ndarray[Any, Any]

#: What is printed: the figure, what it means to a person, and which way is better.
_SHOWN = (
    ("frames", "frames", ""),
    ("seconds", "length of the picture, s", ""),
    ("longer_than_sound", "longer than its sound, s", "0"),
    ("drift_at_end", "colour drift at the end, 1/255", "low"),
    ("drift_most", "colour drift, worst second, 1/255", "low"),
    ("contrast_at_end", "contrast at the end, of the beginning's", "1"),
    ("saturation_at_end", "saturation at the end, of the beginning's", "1"),
    ("off_reference", "first second, off the reference, 1/255", "low"),
    ("likeness_at_end", "likeness to the reference at the end", "high"),
    ("flicker", "flicker, 1/255", "low"),
    ("seams", "seams", ""),
    ("seam_strength", "change at seams, of their neighbours'", "1"),
    ("seam_worst", "the worst of them", "1"),
    ("elsewhere", "95 % of other frames stay under", ""),
    ("seam_brightness", "step of brightness at seams, 1/255", "low"),
    ("sharpness_at_end", "sharpness at the end, of the beginning's", "1"),
    ("sharpness_least", "least sharp frame, of the median", "high"),
    ("motion", "change from frame to frame, 1/255", ""),
    ("pulse_seconds", "period of a regular jerk, s", ""),
    ("pulse_strength", "how regular it is (0.3 can be seen)", "low"),
    ("loudness", "loudness, LUFS", ""),
    ("louder_than_sound", "louder than the take's sound, LU", "0"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `longtake measure`."""
    parser.add_argument("videos", nargs="+", type=Path, metavar="VIDEO", help="one, or several to compare")
    parser.add_argument(
        "--reference", type=Path, metavar="IMAGE", help="a picture to compare with (default: the first frame)"
    )
    parser.add_argument("--take", metavar="NAME", help="the take it was made from: where its windows meet, its sound")
    parser.add_argument("--window", type=int, metavar="N", help="without a take: frames of a window, to find the seams")
    parser.add_argument("--overlap", type=int, metavar="N", default=0, help="with --window: frames that windows share")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures and curves to this file")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write a picture of the curves to this file")
    add_folder_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Measure, print, write. 0: done; 1: a video is longer or shorter than its sound by more than a frame."""
    plan, sound = _from_take(options)
    measured, figures = [], {}
    for path in options.videos:
        video, found = measure(path, _reference(options.reference), plan, sound, options.window, options.overlap)
        measured.append(video)
        figures[str(path)] = found
    print("\n".join(_table(figures)))
    if options.json:
        curves = {str(path): _plain(video) for path, video in zip(options.videos, measured, strict=True)}
        data = {"figures": figures, "curves": curves}
        options.json.write_text(json.dumps(data, indent=1, ensure_ascii=False), encoding="utf-8")
    if options.plot:
        draw_curves(measured).save(options.plot)
    off = [
        found["longer_than_sound"] * found["fps"]
        for found in figures.values()
        if found["longer_than_sound"] is not None
    ]
    return int(any(abs(frames) > 1 for frames in off))


def measure(
    path: Path,
    reference: Array | None = None,
    plan: Plan | None = None,
    sound: Path | None = None,
    window: int | None = None,
    overlap: int = 0,
) -> tuple[Measured, dict[str, Any]]:
    """The curves and the figures of one video.

    reference: (H, W, 3) uint8 or None. plan: where windows meet; else `window` and `overlap` say it. sound: the
    original, to compare loudness with.
    """
    frames, fps = _frames(path)
    meter = Meter(fps, reference)
    for frame in frames:
        meter.look(frame)
    boundaries = _boundaries(len(meter.curves.change), plan, window, overlap)
    found = meter.finish(boundaries)
    seconds = found["frames"] / fps
    found |= {
        "fps": fps,
        "seconds": seconds,
        "off_reference": meter.against_reference if reference is not None else None,
        **_sound_figures(path, sound, seconds),
    }
    return Measured(path.name, fps, meter.curves, boundaries), found


def _frames(path: Path) -> tuple[Iterator[Array], float]:
    with av.open(str(path)) as container:
        if not container.streams.video:
            raise ValueError(f"There is no picture in {path.name}. Use a video file.")
        rate = container.streams.video[0].average_rate
    if not rate:
        raise ValueError(f"{path.name} does not say its frame rate. Use a file that does, for example mp4.")

    def decoded() -> Iterator[Array]:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            for frame in container.decode(stream):
                yield frame.to_ndarray(format="rgb24")

    return decoded(), float(rate)


def _boundaries(count: int, plan: Plan | None, window: int | None, overlap: int) -> list[int]:
    """The first frame of what each window but the first adds."""
    if plan is not None:
        scale = max(1, round(count / plan.frames))  # frames may have been interpolated
        return [item.kept[0] * scale for item in plan.windows[1:]]
    if window is None:
        return []
    if not 0 <= overlap < window:
        raise ValueError(f"Windows of {window} frames cannot share {overlap}. Use fewer, for example {window // 9}.")
    return list(range(window, count, window - overlap))


def _sound_figures(path: Path, original: Path | None, seconds: float) -> dict[str, Any]:
    """Loudness and length of the video's own sound, against the original if it is known."""
    try:
        own = read_sound(path)
    except ValueError:
        return dict.fromkeys(("sound_seconds", "longer_than_sound", "loudness", "louder_than_sound"))
    level = loudness(own.waveform, own.sample_rate)
    length = own.waveform.shape[1] / own.sample_rate
    louder = None
    if original is not None:
        first = read_sound(original)
        length = first.waveform.shape[1] / first.sample_rate
        was = loudness(first.waveform, first.sample_rate)
        louder = level - was if level is not None and was is not None else None
    return {
        "sound_seconds": length,
        "longer_than_sound": seconds - length,
        "loudness": level,
        "louder_than_sound": louder,
    }


def _from_take(options: argparse.Namespace) -> tuple[Plan | None, Path | None]:
    if not options.take:
        return None, None
    take = store_of(options).current(options.take)
    if take is None:
        raise ValueError(f"There is no take named {options.take!r}. `longtake takes list` shows what there is.")
    return take.plan, take.sound


def _reference(path: Path | None) -> Array | None:
    if path is None:
        return None
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def _table(figures: dict[str, dict[str, Any]]) -> Iterator[str]:
    names = [Path(name).name for name in figures]
    wide = max(12, *(len(name) + 2 for name in names))
    yield f"{'':44}{'better':>8}" + "".join(f"{name:>{wide}}" for name in names)
    for key, label, better in _SHOWN:
        values = [found[key] for found in figures.values()]
        if any(value is not None for value in values):
            shown = ("-" if v is None else str(v) if isinstance(v, int) else f"{v:.3f}" for v in values)
            yield f"{label:44}{better:>8}" + "".join(f"{text:>{wide}}" for text in shown)


def _plain(video: Measured) -> dict[str, Any]:
    curves = {key: np.asarray(value).round(4).tolist() for key, value in vars(video.curves).items() if key != "seconds"}
    return {"fps": video.fps, "boundaries": list(video.boundaries), **curves}
