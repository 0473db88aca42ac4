"""window -> sampler: what the sampler of a model family needs for one window of the take."""

from __future__ import annotations

from typing import Any

import comfy.model_management
import torch
from comfy_api.latest import io

from .core import wan, wan_checks
from .core.job import TakeWindow
from .host import CATEGORY, WindowWire, blocked, field, schema

ImageEmbeds = io.Custom("WANVIDIMAGE_EMBEDS")
TextEmbeds = io.Custom("WANVIDEOTEXTEMBEDS")
AudioEmbeds = io.Custom("MULTITALK_EMBEDS")

#: Features that are asked of the wrapper's recording of silence: more than it has, so that its length shows.
_SILENCE_ASKED = 256


class WindowEmbedsWan(io.ComfyNode):
    """One window for WanVideoWrapper's ordinary sampler with InfiniteTalk."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LongTakeWindowEmbedsWan",
            display_name="Window Embeds (WanVideoWrapper)",
            category=CATEGORY,
            description="What WanVideoSampler needs to make one window of the take with InfiniteTalk.",
            search_aliases=["infinitetalk window", "multitalk window", "motion frames"],
            inputs=[
                field(WindowWire.Input, "window", tooltip="From the Audio Loop Controller."),
                field(
                    io.Custom("WANVIDEOMODEL").Input,
                    "model",
                    tooltip="The model that goes to the sampler. It is checked here and not changed.",
                ),
                field(
                    ImageEmbeds.Input,
                    "image_embeds",
                    tooltip="From WanVideoImageToVideoEncode with the start image, num_frames linked to the "
                    "planner's window length. Made once for all windows.",
                ),
                field(
                    AudioEmbeds.Input,
                    "multitalk_embeds",
                    tooltip="Of the whole sound, from MultiTalkWav2VecEmbeds or LongTake's Wav2Vec Embeds.",
                ),
                field(
                    io.Custom("WANVAE").Input,
                    "vae",
                    tooltip="Encodes the frames that the window continues from.",
                ),
                field(
                    TextEmbeds.Input,
                    "text_embeds",
                    optional=True,
                    tooltip="Several prompts go one to each window; the last one stays for all that follow.",
                ),
                field(
                    AudioEmbeds.Input,
                    "silence",
                    optional=True,
                    tooltip="What follows the sound, from MultiTalkSilentEmbeds. Else the wrapper's own.",
                ),
                field(
                    io.Boolean.Input,
                    "tiled_vae",
                    default=False,
                    tooltip="Encode in tiles, for less memory. Set it as in WanVideoImageToVideoEncode.",
                ),
            ],
            outputs=[
                ImageEmbeds.Output(display_name="image_embeds", tooltip="To the sampler."),
                TextEmbeds.Output(display_name="text_embeds", tooltip="This window's prompt alone."),
            ],
            hidden=[io.Hidden.prompt, io.Hidden.unique_id],
        )

    @classmethod
    def execute(
        cls,
        *,
        window: TakeWindow,
        model: Any,
        image_embeds: dict[str, Any],
        multitalk_embeds: dict[str, Any],
        vae: Any,
        text_embeds: dict[str, Any] | None = None,
        silence: dict[str, Any] | None = None,
        tiled_vae: bool = False,
    ) -> io.NodeOutput:
        """The embeds of this window; nothing for one that stands already."""
        if window.made:
            return io.NodeOutput(blocked(), blocked())
        transformer = model.model.diffusion_model
        wan_checks.check_model(getattr(transformer, "multitalk_model_type", None))
        wan_checks.check_image_model(transformer.in_dim)
        wan_checks.check_vae(vae)
        wan_checks.check_image_embeds(image_embeds, window.window.frames)
        wan_checks.check_prompt(
            cls.hidden.prompt or {},
            str(cls.hidden.unique_id),
            prompts=prompt_count(text_embeds),
            frames=window.plan.frames,
            fps=window.plan.fps,
        )
        audio = window_audio_embeds(window, multitalk_embeds, silence, image_embeds)
        motion = motion_latents(window, image_embeds, vae, tiled_vae).to(model.model["base_dtype"])
        return io.NodeOutput(
            window_image_embeds(window.window.frames, image_embeds, motion, audio),
            window_text_embeds(window.window.index, text_embeds),
        )


def window_audio_embeds(
    window: TakeWindow,
    embeds: dict[str, Any],
    silence: dict[str, Any] | None,
    image_embeds: dict[str, Any],
) -> dict[str, Any]:
    """MULTITALK_EMBEDS of one window, as the ordinary sampler reads them.

    One speaker: ``audio_emb_slice`` (1, W, 5, layers, width). Several: ``audio_features`` that answer for one
    window, because the sampler drops the masks with the former.
    """
    features = speakers_of(embeds)
    masks = embeds.get("ref_target_masks")
    wan_checks.check_speakers(features, masks)
    silent = None
    if wan.needs_silence(window.window, max(features[0].shape[0], window.plan.frames)):
        silent = wan.one_cycle(speakers_of(silence)[0] if silence else _wrapper_silence())
    prepared = [wan.window_audio(one, silent, window.window, window.plan.frames) for one in features]
    scales = {name: embeds.get(name, 1.0) for name in ("audio_scale", "audio_cfg_scale")}
    if len(prepared) == 1:
        return {"audio_emb_slice": prepared[0][None], **scales}
    if masks is None:
        height, width = (image_embeds[name] * wan.SPATIAL_SCALE for name in ("lat_h", "lat_w"))
        masks = wan.speaker_masks(len(prepared), height, width)
    return {
        "audio_features": [wan.PreparedAudio(one) for one in prepared],
        "ref_target_masks": masks,
        **scales,
    }


def speakers_of(embeds: dict[str, Any]) -> list[torch.Tensor]:
    """The features of every speaker: MultiTalkSilentEmbeds gives a tensor where the others give a list."""
    features = embeds["audio_features"]
    return [features] if isinstance(features, torch.Tensor) else list(features)


def motion_latents(window: TakeWindow, image_embeds: dict[str, Any], vae: Any, tiled: bool) -> torch.Tensor:
    """The latent of the frames that the window continues from: (1, 16, 1 + (M - 1) // 4, h, w).

    For the first window that of the start image, which the image embeds hold already: a causal VAE encodes
    the first frame alike with and without those behind it.
    """
    if not window.window.index:
        return image_embeds["image_embeds"][None, :, :1]
    wan_checks.check_motion_frames(window.motion_frames, window.window.overlap, image_embeds)
    device, offload = comfy.model_management.get_torch_device(), comfy.model_management.unet_offload_device()
    video = wan.frames_to_video(window.motion_frames).to(device, vae.dtype)
    vae.to(device)
    latent: torch.Tensor = vae.encode(video, device=device, tiled=tiled, pbar=False)
    vae.to(offload)
    return latent.cpu()


def window_image_embeds(
    frames: int, embeds: dict[str, Any], motion: torch.Tensor, audio: dict[str, Any]
) -> dict[str, Any]:
    """WANVIDIMAGE_EMBEDS of one window. The sampler writes `extra_latents` in before and after every step."""
    latent = wan.first_latents(embeds["image_embeds"], frames)
    return {
        **embeds,
        "image_embeds": latent,
        "mask": wan.first_latents(embeds["mask"], frames),
        "num_frames": frames,
        "max_seq_len": latent.shape[1] * embeds["lat_h"] * embeds["lat_w"] // 4,
        "extra_latents": [{"samples": motion, "index": 0}],
        "multitalk_embeds": audio,
    }


def prompt_count(embeds: dict[str, Any] | None) -> int:
    """How many prompts WANVIDEOTEXTEMBEDS hold: a list, or one tensor (1, tokens, width) from a bridge."""
    prompts = (embeds or {}).get("prompt_embeds")
    return 0 if prompts is None else len(prompts)


def window_text_embeds(index: int, embeds: dict[str, Any] | None) -> dict[str, Any] | None:
    """The same with this window's prompt alone: the wrapper's loop takes one each and stays at the last."""
    if embeds is None or prompt_count(embeds) <= 1:
        return embeds
    prompts = embeds["prompt_embeds"]
    return {**embeds, "prompt_embeds": [prompts[min(index, len(prompts) - 1)]]}


def _wrapper_silence() -> torch.Tensor:
    """What the wrapper's MultiTalkSilentEmbeds gives."""
    from nodes import NODE_CLASS_MAPPINGS  # noqa: PLC0415 ComfyUI's table of all nodes, complete only now

    node = NODE_CLASS_MAPPINGS.get("MultiTalkSilentEmbeds")
    if node is None:
        raise ValueError(
            "There is no node MultiTalkSilentEmbeds to take the silence behind the sound from. Install "
            "ComfyUI-WanVideoWrapper, or link `silence`."
        )
    (embeds,) = getattr(node(), node.FUNCTION)(num_frames=_SILENCE_ASKED)
    return speakers_of(embeds)[0]
