"""The wrapper's wav2vec 2.0 over sound of any length, in memory that grows with the features alone.

The model is a stack of convolutions (50 features a second), a linear interpolation to one feature per
frame of the video, and a transformer over all frames. Convolutions are local, and the one norm among them
that looks at the whole sound (a group norm with a group per channel, after the first) needs its mean and
variance only, which are gathered before. So everything up to the transformer is what one pass gives, up to
rounding. The transformer runs over overlapping chunks of frames. Frames within the reach of its positional convolution
from a chunk's inner end are not used, and the rest of what two chunks share is crossfaded. What is lost is
attention that reaches further than a chunk.

The model is transformers' `Wav2Vec2Model` (the base one: layer norm before the first layer), as
WanVideoWrapper loads it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor, nn

#: What the model hears.
SAMPLE_RATE = 16000
#: Zero crossings of the resampling filter on each side, and its cutoff as a share of the lower Nyquist rate.
_CROSSINGS, _CUTOFF = 6, 0.99
#: Samples that one feature of wav2vec2-base is made of.
SHORTEST = 400
#: Samples that the convolutions see at once: 10 s, 65 MB after the first of them.
_PIECE = 10 * SAMPLE_RATE
#: Frames in one run of the transformer: the most that the wrapper's own node takes, so that sound which that
#: node can take is not cut here either.
CHUNK = 10000
#: Shortest sound whose loudness is defined: one block of ITU-R BS.1770.
LOUDNESS_BLOCK = SAMPLE_RATE * 2 // 5


def edge_and_overlap(model: Any) -> tuple[int, int]:
    """Frames to leave out at a chunk's inner end, and frames that neighbours share.

    The first is the reach of the positional convolution (64 frames of wav2vec2-base), which finds zeros
    beyond a chunk's end; half of what is shared is left to fade over.
    """
    edge = int(model.config.num_conv_pos_embeddings) // 2
    return edge, 4 * edge


def chunks(length: int, chunk: int, overlap: int) -> list[tuple[int, int]]:
    """Half-open spans of at most `chunk` that cover 0 to `length`, neighbours sharing `overlap` at least.

    All spans are equally long but for rounding, so that none has little context.
    """
    if not 0 <= overlap < chunk:
        raise ValueError(f"Chunks of {chunk} frames cannot share {overlap}. Use less, for example {chunk // 4}.")
    if length <= chunk:
        return [(0, length)]
    count = -(-(length - overlap) // (chunk - overlap))
    starts = [index * (length - chunk) // (count - 1) for index in range(count)]
    return [(start, start + chunk) for start in starts]


def sound_of(frames: int, fps: Fraction) -> int:
    """Samples that `frames` frames last, at 16 kHz, rounded down as in the wrapper."""
    return int(frames * SAMPLE_RATE / fps)


def resampled(sound: Tensor, sample_rate: int) -> Tensor:
    """(samples,) at `sample_rate` as (samples,) float32 at 16 kHz, by a sinc under a squared cosine.

    Band-limited interpolation (J. O. Smith, Digital Audio Resampling) with the zero crossings and the cutoff
    that torchaudio's resampling has, through which the wrapper sends its sound.
    """
    sound = sound.float()
    ratio = Fraction(SAMPLE_RATE, sample_rate)
    if ratio == 1:
        return sound
    up, down = ratio.numerator, ratio.denominator
    cutoff = min(up, down) * _CUTOFF
    reach = math.ceil(_CROSSINGS * down / cutoff)
    inputs = torch.arange(-reach, reach + down, dtype=torch.float64) / down
    outputs = torch.arange(up, dtype=torch.float64) / up
    at = ((inputs - outputs[:, None]) * cutoff).clamp(-_CROSSINGS, _CROSSINGS)
    taper = torch.cos(at * torch.pi / _CROSSINGS / 2).square()
    kernel = (torch.sinc(at) * taper * cutoff / down).float()
    padded = nn.functional.pad(sound[None, None], (reach, reach + down))
    phases = nn.functional.conv1d(padded, kernel[:, None], stride=down)
    return phases[0].T.reshape(-1)[: math.ceil(sound.shape[0] * ratio)]


def sound_features(
    model: Any, sound: Tensor, frames: int, *, chunk: int = CHUNK, step: Callable[[], None] = lambda: None
) -> Tensor:
    """All layers of the transformer for every frame of the video: (frames, layers, width), on the CPU.

    sound: (samples,), in the model's dtype and on its device, at 16 kHz, as long as the frames. chunk: frames
    in one run of the transformer. step: called after each of them (`chunks` says how many).
    """
    edge, overlap = edge_and_overlap(model)
    heard = conv_features(model.feature_extractor, sound)
    whole, done = torch.empty(0), 0
    for start, stop in chunks(frames, chunk, overlap):
        part = _encode_chunk(model, at_frames(heard, frames, start, stop).to(sound.device))
        if not done:
            whole = part.new_empty(frames, *part.shape[1:])
        _crossfade_in(whole, part, start, done, edge)
        done = stop
        step()
    return whole


def conv_features(extractor: nn.Module, sound: Tensor) -> Tensor:
    """What the convolutions make of a sound, computed in pieces.

    extractor: transformers' `Wav2Vec2FeatureEncoder`. sound: (samples,), in the model's dtype and on its
    device, at 16 kHz. Gives (positions, channels) in the same dtype, on the CPU.
    """
    layers: Any = extractor.conv_layers
    pieces = []
    moments = _moments(layers[0].conv, sound) if isinstance(layers[0].layer_norm, nn.GroupNorm) else None
    for piece in _pieces([layer.conv for layer in layers], sound):
        hidden = layers[0].conv(piece[None, None])
        hidden = (
            layers[0].layer_norm(hidden) if moments is None else _normalised(hidden, *moments, layers[0].layer_norm)
        )
        hidden = layers[0].activation(hidden)
        for layer in layers[1:]:
            hidden = layer(hidden)
        pieces.append(hidden[0].T.cpu())
    return torch.cat(pieces)


def at_frames(features: Tensor, count: int, start: int, stop: int) -> Tensor:
    """Frames [start, stop) of `features`, stretched to `count` frames so that first and last ones coincide.

    features: (positions, channels). Linear interpolation, as torch's with align_corners; in double precision,
    so that a position deep in a long sound is as exact as one at its start.
    """
    at = torch.arange(start, stop, dtype=torch.float64) * ((features.shape[0] - 1) / max(count - 1, 1))
    low = at.floor().long().clamp(0, features.shape[0] - 1)
    high = (low + 1).clamp(max=features.shape[0] - 1)
    share = (at - low)[:, None].float()
    return (features[low].float() * (1 - share) + features[high].float() * share).to(features.dtype)


def _encode_chunk(model: Any, features: Tensor) -> Tensor:
    """All layers of the transformer for one chunk: (frames, channels) to (frames, layers, width), on the CPU.

    The layers are run one by one: which versions of transformers hand out their outputs, and how, differs.
    """
    hidden, _ = model.feature_projection(features[None])
    hidden = model.encoder.layer_norm(hidden + model.encoder.pos_conv_embed(hidden))
    states = []
    for layer in model.encoder.layers:
        output = layer(hidden)
        hidden = output if isinstance(output, Tensor) else output[0]
        states.append(hidden[0].cpu())
    return torch.stack(states, dim=1)


def _crossfade_in(whole: Tensor, part: Tensor, start: int, done: int, edge: int) -> None:
    """Write a chunk into the features of the whole sound, fading over from the chunk before.

    whole: (frames, layers, width), changed; it is written up to frame `done`. part: the same axes, its first
    frame being frame `start`. edge: frames that are not used where one chunk ends and the other begins.
    """
    first, last = (start + edge, done - edge) if done else (0, 0)
    weight = (torch.arange(1, last - first + 1) / (last - first + 1))[:, None, None]
    head = part[first - start : last - start] if done else part[:0]
    whole[first:last] = (whole[first:last] * (1 - weight) + head * weight).to(whole.dtype)
    whole[last : start + part.shape[0]] = part[last - start :]


def _pieces(convs: list[Any], sound: Tensor) -> Iterator[Tensor]:
    """Stretches of sound whose outputs, one after the other, are the outputs of the whole."""
    field, stride = 1, 1
    for conv in convs:
        field += (conv.kernel_size[0] - 1) * stride
        stride *= conv.stride[0]
    positions = (sound.shape[0] - field) // stride + 1
    if positions < 1:
        raise ValueError(f"A sound of {sound.shape[0]} samples is too short for wav2vec. Use at least {field}.")
    step = max(1, _PIECE // stride)
    for first in range(0, positions, step):
        last = min(first + step, positions) - 1
        yield sound[first * stride : last * stride + field]


def _moments(conv: Any, sound: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance, over the whole sound, of each channel of a convolution: (channels,) float64 each."""
    total = torch.zeros(conv.out_channels, dtype=torch.float64, device=sound.device)
    squares, count = torch.zeros_like(total), 0
    for piece in _pieces([conv], sound):
        hidden = conv(piece[None, None])[0]
        total += hidden.sum(-1, dtype=torch.float64)
        squares += hidden.float().square().sum(-1, dtype=torch.float64)
        count += hidden.shape[-1]
    mean = total / count
    return mean, (squares / count - mean.square()).clamp(min=0)


def _normalised(hidden: Tensor, mean: Tensor, variance: Tensor, norm: nn.GroupNorm) -> Tensor:
    scale = (variance + norm.eps).rsqrt() * norm.weight.double()
    shift = norm.bias.double() - mean * scale
    return (hidden.float() * scale[:, None].float() + shift[:, None].float()).to(hidden.dtype)
