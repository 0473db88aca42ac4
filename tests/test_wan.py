"""One window of WanVideoWrapper's inputs, against a plain rewriting of what its loop does."""

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from longtake.nodes.core.plan import make_plan
from longtake.nodes.core.wan import (
    PreparedAudio,
    first_latents,
    frames_to_video,
    needs_silence,
    one_cycle,
    speaker_masks,
    window_audio,
)


def numbered(count: int, first: int = 0) -> torch.Tensor:
    """Features that say which they are: (count, 2, 3), all values of feature n being n."""
    return torch.arange(first, first + count).float()[:, None, None].expand(count, 2, 3)


def loop_audio(count: int, silence: torch.Tensor, size: int, overlap: int) -> list[torch.Tensor]:
    """What the wrapper's loop hands to the model, window by window: the embedding grows, and is clamped."""
    embedding, windows, start = numbered(count), [], 0
    last = size >= count
    while True:
        index = (torch.arange(start, start + size)[:, None] + torch.arange(-2, 3)).clamp(0, len(embedding) - 1)
        windows.append(embedding[index])
        if last:
            return windows
        start += size - overlap
        if start + size >= len(embedding):
            last = True
            embedding = torch.cat([embedding, silence[-(start + size - len(embedding) + 3) :]])


@given(count=st.integers(1, 400), size=st.integers(1, 30), overlap=st.integers(0, 29), recorded=st.integers(1, 130))
def test_windows_read_what_the_loop_reads(count: int, size: int, overlap: int, recorded: int) -> None:
    window, shared = 4 * size + 1, 4 * overlap + 1
    if shared >= window:
        return
    silence = numbered(recorded, -1000)
    plan = make_plan(count, window=window, overlap=shared, fit="pad")
    expected = loop_audio(count, silence, window, shared)
    assert len(plan.windows) == len(expected)
    for part, wanted in zip(plan.windows, expected, strict=True):
        assert torch.equal(window_audio(numbered(count), silence, part, count), wanted)


@given(count=st.integers(1, 1000), missing=st.integers(0, 2), fit=st.sampled_from(["exact", "shrink", "pad"]))
def test_every_frame_of_the_sound_is_read_where_it_is(count: int, missing: int, fit: str) -> None:
    held = max(1, count - missing)
    for part in make_plan(count, window=33, overlap=9, fit=fit).windows:
        audio = window_audio(numbered(held), numbered(90, -1000), part, count)
        assert audio.shape == (part.frames, 5, 2, 3)
        own = audio[: count - part.start, 2, 0, 0]
        assert own.tolist() == [min(frame, held - 1) for frame in range(part.start, min(part.stop, count))]


def test_silence_follows_only_from_the_second_window_on() -> None:
    short = make_plan(30, window=33, overlap=9, fit="pad").windows[0]
    assert not needs_silence(short, 30)
    assert window_audio(numbered(30), None, short, 30)[:, 2, 0, 0].tolist() == [*range(30), 29, 29, 29]
    second = make_plan(50, window=33, overlap=9, fit="pad").windows[1]
    assert needs_silence(second, 50)
    with pytest.raises(ValueError, match="MultiTalkSilentEmbeds"):
        window_audio(numbered(50), None, second, 50)


def test_aligned_sound_counts_as_short() -> None:
    """The loop appends three silent features even where no frame lacks one; two of them are context."""
    last = make_plan(57, window=33, overlap=9, fit="pad").windows[1]
    assert last.padding == 0
    audio = window_audio(numbered(57), numbered(90, -1000), last, 57)
    assert audio[-1, :, 0, 0].tolist() == [54, 55, 56, -913, -912]


def test_features_longer_than_the_plan_give_their_own_context() -> None:
    last = make_plan(57, window=33, overlap=9, fit="pad").windows[1]
    assert window_audio(numbered(80), None, last, 57)[-1, :, 0, 0].tolist() == [54, 55, 56, 57, 58]


def test_missing_features_are_refused_with_the_figures() -> None:
    window = make_plan(100, window=33, overlap=9).windows[0]
    window_audio(numbered(98), None, window, 100)
    with pytest.raises(ValueError, match="97 features and the plan has 100 frames"):
        window_audio(numbered(97), None, window, 100)
    with pytest.raises(ValueError, match="0 features"):
        window_audio(numbered(0), None, make_plan(1).windows[0], 1)


def test_no_argument_is_changed() -> None:
    features, silence = numbered(50).clone(), numbered(90, -1000).clone()
    before = features.clone(), silence.clone()
    window_audio(features, silence, make_plan(52, window=33, overlap=9).windows[-1], 52)
    assert torch.equal(features, before[0])
    assert torch.equal(silence, before[1])


def test_half_precision_features_meet_silence_of_another_precision_without_loss() -> None:
    last = make_plan(57, window=33, overlap=9, fit="pad").windows[1]
    silence = torch.full((90, 2, 3), 1 / 3)
    audio = window_audio(numbered(57).half(), silence, last, 57)
    assert audio[-1, -1, 0, 0] == silence[0, 0, 0]
    assert window_audio(numbered(57).half(), silence.half(), last, 57).dtype == torch.float16


@given(period=st.integers(1, 40), length=st.integers(1, 200))
def test_one_cycle_of_repeated_silence(period: int, length: int) -> None:
    recording = torch.arange(period).float()[:, None]
    repeated = recording.repeat(1 + length // period, 1)[:length]
    found = one_cycle(repeated)
    assert torch.equal(found, recording[: min(period, length)])


@pytest.mark.parametrize(("height", "width"), [(64, 64), (480, 832), (50, 71)])
def test_masks_for_two_are_those_of_the_loop(height: int, width: int) -> None:
    half = width // 2
    wanted = torch.zeros(3, height, width)
    rows = slice(int(height * 0.1), int(height * (1 - 0.1)))
    wanted[0, rows, int(half * 0.1) : int(half * (1 - 0.1))] = 1
    wanted[1, rows, int(half * 0.1 + half) : int(half * (1 - 0.1) + half)] = 1
    wanted[2] = ((wanted[0] + wanted[1]) == 0).float()
    assert torch.equal(speaker_masks(2, height, width), wanted)


@given(speakers=st.integers(1, 4), height=st.integers(16, 100), width=st.integers(64, 200))
def test_masks_share_the_picture(speakers: int, height: int, width: int) -> None:
    masks = speaker_masks(speakers, height, width)
    assert masks.shape == (speakers + 1, height, width)
    assert bool((masks.sum(0) == 1).all())
    assert bool((masks.flatten(1).sum(1) > 0).all())


def test_prepared_audio_answers_as_features_do_and_only_for_its_window() -> None:
    prepared = torch.randn(33, 5, 12, 768)
    audio = PreparedAudio(prepared).to("cpu", torch.bfloat16)
    assert audio.shape == (33, 12, 768)
    index = (torch.arange(33)[:, None] + torch.arange(-2, 3)).clamp(0, audio.shape[0] - 1)
    assert torch.equal(audio[index], prepared.bfloat16())
    with pytest.raises(ValueError, match="context_options"):
        audio[index[:16]]


def test_frames_become_what_a_vae_encodes() -> None:
    frames = torch.rand(5, 16, 24, 3)
    before = copy.deepcopy(frames)
    video = frames_to_video(frames)
    assert video.shape == (1, 3, 5, 16, 24)
    assert torch.equal(video[0, 2, 3], frames[3, :, :, 2] * 2 - 1)
    assert torch.equal(frames, before)


@pytest.mark.parametrize(("frames", "latents"), [(1, 1), (5, 2), (81, 21)])
def test_the_beginning_of_a_latent(frames: int, latents: int) -> None:
    latent = torch.randn(16, 21, 8, 8)
    assert torch.equal(first_latents(latent, frames), latent[:, :latents])
    with pytest.raises(ValueError, match="4n"):
        first_latents(latent, frames + 1)
