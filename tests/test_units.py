"""Frames, samples, latent frames and seconds: exact where it says so, without gap or overlap where it rounds."""

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from longtake.nodes.core.units import (
    frames_rounded_down,
    frames_rounded_up,
    frames_to_latents,
    frames_to_samples_rounded,
    frames_to_seconds,
    latents_to_frames,
    parse_fps,
    samples_to_frames_rounded_up,
    seconds_to_frames_rounded_up,
)

FPS = st.one_of(
    st.sampled_from([Fraction(25), Fraction(24), Fraction(24000, 1001), Fraction(30000, 1001), Fraction(25, 2)]),
    st.fractions(min_value=Fraction(1, 10), max_value=1000, max_denominator=1001),
)
RATES = st.sampled_from([8000, 11025, 16000, 22050, 24000, 44100, 48000, 96000, 192000])


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (25, Fraction(25)),
        (25.0, Fraction(25)),
        ("25", Fraction(25)),
        (" 25 ", Fraction(25)),
        ("12.5", Fraction(25, 2)),
        (12.5, Fraction(25, 2)),
        (23.976, Fraction(24000, 1001)),
        ("23.976", Fraction(24000, 1001)),
        (23.98, Fraction(24000, 1001)),
        ("23.976023976", Fraction(24000, 1001)),
        ("24000/1001", Fraction(24000, 1001)),
        (Fraction(24000, 1001), Fraction(24000, 1001)),
        (29.97, Fraction(30000, 1001)),
        ("29.97", Fraction(30000, 1001)),
        (47.952, Fraction(48000, 1001)),
        (59.94, Fraction(60000, 1001)),
        (119.88, Fraction(120000, 1001)),
        (24, Fraction(24)),
        (30, Fraction(30)),
        (23.5, Fraction(47, 2)),
        ("23.9", Fraction(239, 10)),
        (29.9, Fraction(299, 10)),
        ("1000", Fraction(1000)),
        (0.1, Fraction(1, 10)),
    ],
)
def test_frame_rates_are_read_as_what_is_meant(given: str | float | Fraction, meant: Fraction) -> None:
    assert parse_fps(given) == meant


@pytest.mark.parametrize(
    "garbage",
    ["", "fast", "25fps", "25/0", "1/2/3", float("nan"), float("inf"), "nan", None, [25], 0, -25, "-24000/1001", 1001],
)
def test_what_is_no_frame_rate_is_refused_with_some_that_are(garbage: object) -> None:
    with pytest.raises(ValueError, match="for example 25") as refused:
        parse_fps(garbage)  # type: ignore[arg-type]
    for example in re.search(r"for example (.+)\.$", str(refused.value)).group(1).split(" or "):
        assert parse_fps(example) > 0


@given(FPS)
def test_a_rate_written_down_is_read_back(fps: Fraction) -> None:
    fps = parse_fps(fps)
    assert parse_fps(str(fps)) == fps


@pytest.mark.parametrize(
    ("samples", "fps", "rate", "frames"),
    [
        (1, Fraction(25), 16000, 1),
        (640, Fraction(25), 16000, 1),
        (641, Fraction(25), 16000, 2),
        (16000, Fraction(25), 16000, 25),
        (16001, Fraction(25), 16000, 26),
        (44100 * 60, Fraction(24000, 1001), 44100, 1439),
        (48000 * 1001, Fraction(24000, 1001), 48000, 24000),
        (48000 * 1001 + 1, Fraction(24000, 1001), 48000, 24001),
        (16000 * 36000, Fraction(25), 16000, 900_000),
    ],
)
def test_samples_to_frames(samples: int, fps: Fraction, rate: int, frames: int) -> None:
    assert samples_to_frames_rounded_up(samples, fps, rate) == frames


@given(st.integers(1, 10**10), FPS, RATES)
def test_frames_cover_the_sound_and_one_less_does_not(samples: int, fps: Fraction, rate: int) -> None:
    frames = samples_to_frames_rounded_up(samples, fps, rate)
    seconds = Fraction(samples, rate)
    assert frames / fps >= seconds > (frames - 1) / fps
    assert seconds_to_frames_rounded_up(seconds, fps) == frames


@pytest.mark.parametrize(("samples", "rate"), [(0, 16000), (-1, 16000), (16000, 0)])
def test_no_sound_has_no_frames(samples: int, rate: int) -> None:
    with pytest.raises(ValueError, match="16000 samples at 16000 Hz"):
        samples_to_frames_rounded_up(samples, Fraction(25), rate)


@given(st.integers(0, 10**6), FPS, RATES)
def test_a_frame_starts_at_the_nearest_sample(frame: int, fps: Fraction, rate: int) -> None:
    exact = frame * rate / fps
    sample = frames_to_samples_rounded(frame, fps, rate)
    assert -Fraction(1, 2) < sample - exact <= Fraction(1, 2)


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=50, unique=True), FPS, RATES)
def test_slices_of_sound_have_neither_gaps_nor_overlaps(frames: list[int], fps: Fraction, rate: int) -> None:
    """Cut anywhere, the pieces together are the whole, and none is longer or shorter than it by over a sample."""
    frames = sorted(frames)
    cuts = [frames_to_samples_rounded(frame, fps, rate) for frame in frames]
    assert cuts == sorted(cuts)
    for (frame, start), (after, stop) in zip(
        zip(frames, cuts, strict=True), list(zip(frames, cuts, strict=True))[1:], strict=False
    ):
        assert abs(stop - start - (after - frame) * rate / fps) <= 1


@given(st.integers(1, 10**9), st.integers(1, 10**6), RATES)
def test_frames_of_whole_samples_come_back(frames: int, samples_per_frame: int, rate: int) -> None:
    fps = Fraction(rate, samples_per_frame)
    samples = frames_to_samples_rounded(frames, fps, rate)
    assert samples == frames * samples_per_frame
    assert samples_to_frames_rounded_up(samples, fps, rate) == frames


@given(st.integers(0, 10**6), FPS)
def test_seconds_of_frames_are_exact(frames: int, fps: Fraction) -> None:
    assert frames_to_seconds(frames, fps) * fps == frames
    assert seconds_to_frames_rounded_up(frames_to_seconds(frames, fps), fps) == frames


@pytest.mark.parametrize(
    ("frames", "scale", "latents"), [(1, 4, 1), (5, 4, 2), (81, 4, 21), (9, 4, 3), (497, 8, 63), (9, 8, 2), (7, 1, 7)]
)
def test_latent_frames(frames: int, scale: int, latents: int) -> None:
    assert frames_to_latents(frames, scale) == latents
    assert latents_to_frames(latents, scale) == frames


@given(st.integers(-10, 10**6), st.integers(1, 16))
def test_a_count_is_turned_into_latents_or_refused_with_one_that_can_be(frames: int, scale: int) -> None:
    if frames > 0 and frames_rounded_up(frames, scale) == frames:
        assert latents_to_frames(frames_to_latents(frames, scale), scale) == frames
        return
    with pytest.raises(ValueError, match=f"{frames} frames") as refused:
        frames_to_latents(frames, scale)
    frames_to_latents(int(re.search(r"for example (\d+)", str(refused.value)).group(1)), scale)


def test_no_latent_frames_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        latents_to_frames(0, 4)


@given(st.integers(1, 10**6), st.integers(1, 16))
def test_the_grid_lies_close_on_both_sides(frames: int, scale: int) -> None:
    low, high = frames_rounded_down(frames, scale), frames_rounded_up(frames, scale)
    assert low <= frames <= high
    assert (low - 1) % scale == (high - 1) % scale == 0
    assert high - low in ((0,) if low == frames else (scale,))
