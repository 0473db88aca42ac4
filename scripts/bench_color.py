"""Colours and seams: ours and the peers', on the same frames, in one run.

    python -m longtake.scripts.bench_color [--size 1280x720] [--frames 81] [--quick] [--json FILE]

Speed is a ratio to `copy_` of the same bytes, from medians of candidates that take turns. The drift in the
experiments is synthetic: they compare methods and catch regressions; they prove nothing about a trained model.
COMFYUI_PATH names a ComfyUI with KJNodes to compare with; without it, and on a GPU, only ours are measured.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..nodes.core.color_match import METHODS, match_window
from ..nodes.core.color_reference import match_reference
from .bench_codec import RoundTrip, comfyui_codec, linear_codec
from .bench_color_speed import speed
from .bench_seams import seams
from .bench_worlds import DRIFTS, SCENES, Method, Scene, run_take, uncorrected

Rows = list[dict[str, Any]]

#: (scene, drift) of the experiments.
EXPERIMENTS = (
    ("talking head", "steps"),
    ("talking head", "steps and ramps"),
    ("talking head", "ramps"),
    ("talking head", "gamma"),
    ("talking head", "gamma ramps"),
    ("moving content", "steps and ramps"),
    ("object enters", "steps and ramps"),
    ("real dimming", "steps"),
    ("real dimming", "ramps"),
    ("moving camera", "steps"),
    ("moving camera", "ramps"),
    ("moving camera, object enters, real dimming", "steps"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write; 0."""
    parser = argparse.ArgumentParser(prog="bench_color", description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="1280x720", help="of the frames that speed is measured on")
    parser.add_argument("--frames", type=int, default=81)
    parser.add_argument("--rounds", type=int, default=9, help="how often every candidate runs")
    parser.add_argument("--device", default="cpu", help="cpu or cuda, for speed")
    parser.add_argument("--experiment-size", default="320x184", help="of the frames of the drift experiments")
    parser.add_argument("--only", choices=("speed", "drift", "seams"), help="one part instead of all")
    parser.add_argument("--vae", help="a VAE file for the round trips, run by ComfyUI; else a small linear one")
    parser.add_argument("--quick", action="store_true", help="small pictures and few rounds, in under two minutes")
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    options = parser.parse_args(arguments)
    if options.quick:
        options.size, options.experiment_size, options.rounds = "320x192", "160x96", 3
    rows: Rows = []
    if options.only in (None, "speed"):
        rows += speed(_size(options.size), options.frames, options.device, options.rounds, quick=options.quick)
    if options.only in (None, "seams"):
        rows += seams((180, 320))
    if options.only in (None, "drift"):
        rows += drift(_size(options.experiment_size), windows=3 if options.quick else 8, vae=options.vae)
    _show(rows)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    return 0


def _size(text: str) -> tuple[int, int]:
    """``1280x720`` as (height, width)."""
    try:
        width, height = (int(part) for part in text.split("x"))
    except ValueError:
        raise SystemExit(f"{text!r} is not a size. Use width x height, for example 1280x720.") from None
    return height, width


def drift(size: tuple[int, int], windows: int, vae: str | None) -> Rows:
    """Rows of what each method leaves of synthetic drift."""
    rows: Rows = []
    for name, kind in EXPERIMENTS:
        scene = _painted_once(SCENES[name](size))
        rows += _compared(f"drift, {name}, {kind}", scene, kind, _methods(), windows)
    scene = _painted_once(SCENES["talking head"](size))
    through = comfyui_codec(vae) if vae else linear_codec(torch.cat([scene(0, 5), scene(40, 57)]))
    coded = {key: _after(through, method) for key, method in _methods().items()}
    for kind in ("steps and ramps", "no drift"):
        label = f"drift, talking head through a {'VAE' if vae else 'linear codec'}, {kind}"
        rows += _compared(label, scene, kind, coded, windows)
    return rows


def _compared(label: str, scene: Scene, kind: str, methods: Mapping[str, Method], windows: int) -> Rows:
    rows = []
    everything = {"noise alone": (uncorrected, "no drift"), **{key: (method, kind) for key, method in methods.items()}}
    for subject, (method, how) in everything.items():
        left = run_take(scene, DRIFTS[how], method, windows=windows)
        rows.append(
            {
                "experiment": label,
                "subject": subject,
                "ms_per_frame": None,
                "ratio_to_copy": None,
                "peak_mb": None,
                "error": round(left.error, 4),
                "flicker": round(left.flicker, 5),
                "seam": round(left.seam, 4),
                "worst_seam": round(left.worst_seam, 4),
            }
        )
        print(".", end="", file=sys.stderr, flush=True)
    print(f" {label}", file=sys.stderr)
    return rows


def _methods() -> dict[str, Method]:
    """Ours, and the classical ones as the peers use them: each frame to the first picture."""

    def by_window(method: str) -> Method:
        return lambda raw, tail, first: match_window(raw, tail, first, method)[0]

    def to_picture(method: str, *, per_frame: bool) -> Method:
        return lambda raw, _tail, first: match_reference(raw, first, method, per_frame=per_frame)

    return {
        "none": uncorrected,
        **{method: by_window(method) for method in METHODS},
        "mkl per frame (as WanVideoWrapper, KJNodes)": to_picture("mkl", per_frame=True),
        "reinhard lab per frame": to_picture("reinhard lab", per_frame=True),
        "mkl per window to the picture": to_picture("mkl", per_frame=False),
    }


def _after(through: RoundTrip, method: Method) -> Method:
    return lambda raw, tail, first: method(through(raw), tail, first)


def _painted_once(scene: Scene) -> Scene:
    """The scene with its windows kept, since every method sees the same; as 16-bit floats they fit into memory."""
    kept: dict[tuple[int, int], Tensor] = {}

    def frames(start: int, stop: int) -> Tensor:
        if (start, stop) not in kept:
            kept[start, stop] = scene(start, stop).half()
        return kept[start, stop].float()

    return frames


def _show(rows: Rows) -> None:
    columns = ("ms_per_frame", "ratio_to_copy", "peak_mb", "error", "flicker", "seam", "worst_step", "worst_sharpness")
    last = None
    for row in rows:
        if row["experiment"] != last:
            last = row["experiment"]
            shown = [
                column for column in columns if any(r.get(column) is not None for r in rows if r["experiment"] == last)
            ]
            print(f"\n{last}\n{'':46}" + "".join(f"{column:>16}" for column in shown))
        values = ("" if row.get(column) is None else f"{row[column]:.5g}" for column in shown)
        print(f"{row['subject']:46}" + "".join(f"{value:>16}" for value in values))
    if any(row["experiment"].startswith("drift") for row in rows):
        print("\nThe drift is synthetic: these figures compare methods, they prove nothing about a trained model.")


if __name__ == "__main__":
    sys.exit(main())
