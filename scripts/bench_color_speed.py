"""Speed, memory and error of colour work: ours and the peers', on the same frames, taking turns."""

from __future__ import annotations

import ctypes
import importlib
import multiprocessing
import os
import re
import statistics
import sys
import time
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..nodes.core import color
from ..nodes.core.color_match import METHODS, match_window
from ..nodes.core.color_reference import match_reference
from .bench_worlds import DRIFTS, NOISE, talking_head

Rows = list[dict[str, Any]]

OVERLAP = 9
_PEER_FRAMES = 9  # peers take up to 0.6 s a frame; per frame they are no faster on more
_MEGABYTE = 1e6


@dataclass(frozen=True)
class Material:
    """One window that drifted, the tail it goes on from, the take's first frame, and a buffer."""

    frames: Tensor
    previous: Tensor
    first: Tensor
    buffer: Tensor


def material(size: tuple[int, int], count: int, device: str) -> Material:
    """A talking head with steps and ramps of drift. size: (height, width)."""
    scene = talking_head(size)
    frames = torch.empty(count, *size, 3)
    random = torch.Generator().manual_seed(0)
    for start in range(0, count, 9):
        frames[start : start + 9] = scene(start, min(start + 9, count))
    first, previous = frames[:1].clone(), frames[:OVERLAP].clone()
    drift = DRIFTS["steps and ramps"]
    for index in range(count):
        # one frame at a time, so that 81 frames of 720p need no second copy
        share = max(0, index - OVERLAP + 1) / max(1, count - OVERLAP)
        one = replace(drift, step=drift.step + drift.ramp * share, ramp=0.0)
        frames[index : index + 1] = one(frames[index : index + 1], 1)
        frames[index].add_(torch.randn(frames[index].shape, generator=random), alpha=NOISE).clamp_(0, 1)
    frames = frames.to(device)
    return Material(frames, previous.to(device), first.to(device), torch.zeros_like(frames))


Subject = Callable[[Material], Tensor]


def ours() -> dict[str, Subject]:
    """What we do, by name; each gives the frames it made."""

    def window(method: str, *, new: bool) -> Subject:
        return lambda m: match_window(m.frames, m.previous, m.first, method, out=None if new else m.buffer)[0]

    both, overlap, _ = METHODS
    return {
        "overlap, into a buffer": window(overlap, new=False),
        "overlap and anchor, into a buffer": window(both, new=False),
        "overlap, new tensor (node)": window(overlap, new=True),
        "overlap and anchor, new tensor (node)": window(both, new=True),
        "mkl per frame, into a buffer": lambda m: match_reference(
            m.frames, m.first, "mkl", per_frame=True, out=m.buffer
        ),
        "reinhard lab per frame, into a buffer": lambda m: match_reference(
            m.frames, m.first, "reinhard lab", per_frame=True, out=m.buffer
        ),
        "apply only": lambda m: color.apply(m.frames, _SOME, m.buffer),
    }


_SOME = torch.tensor([[0.97, 0.01, 0.0, 0.004], [0.01, 0.98, 0.0, 0.0], [0.0, 0.01, 0.99, -0.004]]).double()


def peers() -> Iterator[tuple[str, Subject]]:
    """What can be found of the peers, by name. Those that cannot are named on stderr."""
    try:
        matcher = importlib.import_module("color_matcher").ColorMatcher
    except ImportError:
        _say_once("color-matcher is not installed; left out. Install longtake[bench].")
    else:
        yield (
            "color-matcher mkl, one thread",
            lambda m: torch.stack(
                [
                    torch.from_numpy(matcher().transfer(src=f.numpy(), ref=m.first[0].numpy(), method="mkl"))
                    for f in m.frames[:_PEER_FRAMES]
                ]
            ),
        )
    path = os.environ.get("COMFYUI_PATH")
    if not path:
        _say_once("COMFYUI_PATH is not set; ComfyUI and KJNodes are left out.")
        return
    yield from _comfyui(Path(path))


@cache
def _say_once(text: str) -> None:
    print(text, file=sys.stderr)


def _comfyui(path: Path) -> Iterator[tuple[str, Subject]]:
    arguments, sys.argv = sys.argv, [sys.argv[0], "--cpu"]
    sys.path.insert(0, str(path))
    try:
        importlib.import_module("comfy.options").enable_args_parsing()
        transfer: Any = importlib.import_module("comfy_extras.nodes_post_processing").ColorTransfer
    except (ImportError, AttributeError) as error:
        print(f"ComfyUI's ColorTransfer cannot be used: {error}; left out.", file=sys.stderr)
    else:
        for method in ("mkl_lab", "reinhard_lab", "histogram"):
            yield f"ComfyUI ColorTransfer {method}, per frame", _transfer(transfer, method)
    nodes = path / "custom_nodes" / "ComfyUI-KJNodes" / "nodes"
    try:
        for name, where in (("longtake_bench_kj", nodes.parent), ("longtake_bench_kj.nodes", nodes)):
            package = types.ModuleType(name)
            package.__path__ = [str(where)]
            sys.modules[name] = package
        kj: Any = importlib.import_module("longtake_bench_kj.nodes.image_nodes")
    except (ImportError, AttributeError, FileNotFoundError) as error:
        print(f"KJNodes cannot be used: {error}; left out.", file=sys.stderr)
        return
    finally:
        sys.argv = arguments
    yield "KJNodes ColorMatch mkl", lambda m: kj.ColorMatch().colormatch(m.first, m.frames[:_PEER_FRAMES], "mkl")[0]
    yield (
        "KJNodes V2 reinhard_lab_gpu",
        lambda m: kj.ColorMatchV2.execute(m.frames[:_PEER_FRAMES], m.first, "reinhard_lab_gpu").result[0],
    )


def _transfer(node: Any, method: str) -> Subject:
    return lambda m: node.execute(
        image_target=m.frames[:_PEER_FRAMES],
        image_ref=m.first,
        method=method,
        source_stats={"source_stats": "per_frame"},
        strength=1.0,
    ).result[0]


def speed(size: tuple[int, int], count: int, device: str, rounds: int, *, quick: bool) -> Rows:
    """Rows of times, ratios to `copy_`, memory and error."""
    made = material(size, count, device)
    subjects: dict[str, Subject] = {"copy": lambda m: m.buffer.copy_(m.frames), **ours()}
    if device == "cpu":
        subjects |= dict(peers())
    seconds: dict[str, list[float]] = {name: [] for name in subjects}
    errors: dict[str, float | None] = {}
    frames: dict[str, int] = {}
    for turn in range(rounds + 1):
        for name, subject in subjects.items():
            if frames.get(name, count) < count and turn > max(2, rounds // 3):
                continue
            started = _now(device)
            result = subject(made)
            taken = _now(device) - started
            if turn:  # the first turn warms up
                seconds[name].append(taken / len(result))
            else:
                frames[name] = len(result)
                errors[name] = _error(name, result, made)
            del result
    copy = statistics.median(seconds["copy"])
    memory = {} if device != "cpu" else {name: _peak(name, size, count) for name in subjects if not quick}
    return [
        {
            "experiment": f"speed {size[1]}x{size[0]}, {count} frames, {device}",
            "subject": name,
            "ms_per_frame": round(1000 * statistics.median(times), 4),
            "ms_best": round(1000 * min(times), 4),
            "ratio_to_copy": round(statistics.median(times) / copy, 2),
            "peak_mb": memory.get(name) if device == "cpu" else _peak_on_gpu(subjects[name], made),
            "error": errors[name],
            "flicker": None,
            "seam": None,
        }
        for name, times in seconds.items()
    ]


def _now(device: str) -> float:
    if device != "cpu":
        torch.cuda.synchronize()
    return time.perf_counter()


def _error(name: str, result: Tensor, made: Material) -> float | None:
    """Largest difference to a float64 evaluation of the formula, for mkl per frame; None for what has none."""
    if "mkl" not in name or "lab" in name:
        return None
    worst = 0.0
    target = made.first.reshape(-1, 3).double().cpu()
    for index in {0, len(result) - 1}:
        pixels = made.frames[index].reshape(-1, 3).double().cpu()
        source_root = _root(torch.cov(pixels.T, correction=0))
        middle = _root(source_root @ torch.cov(target.T, correction=0) @ source_root)
        inverse = torch.linalg.inv(source_root)
        exact = (pixels - pixels.mean(0)) @ (inverse @ middle @ inverse).T + target.mean(0)
        shown = result[index].reshape(-1, 3).double().cpu()
        worst = max(worst, float((shown.clamp(0, 1) - exact.clamp(0, 1)).abs().max()))
    return worst


def _root(matrix: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    root: Tensor = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    return root


def _peak_on_gpu(subject: Subject, made: Material) -> float:
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    result = subject(made)
    torch.cuda.synchronize()
    own = result.untyped_storage().nbytes() if result.data_ptr() != made.buffer.data_ptr() else 0
    return round((torch.cuda.max_memory_allocated() - before - own) / _MEGABYTE, 1)


def _peak(name: str, size: tuple[int, int], count: int) -> float | None:
    """Megabytes that a subject needs beyond its arguments, buffer and result, in a fresh process (Linux only)."""
    if not Path("/proc/self/clear_refs").exists():
        return None
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak_here, (name, size, count))


def _peak_here(name: str, size: tuple[int, int], count: int) -> float:
    subject = (ours() | dict(peers()) | {"copy": lambda m: m.buffer.copy_(m.frames)})[name]
    small = material((64, 64), 12, "cpu")
    subject(small)  # loads what is loaded once
    made = material(size, count, "cpu")
    peaks = []
    for _ in range(4):
        ctypes.CDLL(None).malloc_trim(0)  # what was freed before must not serve unseen
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        before = _status("VmRSS")
        result = subject(made)
        own = result.untyped_storage().nbytes() if result.data_ptr() != made.buffer.data_ptr() else 0
        peaks.append((_status("VmHWM") - before - own) / _MEGABYTE)
        del result
    return round(statistics.median(peaks[1:]), 1)  # the first run also loads what libraries keep for good


def _status(name: str) -> int:
    """A figure of /proc/self/status in bytes."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    return 1024 * int(found.group(1)) if found else 0
