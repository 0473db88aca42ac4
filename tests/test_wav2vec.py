"""wav2vec 2.0 in chunks, against the same model in one pass.

The model here has the layout of transformers' Wav2Vec2Model, written out, small and with random weights.
"""

from itertools import pairwise
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from longtake.nodes.core import wav2vec
from longtake.nodes.core.wav2vec import at_frames, chunks, conv_features, edge_and_overlap, resampled, sound_features
from torch import Tensor, nn

WIDTH, LAYERS, POSITIONS = 32, 3, 16
STRIDES, KERNELS = (5, 2, 2, 2, 2, 2, 2), (10, 3, 3, 3, 3, 2, 2)


class Conv(nn.Module):
    def __init__(self, inputs: int, kernel: int, stride: int, *, norm: bool) -> None:
        super().__init__()
        self.conv = nn.Conv1d(inputs, WIDTH, kernel, stride, bias=False)
        self.layer_norm = nn.GroupNorm(WIDTH, WIDTH) if norm else nn.Identity()
        self.activation = nn.GELU()
        nn.init.normal_(self.conv.weight, std=(2 / (inputs * kernel)) ** 0.5)

    def forward(self, sound: Tensor) -> Tensor:
        return self.activation(self.layer_norm(self.conv(sound)))


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(WIDTH, 4, 64, dropout=0, batch_first=True)

    def forward(self, hidden: Tensor) -> tuple[Tensor]:
        return (self.layer(hidden),)


class Positions(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(WIDTH, WIDTH, POSITIONS, padding=POSITIONS // 2)

    def forward(self, hidden: Tensor) -> Tensor:
        return nn.functional.gelu(self.conv(hidden.transpose(1, 2))[..., :-1]).transpose(1, 2)


class Projection(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer_norm, self.projection = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        normed = self.layer_norm(features)
        return self.projection(normed), normed


class Model(nn.Module):
    """The wrapper's Wav2Vec2Model in small."""

    def __init__(self, *, norm: bool = True) -> None:
        super().__init__()
        torch.manual_seed(0)
        convs = [
            Conv(WIDTH if place else 1, kernel, stride, norm=norm and not place)
            for place, (kernel, stride) in enumerate(zip(KERNELS, STRIDES, strict=True))
        ]
        self.feature_extractor = nn.Module()
        self.feature_extractor.conv_layers = nn.ModuleList(convs)
        self.feature_projection = Projection()
        self.encoder = nn.Module()
        self.encoder.pos_conv_embed, self.encoder.layer_norm = Positions(), nn.LayerNorm(WIDTH)
        self.encoder.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.config = SimpleNamespace(num_conv_pos_embeddings=POSITIONS)

    def convolved(self, sound: Tensor) -> Tensor:
        hidden = sound[None, None]
        for layer in self.feature_extractor.conv_layers:
            hidden = layer(hidden)
        return hidden

    def in_one_pass(self, sound: Tensor, frames: int) -> Tensor:
        heard = nn.functional.interpolate(self.convolved(sound), size=frames, align_corners=True, mode="linear")
        hidden, _ = self.feature_projection(heard.transpose(1, 2))
        hidden = self.encoder.layer_norm(hidden + self.encoder.pos_conv_embed(hidden))
        states = []
        for layer in self.encoder.layers:
            (hidden,) = layer(hidden)
            states.append(hidden[0])
        return torch.stack(states, dim=1)


@pytest.fixture(scope="module")
def model() -> Model:
    return Model().eval()


def speech(frames: int, seed: int = 0) -> Tensor:
    """Noise that swells, pauses and becomes louder, 25 frames a second."""
    generator = torch.Generator().manual_seed(seed)
    loudness = torch.rand(1, 1, max(frames // 5, 2), generator=generator)
    swell = nn.functional.interpolate(loudness, size=frames * 640, mode="linear")[0, 0]
    return torch.randn(frames * 640, generator=generator) * swell * torch.linspace(0.05, 0.5, frames * 640)


@given(length=st.integers(1, 5000), chunk=st.integers(2, 700), share=st.floats(0, 0.9))
def test_chunks_cover_and_share(length: int, chunk: int, share: float) -> None:
    overlap = int(chunk * share)
    spans = chunks(length, chunk, overlap)
    assert spans[0][0] == 0
    assert spans[-1][1] == length
    assert all(stop - start == min(chunk, length) for start, stop in spans)
    assert all(before[1] - after[0] >= overlap for before, after in pairwise(spans))
    assert all(before[0] < after[0] for before, after in pairwise(spans))


def test_chunks_that_share_all_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot share 100"):
        chunks(1000, 100, 100)


@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize("samples", [400, 719, 720, 16000, 99999])
def test_convolutions_in_pieces_are_those_of_the_whole(monkeypatch, samples: int, *, norm: bool) -> None:  # noqa: ANN001
    model, sound = Model(norm=norm).eval(), speech(160)[:samples]
    monkeypatch.setattr(wav2vec, "_PIECE", 3000)
    with torch.no_grad():
        pieces, whole = conv_features(model.feature_extractor, sound), model.convolved(sound)[0].T
    assert pieces.shape == whole.shape
    assert torch.allclose(pieces, whole, atol=2e-5)


def test_the_norm_is_over_the_whole_sound() -> None:
    """The control of the test above: pieces that are normed alone differ."""
    model, sound = Model().eval(), speech(160)
    with torch.no_grad():
        half = model.convolved(sound[: len(sound) // 2])[0].T
        whole = conv_features(model.feature_extractor, sound)[: len(half)]
    assert (half - whole).abs().max() > 0.05


def test_a_sound_too_short_is_refused(model: Model) -> None:
    with pytest.raises(ValueError, match="399 samples is too short"):
        conv_features(model.feature_extractor, torch.zeros(399))


@given(positions=st.integers(1, 300), count=st.integers(1, 300))
def test_interpolation_is_torchs(positions: int, count: int) -> None:
    features = torch.randn(positions, 4, generator=torch.Generator().manual_seed(positions))
    whole = nn.functional.interpolate(features.T[None], size=count, align_corners=True, mode="linear")[0].T
    middle = count // 2
    parts = [at_frames(features, count, 0, middle), at_frames(features, count, middle, count)]
    assert torch.allclose(torch.cat(parts), whole, atol=1e-4)


@pytest.mark.parametrize("frames", [1, 2, 7, 250])
def test_one_chunk_is_one_pass(model: Model, frames: int) -> None:
    sound = speech(frames)
    with torch.no_grad():
        ours, theirs = sound_features(model, sound, frames), model.in_one_pass(sound, frames)
    assert ours.shape == (frames, LAYERS, WIDTH)
    assert torch.allclose(ours, theirs, atol=5e-5)


def without_attention() -> Model:
    model = Model().eval()
    for layer in model.encoder.layers:
        nn.init.zeros_(layer.layer.self_attn.out_proj.weight)
    return model


def test_all_that_chunks_lose_is_attention_beyond_them(monkeypatch) -> None:  # noqa: ANN001
    model, frames, sound = without_attention(), 700, speech(700)
    edge, overlap = edge_and_overlap(model)
    assert (edge, overlap) == (8, 32)
    with torch.no_grad():
        whole = model.in_one_pass(sound, frames)
        assert torch.allclose(sound_features(model, sound, frames, chunk=200), whole, atol=5e-5)
        monkeypatch.setattr(wav2vec, "edge_and_overlap", lambda _: (edge // 2, overlap))
        assert (sound_features(model, sound, frames, chunk=200) - whole).abs().max() > 1e-3


def test_with_attention_larger_chunks_are_closer(model: Model) -> None:
    sound = speech(1200)
    with torch.no_grad():
        whole = model.in_one_pass(sound, 1200)
        apart = [
            (sound_features(model, sound, 1200, chunk=chunk) - whole).square().mean() for chunk in (150, 600, 1200)
        ]
    assert apart[0] > 1.5 * apart[1] > apart[1] > 1e6 * apart[2]


def test_every_chunk_is_counted_and_half_precision_stays(model: Model) -> None:
    steps, edge_overlap = [], edge_and_overlap(model)[1]
    with torch.no_grad():
        made = sound_features(model, speech(700), 700, chunk=200, step=lambda: steps.append(1))
        half = sound_features(Model().eval().bfloat16(), speech(100).bfloat16(), 100)
    assert len(steps) == len(chunks(700, 200, edge_overlap)) > 3
    assert made.isfinite().all()
    assert half.dtype == torch.bfloat16


@pytest.mark.parametrize("rate", [8000, 22050, 24000, 44100, 48000])
def test_resampling_keeps_a_tone(rate: int) -> None:
    sound = resampled(torch.sin(2 * torch.pi * 440 * torch.arange(rate) / rate), rate)
    wanted = torch.sin(2 * torch.pi * 440 * torch.arange(16000) / 16000)
    assert sound.shape == (16000,)
    assert sound.dtype == torch.float32
    assert (sound - wanted)[200:-200].abs().max() < 5e-3


def test_resampling_cuts_what_would_fold_back_and_keeps_what_fits() -> None:
    above = torch.sin(2 * torch.pi * 11000 * torch.arange(48000) / 48000)
    assert resampled(above, 48000)[200:-200].abs().max() < 0.02
    same = torch.randn(100)
    assert torch.equal(resampled(same, 16000), same)
    assert resampled(torch.zeros(48001), 48000).shape == (16001,)
