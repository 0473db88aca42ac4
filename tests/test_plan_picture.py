"""The picture of a plan shows the sound and the windows that there are."""

import numpy as np
import pytest
from longtake.nodes.core.plan import Plan, make_plan
from longtake.nodes.core.plan_picture import (
    _KEPT,
    _LANE,
    _MARGIN,
    _OVERLAP,
    _PADDING,
    _WAVE,
    _WAVE_COLOUR,
    draw_plan,
)

RATE = 1600
MARGIN, WAVE, LANE = _MARGIN, _WAVE, _LANE


def noise(plan: Plan, loud: float = 0.5) -> np.ndarray:
    """(1, samples): as long as the plan's video."""
    samples = int(plan.frames * RATE / plan.fps)
    return np.random.default_rng(1).uniform(-loud, loud, (1, samples)).astype(np.float32)


def picture(plan: Plan, waveform: np.ndarray | None = None) -> np.ndarray:
    return np.asarray(draw_plan(plan, noise(plan) if waveform is None else waveform, RATE))


def columns(pixels: np.ndarray, colour: tuple[int, int, int], lane: int | None = None) -> np.ndarray:
    """Which columns hold this colour in a lane, or in the wave."""
    top, height = (MARGIN, WAVE) if lane is None else (2 * MARGIN + WAVE + lane * LANE, LANE)
    return np.flatnonzero((pixels[top : top + height] == colour).all(-1).any(0))


@pytest.mark.parametrize("frames", [1, 5, 80, 81, 82, 175, 1000, 9000, 20_000])
@pytest.mark.parametrize("fit", ["exact", "pad"])
def test_every_plan_can_be_drawn_at_one_size(frames: int, fit: str) -> None:
    pixels = picture(make_plan(frames, fit=fit))
    assert pixels.shape == (268, 1024, 3)
    assert (pixels == _KEPT).all(-1).any()


def test_windows_lie_where_their_frames_are() -> None:
    plan = make_plan(175, fit="pad")  # 0-81, 72-153, 144-225, of which 50 past the end
    pixels = picture(plan)
    per_frame = (1024 - 2 * MARGIN) / 225
    for window in plan.windows:
        kept = columns(pixels, _KEPT, window.index)
        start, stop = window.kept
        assert kept.min() == pytest.approx(MARGIN + start * per_frame, abs=1.5)
        assert kept.max() == pytest.approx(MARGIN + stop * per_frame - 1, abs=1.5)
        shared = columns(pixels, _OVERLAP, window.index)
        assert shared.size == pytest.approx(window.overlap * per_frame, abs=2)
    past = columns(pixels, _PADDING, 2)
    assert past.size == pytest.approx(50 * per_frame, abs=2)
    assert not columns(pixels, _PADDING, 0).size
    assert not columns(pixels, _PADDING, 1).size


def test_the_wave_is_the_sound() -> None:
    """Silence in the first half, sound in the second: only the second has height."""
    plan = make_plan(225)
    waveform = noise(plan)
    waveform[:, : waveform.shape[1] // 2] = 0
    pixels = picture(plan, waveform)
    high = (pixels[MARGIN : MARGIN + WAVE] == _WAVE_COLOUR).all(-1).sum(0)
    assert high[MARGIN:500].max() <= 1
    assert high[530 : 1024 - MARGIN - 2].min() > WAVE / 4


def test_louder_sound_stands_higher() -> None:
    plan = make_plan(225)
    heights = [
        (picture(plan, noise(plan, loud))[MARGIN : MARGIN + WAVE] == _WAVE_COLOUR).all(-1).sum() for loud in (0.1, 0.9)
    ]
    assert heights[1] > 5 * heights[0]


def test_a_sound_shorter_than_its_padding_ends_early() -> None:
    plan = make_plan(100, fit="pad")  # 153 frames are made
    wave = columns(picture(plan), _WAVE_COLOUR)
    assert wave.max() == pytest.approx(MARGIN + 1000 * 100 / 153, abs=3)


def test_many_windows_are_shown_as_one() -> None:
    few, many = make_plan(81 + 72 * 159), make_plan(81 + 72 * 160)
    assert (len(few.windows), len(many.windows)) == (160, 161)
    assert columns(picture(few), _OVERLAP, 1).size > 30
    assert not columns(picture(many), _OVERLAP, 1).size
    assert columns(picture(many), _KEPT, 1).size == pytest.approx(1000, abs=3)


def test_the_sound_is_not_changed() -> None:
    plan = make_plan(200)
    waveform = noise(plan)
    before = waveform.copy()
    draw_plan(plan, waveform, RATE)
    assert np.array_equal(waveform, before)
