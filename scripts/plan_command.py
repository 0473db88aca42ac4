"""`longtake plan`: the windows of a sound, as a table or as JSON."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path

from ..nodes.core.plan import FAMILIES, FITS, Plan, make_plan
from ..nodes.core.units import (
    frames_to_seconds,
    parse_fps,
    samples_to_frames_rounded_up,
    seconds_to_frames_rounded_up,
)
from ..nodes.take.sound import measure_sound


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `longtake plan`."""
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("sound", nargs="?", type=Path, metavar="SOUND", help="any sound or video file")
    length.add_argument("--frames", type=int, metavar="N", help="instead of a sound: frames of the video")
    length.add_argument("--seconds", metavar="S", help="instead of a sound: its length, for example 12.5")
    parser.add_argument("--json", action="store_true", help="print the plan as JSON")
    add_plan_arguments(parser)


def add_plan_arguments(parser: argparse.ArgumentParser) -> None:
    """How windows are laid out."""
    parser.add_argument("--fps", help="frames per second, for example 25 or 24000/1001 (default: the family's, 25)")
    parser.add_argument("--family", choices=list(FAMILIES), default="wan", help="model family (default: wan)")
    parser.add_argument("--window", type=int, metavar="N", help="frames of one window (default: the family's)")
    parser.add_argument("--overlap", type=int, metavar="N", help="frames that neighbours share (default: the family's)")
    parser.add_argument("--fit", choices=FITS, default=FITS[0], help=f"how the end is met (default: {FITS[0]})")


def run(options: argparse.Namespace) -> int:
    """Print the plan; 0."""
    frames = _frames(options)
    plan = plan_for(options, frames)
    if options.json:
        print(json.dumps(plan.to_json(), indent=1))
    else:
        print("\n".join(_table(plan)))
        print("\n".join(_summary(plan, frames, options.family)))
    return 0


def fps_of(options: argparse.Namespace) -> Fraction:
    """The frame rate that was asked for, or the family's."""
    return parse_fps(options.fps) if options.fps else FAMILIES[options.family].fps


def plan_for(options: argparse.Namespace, frames: int) -> Plan:
    """The plan of `frames` frames by what was asked for."""
    family = FAMILIES[options.family]
    plan: Plan = make_plan(
        frames,
        fps=fps_of(options),
        temporal_scale=family.temporal_scale,
        window=family.window if options.window is None else options.window,
        overlap=family.overlap if options.overlap is None else options.overlap,
        fit=options.fit,
    )
    return plan


def _frames(options: argparse.Namespace) -> int:
    if options.frames is not None:
        return int(options.frames)
    if options.seconds is not None:
        try:
            seconds = Fraction(options.seconds)
        except (ValueError, ZeroDivisionError):
            raise ValueError(f"{options.seconds!r} is no length. Use seconds, for example 12.5.") from None
        return seconds_to_frames_rounded_up(seconds, fps_of(options))
    samples, rate = measure_sound(options.sound)
    return samples_to_frames_rounded_up(samples, fps_of(options), rate)


def _table(plan: Plan) -> Iterator[str]:
    """One line a window. Frames are counted from 0; a range ends before its second number."""
    heads = (
        ("window", 6),
        ("sampled", 15),
        ("frames", 6),
        ("overlap", 7),
        ("past end", 8),
        ("kept", 15),
        ("seconds", 19),
    )
    yield "  ".join(f"{head:>{width}}" for head, width in heads)
    for window in plan.windows:
        first, last = window.kept
        times = f"{_seconds(first, plan)} - {_seconds(last, plan)}"
        yield (
            f"{window.index + 1:6}  {f'{window.start} - {window.stop}':>15}  {window.frames:6}  {window.overlap:7}  "
            f"{window.padding:8}  {f'{first} - {last}':>15}  {times:>19}"
        )


def _summary(plan: Plan, asked: int, family: str) -> Iterator[str]:
    share = plan.generated / plan.frames
    yield ""
    yield (
        f"{plan.frames} frames at {plan.fps} fps, {_seconds(plan.frames, plan)} s, in {_windows(plan)}: "
        f"{plan.generated} frames are made, {share:.3f} for each that is kept, {plan.padding} of them past the end."
    )
    if plan.frames < asked:
        lost = _seconds(asked - plan.frames, plan)
        yield f"The last {lost} s of the sound stay without picture; fit exact covers them."
    if family == "wan":
        yield _documents(plan, asked)


def _documents(plan: Plan, asked: int) -> str:
    """What the counts 81 + 72(n - 1), which the source documents recommend, make of the same sound."""
    wan = FAMILIES["wan"]
    planned = partial(
        make_plan, asked, fps=plan.fps, temporal_scale=wan.temporal_scale, window=wan.window, overlap=wan.overlap
    )
    above = planned(fit="pad")
    upper = above.windows[-1].stop
    step = wan.window - wan.overlap
    count = f"The count 81 + {step}(n - 1)"
    if upper == asked:
        return f"{count} fits this sound: {upper} frames."
    over = f"{upper} frames in {_windows(above)} run {_seconds(above.padding, plan)} s past the sound"
    if asked < wan.window:
        return f"{count}: {over}."
    below = planned(fit="floor")
    return (
        f"{count}: {below.frames} frames in {_windows(below)} leave {_seconds(asked - below.frames, plan)} s "
        f"of the sound out; {over}."
    )


def _windows(plan: Plan) -> str:
    return f"{len(plan.windows)} window{'s' * (len(plan.windows) != 1)}"


def _seconds(frames: int, plan: Plan) -> str:
    return f"{float(frames_to_seconds(frames, plan.fps)):.2f}"
