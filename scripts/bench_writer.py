"""The take's writer against bare PyAV, in one run: frames per second, memory, joining, bytes.

    python -m longtake.scripts.bench_writer [--json]

Candidates take turns, so that a machine that slows down slows all of them. Every candidate uses the same
encoder settings. What counts is a ratio within one run.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from ..nodes.take.encoding import add_encoder
from ..nodes.take.sound import write_sound
from ..nodes.take.video import Encoding, join, write_segment

FPS = Fraction(25)
WINDOW = 72
_RATE = 44100

Frames = Sequence[np.ndarray[Any, Any]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 0."""
    parser = argparse.ArgumentParser(prog="bench_writer", description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--rounds", type=int, default=5, help="how often every candidate runs")
    parser.add_argument("--windows", type=int, default=12, help="windows over which memory is watched")
    parser.add_argument("--preset", default=Encoding().preset)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args(arguments)
    encoding = Encoding(preset=options.preset)
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), (options.width, options.height), options.rounds, options.windows, encoding)
    if options.json:
        print(json.dumps(figures, indent=1))
    else:
        for name, value in figures.items():
            print(f"{name:44} {value}")
    return 0


def measure(folder: Path, size: tuple[int, int], rounds: int, windows: int, encoding: Encoding) -> dict[str, Any]:
    """All figures, by name."""
    ready = list(_moving(WINDOW, size))
    floats = [frame.astype(np.float32) / 255 for frame in ready]
    candidates: dict[str, Callable[[], None]] = {
        "ours, from float": lambda: _ours(folder / "a.mp4", floats, size, encoding),
        "bare, from float": lambda: _bare(folder / "b.mp4", (_truncated(f) for f in floats), size, encoding),
        "ours, from uint8": lambda: _ours(folder / "c.mp4", ready, size, encoding),
        "bare, from uint8": lambda: _bare(folder / "d.mp4", ready, size, encoding),
    }
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, run in candidates.items():
            seconds[name].append(_timed(run))
    speed = {name: WINDOW / statistics.median(times) for name, times in seconds.items()}
    figures: dict[str, Any] = {f"frames per second, {name}": round(value, 1) for name, value in speed.items()}
    figures["ours / bare, from float"] = round(speed["ours, from float"] / speed["bare, from float"], 3)
    figures["ours / bare, from uint8"] = round(speed["ours, from uint8"] / speed["bare, from uint8"], 3)
    return figures | _memory_and_joining(folder, floats, size, windows, encoding)


def _memory_and_joining(
    folder: Path, frames: Frames, size: tuple[int, int], windows: int, encoding: Encoding
) -> dict[str, Any]:
    segments = [folder / f"{index}.mp4" for index in range(windows)]
    before, after = _rss(), []
    started = time.perf_counter()
    with _Peak() as peak:
        for segment in segments:
            _ours(segment, frames, size, encoding)
            after.append(_rss())
    encoding_seconds = time.perf_counter() - started
    count = windows * len(frames)
    samples = int(count / FPS * _RATE)
    sound = folder / "sound.flac"
    write_sound(sound, np.random.default_rng(0).normal(0, 0.1, (1, samples)).astype(np.float32), _RATE)
    video = folder / "all.mp4"
    with _Peak() as joining_peak:
        joining = _timed(
            lambda: join(video, segments, fps=FPS, encoding=encoding, sound=sound, metadata={}, frames=count)
        )
    silent = _timed(lambda: join(video, segments, fps=FPS, encoding=encoding, sound=None, metadata={}, frames=count))
    return {
        "encoder memory, peak over what was there, MB": round((peak.value - before) / 1e6, 1),
        "memory after each window, MB over the first": [round((rss - after[0]) / 1e6, 1) for rss in after],
        "joining memory, peak over what was there, MB": round((joining_peak.value - after[-1]) / 1e6, 1),
        "joining / encoding time": round(joining / encoding_seconds, 4),
        "joining without sound / encoding time": round(silent / encoding_seconds, 4),
        "MB per minute of video": round(video.stat().st_size / 1e6 / float(count / FPS) * 60, 1),
    }


def _moving(count: int, size: tuple[int, int]) -> Iterator[np.ndarray[Any, Any]]:
    """Soft colours that drift, with a little grain: uint8."""
    width, height = size
    random = np.random.default_rng(0)
    y, x = np.mgrid[: height + 64, : width + 64].astype(np.float32)
    scene = np.stack([np.sin(x / a) * np.cos(y / b) for a, b in ((61, 83), (97, 53), (31, 45))], -1)
    scene = 128 + 60 * scene + random.normal(0, 6, scene.shape).astype(np.float32)
    for n in range(count):
        top, left = (int(32 + 30 * np.sin(n / period)) for period in (17, 23))
        grain = random.normal(0, 1.5, (height, width, 1)).astype(np.float32)
        yield np.clip(scene[top : top + height, left : left + width] + grain, 0, 255).astype(np.uint8)


def _ours(path: Path, frames: Frames, size: tuple[int, int], encoding: Encoding) -> None:
    write_segment(path, frames, size=size, fps=FPS, encoding=encoding)


def _bare(path: Path, frames: Any, size: tuple[int, int], encoding: Encoding) -> None:
    """What a plain loop over PyAV does: every frame handed to the encoder, which converts it."""
    with av.open(str(path), "w") as container:
        stream = add_encoder(container, size, FPS, encoding)
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        container.mux(stream.encode())


def _truncated(frame: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return (frame * 255).astype(np.uint8)


def _timed(run: Callable[[], None]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def _rss() -> int:
    import psutil  # noqa: PLC0415 - of the "bench" extra

    return int(psutil.Process().memory_info().rss)


class _Peak:
    """The largest resident memory while the block ran, looked at a hundred times a second."""

    def __enter__(self) -> "_Peak":  # noqa: PYI034, UP037 - Self is newer than Python 3.10
        self.value = _rss()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.01):
            self.value = max(self.value, _rss())


if __name__ == "__main__":
    sys.exit(main())
