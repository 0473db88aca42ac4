"""Changes to one window's inputs that must change the window: the controls of the tests against the loop."""

from typing import Any

import torch

CATEGORY = "LongTake tests"


class TestSpoilAudio:
    """MULTITALK_EMBEDS, changed: a frame late, cut short, at most so many, or the last feature held for ever."""

    CATEGORY = CATEGORY
    FUNCTION = "spoil"
    RETURN_TYPES = ("MULTITALK_EMBEDS",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        ways = ["a frame late", "two missing", "three missing", "last held"]
        return {"required": {"embeds": ("MULTITALK_EMBEDS",), "way": (ways,)}}

    def spoil(self, embeds: dict[str, Any], way: str) -> tuple[dict[str, Any]]:
        changed = [_spoiled(speaker, way) for speaker in embeds["audio_features"]]
        return ({**embeds, "audio_features": changed},)


class TestWithoutMotion:
    """WANVIDIMAGE_EMBEDS without the latents that the window continues from."""

    CATEGORY = CATEGORY
    FUNCTION = "spoil"
    RETURN_TYPES = ("WANVIDIMAGE_EMBEDS",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {"required": {"embeds": ("WANVIDIMAGE_EMBEDS",)}}

    def spoil(self, embeds: dict[str, Any]) -> tuple[dict[str, Any]]:
        return ({name: value for name, value in embeds.items() if name != "extra_latents"},)


def _spoiled(features: torch.Tensor, way: str) -> torch.Tensor:
    if way == "a frame late":
        return torch.cat([features[:1], features[:-1]])
    if way == "last held":
        return features[-1:].repeat(90, 1, 1)
    return features[: -2 if way == "two missing" else -3]


SPOIL_NODES = {"LongTakeTestSpoilAudio": TestSpoilAudio, "LongTakeTestWithoutMotion": TestWithoutMotion}
