"""What the Audio Loop Controller hands to the nodes of one window."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from .plan import Plan, Window

_SEED_BITS = 64


def window_seed(seed: int, index: int, attempt: int) -> int:
    """The seed of one window's `attempt`-th try, in [0, 2**64).

    The first window's first try has the take's own seed, so a sound of one window gives what an ordinary
    run with this seed gives. All others are the leading bits of sha256 over the three numbers.
    """
    if index == 0 and attempt == 0:
        return seed % (1 << _SEED_BITS)
    digest = hashlib.sha256(f"{seed}/{index}/{attempt}".encode()).digest()
    return int.from_bytes(digest[: _SEED_BITS // 8], "big")


@dataclass(frozen=True)
class TakeWindow:
    """One window of a take: the value on a LONGTAKE_WINDOW wire.

    plan, window: where it stands on the timeline. attempt: 0 the first time it is made, one more with every
    retake. motion_frames: (M, H, W, 3) float32 tensor in [0, 1], the frames to continue from: the last
    `window.overlap` frames of the window before, or the start image (M = 1) for the first. continues: what
    identifies those frames. folder: the take's. made: True where this window stands already and nothing is
    left to do. looped: True where an outside loop chose the index, and nothing is to be queued.
    controller: id of the node that handed the window out; started: when, in seconds since the epoch.
    """

    plan: Plan
    window: Window
    seed: int
    attempt: int
    motion_frames: Any
    continues: str
    folder: str
    made: bool = False
    looped: bool = False
    controller: str = ""
    started: float = 0.0


@dataclass(frozen=True)
class SoundPlan:
    """A plan and the sound it was made for: the value on a LONGTAKE_PLAN wire.

    waveform: (1, C, N) float32 tensor in [-1, 1] at `sample_rate`: the sound that is measured, hashed and
    put into the video. sound_hash: sha256, taken once.
    """

    plan: Plan
    waveform: Any
    sample_rate: int
    sound_hash: str
