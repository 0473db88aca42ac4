"""The noise that WanVideoWrapper's own loop draws for its window `index`, to compare that window alone.

The loop has one CPU generator: a draw that it does not use, then one draw per window. A scheduler that draws
noise of its own moves the generator on in between; for such a one this node does not give the loop's noise.
"""

from typing import Any

import torch

CATEGORY = "LongTake tests"


class TestLoopNoise:
    """LATENT with the noise of window `index` and the generator's state after it."""

    CATEGORY = CATEGORY
    FUNCTION = "make"
    RETURN_TYPES = ("LATENT",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {
            "required": {
                "seed": ("INT", {"default": 0, "min": 0, "max": 2**63 - 1}),
                "index": ("INT", {"default": 0, "min": 0, "max": 10000}),
                "frames": ("INT", {"default": 81, "min": 1, "max": 10001, "step": 4}),
                "width": ("INT", {"default": 64, "min": 16, "max": 4096}),
                "height": ("INT", {"default": 64, "min": 16, "max": 4096}),
            }
        }

    def make(self, seed: int, index: int, frames: int, width: int, height: int) -> tuple[dict[str, Any]]:
        generator = torch.Generator("cpu").manual_seed(seed)
        shape = (16, (frames - 1) // 4 + 1, height // 8, width // 8)
        for _ in range(index + 2):
            noise = torch.randn(shape, generator=generator)
        return ({"samples": noise[None], "generator_state": generator.get_state()},)


NOISE_NODES = {"LongTakeTestLoopNoise": TestLoopNoise}
