"""Small random weights in the file formats that WanVideoWrapper's own loaders accept.

Names and shapes are those of the public checkpoints: Wan 2.1 I2V, InfiniteTalk, the Wan 2.1 VAE in its pruned
widths, wav2vec2-base. What a loader fixes cannot be smaller: 30 blocks with 12 heads, an audio projection of
75 million weights, a wav2vec2 of 12 layers. The same seed gives the same files.

The VAE's last layer is weak, so that decoded frames stay within [-1, 1] and clamping changes nothing.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import save_file

Weights = dict[str, torch.Tensor]

WAN, INFINITETALK, VAE, WAV2VEC = (
    "tiny_wan_i2v.safetensors",
    "tiny_infinitetalk_single.safetensors",
    "tiny_wan_vae.safetensors",
    "tiny_wav2vec2.safetensors",
)
FOLDERS = {WAN: "diffusion_models", INFINITETALK: "diffusion_models", VAE: "vae", WAV2VEC: "wav2vec2"}

DIM, BLOCKS, FEED_FORWARD = 384, 30, 512
TEXT_DIM, CLIP_DIM, AUDIO_DIM = 4096, 1280, 768
PATCH = 1 * 2 * 2
LATENT_CHANNELS, CONDITION_CHANNELS = 16, 20
AUDIO_WINDOW, AUDIO_WINDOW_OF_LATENT, AUDIO_LAYERS, AUDIO_HIDDEN, AUDIO_TOKENS = 5, 8, 12, 512, 32
VAE_WIDTH = 24
WAV2VEC_LAYERS, WAV2VEC_HIDDEN, WAV2VEC_FEED_FORWARD, WAV2VEC_CONV = 12, 768, 3072, 512


def write_tiny_models(models: Path, seed: int = 0, *, wav2vec: bool = True) -> None:
    """Write all files below a ComfyUI models folder; files that are there stay."""
    makers = {WAN: wan_weights, INFINITETALK: infinitetalk_weights, VAE: vae_weights}
    if wav2vec:
        makers[WAV2VEC] = wav2vec_weights
    for name, make in makers.items():
        path = models / FOLDERS[name] / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            save_file(make(seed), path)


def wan_weights(seed: int = 0) -> Weights:
    """Weights of a Wan 2.1 image-to-video transformer of width 384, float16."""
    maker = _Maker(seed)
    maker.matrix("patch_embedding", DIM, LATENT_CHANNELS + CONDITION_CHANNELS, 1, 2, 2)
    for name, inputs in (("text_embedding.0", TEXT_DIM), ("text_embedding.2", DIM)):
        maker.matrix(name, DIM, inputs)
    for name, inputs in (("time_embedding.0", 256), ("time_embedding.2", DIM)):
        maker.matrix(name, DIM, inputs)
    maker.matrix("time_projection.1", 6 * DIM, DIM)
    for block in range(BLOCKS):
        _wan_block(maker, f"blocks.{block}")
    maker.noise("head.modulation", 1, 2, DIM, scale=DIM**-0.5)
    maker.matrix("head.head", LATENT_CHANNELS * PATCH, DIM)
    maker.norm("img_emb.proj.0", CLIP_DIM)
    maker.matrix("img_emb.proj.1", CLIP_DIM, CLIP_DIM)
    maker.matrix("img_emb.proj.3", DIM, CLIP_DIM)
    maker.norm("img_emb.proj.4", DIM)
    return maker.weights


def infinitetalk_weights(seed: int = 0) -> Weights:
    """Weights of an InfiniteTalk adapter for `wan_weights`, float16."""
    maker = _Maker(seed + 1)
    features = AUDIO_LAYERS * AUDIO_DIM
    maker.matrix("audio_proj.proj1", AUDIO_HIDDEN, AUDIO_WINDOW * features)
    maker.matrix("audio_proj.proj1_vf", AUDIO_HIDDEN, AUDIO_WINDOW_OF_LATENT * features)
    maker.matrix("audio_proj.proj2", AUDIO_HIDDEN, AUDIO_HIDDEN)
    maker.matrix("audio_proj.proj3", AUDIO_TOKENS * AUDIO_DIM, AUDIO_HIDDEN)
    maker.norm("audio_proj.norm", AUDIO_DIM)
    for block in range(BLOCKS):
        maker.norm(f"blocks.{block}.norm_x", DIM)
        maker.matrix(f"blocks.{block}.audio_cross_attn.q_linear", DIM, DIM)
        maker.matrix(f"blocks.{block}.audio_cross_attn.kv_linear", 2 * DIM, AUDIO_DIM)
        maker.matrix(f"blocks.{block}.audio_cross_attn.proj", DIM, DIM)
    return maker.weights


def vae_weights(seed: int = 0) -> Weights:
    """Weights of a Wan 2.1 VAE in its pruned widths (24, 48, 96), float32."""
    maker = _Maker(seed + 2, torch.float32)
    narrow, middle, wide = VAE_WIDTH, 2 * VAE_WIDTH, 4 * VAE_WIDTH
    _vae_encoder(maker, narrow, middle, wide)
    maker.matrix("conv1", 2 * LATENT_CHANNELS, 2 * LATENT_CHANNELS, 1, 1, 1)
    maker.matrix("conv2", LATENT_CHANNELS, LATENT_CHANNELS, 1, 1, 1)
    _vae_decoder(maker, narrow, middle, wide)
    return maker.weights


def wav2vec_weights(seed: int = 0) -> Weights:
    """Weights of a wav2vec2-base, float16: its size is fixed by the loader."""
    maker = _Maker(seed + 3, prefix="wav2vec2.")
    maker.noise("masked_spec_embed", WAV2VEC_HIDDEN)
    for layer, kernel in enumerate((10, 3, 3, 3, 3, 2, 2)):
        inputs = 1 if layer == 0 else WAV2VEC_CONV
        name = f"feature_extractor.conv_layers.{layer}"
        maker.matrix(f"{name}.conv", WAV2VEC_CONV, inputs, kernel, bias=False, gain=2.0)
    maker.norm("feature_extractor.conv_layers.0.layer_norm", WAV2VEC_CONV)
    maker.norm("feature_projection.layer_norm", WAV2VEC_CONV)
    maker.matrix("feature_projection.projection", WAV2VEC_HIDDEN, WAV2VEC_CONV)
    maker.noise("encoder.pos_conv_embed.conv.weight_g", 1, 1, 128, offset=1.0)
    maker.noise("encoder.pos_conv_embed.conv.weight_v", WAV2VEC_HIDDEN, WAV2VEC_HIDDEN // 16, 128)
    maker.noise("encoder.pos_conv_embed.conv.bias", WAV2VEC_HIDDEN)
    maker.norm("encoder.layer_norm", WAV2VEC_HIDDEN)
    for layer in range(WAV2VEC_LAYERS):
        name = f"encoder.layers.{layer}"
        for part in ("k_proj", "v_proj", "q_proj", "out_proj"):
            maker.matrix(f"{name}.attention.{part}", WAV2VEC_HIDDEN, WAV2VEC_HIDDEN)
        maker.norm(f"{name}.layer_norm", WAV2VEC_HIDDEN)
        maker.matrix(f"{name}.feed_forward.intermediate_dense", WAV2VEC_FEED_FORWARD, WAV2VEC_HIDDEN)
        maker.matrix(f"{name}.feed_forward.output_dense", WAV2VEC_HIDDEN, WAV2VEC_FEED_FORWARD)
        maker.norm(f"{name}.final_layer_norm", WAV2VEC_HIDDEN)
    return maker.weights


class _Maker:
    """Collects random weights by name: matrices that keep a signal's size, norms near one."""

    def __init__(self, seed: int, dtype: torch.dtype = torch.float16, prefix: str = "") -> None:
        self.weights: Weights = {}
        self._generator = torch.Generator().manual_seed(seed)
        self._dtype, self._prefix = dtype, prefix

    def noise(self, name: str, *shape: int, scale: float = 0.02, offset: float = 0.0) -> None:
        values = torch.randn(shape, generator=self._generator) * scale + offset
        self.weights[self._prefix + name] = values.to(self._dtype)

    def matrix(self, name: str, outputs: int, *inputs: int, bias: bool = True, gain: float = 1.0) -> None:
        self.noise(f"{name}.weight", outputs, *inputs, scale=math.sqrt(gain / math.prod(inputs)))
        if bias:
            self.noise(f"{name}.bias", outputs)

    def norm(self, name: str, size: int, *, bias: bool = True) -> None:
        self.noise(f"{name}.weight", size, offset=1.0)
        if bias:
            self.noise(f"{name}.bias", size)

    def gamma(self, name: str, channels: int, axes: int = 3) -> None:
        self.noise(f"{name}.gamma", channels, *[1] * axes, offset=1.0)


def _wan_block(maker: _Maker, name: str) -> None:
    maker.noise(f"{name}.modulation", 1, 6, DIM, scale=DIM**-0.5)
    for part in ("q", "k", "v", "o"):
        maker.matrix(f"{name}.self_attn.{part}", DIM, DIM)
        maker.matrix(f"{name}.cross_attn.{part}", DIM, DIM)
    for part in ("k_img", "v_img"):
        maker.matrix(f"{name}.cross_attn.{part}", DIM, DIM)
    for norm in ("self_attn.norm_q", "self_attn.norm_k", "cross_attn.norm_q", "cross_attn.norm_k"):
        maker.norm(f"{name}.{norm}", DIM, bias=False)
    maker.norm(f"{name}.cross_attn.norm_k_img", DIM, bias=False)
    maker.norm(f"{name}.norm3", DIM)
    maker.matrix(f"{name}.ffn.0", FEED_FORWARD, DIM)
    maker.matrix(f"{name}.ffn.2", DIM, FEED_FORWARD)


def _vae_encoder(maker: _Maker, narrow: int, middle: int, wide: int) -> None:
    maker.matrix("encoder.conv1", narrow, 3, 3, 3, 3)
    place = _counter("encoder.downsamples")
    stages = ((narrow, narrow, False), (narrow, middle, True), (middle, wide, True), (wide, wide, None))
    for first, width, temporal in stages:
        _residual(maker, next(place), first, width)
        _residual(maker, next(place), width, width)
        if temporal is None:
            continue
        name = next(place)
        maker.matrix(f"{name}.resample.1", width, width, 3, 3)
        if temporal:
            maker.matrix(f"{name}.time_conv", width, width, 3, 1, 1)
    _vae_middle(maker, "encoder.middle", wide)
    maker.gamma("encoder.head.0", wide)
    maker.matrix("encoder.head.2", 2 * LATENT_CHANNELS, wide, 3, 3, 3)


def _vae_decoder(maker: _Maker, narrow: int, middle: int, wide: int) -> None:
    maker.matrix("decoder.conv1", wide, LATENT_CHANNELS, 3, 3, 3)
    _vae_middle(maker, "decoder.middle", wide)
    place = _counter("decoder.upsamples")
    stages = ((wide, wide, True), (middle, wide, True), (middle, middle, False), (narrow, narrow, None))
    for first, width, temporal in stages:
        _residual(maker, next(place), first, width)
        for _ in range(2):
            _residual(maker, next(place), width, width)
        if temporal is None:
            continue
        name = next(place)
        maker.matrix(f"{name}.resample.1", width // 2, width, 3, 3)
        if temporal:
            maker.matrix(f"{name}.time_conv", 2 * width, width, 3, 1, 1)
    maker.gamma("decoder.head.0", narrow)
    maker.matrix("decoder.head.2", 3, narrow, 3, 3, 3, gain=0.05)


def _vae_middle(maker: _Maker, name: str, width: int) -> None:
    _residual(maker, f"{name}.0", width, width)
    maker.gamma(f"{name}.1.norm", width, axes=2)
    maker.matrix(f"{name}.1.to_qkv", 3 * width, width, 1, 1)
    maker.matrix(f"{name}.1.proj", width, width, 1, 1)
    _residual(maker, f"{name}.2", width, width)


def _residual(maker: _Maker, name: str, inputs: int, outputs: int) -> None:
    maker.gamma(f"{name}.residual.0", inputs)
    maker.matrix(f"{name}.residual.2", outputs, inputs, 3, 3, 3)
    maker.gamma(f"{name}.residual.3", outputs)
    maker.matrix(f"{name}.residual.6", outputs, outputs, 3, 3, 3)
    if inputs != outputs:
        maker.matrix(f"{name}.shortcut", outputs, inputs, 1, 1, 1)


def _counter(name: str) -> Iterator[str]:
    number = 0
    while True:
        yield f"{name}.{number}"
        number += 1
