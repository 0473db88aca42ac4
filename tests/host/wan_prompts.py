"""Prompts for WanVideoWrapper with the tiny models of `tiny_models`: its loaders, its sampler, its own loop.

``wan = add_wan(prompt, settings)`` gives the nodes that are the same for any way of making windows; then
`add_loop` makes a whole video with the wrapper's own loop, and `add_sampler` and `add_decode` are the parts
of any other way.
"""

import math
from dataclasses import dataclass
from typing import Any

from host.prompt import Node, Prompt
from host.tiny_models import INFINITETALK, VAE, WAN, WAV2VEC

PACK = "ComfyUI-WanVideoWrapper"
FPS = 25
SAMPLE_RATE = 16000


@dataclass(frozen=True)
class WanSettings:
    """One video: frames of audio, window and overlap in frames, and the sampler's settings.

    frames: of the audio features. audio: "embeds" gives random features of exactly that many frames,
    "wav2vec" encodes a test sound with the wrapper's nodes. masks: whether two speakers get their masks.
    prompts: how many positive prompts. precision: of the model and the VAE.
    """

    frames: int = 81
    window: int = 33
    overlap: int = 9
    speakers: int = 1
    width: int = 64
    height: int = 64
    steps: int = 2
    cfg: float = 1.0
    shift: float = 5.0
    seed: int = 42
    scheduler: str = "unipc"
    masks: bool = True
    prompts: int = 1
    audio: str = "embeds"
    audio_seed: int = 3
    image_seed: int = 5
    precision: str = "fp32"
    clip: bool = True

    @property
    def loop_windows(self) -> int:
        """How many windows the wrapper's loop makes."""
        if self.frames <= self.window:
            return 1
        return math.ceil((self.frames - self.window) / (self.window - self.overlap)) + 1

    @property
    def loop_frames(self) -> int:
        """How many frames the wrapper's loop makes; it never trims."""
        return self.window + (self.loop_windows - 1) * (self.window - self.overlap)

    @property
    def samples(self) -> int:
        """Length of the test sound that has exactly these frames."""
        return self.frames * SAMPLE_RATE // FPS


@dataclass(frozen=True)
class Wan:
    """Links to what every way of making windows needs; `clip` may be None."""

    model: Any
    vae: Any
    image: Any
    text: Any
    clip: Any
    multitalk: Any
    sound: Any


def add_wan(prompt: Prompt, settings: WanSettings) -> Wan:
    """Add loaders, picture, text, CLIP and audio features."""
    adapter = prompt.add("MultiTalkModelLoader", model=INFINITETALK)
    model = prompt.add(
        "WanVideoModelLoader",
        model=WAN,
        base_precision=settings.precision,
        quantization="disabled",
        load_device="main_device",
        attention_mode="sdpa",
        multitalk_model=adapter[0],
    )
    vae = prompt.add("WanVideoVAELoader", model_name=VAE, precision=settings.precision)
    size = {"width": settings.width, "height": settings.height}
    image = prompt.add("LongTakeTestImage", number=-1, seed=settings.image_seed, **size)
    text = prompt.add("LongTakeTestTextEmbeds", seed=11, prompts=settings.prompts)
    clip = prompt.add("LongTakeTestClipEmbeds", seed=12) if settings.clip else None
    sound = prompt.add(
        "LongTakeTestAudio",
        samples=settings.samples,
        sample_rate=SAMPLE_RATE,
        channels=1,
        seed=settings.audio_seed,
    )
    masks = None
    if settings.speakers > 1 and settings.masks:
        masks = prompt.add("LongTakeTestSpeakerMasks", **size)[0]
    multitalk = _add_audio(prompt, settings, sound, masks)
    return Wan(model[0], vae[0], image[0], text[0], clip[0] if clip else None, multitalk[0], sound[0])


def add_loop(prompt: Prompt, settings: WanSettings, wan: Wan) -> Node:
    """Add the wrapper's own loop over all windows; output 0 of the node given is the video as IMAGE."""
    embeds = prompt.add(
        "WanVideoImageToVideoMultiTalk",
        vae=wan.vae,
        width=settings.width,
        height=settings.height,
        frame_window_size=settings.window,
        motion_frame=settings.overlap,
        force_offload=False,
        colormatch="disabled",
        start_image=wan.image,
        tiled_vae=False,
        clip_embeds=wan.clip,
        mode="auto",
        output_path="",
    )
    sampler = add_sampler(prompt, settings, wan, embeds[0], multitalk_embeds=wan.multitalk)
    return add_decode(prompt, wan, sampler[0])


def add_sampler(
    prompt: Prompt,
    settings: WanSettings,
    wan: Wan,
    image_embeds: Any,
    *,
    text_embeds: Any = None,
    multitalk_embeds: Any = None,
    samples: Any = None,
    seed: Any = None,
) -> Node:
    """Add the wrapper's sampler; `seed` may be a link. Output 0 is its LATENT."""
    return prompt.add(
        "WanVideoSampler",
        model=wan.model,
        image_embeds=image_embeds,
        text_embeds=wan.text if text_embeds is None else text_embeds,
        multitalk_embeds=multitalk_embeds,
        samples=samples,
        steps=settings.steps,
        cfg=settings.cfg,
        shift=settings.shift,
        seed=settings.seed if seed is None else seed,
        force_offload=False,
        scheduler=settings.scheduler,
        riflex_freq_index=0,
        denoise_strength=1.0,
        batched_cfg=False,
        rope_function="comfy",
        start_step=0,
        end_step=-1,
        add_noise_to_samples=False,
    )


def add_reference(prompt: Prompt, settings: WanSettings, wan: Wan, window: int | None = None) -> Node:
    """Add WanVideoImageToVideoEncode for the start image and a window of so many frames."""
    return prompt.add(
        "WanVideoImageToVideoEncode",
        width=settings.width,
        height=settings.height,
        num_frames=settings.window if window is None else window,
        noise_aug_strength=0.0,
        start_latent_strength=1.0,
        end_latent_strength=1.0,
        force_offload=True,
        vae=wan.vae,
        clip_embeds=wan.clip,
        start_image=wan.image,
        fun_or_fl2v_model=False,
        tiled_vae=False,
    )


def add_loop_noise(prompt: Prompt, settings: WanSettings, index: Any, window: int | None = None) -> Node:
    """Add the noise that the loop draws for window `index` (a number or a link), as LATENT for `samples`."""
    return prompt.add(
        "LongTakeTestLoopNoise",
        seed=settings.seed,
        index=index,
        frames=settings.window if window is None else window,
        width=settings.width,
        height=settings.height,
    )


def add_decode(prompt: Prompt, wan: Wan, samples: Any) -> Node:
    """Add WanVideoDecode without tiles; output 0 is IMAGE."""
    tiles = {"tile_x": 272, "tile_y": 272, "tile_stride_x": 144, "tile_stride_y": 128}
    return prompt.add("WanVideoDecode", vae=wan.vae, samples=samples, enable_vae_tiling=False, **tiles)


def loop_prompt(settings: WanSettings, label: str = "loop") -> Prompt:
    """Give a prompt that makes a video with the wrapper's own loop and records its frames under `label`."""
    prompt = Prompt()
    video = add_loop(prompt, settings, add_wan(prompt, settings))
    prompt.add("LongTakeTestRecordEnd", value=video[0], label=label, save=True)
    return prompt


def _add_audio(prompt: Prompt, settings: WanSettings, sound: Node, masks: Any) -> Node:
    if settings.audio == "embeds":
        return prompt.add(
            "LongTakeTestMultiTalkEmbeds",
            frames=settings.frames,
            speakers=settings.speakers,
            seed=settings.audio_seed,
            ref_target_masks=masks,
        )
    others = {
        f"audio_{speaker}": prompt.add(
            "LongTakeTestAudio",
            samples=settings.samples,
            sample_rate=SAMPLE_RATE,
            channels=1,
            seed=settings.audio_seed + speaker,
        )[0]
        for speaker in range(2, settings.speakers + 1)
    }
    loader = prompt.add("Wav2VecModelLoader", model=WAV2VEC, base_precision="fp32", load_device="main_device")
    return prompt.add(
        "MultiTalkWav2VecEmbeds",
        wav2vec_model=loader[0],
        audio_1=sound[0],
        normalize_loudness=True,
        num_frames=settings.frames,
        fps=float(FPS),
        audio_scale=1.0,
        audio_cfg_scale=1.0,
        multi_audio_type="para",
        ref_target_masks=masks,
        **others,
    )
