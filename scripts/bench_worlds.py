"""Synthetic takes with colour drift of a known kind, for `bench_color.py` and the tests.

What is measured on them is how well a method undoes drift that was put in, not how a trained model drifts.

A scene gives the frames as they should be; `Drift` is what a model does to them, window after window, each
going on from the corrected tail of the one before, as in a real take.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional

#: (start, stop) to (stop - start, H, W, 3) float32 in [0, 1].
Scene = Callable[[int, int], Tensor]

#: (raw window, tail of the window before or None, the take's first frame) to the corrected window.
Method = Callable[[Tensor, Tensor | None, Tensor], Tensor]

#: Standard deviation of the noise that every frame carries anew. It is the floor of the error.
NOISE = 0.93 / 255


def texture(height: int, width: int, seed: int) -> Tensor:
    """(height, width, 3): soft and fine structure, coloured, mostly between 0.1 and 0.85."""
    random = torch.Generator().manual_seed(seed)
    light, tint = torch.zeros(1, 1, height, width), torch.zeros(1, 3, height, width)
    for cell, amount in ((48, 0.13), (16, 0.08), (5, 0.05), (2, 0.03)):
        grid = (height // cell + 3, width // cell + 3)
        for layer, share in ((light, 1.0), (tint, 0.5)):
            coarse = torch.randn(1, layer.shape[1], *grid, generator=random)
            fine = functional.interpolate(coarse, size=(height, width), mode="bicubic", align_corners=False)
            layer.add_(fine, alpha=amount * share)
    base = torch.tensor([0.5, 0.43, 0.38])[:, None, None]
    return (base + light + tint)[0].permute(1, 2, 0).clamp(0.04, 0.94).contiguous()


def moved(picture: Tensor, across: Tensor, down: Tensor, size: tuple[int, int]) -> Tensor:
    """(F, H, W, 3): `size` cut out of a larger picture at sub-pixel positions, (F,) each."""
    height, width = size
    rows = down[:, None, None] + torch.arange(height, dtype=torch.float32)[None, :, None]
    columns = across[:, None, None] + torch.arange(width, dtype=torch.float32)[None, None, :]
    grid = torch.stack(
        [
            (columns * 2 / (picture.shape[1] - 1) - 1).expand(-1, height, -1),
            (rows * 2 / (picture.shape[0] - 1) - 1).expand(-1, -1, width),
        ],
        -1,
    )
    source = picture.permute(2, 0, 1)[None].expand(len(across), -1, -1, -1)
    cut = functional.grid_sample(source, grid, mode="bicubic", padding_mode="reflection", align_corners=True)
    return cut.permute(0, 2, 3, 1).clamp(0.02, 0.96)


def _disc(size: tuple[int, int], across: Tensor, down: Tensor, radius: float) -> Tensor:
    """(F, H, W, 1): 1 inside an upright ellipse around (across, down), with a soft edge."""
    rows = torch.arange(size[0], dtype=torch.float32)[None, :, None] - down[:, None, None]
    columns = torch.arange(size[1], dtype=torch.float32)[None, None, :] - across[:, None, None]
    return ((radius - (columns.square() + (rows / 1.25).square()).sqrt()) / 2).clamp(0, 1)[..., None]


def talking_head(size: tuple[int, int]) -> Scene:
    """A still room and a head that sways and speaks: about a fifth of the picture moves."""
    room, face = texture(*size, 1), texture(size[0] + 60, size[1] + 60, 2) * torch.tensor([1.1, 0.95, 0.85])

    def frames(start: int, stop: int) -> Tensor:
        at = torch.arange(start, stop, dtype=torch.float32)
        across, down = 6 * torch.sin(at / 17), 3 * torch.sin(at / 11)
        speaks = 0.5 + 0.5 * torch.sin(at / 2.3)
        head = moved(face, 30 - across, 30 - down, size)
        mouth = _disc(size, size[1] / 2 + across, size[0] * 0.62 + down, size[0] * 0.05)
        head = head * (1 - 0.5 * mouth * speaks[:, None, None, None])
        shape = _disc(size, size[1] / 2 + across, size[0] * 0.5 + down, size[0] * 0.33)
        return (room + (head - room) * shape).clamp(0.02, 0.96)

    return frames


def moving_content(size: tuple[int, int]) -> Scene:
    """Half of the picture flows past a half that stands."""
    still, river = texture(*size, 3), texture(size[0], size[1] * 4, 4)

    def frames(start: int, stop: int) -> Tensor:
        at = torch.arange(start, stop, dtype=torch.float32)
        flow = moved(river, 1.3 * at, torch.zeros_like(at), size)
        lower = (torch.arange(size[0]) > size[0] * 0.5)[None, :, None, None]
        return torch.where(lower, flow, still)

    return frames


def object_enters(size: tuple[int, int]) -> Scene:
    """A talking head; a large red thing slides in and stays."""
    under, thing = talking_head(size), texture(*size, 5) * torch.tensor([1.3, 0.35, 0.3])

    def frames(start: int, stop: int) -> Tensor:
        at = torch.arange(start, stop, dtype=torch.float32)
        edge = size[1] * (1 - 0.4 * ((at - 180) / 90).clamp(0, 1))
        inside = torch.arange(size[1])[None, None, :, None] > edge[:, None, None, None]
        return torch.where(inside, thing.clamp(0.02, 0.96), under(start, stop))

    return frames


def lights_dim(size: tuple[int, int]) -> Scene:
    """A talking head; within 15 frames somebody turns the light down to two thirds."""
    under = talking_head(size)

    def frames(start: int, stop: int) -> Tensor:
        at = torch.arange(start, stop, dtype=torch.float32)
        light = 1 - 0.34 * ((at - 250) / 15).clamp(0, 1)
        return under(start, stop) * light[:, None, None, None]

    return frames


def moving_camera(size: tuple[int, int]) -> Scene:
    """The camera pans over a wide place."""
    place = texture(size[0] + 40, size[1] * 4, 6)

    def frames(start: int, stop: int) -> Tensor:
        at = torch.arange(start, stop, dtype=torch.float32)
        return moved(place, 1.1 * at, 20 + 15 * torch.sin(at / 60), size)

    return frames


def everything_moves(size: tuple[int, int]) -> Scene:
    """The camera pans, an object enters and the light is turned down."""
    under, thing = moving_camera(size), texture(*size, 7) * torch.tensor([1.3, 0.35, 0.3])

    def frames(start: int, stop: int) -> Tensor:
        at = torch.arange(start, stop, dtype=torch.float32)
        edge = size[1] * (1 - 0.4 * ((at - 180) / 90).clamp(0, 1))
        inside = torch.arange(size[1])[None, None, :, None] > edge[:, None, None, None]
        light = 1 - 0.34 * ((at - 330) / 60).clamp(0, 1)
        return torch.where(inside, thing.clamp(0.02, 0.96), under(start, stop)) * light[:, None, None, None]

    return frames


SCENES: Mapping[str, Callable[[tuple[int, int]], Scene]] = {
    "talking head": talking_head,
    "moving content": moving_content,
    "object enters": object_enters,
    "real dimming": lights_dim,
    "moving camera": moving_camera,
    "moving camera, object enters, real dimming": everything_moves,
}


@dataclass(frozen=True)
class Drift:
    """What a model does to the colours in one window: a share at once, at its head, and a share grown inside it.

    matrix, offset: the affine part. gamma: an exponent, 1 for none. step, ramp: how much of it.
    """

    matrix: Tensor
    offset: Tensor
    gamma: float = 1.0
    step: float = 1.0
    ramp: float = 0.0

    def __call__(self, frames: Tensor, overlap: int) -> Tensor:
        """Frames as the model gives them."""
        after = (torch.arange(len(frames)) - (overlap - 1)).clamp(min=0) / max(1, len(frames) - overlap)
        amount = (self.step + self.ramp * after)[:, None, None, None]
        moved = (frames @ self.matrix.T + self.offset).clamp(0, 1)
        if self.gamma != 1:
            moved = moved.pow(self.gamma)
        return frames + amount * (moved - frames)


def affine_drift(*, step: float, ramp: float, gamma: float = 1.0) -> Drift:
    """Saturation x 1.035, gain x 1.015, hue 0.5 degrees and small offsets per window."""
    grey = torch.full((3, 3), 1 / 3)
    saturation = grey + 1.035 * (torch.eye(3) - grey)
    angle = math.radians(0.5)
    axis = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    hue = torch.matrix_exp(angle * axis)
    return Drift(1.015 * saturation @ hue, torch.tensor([0.6, -0.2, -0.5]) / 255, gamma, step, ramp)


DRIFTS: Mapping[str, Drift] = {
    "steps": affine_drift(step=1, ramp=0),
    "ramps": affine_drift(step=0, ramp=1),
    "steps and ramps": affine_drift(step=1, ramp=0.6),
    "gamma": Drift(torch.eye(3), torch.zeros(3), gamma=1.03, step=1, ramp=0),
    "gamma ramps": Drift(torch.eye(3), torch.zeros(3), gamma=1.03, step=0, ramp=1),
    "no drift": Drift(torch.eye(3), torch.zeros(3), step=0, ramp=0),
}


@dataclass(frozen=True)
class Outcome:
    """What a method left, all in 1/255.

    error: root mean square in the last window. flicker: root mean square of the change of the mean colour from
    frame to frame inside windows, beyond the scene's own. seam: mean step of the mean colour at the seams.
    worst_seam: the largest.
    """

    error: float
    flicker: float
    seam: float
    worst_seam: float


def run_take(
    scene: Scene, drift: Drift, method: Method, *, windows: int = 8, window: int = 81, overlap: int = 9, seed: int = 0
) -> Outcome:
    """A whole take, each window going on from what `method` made of the one before.

    The first window has no step, only what grows inside it. The colours that a window goes on from are found by
    regressing the corrected tail on the scene.
    """
    random = torch.Generator().manual_seed(seed)
    state = torch.eye(10, 3).roll(1, 0)
    first = tail = None
    off: list[Tensor] = []
    error = 0.0
    for index in range(windows):
        start = index * (window - overlap)
        truth = scene(start, start + window)
        seen = (_terms(truth) @ state).clamp(0, 1)
        raw = drift(seen, overlap) if index else replace(drift, step=0.0)(seen, 1)
        raw = (raw + NOISE * torch.randn(raw.shape, generator=random)).clamp(0, 1)
        if first is None:
            first = scene(0, 1)
        made = method(raw, tail, first)
        tail = made[-overlap:].clone()
        state = _regression(truth[-overlap:], tail)
        off.append((made - truth).mean((1, 2))[overlap if index else 0 :] * 255)
        error = 255 * float((made - truth).square().mean().sqrt())
    steps = torch.stack([(after[0] - before[-1]).abs().mean() for before, after in pairwise(off)])
    inside = torch.cat([part.diff(dim=0) for part in off])
    return Outcome(error, float(inside.square().mean().sqrt()), float(steps.mean()), float(steps.max()))


def noise_floor(scene: Scene, windows: int = 8, window: int = 81, overlap: int = 9) -> float:
    """The error that the noise alone makes in the last window, in 1/255."""
    outcome = run_take(scene, DRIFTS["no drift"], uncorrected, windows=windows, window=window, overlap=overlap)
    return outcome.error


def uncorrected(raw: Tensor, _tail: Tensor | None, _first: Tensor) -> Tensor:
    """The method that does nothing."""
    return raw


def _terms(colours: Tensor) -> Tensor:
    """(N, 10): the terms of a quadratic in red, green and blue."""
    red, green, blue = colours.unbind(-1)
    ones = torch.ones_like(red)
    products = [red * red, green * green, blue * blue, red * green, green * blue, blue * red]
    return torch.stack([ones, red, green, blue, *products], -1)


def _regression(truth: Tensor, shown: Tensor) -> Tensor:
    """(10, 3): the quadratic map from the scene's colours to those shown, by least squares where none is clipped."""
    source, target = truth.reshape(-1, 3).double(), shown.reshape(-1, 3).double()
    inside = ((target > 0.01) & (target < 0.99)).all(1)
    terms = _terms(source[inside])
    solution: Tensor = torch.linalg.solve(terms.T @ terms, terms.T @ target[inside])
    return solution.float()
