"""Round trips through a video VAE, for the drift experiments: a real one by ComfyUI, or a small linear one."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

#: (F, H, W, 3) float32 in [0, 1] to the same, through latents and back.
RoundTrip = Callable[[Tensor], Tensor]

_CELL, _SPAN, _CHANNELS = 8, 4, 16


def linear_codec(sample: Tensor) -> RoundTrip:
    """A causal linear autoencoder of the shape of Wan's: 4 x 8 x 8 pixels to 16 channels, the first frame alone.

    It is the best linear one for `sample` (principal components of its cells), so it blurs as a VAE does, and
    its losses depend on the picture. H and W divisible by 8.
    """
    bases = {span: _principal(_cells(sample, span), _CHANNELS) for span in (1, _SPAN)}

    def through(frames: Tensor) -> Tensor:
        whole = 1 + (len(frames) - 1) // _SPAN * _SPAN
        if whole != len(frames):
            raise ValueError(f"{len(frames)} frames do not fill latent frames. Use 4n + 1, for example {whole}.")
        parts = [_decoded(frames[:1], 1, bases[1]), _decoded(frames[1:], _SPAN, bases[_SPAN])]
        return torch.cat(parts).clamp(0, 1)

    return through


def _cells(frames: Tensor, span: int) -> Tensor:
    """(N, span * 8 * 8 * 3)."""
    frames = frames[: len(frames) // span * span]
    _, height, width, _ = frames.shape
    cut = frames.view(-1, span, height // _CELL, _CELL, width // _CELL, _CELL, 3)
    return cut.permute(0, 2, 4, 1, 3, 5, 6).reshape(-1, span * _CELL * _CELL * 3)


def _principal(cells: Tensor, count: int) -> tuple[Tensor, Tensor]:
    mean = cells.mean(0)
    centred = (cells[:: max(1, len(cells) // 6000)] - mean).double()
    _, vectors = torch.linalg.eigh(centred.T @ centred)
    return mean, vectors[:, -count:].float()


def _decoded(frames: Tensor, span: int, basis: tuple[Tensor, Tensor]) -> Tensor:
    if not len(frames):
        return frames
    mean, vectors = basis
    cells = mean + (_cells(frames, span) - mean) @ vectors @ vectors.T
    _, height, width, _ = frames.shape
    cut = cells.view(-1, height // _CELL, width // _CELL, span, _CELL, _CELL, 3)
    return cut.permute(0, 3, 1, 4, 2, 5, 6).reshape(frames.shape)


def comfyui_codec(file: str) -> RoundTrip:
    """A VAE file through ComfyUI, found by the environment variable COMFYUI_PATH."""
    path = os.environ.get("COMFYUI_PATH")
    if not path:
        raise ValueError("A VAE file needs ComfyUI to run it. Set COMFYUI_PATH to its folder.")
    sys.path.insert(0, path)
    arguments, sys.argv = sys.argv, [sys.argv[0], "--cpu"]
    try:
        importlib.import_module("comfy.options").enable_args_parsing()
        utils: Any = importlib.import_module("comfy.utils")
        sd: Any = importlib.import_module("comfy.sd")
    finally:
        sys.argv = arguments
    vae = sd.VAE(sd=utils.load_torch_file(file))

    def through(frames: Tensor) -> Tensor:
        decoded: Tensor = vae.decode(vae.encode(frames))
        return decoded.reshape(-1, *frames.shape[1:]).float().cpu().clamp(0, 1)

    return through
