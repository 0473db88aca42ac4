"""The experiments of `scripts/bench_color.py` in small: drift is undone, and nothing is made worse.

The drift is synthetic. These are regressions, not proof on a trained model.
"""

from functools import cache

import pytest
import torch
from longtake.nodes.core.color_match import METHODS, find_correction, match_window
from longtake.scripts.bench_worlds import (
    DRIFTS,
    NOISE,
    SCENES,
    Outcome,
    Scene,
    affine_drift,
    noise_floor,
    run_take,
    texture,
    uncorrected,
)

SIZE = (96, 144)
SMALL = {"windows": 3, "window": 81, "overlap": 9}
BOTH, OVERLAP, ANCHOR = METHODS
STILL = ("talking head", "moving content", "object enters")


@cache
def scene_of(name: str) -> Scene:
    """The scene, each of its windows painted once."""
    return cache(SCENES[name](SIZE))


@cache
def outcome(scene: str, drift: str, method: str | None) -> Outcome:
    def ours(raw: torch.Tensor, tail: torch.Tensor | None, first: torch.Tensor) -> torch.Tensor:
        return match_window(raw, tail, first, method)[0]

    return run_take(scene_of(scene), DRIFTS[drift], ours if method else uncorrected, **SMALL)


@cache
def floor(scene: str) -> float:
    return noise_floor(scene_of(scene), **SMALL)


@pytest.mark.parametrize("drift", ["steps", "ramps", "steps and ramps"])
@pytest.mark.parametrize("scene", STILL)
def test_steps_and_ramps_on_a_still_camera(scene: str, drift: str) -> None:
    left, none = outcome(scene, drift, BOTH), outcome(scene, drift, None)
    assert none.error > 3.5
    assert left.error < floor(scene) + 0.1
    assert left.seam < 0.1
    # the noise alone moves the mean of so small a picture
    assert left.flicker < outcome(scene, "no drift", None).flicker + 0.003


@pytest.mark.parametrize("method", [BOTH, OVERLAP])
@pytest.mark.parametrize("scene", SCENES)
def test_steps_in_every_scene(scene: str, method: str) -> None:
    left = outcome(scene, "steps", method)
    assert left.error < floor(scene) + 0.3
    assert left.seam < 0.1
    assert left.worst_seam < 0.2
    assert left.flicker < outcome(scene, "no drift", None).flicker + 0.005


@pytest.mark.parametrize("drift", DRIFTS)
@pytest.mark.parametrize("scene", SCENES)
def test_never_worse_than_no_correction(scene: str, drift: str) -> None:
    left, none = outcome(scene, drift, BOTH), outcome(scene, drift, None)
    assert left.error <= none.error + 0.01
    assert left.seam <= none.seam + 0.01
    assert left.flicker <= none.flicker + 0.001


@pytest.mark.parametrize("scene", ["talking head", "moving content"])
@pytest.mark.parametrize("drift", ["gamma", "gamma ramps"])
def test_gamma_is_mostly_undone(scene: str, drift: str) -> None:
    assert outcome(scene, drift, BOTH).error < 0.3 * outcome(scene, drift, None).error


def window(scene: str, start: int = 0, count: int = 81) -> torch.Tensor:
    frames = scene_of(scene)(start, start + count)
    noise = torch.randn(frames.shape, generator=torch.Generator().manual_seed(start))
    return (frames + NOISE * noise).clamp(0, 1)


def test_a_scene_cut_in_the_overlap_switches_the_fit_off() -> None:
    frames = window("talking head")
    other = texture(*SIZE, 33).expand(9, -1, -1, -1)
    found = find_correction(frames, other, None, OVERLAP)
    assert torch.equal(found.transforms, torch.eye(3, 4).double())
    assert "left as it is" in found.words[0]
    assert match_window(frames, other, None, OVERLAP)[0] is frames


def test_real_dimming_is_no_drift() -> None:
    frames = window("real dimming", 216)
    found = find_correction(frames, None, frames[:1], ANCHOR)
    assert found.transforms.ndim == 2
    assert "no drift but an event" in found.words[0]


def test_a_sudden_small_change_is_no_drift() -> None:
    frames = window("talking head")
    frames[60:] *= 0.97
    found = find_correction(frames, None, frames[:1], ANCHOR)
    assert "all at once" in found.words[0]
    assert found.transforms.ndim == 2


def test_a_moving_camera_is_left_alone_by_the_anchor() -> None:
    frames = window("moving camera")
    found = find_correction(frames, frames[:9], frames[:1])
    assert "stands still" in found.words[1]
    assert match_window(frames, frames[:9], frames[:1])[0] is frames


def test_the_ramp_begins_with_nothing_at_the_seam() -> None:
    truth = window("talking head")
    drifted = affine_drift(step=0, ramp=1)(truth, 9)
    made, found = match_window(drifted, truth[:9], truth[:1])
    assert found.transforms.shape == (81, 3, 4)
    assert torch.equal(found.transforms[8], torch.eye(3, 4).double())
    assert (made - truth).square().mean().sqrt() * 255 < 0.1
    assert found.tail_drift == pytest.approx(float((drifted - truth)[-3].square().mean().sqrt() * 255), rel=0.25)
    assert found.head_drift == 0
    assert found.tail_inliers > 0.6


def test_no_drift_is_found_where_there_is_none() -> None:
    frames = window("talking head")
    made, found = match_window(frames, window("talking head")[:9], frames[:1])
    assert found.head_drift == 0
    assert (made - frames).abs().max() * 255 < 0.2


def test_clipped_pixels_are_left_out() -> None:
    truth = window("talking head")
    truth[:, :30] = 1.0
    truth[:, -8:] = 0.0
    drifted = affine_drift(step=1, ramp=0)(truth, 9)
    found = find_correction(drifted, truth[:9], None, OVERLAP)
    made, _ = match_window(drifted, truth[:9], None, OVERLAP)
    assert (made - truth)[:, 30:-8].abs().mean() * 255 < 0.3
    assert found.head_inliers > 0.9


def test_something_in_the_overlap_that_differs_does_not_pull_the_fit() -> None:
    truth = window("talking head")
    drifted = affine_drift(step=1, ramp=0)(truth, 9)
    drifted[:, 10:50, 60:110] = torch.tensor([0.9, 0.1, 0.1])
    made, _ = match_window(drifted, truth[:9], None, OVERLAP)
    outside = torch.ones(SIZE, dtype=torch.bool)
    outside[10:50, 60:110] = False
    assert (made - truth)[:, outside].square().mean().sqrt() * 255 < 0.1


def test_strength_and_mask() -> None:
    truth = window("talking head")
    drifted = affine_drift(step=1, ramp=0)(truth, 9)
    half, _ = match_window(drifted, truth[:9], None, OVERLAP, strength=0.5)
    assert torch.allclose((half - drifted) * 2, match_window(drifted, truth[:9], None, OVERLAP)[0] - drifted, atol=2e-3)
    spoilt = drifted.clone()
    spoilt[:, :, 40:] = spoilt[:, :, 40:].flip(2)
    mask = torch.zeros(1, *SIZE)
    mask[:, :, :40] = 1
    made, found = match_window(spoilt, truth[:9], None, OVERLAP, mask=mask)
    assert found.head_inliers > 0.95
    assert (made - truth)[:, :, :40].square().mean().sqrt() * 255 < 0.3


def test_the_report_is_plain_data() -> None:
    frames = window("talking head")
    report = find_correction(frames, None, None).to_json()
    assert report["head_drift"] is None
    assert report["words"] == ["Nothing to compare with: left as it is."]
