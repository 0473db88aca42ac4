"""plan -> embeds: what the model hears of the whole take, made once, upstream of every window."""

from __future__ import annotations

from typing import Any

import comfy.model_management
import comfy.utils
import torch
from comfy_api.latest import io

from .core import wan, wan_checks, wav2vec
from .core.job import SoundPlan
from .host import CATEGORY, SoundPlanWire, field, schema


class Wav2VecEmbeds(io.ComfyNode):
    """The audio embeds of a whole take, however long its sound."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        speakers = [
            field(
                io.Audio.Input,
                f"audio_{number}",
                optional=True,
                tooltip=f"Speaker {number}'s track, on the same timeline.",
            )
            for number in range(2, 5)
        ]
        return schema(
            node_id="LongTakeWav2VecEmbeds",
            display_name="Wav2Vec Embeds (any length)",
            category=CATEGORY,
            description="MultiTalkWav2VecEmbeds for sound of any length: one feature for every frame of the plan.",
            search_aliases=["multitalk embeds", "infinitetalk audio", "wav2vec"],
            inputs=[
                field(SoundPlanWire.Input, "plan", tooltip="From the Frame Window Planner."),
                field(io.Custom("WAV2VECMODEL").Input, "wav2vec_model", tooltip="From Wav2vec2 Model Loader."),
                field(
                    io.Audio.Input,
                    "audio",
                    optional=True,
                    tooltip="The voice alone, if it was separated from the plan's sound; of several speakers the first "
                    "one's track. Else the plan's sound.",
                ),
                *speakers,
                field(
                    io.Mask.Input,
                    "ref_target_masks",
                    optional=True,
                    tooltip="Where each speaker is, one mask each and one for the background. Else side by side.",
                ),
                field(
                    io.Boolean.Input,
                    "normalize_loudness",
                    default=True,
                    tooltip="Bring every track to -23 LUFS, as MultiTalkWav2VecEmbeds does.",
                ),
                field(
                    io.Float.Input,
                    "audio_scale",
                    default=1.0,
                    min=0.0,
                    max=100.0,
                    step=0.01,
                    tooltip="Strength of the sound.",
                ),
                field(
                    io.Float.Input,
                    "audio_cfg_scale",
                    default=1.0,
                    min=0.0,
                    max=100.0,
                    step=0.01,
                    tooltip="Other than 1: a further pass of the model without sound at every step.",
                ),
                field(
                    io.Int.Input,
                    "chunk",
                    default=wav2vec.CHUNK,
                    min=500,
                    max=100000,
                    advanced=True,
                    tooltip="Frames that wav2vec sees at once. Fewer take less memory.",
                ),
            ],
            outputs=[
                io.Custom("MULTITALK_EMBEDS").Output(display_name="multitalk_embeds", tooltip="To Window Embeds.")
            ],
        )

    @classmethod
    def execute(
        cls,
        *,
        plan: SoundPlan,
        wav2vec_model: dict[str, Any],
        normalize_loudness: bool,
        audio_scale: float,
        audio_cfg_scale: float,
        chunk: int,
        ref_target_masks: torch.Tensor | None = None,
        **tracks: Any,
    ) -> io.NodeOutput:
        """One feature per frame and speaker."""
        sounds = speaker_sounds(plan, tracks, normalize_loudness=normalize_loudness)
        features = encoded(wav2vec_model, sounds, plan.plan.frames, chunk)
        wan_checks.check_speakers(features, ref_target_masks)
        return io.NodeOutput(
            {
                "audio_features": features,
                "audio_scale": audio_scale,
                "audio_cfg_scale": audio_cfg_scale,
                "ref_target_masks": ref_target_masks,
            }
        )


def speaker_sounds(planned: SoundPlan, tracks: dict[str, Any], *, normalize_loudness: bool) -> list[torch.Tensor]:
    """Every speaker's (samples,) float32 at 16 kHz, as long as the plan's frames, silent behind its end.

    As in MultiTalkWav2VecEmbeds: the first channel, cut to the frames, then brought to one loudness.
    """
    others = [tracks[name] for name in sorted(tracks) if name != "audio" and tracks[name] is not None]
    if others and tracks.get("audio") is None:
        raise ValueError(
            "A second speaker has a track and the first has none, who would then speak for both. Link the first "
            "speaker's own track to `audio`."
        )
    given = [tracks.get("audio") or {"waveform": planned.waveform, "sample_rate": planned.sample_rate}, *others]
    frames, fps = planned.plan.frames, planned.plan.fps
    sounds = []
    for audio in given:
        sound = wav2vec.resampled(first_channel(audio["waveform"]).cpu(), int(audio["sample_rate"]))
        sound = sound[: wav2vec.sound_of(frames, fps)]
        sounds.append(loudness_normalised(sound) if normalize_loudness else sound)
    longest = max(len(sound) for sound in sounds)
    if longest < wav2vec.sound_of(frames - wan.MISSING_FEATURES, fps):
        raise ValueError(
            f"The sound to speak lasts {longest / wav2vec.SAMPLE_RATE:.2f} s and the plan "
            f"{float(frames / fps):.2f} s. Use the sound that was planned, or its voice separated from it."
        )
    length = max(wav2vec.sound_of(frames, fps), wav2vec.SHORTEST)
    return [torch.nn.functional.pad(sound, (0, length - len(sound))) for sound in sounds]


def first_channel(waveform: torch.Tensor) -> torch.Tensor:
    """(1, C, samples) to (samples,): what the wrapper reads. Refused where only another channel has sound."""
    channels = waveform[0]
    if channels.shape[0] > 1 and not bool(channels[0].any()) and bool(channels.any()):
        raise ValueError("The first channel of the sound is silent and is the one that is read. Mix it to mono first.")
    return channels[0]


def loudness_normalised(sound: torch.Tensor) -> torch.Tensor:
    """(samples,) float32 at 16 kHz at -23 LUFS, by the meter that WanVideoWrapper uses."""
    if len(sound) < wav2vec.LOUDNESS_BLOCK:
        return sound
    try:
        import pyloudnorm  # noqa: PLC0415 the wrapper requires it, and this node only runs beside the wrapper
    except ImportError:
        raise ValueError(
            "The loudness cannot be measured without pyloudnorm, which ComfyUI-WanVideoWrapper requires. "
            "Install the wrapper's requirements, or switch normalize_loudness off."
        ) from None
    heard = sound.numpy()
    loudness = pyloudnorm.Meter(wav2vec.SAMPLE_RATE).integrated_loudness(heard)
    if abs(loudness) > 100:  # silence has none
        return sound
    return torch.from_numpy(pyloudnorm.normalize.loudness(heard, loudness, -23)).float()


def encoded(loaded: dict[str, Any], sounds: list[torch.Tensor], frames: int, chunk: int) -> list[torch.Tensor]:
    """The features of every sound, (frames, layers, width) each. loaded: WAV2VECMODEL of the wrapper's loader."""
    if "tencent" not in str(loaded.get("model_type", "")):
        raise ValueError(
            f"A wav2vec model of type {loaded.get('model_type')!r} does not suit InfiniteTalk. Use Wav2vec2 "
            "Model Loader with TencentGameMate's chinese-wav2vec2-base."
        )
    model, device = loaded["model"], comfy.model_management.get_torch_device()
    _, overlap = wav2vec.edge_and_overlap(model)
    progress = comfy.utils.ProgressBar(len(sounds) * len(wav2vec.chunks(frames, chunk, overlap)))

    def step() -> None:
        comfy.model_management.throw_exception_if_processing_interrupted()
        progress.update(1)

    model.to(device)
    try:
        with torch.no_grad():
            return [
                wav2vec.sound_features(model, sound.to(device, loaded["dtype"]), frames, chunk=chunk, step=step)
                for sound in sounds
            ]
    finally:
        model.to(comfy.model_management.unet_offload_device())
