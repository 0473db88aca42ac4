"""Embeds in the shapes of WanVideoWrapper's encoders, from a seed instead of from gigabytes of weights."""

from typing import Any

import torch

from .record import record

CATEGORY = "LongTake tests"
SEED = ("INT", {"default": 0, "min": 0, "max": 2**32 - 1})


class TestTextEmbeds:
    """WANVIDEOTEXTEMBEDS: `prompts` positive prompts and one negative, each (tokens, 4096)."""

    CATEGORY = CATEGORY
    FUNCTION = "make"
    RETURN_TYPES = ("WANVIDEOTEXTEMBEDS",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        count = ("INT", {"default": 1, "min": 1, "max": 64})
        return {"required": {"seed": SEED, "prompts": count}}

    def make(self, seed: int, prompts: int) -> tuple[dict[str, Any]]:
        record("text_embeds", seed=seed, prompts=prompts)
        generator = torch.Generator().manual_seed(seed)
        positive = [torch.randn(12 + n % 5, 4096, generator=generator) * 0.1 for n in range(prompts)]
        negative = [torch.randn(9, 4096, generator=generator) * 0.1]
        return ({"prompt_embeds": positive, "negative_prompt_embeds": negative},)


class TestClipEmbeds:
    """WANVIDIMAGE_CLIPEMBEDS: one picture's CLIP features, (1, 257, 1280)."""

    CATEGORY = CATEGORY
    FUNCTION = "make"
    RETURN_TYPES = ("WANVIDIMAGE_CLIPEMBEDS",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {"required": {"seed": SEED}}

    def make(self, seed: int) -> tuple[dict[str, Any]]:
        features = torch.randn(1, 257, 1280, generator=torch.Generator().manual_seed(seed)) * 0.3
        return ({"clip_embeds": features, "negative_clip_embeds": None},)


class TestMultiTalkEmbeds:
    """MULTITALK_EMBEDS of exactly `frames` frames for each speaker, (frames, 12, 768) float16."""

    CATEGORY = CATEGORY
    FUNCTION = "make"
    RETURN_TYPES = ("MULTITALK_EMBEDS",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {
            "required": {
                "frames": ("INT", {"default": 81, "min": 1, "max": 100000}),
                "speakers": ("INT", {"default": 1, "min": 1, "max": 4}),
                "seed": SEED,
            },
            "optional": {
                "ref_target_masks": ("MASK",),
                "audio_scale": ("FLOAT", {"default": 1.0, "min": 0.0, "max": 100.0}),
                "audio_cfg_scale": ("FLOAT", {"default": 1.0, "min": 0.0, "max": 100.0}),
            },
        }

    def make(
        self,
        frames: int,
        speakers: int,
        seed: int,
        ref_target_masks: torch.Tensor | None = None,
        audio_scale: float = 1.0,
        audio_cfg_scale: float = 1.0,
    ) -> tuple[dict[str, Any]]:
        record("multitalk_embeds", frames=frames, speakers=speakers, seed=seed)
        generator = torch.Generator().manual_seed(seed)
        features = [torch.randn(frames, 12, 768, generator=generator).half() for _ in range(speakers)]
        embeds = {"audio_features": features, "audio_scale": audio_scale, "audio_cfg_scale": audio_cfg_scale}
        return ({**embeds, "ref_target_masks": ref_target_masks},)


EMBED_NODES = {
    "LongTakeTestTextEmbeds": TestTextEmbeds,
    "LongTakeTestClipEmbeds": TestClipEmbeds,
    "LongTakeTestMultiTalkEmbeds": TestMultiTalkEmbeds,
}
