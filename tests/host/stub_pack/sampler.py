"""A model loader that counts its runs, and a sampler that paints into each frame that frame's number."""

import time
from typing import Any

import numpy as np
import torch
from comfy.model_management import throw_exception_if_processing_interrupted

from .painting import paint, read
from .record import record

CATEGORY = "LongTake tests"


class TestLoader:
    """Gives a "model"; every run is recorded, so that a test can count them."""

    CATEGORY = CATEGORY
    FUNCTION = "load"
    RETURN_TYPES = ("LONGTAKE_TEST_MODEL",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {"required": {"name": ("STRING", {"default": "model"})}}

    def load(self, name: str) -> tuple[str]:
        record("loader", name=name)
        return (name,)


class TestSampler:
    """Paints the frames [start, stop) of a LONGTAKE_WINDOW, each with its own number.

    Records the window, its seed and the numbers that its motion frames show (None for one that shows none,
    such as a start image). `multiple` paints that many frames per frame, as an interpolator gives. `fail_at`
    raises at this index. `spoil` makes the frames of index `spoil_at` unfit. The second output is always one
    frame per frame: what the next window continues from.
    """

    CATEGORY = CATEGORY
    FUNCTION = "sample"
    RETURN_TYPES = ("IMAGE", "IMAGE")
    RETURN_NAMES = ("frames", "raw")

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {
            "required": {
                "model": ("LONGTAKE_TEST_MODEL",),
                "window": ("LONGTAKE_WINDOW",),
                "width": ("INT", {"default": 64, "min": 24, "max": 4096}),
                "height": ("INT", {"default": 64, "min": 16, "max": 4096}),
            },
            "optional": {
                "seconds": ("FLOAT", {"default": 0.0, "min": 0.0, "max": 600.0}),
                "multiple": ("INT", {"default": 1, "min": 1, "max": 8}),
                "fail_at": ("INT", {"default": -1, "min": -1, "max": 10000}),
                "spoil_at": ("INT", {"default": -1, "min": -1, "max": 10000}),
                "spoil": (["nan", "infinity", "short", "long"], {"default": "nan"}),
                "seed": ("INT", {"forceInput": True}),
            },
        }

    def sample(
        self,
        model: str,
        window: Any,
        width: int,
        height: int,
        seconds: float = 0.0,
        multiple: int = 1,
        fail_at: int = -1,
        spoil_at: int = -1,
        spoil: str = "nan",
        seed: int | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        span = window.window
        seen = {"seed": window.seed, "attempt": window.attempt, "seed_input": seed}
        spans = {"index": span.index, "start": span.start, "stop": span.stop, "overlap": span.overlap}
        record("sampler", model=model, **spans, **seen, motion=_numbers(window.motion_frames))
        sleep(seconds)
        if span.index == fail_at:
            raise RuntimeError(f"The test sampler fails at window {fail_at}, as it was told to.")
        raw = _painted(span.start, span.stop, height, width)
        frames = raw
        if multiple > 1:
            frames = _painted(span.start * multiple, span.stop * multiple, height, width)
        if span.index == spoil_at:
            frames = _spoiled(frames, spoil)
        record("sampled", **spans)
        return (frames, raw)


def sleep(seconds: float) -> None:
    """Sleep, and notice an interrupt within 50 ms."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        throw_exception_if_processing_interrupted()
        time.sleep(min(left, 0.05))


def _painted(start: int, stop: int, height: int, width: int) -> torch.Tensor:
    frames = torch.empty(stop - start, height, width, 3)
    for row, number in enumerate(range(start, stop)):
        frames[row] = torch.from_numpy(paint(number, height, width))
    return frames


def _spoiled(frames: torch.Tensor, spoil: str) -> torch.Tensor:
    if spoil == "short":
        return frames[:-1]
    if spoil == "long":
        return torch.cat([frames, frames[-1:]])
    frames = frames.clone()
    frames[len(frames) // 2, 3, 5, 1] = float("nan" if spoil == "nan" else "inf")
    return frames


def _numbers(motion_frames: torch.Tensor) -> list[int | None]:
    return [_number(frame) for frame in motion_frames]


def _number(frame: torch.Tensor) -> int | None:
    try:
        return int(read((frame.float().cpu().numpy() * 255 + 0.5).astype(np.uint8)))
    except ValueError:
        return None


SAMPLER_NODES = {"LongTakeTestLoader": TestLoader, "LongTakeTestSampler": TestSampler}
