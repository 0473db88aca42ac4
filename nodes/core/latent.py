"""The overlap of two windows in latent space.

A causal video VAE keeps the first frame of a window in a latent frame of its own; every further latent frame
stands for `temporal_scale` frames (Wan 4, LTX 8). So the first latent frame of a window never has a partner in
the window before, and a crossfade pairs from the second one on.

latent, here: a ComfyUI LATENT, a dict with ``samples``: (B, C, T, H, W) of any dtype on any device, model
units; or nested with the video's first and the sound's (B, C, T', F) second, as LTX-2 makes them. What comes
back is a new dict with samples of its own, without ``noise_mask``: a mask belongs to the window it was made
for, and a stale one holds the next window's frames. No argument is changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from .seam import crossfade_weights
from .units import frames_to_latents, latents_to_frames

Latent = Mapping[str, Any]

#: How a crossfade mixes, the default first.
BLENDS = ("linear", "cosine", "variance-preserving")

#: What the first latent frame of the new window stands for, the default first: one frame, as a VAE encodes it;
#: or as many as any other, where the window before gave its latents as context.
FIRST_LATENTS = ("one frame", "a whole latent")

#: Two signals without correlation, mixed half and half, have this much less deviation.
_MOST_BOOST = 2**0.5


def overlap_latents(count: int, unit: str, temporal_scale: int) -> int:
    """Latent frames of an overlap that is given in `latent frames` or in `frames`; 0 stays 0, else exact or it raises.

    9 frames are 3 latent frames of Wan (scale 4); 49 are 7 of LTX (scale 8).
    """
    if unit == "latent frames" or count == 0:
        return count
    return frames_to_latents(count, temporal_scale)


def overlap_trim(latent: Latent, count: int, temporal_scale: int = 8) -> dict[str, Any]:
    """The latent without its first `count` latent frames: what the window adds."""
    video, sounds = _parts(latent)
    total = video.shape[2]
    if not 0 <= count < total:
        raise ValueError(
            f"{count} of {total} latent frames cannot be dropped. Use less than all of them, for example {total // 9}."
        )
    share = _share(count, total, temporal_scale)
    cuts = [round(sound.shape[2] * share) for sound in sounds]
    return _like(latent, [video[:, :, count:], *(s[:, :, cut:] for s, cut in zip(sounds, cuts, strict=True))])


def context_extract(latent: Latent, count: int, temporal_scale: int = 8) -> dict[str, Any]:
    """The last `count` latent frames: what the next window goes on from."""
    video, sounds = _parts(latent)
    total = video.shape[2]
    if not 1 <= count <= total:
        raise ValueError(f"{count} of {total} latent frames cannot be taken. Use 1 to {total}.")
    share = _share(total - count, total, temporal_scale)
    cuts = [round(sound.shape[2] * share) for sound in sounds]
    return _like(latent, [video[:, :, total - count :], *(s[:, :, cut:] for s, cut in zip(sounds, cuts, strict=True))])


def overlap_crossfade(
    before: Latent,
    after: Latent,
    count: int,
    mode: str = BLENDS[0],
    *,
    first: str = FIRST_LATENTS[0],
    temporal_scale: int = 8,
) -> dict[str, Any]:
    """Two windows as one, crossfaded where they overlap.

    count: latent frames of the overlap, as in `overlap_latents`. Under `first` "one frame" the overlap is
    temporal_scale * (count - 1) + 1 frames: the first latent frame of `after` stands for a frame that lies
    inside one of `before`; it is left out, and the other count - 1 are crossfaded with the last count - 1 of
    `before`. Under "a whole latent" all `count` are. The result has the latent frames of both, the shared ones once.

    mode: linear; cosine (raised cosine); variance-preserving: linear, and then each channel's deviation brought
    back to what it is in the two windows, so that grain does not fade in the middle. Sound is crossfaded over the
    same time, linear.
    """
    if mode not in BLENDS:
        raise ValueError(f"There is no crossfade named {mode!r}. Use one of {', '.join(BLENDS)}.")
    if first not in FIRST_LATENTS:
        raise ValueError(f"A first latent frame cannot stand for {first!r}. Use one of: {'; '.join(FIRST_LATENTS)}.")
    (old, old_sounds), (new, new_sounds) = _parts(before), _parts(after)
    _check_pair(old, new, old_sounds, new_sounds)
    skip = 1 if first == FIRST_LATENTS[0] else 0
    pairs = count - skip
    if count < 1 or pairs > old.shape[2] - 1 or count > new.shape[2]:
        most = min(old.shape[2] - 1 + skip, new.shape[2])
        raise ValueError(
            f"An overlap of {count} latent frames does not fit windows of {old.shape[2]} and {new.shape[2]}, of which "
            f"the first one stands for a single frame. Use 1 to {most}."
        )
    video = _joined(old, new[:, :, skip:], pairs, mode)
    share = latents_to_frames(count, temporal_scale) / latents_to_frames(new.shape[2], temporal_scale)
    sounds = [
        _joined(one, other, min(round(other.shape[2] * share), one.shape[2], other.shape[2]), BLENDS[0])
        for one, other in zip(old_sounds, new_sounds, strict=True)
    ]
    return _like(before, [video, *sounds])


def _joined(old: Tensor, new: Tensor, pairs: int, mode: str) -> Tensor:
    """old and new one after the other along time (axis 2), the last `pairs` of old mixed with the first of new."""
    if not pairs:
        return torch.cat([old, new], 2)
    tail, head = old[:, :, old.shape[2] - pairs :].float(), new[:, :, :pairs].float()
    weights = torch.from_numpy(crossfade_weights(pairs, "cosine" if mode == "cosine" else "linear")).to(tail)
    shape = (1, 1, pairs, *[1] * (tail.ndim - 3))
    of_tail, of_head = weights.view(2, *shape)
    mixed = tail * of_tail + head * of_head
    if mode == "variance-preserving":
        space = tuple(range(3, tail.ndim))
        wanted = tail.std(space, correction=0, keepdim=True) * of_tail
        wanted = wanted + head.std(space, correction=0, keepdim=True) * of_head
        is_now = mixed.std(space, correction=0, keepdim=True)
        boost = torch.where(is_now > 0, wanted / is_now.clamp(min=1e-12), 1.0).clamp(1.0, _MOST_BOOST)
        mean = mixed.mean(space, keepdim=True)
        mixed = torch.where(boost > 1, mean + (mixed - mean) * boost, mixed)
    return torch.cat([old[:, :, : old.shape[2] - pairs], mixed.to(old.dtype), new[:, :, pairs:]], 2)


def _share(count: int, total: int, temporal_scale: int) -> float:
    """Of the time that `total` latent frames span, how much the first `count` do."""
    if count == 0:
        return 0.0
    return latents_to_frames(count, temporal_scale) / latents_to_frames(total, temporal_scale)


def _parts(latent: Latent) -> tuple[Tensor, list[Tensor]]:
    """The video's samples, and those of the sounds beside it."""
    samples = latent["samples"]
    parts = list(samples.unbind()) if getattr(samples, "is_nested", False) else [samples]
    video, sounds = parts[0], parts[1:]
    if video.ndim != 5 or not all(sound.ndim >= 3 for sound in sounds):
        raise ValueError(
            f"A latent of shape {tuple(video.shape)} is not a video. Use (batch, channels, time, height, width), "
            "for example (1, 16, 21, 60, 104)."
        )
    return video, sounds


def _like(latent: Latent, parts: Sequence[Tensor]) -> dict[str, Any]:
    """The latent's dict with these samples, nested if it was, and without its mask."""
    samples = latent["samples"]
    own = [part.clone() for part in parts]
    kept = {key: value for key, value in latent.items() if key != "noise_mask"}
    return {**kept, "samples": type(samples)(own) if getattr(samples, "is_nested", False) else own[0]}


def _check_pair(old: Tensor, new: Tensor, old_sounds: Sequence[Tensor], new_sounds: Sequence[Tensor]) -> None:
    if len(old_sounds) != len(new_sounds):
        raise ValueError("Only one of the two latents carries sound. Use two with sound, or separate it from both.")
    for one, other in zip((old, *old_sounds), (new, *new_sounds), strict=True):
        if one.shape[:2] != other.shape[:2] or one.shape[3:] != other.shape[3:]:
            raise ValueError(
                f"Latents of shape {tuple(one.shape)} and {tuple(other.shape)} cannot be joined. "
                "Use two that differ in time only, for example (1, 16, 21, 60, 104) and (1, 16, 13, 60, 104)."
            )
        if one.dtype != other.dtype or one.device != other.device:
            raise ValueError(
                f"Latents in {one.dtype} on {one.device} and {other.dtype} on {other.device} cannot be joined. "
                f"Use one dtype and device for both, for example {one.dtype} on {one.device}."
            )
