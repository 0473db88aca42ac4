"""The painter of `longtake demo` as a node: it stands where a model and its sampler stand."""

from typing import Any

import numpy as np
import torch
from longtake.nodes.core.units import parse_fps
from longtake.scripts.painter import Landmarks, Painter
from longtake.scripts.voice import follow_voice


class TestPainter:
    """Lets a portrait speak one window. mouth and eyes: where they are, as in the portrait's own notes."""

    CATEGORY = "LongTake tests"
    FUNCTION = "paint"
    RETURN_TYPES = ("IMAGE",)
    RETURN_NAMES = ("frames",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {
            "required": {
                "window": ("LONGTAKE_WINDOW",),
                "image": ("IMAGE",),
                "audio": ("AUDIO",),
                "seed": ("INT", {"forceInput": True}),
                "mouth": ("STRING", {"default": ""}),
                "eyes": ("STRING", {"default": ""}),
            }
        }

    def paint(
        self, window: Any, image: torch.Tensor, audio: dict[str, Any], seed: int, mouth: str, eyes: str
    ) -> tuple[torch.Tensor]:
        fps = parse_fps(window.plan.fps)
        voice = follow_voice(audio["waveform"][0].numpy(), int(audio["sample_rate"]), fps, window.plan.frames)
        picture = (image[0].numpy() * 255 + 0.5).astype(np.uint8)
        landmarks = Landmarks(tuple(map(float, mouth.split(","))), tuple(map(float, eyes.split(","))))
        painter = Painter(picture, landmarks, voice, fps)
        frames = np.stack(list(painter.window(window.window, window.motion_frames.numpy(), seed)))
        return (torch.from_numpy(frames).float() / 255,)


NODE_CLASS_MAPPINGS = {"LongTakeTestPainter": TestPainter}
NODE_DISPLAY_NAME_MAPPINGS = {"LongTakeTestPainter": "The demo's painter, where a model would be"}
