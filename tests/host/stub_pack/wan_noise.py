"""The noise of WanVideoWrapper's own loop for schedulers that draw noise too: its one generator, carried on.

The wrapper's sampler takes noise and generator state from `samples` and gives the state back in its LATENT.
"""

from typing import Any

import torch

CATEGORY = "LongTake tests"
_states: dict[str, torch.Tensor] = {}


class TestCarriedNoise:
    """LATENT with the next window's noise; window 0 begins as the loop does, with a draw that is not used."""

    CATEGORY = CATEGORY
    FUNCTION = "make"
    RETURN_TYPES = ("LATENT",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {
            "required": {
                "name": ("STRING", {"default": ""}),
                "seed": ("INT", {"default": 0, "min": 0, "max": 2**63 - 1}),
                "index": ("INT", {"default": 0, "min": 0, "max": 10000}),
                "frames": ("INT", {"default": 81, "min": 1, "max": 10001, "step": 4}),
                "width": ("INT", {"default": 64, "min": 16, "max": 4096}),
                "height": ("INT", {"default": 64, "min": 16, "max": 4096}),
            }
        }

    def make(self, name: str, seed: int, index: int, frames: int, width: int, height: int) -> tuple[dict[str, Any]]:
        generator = torch.Generator("cpu").manual_seed(seed)
        shape = (1, 16, (frames - 1) // 4 + 1, height // 8, width // 8)
        if index:
            generator.set_state(_states[name])
        else:
            torch.randn(shape, generator=generator)
        noise = torch.randn(shape, generator=generator)
        return ({"samples": noise, "generator_state": generator.get_state()},)


class TestKeepState:
    """Passes the sampler's LATENT through and keeps its generator's state under `name`."""

    CATEGORY = CATEGORY
    FUNCTION = "keep"
    RETURN_TYPES = ("LATENT",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {"required": {"samples": ("LATENT",), "name": ("STRING", {"default": ""})}}

    def keep(self, samples: dict[str, Any], name: str) -> tuple[dict[str, Any]]:
        _states[name] = samples["generator_state"]
        return (samples,)


CARRIED_NODES = {"LongTakeTestCarriedNoise": TestCarriedNoise, "LongTakeTestKeepState": TestKeepState}
