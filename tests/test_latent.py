"""The overlap in latent space: the right frames, no mask, sound beside the video, and grain that stays."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from longtake.nodes.core.latent import (
    BLENDS,
    FIRST_LATENTS,
    context_extract,
    overlap_crossfade,
    overlap_latents,
    overlap_trim,
)

Tensor = torch.Tensor


class Nested:
    """What ComfyUI calls a NestedTensor: several tensors that travel as one."""

    is_nested = True

    def __init__(self, tensors: list[Tensor]) -> None:
        self.tensors = list(tensors)

    def unbind(self) -> list[Tensor]:
        return self.tensors


def numbered(start: int, count: int, height: int = 4) -> Tensor:
    """Latent frames that hold their own number."""
    return torch.arange(start, start + count).float().view(1, 1, count, 1, 1).expand(1, 3, -1, height, 5).clone()


def latent(samples: object, **more: object) -> dict[str, object]:
    return {"samples": samples, "noise_mask": torch.ones(1), "batch_index": [0], **more}


def numbers(made: dict[str, object]) -> list[float]:
    return made["samples"][0, 0, :, 0, 0].tolist()  # type: ignore[index]


@pytest.mark.parametrize(
    ("count", "unit", "scale", "latents"),
    [
        (9, "frames", 4, 3),
        (25, "frames", 4, 7),
        (1, "frames", 4, 1),
        (49, "frames", 8, 7),
        (25, "frames", 8, 4),
        (0, "frames", 8, 0),
        (7, "latent frames", 8, 7),
        (6, "latent frames", 4, 6),
    ],
)
def test_an_overlap_in_latent_frames(count: int, unit: str, scale: int, latents: int) -> None:
    assert overlap_latents(count, unit, scale) == latents


@pytest.mark.parametrize(("count", "scale"), [(10, 4), (48, 8), (13, 8)])
def test_frames_between_latent_frames_are_refused(count: int, scale: int) -> None:
    with pytest.raises(ValueError, match="do not fill whole latent frames"):
        overlap_latents(count, "frames", scale)


def test_trim_and_extract_take_the_right_frames_and_drop_the_mask() -> None:
    source = latent(numbered(0, 9), generator_state="kept")
    before = source["samples"].clone()  # type: ignore[union-attr, attr-defined]
    trimmed, context = overlap_trim(source, 3), context_extract(source, 3)
    assert numbers(trimmed) == [3, 4, 5, 6, 7, 8]
    assert numbers(context) == [6, 7, 8]
    for made in (trimmed, context):
        assert "noise_mask" not in made
        assert made["batch_index"] == [0]
        assert made["generator_state"] == "kept"
        made["samples"].zero_()
    assert torch.equal(source["samples"], before)  # type: ignore[arg-type]
    assert "noise_mask" in source
    assert numbers(overlap_trim(source, 0)) == list(range(9))


@pytest.mark.parametrize("scale", [4, 8])
def test_sound_beside_the_video_is_cut_at_the_same_time(scale: int) -> None:
    # 25 latent frames of sound per second, pictures at 25 fps: one for each frame of the video
    frames = 1 + 8 * scale
    sound = torch.arange(frames).float().view(1, 1, -1, 1).expand(2, 8, -1, 16)
    source = latent(Nested([numbered(0, 9), sound]))
    trimmed, context = overlap_trim(source, 3, scale), context_extract(source, 3, scale)
    for made in (trimmed, context):
        assert isinstance(made["samples"], Nested)
        assert "noise_mask" not in made
    video, heard = trimmed["samples"].tensors
    assert video[0, 0, :, 0, 0].tolist() == [3, 4, 5, 6, 7, 8]
    assert heard[0, 0, 0, 0] == 1 + 2 * scale
    video, heard = context["samples"].tensors
    assert video[0, 0, :, 0, 0].tolist() == [6, 7, 8]
    assert heard[0, 0, 0, 0] == 1 + 5 * scale


@pytest.mark.parametrize("mode", BLENDS)
def test_the_frame_that_stands_alone_is_never_paired(mode: str) -> None:
    old, new = numbered(0, 9), numbered(6, 9)
    new[:, :, 0] = 1000  # stands for one frame, where its neighbours stand for eight
    made = overlap_crossfade(latent(old), latent(new), 3, mode)
    assert numbers(made) == list(range(15))
    assert "noise_mask" not in made


@pytest.mark.parametrize("mode", BLENDS)
def test_context_latents_are_paired_one_to_one(mode: str) -> None:
    made = overlap_crossfade(latent(numbered(0, 9)), latent(numbered(6, 9)), 3, mode, first=FIRST_LATENTS[1])
    assert numbers(made) == list(range(15))


@pytest.mark.parametrize("mode", BLENDS)
@settings(max_examples=30, deadline=None)
@given(count=st.integers(1, 9), rest=st.integers(0, 6), first=st.sampled_from(FIRST_LATENTS))
def test_equal_latents_stay_what_they_are(mode: str, count: int, rest: int, first: str) -> None:
    world = torch.randn(2, 3, 30, 4, 6, generator=torch.Generator().manual_seed(count))
    old = world[:, :, :12]
    shared = count - 1 if first == FIRST_LATENTS[0] else count
    start = 12 - shared - (1 if first == FIRST_LATENTS[0] else 0)
    new = world[:, :, start : 12 + rest]
    if new.shape[2] < count:
        return
    made = overlap_crossfade(latent(old), latent(new), count, mode, first=first)["samples"]
    assert torch.allclose(made, world[:, :, : 12 + rest], atol=1e-5)


@pytest.mark.parametrize("mode", BLENDS)
def test_a_crossfade_is_exact_at_both_ends(mode: str) -> None:
    random = torch.Generator().manual_seed(0)
    old, new = torch.randn(1, 4, 9, 8, 8, generator=random), torch.randn(1, 4, 9, 8, 8, generator=random)
    made = overlap_crossfade(latent(old), latent(new), 5, mode, first=FIRST_LATENTS[1])["samples"]
    assert torch.equal(made[:, :, :5], old[:, :, :5])
    assert torch.equal(made[:, :, 8:], new[:, :, 4:])


def test_grain_stays_only_where_variance_is_preserved() -> None:
    random = torch.Generator().manual_seed(0)
    old, new = torch.randn(1, 4, 12, 64, 64, generator=random), torch.randn(1, 4, 12, 64, 64, generator=random)
    middle = {
        mode: float(
            overlap_crossfade(latent(old), latent(new), 9, mode, first=FIRST_LATENTS[1])["samples"][:, :, 7].std()
        )
        for mode in BLENDS
    }
    assert middle["linear"] == pytest.approx(0.707, abs=0.02)
    assert middle["cosine"] == pytest.approx(0.707, abs=0.02)
    assert middle["variance-preserving"] == pytest.approx(1.0, abs=0.02)


def test_sound_is_crossfaded_over_the_same_time() -> None:
    frames = 1 + 8 * 8
    old_sound, new_sound = torch.zeros(1, 2, frames, 4), torch.ones(1, 2, frames, 4)
    made = overlap_crossfade(
        latent(Nested([numbered(0, 9), old_sound])), latent(Nested([numbered(6, 9), new_sound])), 3, temporal_scale=8
    )
    video, sound = made["samples"].tensors
    assert video.shape[2] == 15
    assert sound.shape[2] == 2 * frames - 17
    assert sound[0, 0, : frames - 17, 0].eq(0).all()
    assert sound[0, 0, frames:, 0].eq(1).all()
    assert (sound[0, 0, :, 0].diff() >= 0).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_dtype_is_kept_and_no_argument_changed(dtype: torch.dtype) -> None:
    old, new = numbered(0, 9).to(dtype), numbered(6, 9).to(dtype)
    copies = old.clone(), new.clone()
    for mode in BLENDS:
        made = overlap_crossfade(latent(old), latent(new), 3, mode)["samples"]
        assert made.dtype == dtype
        made.zero_()
    assert torch.equal(old, copies[0])
    assert torch.equal(new, copies[1])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: overlap_trim(latent(numbered(0, 3)), 3), "less than all"),
        (lambda: context_extract(latent(numbered(0, 3)), 0), "Use 1 to 3"),
        (lambda: context_extract(latent(numbered(0, 3)[:, :, 0]), 1), "is not a video"),
        (lambda: overlap_crossfade(latent(numbered(0, 3)), latent(numbered(0, 9)), 4), "Use 1 to 3"),
        (lambda: overlap_crossfade(latent(numbered(0, 9)), latent(numbered(0, 9)), 0), "Use 1 to 9"),
        (
            lambda: overlap_crossfade(latent(numbered(0, 3)), latent(numbered(0, 3)), 3, first=FIRST_LATENTS[1]),
            "stands for a single frame. Use 1 to 2",
        ),
        (lambda: overlap_crossfade(latent(numbered(0, 3)), latent(numbered(0, 3)), 1, "wipe"), "variance-preserving"),
        (lambda: overlap_crossfade(latent(numbered(0, 3)), latent(numbered(0, 3)), 1, first="x"), "one frame"),
        (lambda: overlap_crossfade(latent(numbered(0, 3)), latent(numbered(0, 3, 6)), 1), "differ in time only"),
        (lambda: overlap_crossfade(latent(numbered(0, 3)), latent(numbered(0, 3).half()), 1), "one dtype"),
        (
            lambda: overlap_crossfade(
                latent(Nested([numbered(0, 3), torch.ones(1, 1, 9, 1)])), latent(numbered(0, 3)), 1
            ),
            "carries sound",
        ),
    ],
)
def test_misuse_is_answered_with_a_sentence(call: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()  # type: ignore[operator]
