"""One window of a take in the tensors of WanVideoWrapper's sampler (Wan 2.1 with InfiniteTalk).

The rules are those of the wrapper's own loop, so that a window equals the loop's window from the same
inputs and noise: five audio features per frame, clamped to the sound; encoded silence behind the end,
from the second window on; two or more speakers told apart by masks.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .plan import Window
from .units import frames_to_latents

#: Frames of video per latent frame, after the first.
TEMPORAL_SCALE = 4
#: Pixels per latent pixel, in each direction.
SPATIAL_SCALE = 8
#: Audio features that the model reads before and after each frame's own.
CONTEXT = 2
#: How many features may be missing at the end of the sound. The wrapper's count of frames is truncated
#: twice on its way through samples, which costs at most one; a sound that is cut inside its last frame
#: costs another.
MISSING_FEATURES = 2
#: Silent features that the wrapper's loop appends beyond the frames that it lacks.
_SILENT_EXTRA = 3
#: Margin around each speaker's half of the picture, as a share of it, in the wrapper's own masks.
_MASK_MARGIN = 0.1


def window_audio(features: Tensor, silence: Tensor | None, window: Window, frames: int) -> Tensor:
    """The audio features that the frames of one window read.

    features: (L, layers, width) float, one per frame of the video, L at least ``frames - 2``; of missing
    ones the last is repeated. silence: (S, layers, width) float, encoded silence, of which the last
    entries are appended; needed from the second window on when the window reaches the end of the
    features (`needs_silence`). frames: frames of the video.

    Gives (window.frames, 5, layers, width): for frame f the features f - 2 to f + 2, clamped to the
    sound. The first window is clamped even past the end, as in the wrapper.
    """
    count = features.shape[0]
    if count < frames - MISSING_FEATURES or count < 1:
        raise ValueError(
            f"The audio embeds hold {count} features and the plan has {frames} frames. Make the embeds with "
            f"num_frames linked to the planner's number of frames, here {frames}, and from the same sound."
        )
    first = max(0, window.start - CONTEXT)
    tail = features[first : window.stop + CONTEXT]
    if count < frames:  # where the window does not reach the last feature, these are never read
        tail = torch.cat([tail, tail[-1:].expand(frames - count, *tail.shape[1:])])
        count = frames
    total = count
    if needs_silence(window, count):
        if silence is None:
            raise ValueError(
                f"Window {window.index + 1} reaches the end of the sound and there is no encoded silence to "
                "follow it. Link MultiTalkSilentEmbeds, for example with 90 frames."
            )
        silent = silence[-(window.stop - count + _SILENT_EXTRA) :]
        tail = torch.cat([tail, silent.to(tail.device)])
        total = count + silent.shape[0]
    centre = torch.arange(window.start, window.stop, device=tail.device)
    around = torch.arange(-CONTEXT, CONTEXT + 1, device=tail.device)
    return tail[(centre[:, None] + around).clamp(0, total - 1) - first]


def needs_silence(window: Window, features: int) -> bool:
    """Whether silence is appended for this window: it is not the first and reaches the last feature."""
    return window.index > 0 and window.stop >= features


def one_cycle(silence: Tensor) -> Tensor:
    """The shortest beginning of (S, ...) that, repeated, gives all of it.

    MultiTalkSilentEmbeds repeats the recording of silence up to the count it is asked for; the wrapper's
    loop takes the last entries of the recording itself.
    """
    for period in range(1, silence.shape[0]):
        if torch.equal(silence[period:], silence[:-period]):
            return silence[:period]
    return silence


def speaker_masks(speakers: int, height: int, width: int) -> Tensor:
    """Where each speaker is, if nobody says: side by side, from left to right.

    Gives (speakers + 1, height, width) float32, 0 or 1, the last one the background. For two speakers
    these are the masks that the wrapper's loop makes: the halves, less a tenth at every edge.
    """
    column = width // speakers
    masks = torch.zeros(speakers + 1, height, width)
    rows = slice(int(height * _MASK_MARGIN), int(height * (1 - _MASK_MARGIN)))
    for index in range(speakers):
        left = index * column
        masks[index, rows, left + int(column * _MASK_MARGIN) : left + int(column * (1 - _MASK_MARGIN))] = 1
    masks[-1] = 1 - masks[:-1].sum(0)
    return masks


def frames_to_video(frames: Tensor) -> Tensor:
    """(F, H, W, 3) in [0, 1] as the (1, 3, F, H, W) in [-1, 1] that a video VAE encodes."""
    return (frames * 2 - 1).movedim(-1, 0)[None]


def first_latents(latent: Tensor, frames: int) -> Tensor:
    """The beginning of (C, T, h, w) that stands for `frames` frames.

    A causal VAE encodes it alike whatever follows, so a longer window's conditioning serves a shorter one.
    """
    return latent[:, : frames_to_latents(frames, TEMPORAL_SCALE)]


class PreparedAudio:
    """One speaker's features of one window, in the place of all features of the sound.

    The sampler asks for frames 0 to W - 1 with two neighbours on each side, clamped; it gets what was
    prepared. With several speakers this is the only way that keeps their masks.

    prepared: (W, 5, layers, width).
    """

    def __init__(self, prepared: Tensor) -> None:
        self.prepared = prepared

    @property
    def shape(self) -> tuple[int, ...]:
        """As that of the features themselves: (W, layers, width)."""
        return (self.prepared.shape[0], *self.prepared.shape[2:])

    def to(self, *args: Any, **kwargs: Any) -> PreparedAudio:
        """As of a tensor."""
        return PreparedAudio(self.prepared.to(*args, **kwargs))

    def __getitem__(self, index: Tensor) -> Tensor:
        if tuple(index.shape) != tuple(self.prepared.shape[:2]):
            raise ValueError(
                f"The sampler asks for {tuple(index.shape)} audio features where one window of "
                f"{tuple(self.prepared.shape[:2])} was prepared. Leave context_options unconnected."
            )
        return self.prepared
