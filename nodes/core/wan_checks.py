"""What cannot become a window of WanVideoWrapper, said before the sampler starts.

Each check raises ``ValueError`` with one sentence. They read plain values: what hangs on the wrapper's
wires, and the prompt in API format, ``{id: {"class_type", "inputs"}}`` with links ``[id, slot]``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from torch import Tensor

from .units import frames_to_latents
from .wan import SPATIAL_SCALE, TEMPORAL_SCALE

Prompt = Mapping[str, Mapping[str, Any]]

_ENCODE = "WanVideoImageToVideoEncode"
#: What WanVideoImageToVideoEncode gives for one start image, beside values that are None or False.
_KNOWN_EMBEDS = {"image_embeds", "mask", "clip_context", "negative_clip_context", "max_seq_len"} | {
    "num_frames",
    "lat_h",
    "lat_w",
    "fun_or_fl2v_model",
}
_LATENT_CHANNELS = 16
#: Settings of WanVideoImageToVideoEncode that change the latent of the start image, and their neutral values.
_NEUTRAL = {
    "noise_aug_strength": 0.0,
    "start_latent_strength": 1.0,
    "end_latent_strength": 1.0,
    "augment_empty_frames": 0.0,
}
#: Inputs of the sampler that rearrange its frames, so that they are no longer those of the window.
_REARRANGING = ("context_options", "loop_args")


def check_model(kind: str | None) -> None:
    """Only InfiniteTalk's window can be had from outside. kind: the transformer's multitalk_model_type."""
    if kind == "InfiniteTalk":
        return
    if kind == "MultiTalk":
        raise ValueError(
            'The model\'s adapter counts as MultiTalk, because its file name lacks "infinite" and the '
            "wrapper goes by the name, and MultiTalk has no exact way to make one window. Use InfiniteTalk "
            'weights in a file with that word in its name, for example "InfiniteTalk-Single.safetensors".'
        )
    raise ValueError(
        "The model has no InfiniteTalk adapter. Link MultiTalkModelLoader, for example with "
        '"InfiniteTalk-Single.safetensors", to the multitalk_model input of WanVideoModelLoader.'
    )


def check_image_model(in_channels: int) -> None:
    """The start image needs an image-to-video model. in_channels: the transformer's in_dim."""
    if in_channels == _LATENT_CHANNELS:
        raise ValueError(
            f"The model is a text-to-video one with {in_channels} input channels and takes no start image. Load an "
            "image-to-video model in WanVideoModelLoader, for example Wan2_1-I2V-14B-480P_fp16.safetensors."
        )


def check_vae(vae: Any) -> None:
    """It must encode to the latents of Wan 2.1; the tiny preview VAEs have another interface."""
    if not callable(getattr(vae, "encode", None)) or getattr(vae, "z_dim", _LATENT_CHANNELS) != _LATENT_CHANNELS:
        raise ValueError(
            f"A VAE of type {type(vae).__name__} cannot encode the frames to continue from. Link the Wan 2.1 VAE from "
            "WanVideoVAELoader, for example Wan2_1_VAE_bf16.safetensors."
        )


def check_image_embeds(embeds: Mapping[str, Any], frames: int) -> None:
    """They must be those of WanVideoImageToVideoEncode with one start image, for `frames` frames at least."""
    if embeds.get("multitalk_sampling"):
        raise ValueError(
            "These image embeds make the wrapper loop over all windows itself. Use "
            "WanVideoImageToVideoEncode with a start image in place of WanVideoImageToVideoMultiTalk."
        )
    latent, mask = embeds.get("image_embeds"), embeds.get("mask")
    if latent is None or mask is None:
        raise ValueError(
            "These image embeds hold no encoded picture. Use WanVideoImageToVideoEncode with a start image."
        )
    strange = [name for name, value in embeds.items() if name not in _KNOWN_EMBEDS and _is_set(value)]
    if strange:
        raise ValueError(
            f"These image embeds carry {', '.join(sorted(strange))}, which cannot be cut into windows. Use "
            "WanVideoImageToVideoEncode with nothing but a VAE, a start image and CLIP embeds."
        )
    if latent.shape[0] != _LATENT_CHANNELS:
        raise ValueError(
            f"These image embeds have {latent.shape[0]} channels, and InfiniteTalk needs those of the Wan "
            f"2.1 VAE, {_LATENT_CHANNELS}. Load Wan2_1_VAE in WanVideoVAELoader."
        )
    needed = frames_to_latents(frames, TEMPORAL_SCALE)
    if latent.shape[1] < needed:
        raise ValueError(
            f"These image embeds are for {1 + (latent.shape[1] - 1) * TEMPORAL_SCALE} frames and the window "
            f"has {frames}. Link num_frames of WanVideoImageToVideoEncode to the planner's window length, "
            f"here {frames}."
        )
    if not (bool((mask[:, :1] == 1).all()) and bool((mask[:, 1:] == 0).all())):
        raise ValueError(
            "These image embeds hold more than one start frame, or a temporal mask. Use "
            "WanVideoImageToVideoEncode with one start image and without end_image or temporal_mask."
        )


def check_motion_frames(frames: Tensor, overlap: int, embeds: Mapping[str, Any]) -> None:
    """As many frames as the overlap, in the size of the embeds. frames: (M, H, W, 3)."""
    height, width = (int(embeds[name]) * SPATIAL_SCALE for name in ("lat_h", "lat_w"))
    if frames.shape[0] != overlap:
        raise ValueError(
            f"The window continues from {overlap} frames and got {frames.shape[0]}. "
            "Link the controller's window as it is."
        )
    if tuple(frames.shape[1:3]) != (height, width):
        raise ValueError(
            f"The frames to continue from are {frames.shape[2]} x {frames.shape[1]} and the image embeds "
            f"are for {width} x {height}. Link WanVideoDecode's frames to Keep Window's "
            "continue_from and make the window before again (`longtake takes retake`), or encode the start image at "
            f"{frames.shape[2]} x {frames.shape[1]}."
        )


def check_speakers(features: list[Tensor], masks: Tensor | None) -> None:
    """All speakers equally long, and a mask for each, with or without one for the background."""
    counts = [speaker.shape[0] for speaker in features]
    if not counts or len(set(counts)) > 1:
        raise ValueError(
            f"The speakers have {', '.join(map(str, counts)) or 'no'} audio features, and each needs one "
            'per frame. Make the embeds with multi_audio_type "para".'
        )
    if masks is not None and len(features) > 1 and masks.shape[0] not in (len(features), len(features) + 1):
        raise ValueError(
            f"There are {masks.shape[0]} masks for {len(features)} speakers. Give one per speaker and one "
            f"for the background, {len(features) + 1} in all, or none."
        )


def check_prompt(prompt: Prompt, node: str, *, prompts: int, frames: int, fps: Fraction) -> None:
    """What the settings of neighbouring nodes would spoil.

    node: the id of the node that makes the window's embeds. prompts: how many prompts its text embeds hold.
    frames, fps: of the plan. A setting that comes over a link from a node that computes it cannot be seen,
    and passes.
    """
    _check_encode(prompt, node)
    _check_audio_fps(prompt, node, frames, fps)
    for name in _samplers(prompt, node):
        inputs = prompt[name]["inputs"]
        if _literal(prompt, inputs.get("scheduler"), "scheduler") == "multitalk":
            raise ValueError(
                'Scheduler "multitalk" works only inside the wrapper\'s own loop. Choose another one in '
                'the sampler, for example "dpm++_sde".'
            )
        for rearranging in _REARRANGING:
            if _is_link(inputs.get(rearranging)):
                raise ValueError(
                    f"The sampler's {rearranging} would move frames within the window. Leave it unconnected."
                )
        text = inputs.get("text_embeds")
        if prompts > 1 and _is_link(text) and str(text[0]) != node:
            raise ValueError(
                f"The text embeds hold {prompts} prompts, one for each window, and the sampler is linked to "
                "all of them. Link its text_embeds to this node's text_embeds."
            )


def _check_encode(prompt: Prompt, node: str) -> None:
    for name in _upstream(prompt, node, "image_embeds", _ENCODE):
        for setting, neutral in _NEUTRAL.items():
            value = _literal(prompt, prompt[name]["inputs"].get(setting), setting)
            if isinstance(value, (int, float)) and value != neutral:
                raise ValueError(
                    f"{setting} of WanVideoImageToVideoEncode is {value}, and the start image must be "
                    f"encoded as it is. Set it to {neutral}."
                )


def _check_audio_fps(prompt: Prompt, node: str, frames: int, fps: Fraction) -> None:
    for name in _upstream(prompt, node, "multitalk_embeds", "MultiTalkWav2VecEmbeds"):
        value = _literal(prompt, prompt[name]["inputs"].get("fps"), "fps")
        if isinstance(value, (int, float)) and abs(Fraction(str(value)) / fps - 1) * frames >= 1:
            raise ValueError(
                f"The audio embeds are made at {value} fps and the plan at {float(fps):.6g}, so that sound "
                f"and picture drift apart. Set fps of MultiTalkWav2VecEmbeds to {float(fps):.6g}, or use "
                "LongTake's own embeds."
            )


def _upstream(prompt: Prompt, node: str, name: str, class_type: str) -> Iterator[str]:
    """The nearest nodes of this class that the node's input `name` comes from."""
    link = prompt.get(node, {}).get("inputs", {}).get(name)
    ahead, seen = deque([str(link[0])] if _is_link(link) else []), set()
    while ahead:
        at = ahead.popleft()
        if at in seen or at not in prompt:
            continue
        seen.add(at)
        if prompt[at]["class_type"] == class_type:
            yield at
        else:
            ahead.extend(str(value[0]) for value in prompt[at]["inputs"].values() if _is_link(value))


def _samplers(prompt: Prompt, node: str) -> Iterator[str]:
    """The wrapper's samplers that this node's first output reaches, directly or through other nodes."""
    ahead: deque[tuple[str, int | None]] = deque([(node, 0)])
    seen = {node}
    while ahead:
        source, slot = ahead.popleft()
        for name, item in prompt.items():
            links = [value for value in item["inputs"].values() if _is_link(value)]
            if name in seen or not any(str(link[0]) == source and slot in (None, link[1]) for link in links):
                continue
            seen.add(name)
            if item["class_type"].startswith("WanVideoSampler"):
                yield name
            else:
                ahead.append((name, None))


def _literal(prompt: Prompt, value: Any, name: str) -> Any:
    """A setting's value; over a link, what the node at its other end has under the same name or `value`."""
    if not _is_link(value):
        return value
    inputs = prompt.get(str(value[0]), {}).get("inputs", {})
    found = inputs.get(name, inputs.get("value"))
    return None if _is_link(found) else found


def _is_link(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == 2 and isinstance(value[1], int)


def _is_set(value: Any) -> bool:
    return value is not None and value is not False
