"""Sound and pictures for tests, the same for the same arguments."""

from typing import Any

import numpy as np
import torch

from .painting import paint
from .record import record

CATEGORY = "LongTake tests"


class TestAudio:
    """Sound of exactly so many samples: a tone that swells and falls, with a little noise."""

    CATEGORY = CATEGORY
    FUNCTION = "make"
    RETURN_TYPES = ("AUDIO",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {
            "required": {
                "samples": ("INT", {"default": 16000, "min": 1, "max": 2**31 - 1}),
                "sample_rate": ("INT", {"default": 16000, "min": 1000, "max": 192000}),
                "channels": ("INT", {"default": 1, "min": 1, "max": 8}),
                "seed": ("INT", {"default": 0, "min": 0, "max": 2**32 - 1}),
            }
        }

    def make(self, samples: int, sample_rate: int, channels: int, seed: int) -> tuple[dict[str, Any]]:
        record("audio", samples=samples, sample_rate=sample_rate, seed=seed)
        generator = np.random.default_rng(seed)
        time = np.arange(samples) / sample_rate
        tone = np.sin(2 * np.pi * (180 + 40 * seed) * time) * (0.5 + 0.5 * np.sin(2 * np.pi * 1.7 * time))
        noise = generator.normal(0, 0.02, (channels, samples))
        waveform = torch.from_numpy((0.4 * tone + noise).astype(np.float32))[None]
        return ({"waveform": waveform, "sample_rate": sample_rate},)


class TestImage:
    """A picture: the painted number, or with `number` -1 a smooth picture of this seed in 256 levels."""

    CATEGORY = CATEGORY
    FUNCTION = "make"
    RETURN_TYPES = ("IMAGE",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {
            "required": {
                "width": ("INT", {"default": 64, "min": 16, "max": 4096}),
                "height": ("INT", {"default": 64, "min": 16, "max": 4096}),
                "number": ("INT", {"default": -1, "min": -1, "max": 65535}),
                "seed": ("INT", {"default": 0, "min": 0, "max": 2**32 - 1}),
            }
        }

    def make(self, width: int, height: int, number: int, seed: int) -> tuple[torch.Tensor]:
        record("image", width=width, height=height, number=number, seed=seed)
        if number >= 0:
            return (torch.from_numpy(paint(number, height, width))[None],)
        generator = torch.Generator().manual_seed(seed)
        small = torch.rand(1, 3, 5, 5, generator=generator)
        smooth = torch.nn.functional.interpolate(small, (height, width), mode="bicubic", align_corners=True)
        return (smooth.clamp(0, 1).mul(255).round().div(255).permute(0, 2, 3, 1).contiguous(),)


class TestSpeakerMasks:
    """(3, H, W) masks for two speakers: left half, right half, and what is left over."""

    CATEGORY = CATEGORY
    FUNCTION = "make"
    RETURN_TYPES = ("MASK",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {
            "required": {
                "width": ("INT", {"default": 64, "min": 16, "max": 4096}),
                "height": ("INT", {"default": 64, "min": 16, "max": 4096}),
            }
        }

    def make(self, width: int, height: int) -> tuple[torch.Tensor]:
        masks = torch.zeros(3, height, width)
        masks[0, height // 8 : -height // 8, width // 16 : width // 2] = 1
        masks[1, height // 8 : -height // 8, width // 2 : -width // 16] = 1
        masks[2] = 1 - masks[0] - masks[1]
        return (masks,)


MEDIA_NODES = {
    "LongTakeTestAudio": TestAudio,
    "LongTakeTestImage": TestImage,
    "LongTakeTestSpeakerMasks": TestSpeakerMasks,
}
