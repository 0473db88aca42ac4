"""Seams: each frame once and in order, weights that sum to one, and steps that do not show."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from longtake.nodes.core.plan import Plan, make_plan
from longtake.nodes.core.seam import FADE, SEAMS, best_cut, blend, crossfade_weights

RNG = np.random.default_rng(3)


def painted(start: int, stop: int, size: tuple[int, int] = (8, 8)) -> np.ndarray:
    """Frames that show their own number: frame n is n / 4096 everywhere."""
    number = np.arange(start, stop, dtype=np.float32) / 4096
    return np.broadcast_to(number[:, None, None, None], (stop - start, *size, 3)).copy()


def joined(plan: Plan, mode: str) -> np.ndarray:
    """The video as Keep Window makes it: final frames only, each window after the one before."""
    segments: list[np.ndarray] = []
    tail = None
    for window in plan.windows:
        frames = painted(window.start, window.stop)
        if tail is not None:
            head = blend(tail, frames, mode)
            frames = np.concatenate([head, frames[len(head) :]])
        ahead = plan.next_overlap(window.index)
        stop = len(frames) - max(ahead, window.padding)
        segments.append(frames[:stop])
        tail = frames[stop:]
    return np.concatenate(segments)


@pytest.mark.parametrize("mode", SEAMS)
@pytest.mark.parametrize("frames", [1, 81, 82, 100, 153, 160, 400, 1000])
@pytest.mark.parametrize("fit", ["exact", "pad", "shrink"])
def test_every_frame_once_and_in_order(mode: str, frames: int, fit: str) -> None:
    video = joined(make_plan(frames, fit=fit), mode)
    assert np.allclose(video[:, 3, 5, 1] * 4096, np.arange(frames), atol=1e-3)


@pytest.mark.parametrize("mode", ["linear", "cosine"])
@pytest.mark.parametrize("count", [1, 2, 3, 9, 25, 57])
def test_weights_sum_to_one_and_are_exact_at_both_ends(mode: str, count: int) -> None:
    weights = crossfade_weights(count, mode)
    assert weights.shape == (2, count)
    assert np.array_equal(weights.sum(0), np.ones(count))
    assert (weights >= 0).all()
    assert (np.diff(weights[1]) > 0).all()
    if count > 1:
        assert weights[0, 0] == 1
        assert weights[1, 0] == 0
        assert weights[0, -1] == 0
        assert weights[1, -1] == 1
    else:
        assert np.allclose(weights, 0.5)


@pytest.mark.parametrize("mode", SEAMS)
def test_no_argument_is_changed(mode: str) -> None:
    tail = RNG.random((5, 16, 24, 3), dtype=np.float32)
    window = RNG.random((12, 16, 24, 3), dtype=np.float32)
    before = tail.copy(), window.copy()
    out = blend(tail, window, mode)
    assert np.array_equal(tail, before[0])
    assert np.array_equal(window, before[1])
    assert not np.shares_memory(out, tail)
    assert not np.shares_memory(out, window)
    assert out.dtype == np.float32


@pytest.mark.parametrize("mode", SEAMS)
@settings(max_examples=25, deadline=None)
@given(
    overlap=st.integers(1, 12),
    rest=st.integers(0, 40),
    dtype=st.sampled_from(["float32", "float16", "float64"]),
)
def test_equal_windows_stay_what_they_are(mode: str, overlap: int, rest: int, dtype: str) -> None:
    world = np.random.default_rng(overlap).random((overlap + rest, 16, 16, 3)).astype(dtype)
    out = blend(world[:overlap], world, mode)
    assert overlap <= len(out) <= len(world)
    assert np.abs(out - world[: len(out)]).max() < 1e-3


def test_crossfades_are_the_weighted_sum() -> None:
    tail, window = np.full((4, 2, 2, 3), 0.2, np.float32), np.full((6, 2, 2, 3), 0.8, np.float32)
    assert np.allclose(blend(tail, window, "linear")[:, 0, 0, 0], [0.2, 0.4, 0.6, 0.8])
    assert np.allclose(blend(tail, window, "cosine")[:, 0, 0, 0], [0.2, 0.35, 0.65, 0.8])
    assert np.array_equal(blend(tail, window, "cut"), tail)


def scene(shifts: np.ndarray, speed: float = 2.0) -> np.ndarray:
    """A texture that pans; shifts: pixels by which each frame is off its place."""
    columns = np.arange(200.0)
    rows = np.arange(60.0)[:, None]
    out = [
        np.stack(
            [0.45 + 0.2 * np.sin((columns + speed * n + shift) / (3 + c)) * np.cos(rows / (5 + c)) for c in range(3)],
            -1,
        )
        for n, shift in enumerate(shifts)
    ]
    return np.clip(np.stack(out), 0, 1).astype(np.float32)


def test_best_cut_goes_over_where_the_windows_agree() -> None:
    shifts = np.array([2.0, 1.5, 1.0, 0.5, 0.0, 0.0, 0.5, 1.0, 1.5, *[2.0] * 31])
    first, second = scene(np.zeros(40)), scene(shifts)
    tail = first[:9]
    assert best_cut(tail, second) == 5
    video = blend(tail, second, "best cut")
    assert np.array_equal(video[:5], tail[:5])
    usual = np.abs(np.diff(first, axis=0)).mean((1, 2, 3))
    assert np.abs(np.diff(video[:10], axis=0)).mean((1, 2, 3)).max() < 1.35 * usual.mean()


def test_the_colour_fit_leaves_no_step_and_fades_out() -> None:
    first = scene(np.zeros(80))
    second = np.clip(first * [1.03, 1.04, 0.98] + [0.01, -0.01, 0.0], 0, 1).astype(np.float32)
    out = blend(first[:9], second, "best cut")
    cut = best_cut(first[:9], second)
    assert len(out) == cut + FADE
    drift = (out - first[: len(out)]).mean((1, 2)) * 255
    whole = (second - first).mean((0, 1, 2)) * 255
    assert np.abs(drift[: cut + 1]).max() < 0.05
    assert np.abs(np.diff(drift, axis=0)).max() < 1.6 * np.abs(whole).max() / FADE + 0.02
    assert np.allclose(drift[-1], whole, atol=0.6)
    # a hard cut has the whole difference in one step
    assert np.abs(whole).max() > 3


def test_the_colour_fit_is_left_off_where_the_picture_is_another() -> None:
    tail = RNG.random((5, 64, 64, 3), dtype=np.float32).repeat(8, 1).repeat(8, 2)[:, :64, :64]
    window = RNG.random((50, 64, 64, 3), dtype=np.float32).repeat(8, 1).repeat(8, 2)[:, :64, :64] * 0.5
    cut = best_cut(tail, window)
    assert np.array_equal(blend(tail, window, "best cut")[cut:], window[cut : cut + FADE])


def test_a_short_window_fades_within_itself() -> None:
    first = scene(np.zeros(12))
    out = blend(first[:9], np.clip(first * 1.05, 0, 1), "best cut")
    assert 9 <= len(out) <= 12


@pytest.mark.parametrize(
    ("tail", "window", "mode", "says"),
    [
        ((9, 8, 8, 3), (81, 8, 9, 3), "linear", "one size"),
        ((9, 8, 8, 3), (5, 8, 8, 3), "cosine", "as many as the window has"),
        ((0, 8, 8, 3), (5, 8, 8, 3), "best cut", "1 frame up"),
        ((8, 8, 3), (8, 8, 3), "cut", "one size"),
        ((2, 8, 8, 3), (5, 8, 8, 3), "wipe", "best cut"),
    ],
)
def test_what_does_not_fit_is_refused(tail: tuple[int, ...], window: tuple[int, ...], mode: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        blend(np.zeros(tail, np.float32), np.zeros(window, np.float32), mode)


def test_weights_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        crossfade_weights(0, "linear")
    with pytest.raises(ValueError, match="linear or cosine"):
        crossfade_weights(3, "wipe")
