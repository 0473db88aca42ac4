"""Whole takes without a model: a painter that stands where the sampler stands in the graph.

Its frames carry their own number, and a faint grain that hangs on the window's seed and on the frames that it
continues from. So the finished video can be read, and differs as soon as a window was made from anything else.
"""

import zlib
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from longtake.nodes.core.job import TakeWindow
from longtake.nodes.core.plan import Plan, Window, make_plan
from longtake.nodes.take import next as take_next
from longtake.nodes.take.keep import Style, keep_window
from longtake.nodes.take.kept import Damaged, KeptWindow
from longtake.nodes.take.store import Material, TakeStore, material_from
from longtake.nodes.take.take import Take
from longtake.nodes.take.video import Encoding, read_frames
from paint import paint, read

Array = np.ndarray[Any, Any]

RATE = 16000
HEIGHT, WIDTH = 32, 48
GRAIN = 0.04
#: One thread gives the same bytes each time and on every machine; the fastest preset keeps the tests short.
QUICK = Style(Encoding(preset="ultrafast", threads=1))


def small_plan(frames: int, **asked: Any) -> Plan:
    """A plan in windows of 17 frames, of which 5 are shared."""
    return make_plan(frames, **{"window": 17, "overlap": 5, **asked})


def speech(plan: Plan, rate: int = RATE, channels: int = 1) -> Array:
    """(channels, samples) float32: the longest sound that these frames cover."""
    samples = int(plan.frames * rate / plan.fps)
    return np.stack([np.sin(np.arange(samples) / (20 + each)) * 0.3 for each in range(channels)]).astype(np.float32)


def material(plan: Plan, **asked: Any) -> Material:
    """What a take of `plan` is made from."""
    return material_from(plan, speech(plan, **asked), asked.get("rate", RATE), paint(0, HEIGHT, WIDTH))


def begin(root: Path, plan: Plan, name: str = "take", seed: int = 7) -> Take:
    """The current take of `name`, or a new one."""
    return TakeStore(root).open(name, material(plan), seed)[0]


def next_job(take: Take, window: Window | None = None) -> TakeWindow | None:
    """What the controller would hand out now, or for this window; None if all windows stand."""
    job = take_next.next_job(take, paint(0, HEIGHT, WIDTH), window.index if window else None)
    return None if job.made and window is None else job


def paint_job(job: TakeWindow, height: int = HEIGHT, width: int = WIDTH) -> Array:
    """(F, height, width, 3) float32: the window's frames."""
    frames = np.stack([paint(number, height, width) for number in range(job.window.start, job.window.stop)])
    origin = zlib.crc32(np.ascontiguousarray(job.motion_frames).tobytes())
    grain = np.random.default_rng([job.seed >> 32, job.seed & 0xFFFFFFFF, origin])
    frames += grain.uniform(-GRAIN, GRAIN, frames.shape).astype(np.float32)
    return frames


def make_next(take: Take, style: Style = QUICK) -> KeptWindow | None:
    """Make the next window, as one run of the graph does; None if there is none."""
    job = next_job(take)
    return keep_window(take, job, paint_job(job), style=style) if job else None


def make_windows(take: Take, count: int | None = None, style: Style = QUICK) -> list[KeptWindow]:
    """Make `count` windows, or all that are missing."""
    made: list[KeptWindow] = []
    while (count is None or len(made) < count) and (kept := make_next(take, style)):
        made.append(kept)
    return made


def finish(root: Path, take: Take) -> Path:
    """Join a take, making again what turns out to be damaged."""
    while True:
        first = take.kept(0)
        try:
            return take.finish(TakeStore(root).video(take, first.encoding.suffix if first else ".mp4"), {})
        except Damaged:
            make_windows(take)


def whole(root: Path, plan: Plan, name: str = "take", style: Style = QUICK) -> Path:
    """Begin or go on, to the finished video."""
    take = begin(root, plan, name)
    make_windows(take, style=style)
    return finish(root, take)


def numbers(path: Path) -> list[int]:
    """The numbers that a video's frames show."""
    return [read(frame) for frame in read_frames(path)]


def pixels(path: Path) -> str:
    """What tells one video's decoded frames from another's."""
    count = crc = 0
    for frame in read_frames(path):
        crc = zlib.crc32(np.ascontiguousarray(frame).tobytes(), crc)
        count += 1
    return f"{count} frames, {crc:08x}"


def files_below(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes, but the lock."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


def leftovers(root: Path) -> list[str]:
    """What an interrupted write may leave and a caught error may not."""
    return [str(path.relative_to(root)) for path in root.rglob("*") if ".tmp" in path.name or path.name == "writing"]


def interpolated(window: Window, multiple: int, *, between: bool) -> Array:
    """Painted frames at `multiple` times the rate: that many for each, or one less between each two."""
    stop = (window.stop - 1) * multiple + 1 if between else window.stop * multiple
    return np.stack([paint(number, HEIGHT, WIDTH) for number in range(window.start * multiple, stop)])


def seconds_of(plan: Plan) -> Fraction:
    """How long the video is."""
    return plan.frames / plan.fps


def with_attempt(job: TakeWindow, **changes: Any) -> TakeWindow:
    """A job with something else in it."""
    return replace(job, **changes)


def each_window(take: Take) -> Iterator[KeptWindow]:
    """Every window that stands, read anew."""
    yield from Take(take.folder).kept_windows()
