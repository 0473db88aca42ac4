"""Colour transforms and the classical methods: exact, on any dtype, and nothing changed in place."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from longtake.nodes.core import color, color_gpu
from longtake.nodes.core.color_lab import cielab_to_rgb, rgb_to_cielab, rgb_to_ruderman, ruderman_to_rgb
from longtake.nodes.core.color_match import METHODS, match_window
from longtake.nodes.core.color_reference import REFERENCE_METHODS, match_reference, moments, pooled
from longtake.scripts.bench_worlds import texture

Tensor = torch.Tensor
TRANSFORM = torch.tensor([[1.05, 0.02, -0.01, 0.01], [0.0, 0.97, 0.03, -0.02], [0.01, -0.02, 1.1, 0.0]]).double()


def pictures(count: int = 3, size: tuple[int, int] = (70, 90), seed: int = 0) -> Tensor:
    noise = torch.randn(count, *size, 3, generator=torch.Generator().manual_seed(seed)) * 0.01
    return (texture(*size, seed) + noise).clamp(0, 1)


def in_float64(frames: Tensor, transform: Tensor) -> Tensor:
    return (frames.double() @ transform[:, :3].T + transform[:, 3]).clamp(0, 1)


def every_method(frames: Tensor, **options: object) -> list[Tensor]:
    reference = pictures(1, (40, 50), seed=9)
    if options.get("mask") is not None:
        made = [match_window(frames, frames[:2] * 0.95, frames[:1], m, mask=options["mask"])[0] for m in METHODS]
    else:
        made = [match_window(frames, frames[:2] * 0.95, frames[:1], m)[0] for m in METHODS]
    for method in REFERENCE_METHODS:
        for per_frame in (False, True):
            made.append(match_reference(frames, reference, method, per_frame=per_frame, **options))
    return made


@pytest.mark.parametrize("size", [(1, 1), (1, 3), (7, 9), (70, 90), (720, 1280)])
@pytest.mark.parametrize("per_frame", [False, True])
def test_a_transform_is_exact(size: tuple[int, int], per_frame: bool) -> None:
    frames = torch.rand(2, *size, 3, generator=torch.Generator().manual_seed(1))
    before = frames.clone()
    table = torch.stack([TRANSFORM, color.identity()]) if per_frame else TRANSFORM
    made = color.apply(frames, table)
    for index in range(2):
        assert (made[index] - in_float64(frames[index], table[index] if per_frame else table)).abs().max() < 1e-6
    assert torch.equal(frames, before)
    buffer = torch.full_like(frames, 7)
    assert color.apply(frames, table, buffer) is buffer
    assert torch.equal(buffer, made)
    assert torch.equal(color.apply(before, table, before), made)


def test_a_transform_of_a_view_is_that_of_its_copy() -> None:
    wide = pictures(4, (32, 64))
    part = wide[::2, 3:-3, 5:-6]
    assert not part.is_contiguous()
    assert (color.apply(part, TRANSFORM) - color.apply(part.contiguous(), TRANSFORM)).abs().max() < 1e-6


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_dtype_is_kept_and_computed_in_float32(dtype: torch.dtype) -> None:
    frames = pictures().to(dtype)
    made = color.apply(frames, TRANSFORM)
    assert made.dtype == dtype
    assert made.device == frames.device
    coarse = {torch.float16: 6e-4, torch.bfloat16: 5e-3}.get(dtype, 1e-6)
    assert (made.double() - in_float64(frames, TRANSFORM)).abs().max() < coarse


def test_the_way_of_other_devices_gives_the_same() -> None:
    frames = pictures(2)
    out = torch.empty_like(frames)
    assert color_gpu.apply_in_pieces(frames, TRANSFORM, out)
    assert (out - color.apply(frames, TRANSFORM)).abs().max() < 1e-6
    frames[1, 5, 5, 1] = float("nan")
    assert not color_gpu.apply_in_pieces(frames, TRANSFORM, out)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_a_gpu_gives_the_same(dtype: torch.dtype) -> None:
    frames = pictures(3).to(dtype)
    made = color.apply(frames.cuda(), TRANSFORM)
    assert made.is_cuda
    assert made.dtype == dtype
    assert (made.cpu().float() - color.apply(frames, TRANSFORM).float()).abs().max() < 1e-3
    assert (
        color.apply(frames.cuda().float(), TRANSFORM).cpu() - color.apply(frames.float(), TRANSFORM)
    ).abs().max() < 1e-6
    with pytest.raises(ValueError, match="NaN or infinity"):
        color.apply(torch.full((1, 8, 8, 3), float("inf")).cuda(), TRANSFORM)


def test_identity_inverse_and_order() -> None:
    frames = pictures() * 0.8 + 0.1
    assert torch.equal(color.apply(frames, color.identity()), frames)
    back = color.apply(color.apply(frames, TRANSFORM), color.inverse(TRANSFORM))
    assert (back - frames).abs().max() < 1e-6
    other = color.with_strength(TRANSFORM, 0.5)
    assert torch.allclose(color.compose(color.inverse(other), other), color.identity())
    both = color.apply(frames, color.compose(other, TRANSFORM))
    assert (color.apply(color.apply(frames, TRANSFORM), other) - both).abs().max() < 1e-6


def test_strength_is_a_share_of_the_change() -> None:
    frames = pictures() * 0.8 + 0.1
    whole = color.apply(frames, TRANSFORM) - frames
    half = color.apply(frames, color.with_strength(TRANSFORM, 0.5)) - frames
    assert (half - whole / 2).abs().max() < 1e-6
    assert torch.equal(color.apply(frames, color.with_strength(TRANSFORM, 0)), frames)
    with pytest.raises(ValueError, match="0 to 10"):
        color.with_strength(TRANSFORM, -1)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_what_is_not_finite_is_refused_with_a_sentence(bad: float) -> None:
    frames, reference = pictures(), pictures(1, seed=4)
    frames[2, 11, 13, 1] = bad
    calls = [lambda: color.apply(frames, TRANSFORM)]
    calls += [lambda m=m: match_window(frames, reference[:1], reference, m) for m in METHODS]
    calls += [lambda m=m: match_reference(frames, reference, m) for m in REFERENCE_METHODS]
    calls += [lambda: match_window(reference, None, frames[2:]), lambda: match_window(reference, frames[2:], None)]
    for call in calls:
        with pytest.raises(ValueError, match="NaN or infinity"):
            call()


def test_no_argument_is_changed_and_dtype_kept() -> None:
    for dtype in (torch.float32, torch.float16):
        frames = pictures().to(dtype)
        before = frames.clone()
        for made in every_method(frames):
            assert made.dtype == dtype
            assert made.shape == frames.shape
            assert torch.equal(frames, before)


def test_a_batch_of_one_and_odd_sizes() -> None:
    for size in ((1, 1), (5, 3), (33, 17)):
        frames = pictures(1, size)
        for method in REFERENCE_METHODS:
            assert match_reference(frames, pictures(1, seed=2), method).shape == frames.shape
        for method in METHODS:
            assert match_window(frames, frames, frames, method)[0].shape == frames.shape


@pytest.mark.parametrize("method", REFERENCE_METHODS)
def test_matching_to_itself_changes_nothing(method: str) -> None:
    frames = pictures(1)
    assert (match_reference(frames, frames, method) - frames).abs().max() < 1e-5


@pytest.mark.parametrize("method", REFERENCE_METHODS)
def test_constant_frames_take_the_references_mean_and_no_more(method: str) -> None:
    frames, reference = torch.full((2, 16, 16, 3), 0.98), pictures(1, seed=5)
    made = match_reference(frames, reference, method)
    assert torch.isfinite(made).all()
    assert (made - made[0, 0, 0]).abs().max() < 1e-6
    if method == "mkl":
        assert (made[0, 0, 0] - reference.mean((0, 1, 2))).abs().max() < 1e-4


@pytest.mark.parametrize("method", REFERENCE_METHODS)
def test_the_noise_of_a_near_white_frame_is_not_multiplied(method: str) -> None:
    noise = torch.randn(1, 64, 64, 3, generator=torch.Generator().manual_seed(2)) * 0.3 / 255
    frames = 0.97 + noise
    made = match_reference(frames, pictures(1, seed=6), method)
    assert (made.std((1, 2)) < 2 * frames.std((1, 2))).all()


@pytest.mark.parametrize("method", REFERENCE_METHODS)
def test_a_reference_of_one_colour(method: str) -> None:
    made = match_reference(pictures(), torch.full((1, 4, 4, 3), 0.5), method)
    assert torch.isfinite(made).all()
    assert (made.mean((0, 1, 2)) - 0.5).abs().max() < 0.02


def mkl_in_float64(frame: Tensor, reference: Tensor) -> np.ndarray:
    source, target = (t.double().reshape(-1, 3).numpy() for t in (frame, reference))
    covariance, wanted = np.cov(source.T, bias=True), np.cov(target.T, bias=True)

    def root(matrix: np.ndarray) -> np.ndarray:
        values, vectors = np.linalg.eigh(matrix)
        return (vectors * np.sqrt(values)) @ vectors.T

    half = root(covariance)
    matrix = np.linalg.inv(half) @ root(half @ wanted @ half) @ np.linalg.inv(half)
    return np.clip((source - source.mean(0)) @ matrix.T + target.mean(0), 0, 1).reshape(frame.shape)


@pytest.mark.parametrize("size", [(70, 90), (480, 832)])
def test_mkl_is_the_formula(size: tuple[int, int]) -> None:
    frames, reference = pictures(2, size, seed=3), pictures(1, (100, 120), seed=7)
    made = match_reference(frames, reference, "mkl", per_frame=True)
    for frame, result in zip(frames, made, strict=True):
        assert np.abs(result.numpy() - mkl_in_float64(frame, reference)).max() < 1e-5


def lab_in_float64(frame: Tensor, reference: Tensor, method: str) -> np.ndarray:
    to_lab, to_rgb = (rgb_to_ruderman, ruderman_to_rgb) if method == "reinhard" else (rgb_to_cielab, cielab_to_rgb)
    source, target = (to_lab(t.double().reshape(-1, 3).T) for t in (frame, reference))
    slope = target.std(1, correction=0) / source.std(1, correction=0)
    lab = (source - source.mean(1, keepdim=True)) * slope[:, None] + target.mean(1, keepdim=True)
    return to_rgb(lab).clamp(0, 1).T.reshape(frame.shape).numpy()


@pytest.mark.parametrize("method", ["reinhard", "reinhard lab"])
@pytest.mark.parametrize("size", [(70, 90), (480, 832)])
def test_reinhard_is_the_formula(size: tuple[int, int], method: str) -> None:
    frames, reference = pictures(2, size, seed=3), pictures(1, (100, 120), seed=7)
    made = match_reference(frames, reference, method, per_frame=True)
    for frame, result in zip(frames, made, strict=True):
        assert np.abs(result.numpy() - lab_in_float64(frame, reference, method)).max() < 1e-5


def test_a_window_as_one_picture_is_pooled() -> None:
    frames, reference = torch.cat([pictures(1, seed=1), pictures(1, seed=2) * 0.8]), pictures(1, seed=7)
    tall = frames.reshape(1, -1, frames.shape[2], 3)
    for method in REFERENCE_METHODS:
        made = match_reference(frames, reference, method)
        assert (made.reshape(tall.shape) - match_reference(tall, reference, method)).abs().max() < 1e-5


def test_mkl_agrees_with_color_matcher_within_its_own_error() -> None:
    matcher = pytest.importorskip("color_matcher")
    frames, reference = pictures(1, (480, 832), seed=3), pictures(1, (480, 832), seed=7)
    theirs = matcher.ColorMatcher().transfer(
        src=frames[0].numpy().copy(), ref=reference[0].numpy().copy(), method="mkl"
    )
    ours = match_reference(frames, reference, "mkl")[0].numpy()
    assert np.abs(np.clip(theirs, 0, 1) - ours).max() < 2e-4


def test_ruderman_agrees_with_color_matcher_within_its_own_error() -> None:
    matcher = pytest.importorskip("color_matcher")
    frames, reference = pictures(1, seed=3), pictures(1, seed=7)
    theirs = matcher.ColorMatcher().transfer(
        src=frames[0].double().numpy().copy(), ref=reference[0].double().numpy().copy(), method="reinhard"
    )
    # Its way back is the paper's matrix, rounded to four places, where ours is the inverse of the way there.
    rounded = np.array([[4.4679, -3.5873, 0.1193], [-1.2186, 2.3809, -0.1624], [0.0497, -0.2439, 1.2045]])
    there = np.array([[0.3811, 0.5783, 0.0402], [0.1967, 0.7244, 0.0782], [0.0241, 0.1288, 0.8444]])
    ours = match_reference(frames, reference, "reinhard")[0].double().numpy() @ (rounded @ there).T
    assert np.abs(theirs - ours).max() < 1e-5


def test_cielab_agrees_with_a_second_implementation() -> None:
    other = pytest.importorskip("skimage.color")
    frame = pictures(1, (64, 64), seed=8)[0]
    planes = frame.double().reshape(-1, 3).T
    ours = rgb_to_cielab(planes).T.numpy().reshape(64, 64, 3)
    assert np.abs(ours - other.rgb2lab(frame.double().numpy())).max() < 2e-3
    assert (cielab_to_rgb(rgb_to_cielab(planes)) - planes).abs().max() < 1e-9


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0.01, 1), min_size=3, max_size=3))
def test_lab_spaces_can_be_undone(colour: list[float]) -> None:
    planes = torch.tensor(colour, dtype=torch.float64)[:, None]
    # The two halves of sRGB's curve do not quite meet: 3e-8 apart at 0.04045.
    assert (cielab_to_rgb(rgb_to_cielab(planes)) - planes).abs().max() < 1e-7
    assert (ruderman_to_rgb(rgb_to_ruderman(planes)) - planes).abs().max() < 1e-9


def test_moments_are_those_of_float64() -> None:
    frames = pictures(2, (480, 832))
    mean, covariance = moments(frames)
    for index, frame in enumerate(frames):
        pixels = frame.double().reshape(-1, 3).numpy()
        assert np.abs(mean[index].numpy() - pixels.mean(0)).max() < 1e-8
        assert np.abs(covariance[index].numpy() - np.cov(pixels.T, bias=True)).max() < 2e-8


def test_a_full_mask_is_no_mask_and_an_empty_one_is_refused() -> None:
    frames = pictures()
    full = torch.ones(1, *frames.shape[1:3])
    for one, other in zip(every_method(frames, mask=full), every_method(frames), strict=True):
        assert (one - other).abs().max() < 2e-6
    for method in REFERENCE_METHODS:
        with pytest.raises(ValueError, match="mask is empty"):
            match_reference(frames, frames, method, mask=full * 0)
    with pytest.raises(ValueError, match="mask is empty"):
        match_window(frames, frames[:1], None, mask=full * 0)
    with pytest.raises(ValueError, match=r"Use \(1, 70, 90\)"):
        match_window(frames, frames[:1], None, mask=torch.ones(1, 3, 4))


@pytest.mark.parametrize("method", REFERENCE_METHODS)
def test_statistics_are_taken_over_the_mask_only(method: str) -> None:
    frames, reference = pictures(), pictures(1, seed=2)
    mask = torch.zeros(1, *frames.shape[1:3])
    mask[:, :, :45] = 1
    spoilt = frames.clone()
    spoilt[:, :, 45:] = 0.9
    for per_frame in (False, True):
        one = match_reference(frames, reference, method, mask=mask, per_frame=per_frame)
        other = match_reference(spoilt, reference, method, mask=mask, per_frame=per_frame)
        assert (one[:, :, :45] - other[:, :, :45]).abs().max() < 1e-6
        assert (one[:, :, 45:] - other[:, :, 45:]).abs().max() > 0.01


def test_sizes_that_differ() -> None:
    frames = pictures()
    for method in REFERENCE_METHODS:
        match_reference(frames, pictures(2, (20, 31)), method)
    with pytest.raises(ValueError, match="one size"):
        match_window(frames, pictures(2, (20, 31)), None)
    with pytest.raises(ValueError, match="one size"):
        match_window(frames, None, pictures(1, (20, 31)))
    with pytest.raises(ValueError, match="longer than the window"):
        match_window(frames, pictures(4), None)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda f: color.apply(f[0], TRANSFORM), "are not pictures"),
        (lambda f: color.apply((f * 255).byte(), TRANSFORM), "are not pictures"),
        (lambda f: color.apply(f, TRANSFORM[:2]), "does not fit 3 frames"),
        (lambda f: color.apply(f, TRANSFORM, torch.empty(1)), "empty_like"),
        (lambda f: color.apply(f, TRANSFORM, torch.empty(3, 70, 3, 90).mT), "with gaps"),
        (lambda f: match_reference(f, f, "hm"), "mkl, reinhard"),
        (lambda f: match_window(f, f, f, "hm"), "overlap and anchor"),
        (lambda f: match_reference(f, f, "reinhard", strength=11), "0 to 10"),
    ],
)
def test_misuse_is_answered_with_a_sentence(call: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call(pictures())  # type: ignore[operator]


def test_pooled_moments() -> None:
    frames = torch.cat([pictures(1, seed=1), pictures(1, seed=2) * 0.7])
    mean, covariance = pooled(*moments(frames))
    pixels = frames.double().reshape(-1, 3).numpy()
    assert np.allclose(mean[0].numpy(), pixels.mean(0), atol=1e-8)
    assert np.allclose(covariance[0].numpy(), np.cov(pixels.T, bias=True), atol=1e-7)
