"""House values: what different guides prescribe. Correctness rules do not depend on them.

pixaroma: the integration guide of the source documents ("fixed settings"). quickstart: its two older
neighbours, the RunPod project and its troubleshooting guide. ltx-standup, ltx-music: the known-good
baselines of the LTX-2 audio-loop debugging guide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: (node type, widget) -> the values that are allowed, the first one is the one to set.
Values = Mapping[tuple[str, str], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Tier:
    """Which quantisation and LoRA rank a quality tier of the guide means, and how many steps; () for any."""

    name: str
    quantisation: str
    rank: int
    steps: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """One house. weights: the quantisation of the InfiniteTalk weights. rules: opt-in rules that it turns on."""

    name: str
    about: str
    values: Values
    home: frozenset[str]
    tiers: tuple[Tier, ...] = ()
    rules: frozenset[str] = field(default_factory=frozenset)
    weights: str = ""


_TALKING = frozenset(
    {"WanVideoImageToVideoMultiTalk", "MultiTalkWav2VecEmbeds", "MultiTalkModelLoader", "LongTakeWindowEmbedsWan"}
)
_LTX_VIDEO = frozenset(
    {
        "LTXVConditioning",
        "EmptyLTXVLatentVideo",
        "LTXVConcatAVLatent",
        "LTXVImgToVideo",
        "LTXVBaseSampler",
        "AudioLoopController",
    }
)

_PIXAROMA: Values = {
    ("WanVideoModelLoader", "base_precision"): ("fp16_fast",),
    ("WanVideoModelLoader", "attention_mode"): ("sageattn",),
    ("WanVideoLoraSelect", "strength"): (1.0,),
    ("WanVideoImageToVideoMultiTalk", "frame_window_size"): (81,),
    ("WanVideoImageToVideoMultiTalk", "motion_frame"): (25,),
    ("WanVideoImageToVideoMultiTalk", "colormatch"): ("mkl",),
    ("WanVideoImageToVideoMultiTalk", "mode"): ("infinitetalk",),
    ("WanVideoSampler", "cfg"): (1.0,),
    ("WanVideoSampler", "shift"): (11.0,),
    ("WanVideoSampler", "steps"): (4, 5, 6),
    ("WanVideoSampler", "scheduler"): ("dpm++_sde",),
    ("WanVideoBlockSwap", "blocks_to_swap"): (20,),
    ("WanVideoBlockSwap", "prefetch_blocks"): (1,),
    ("MultiTalkWav2VecEmbeds", "fps"): (25,),
    ("VHS_VideoCombine", "frame_rate"): (25,),
    ("VHS_VideoCombine", "format"): ("video/h264-mp4",),
    ("VHS_VideoCombine", "pix_fmt"): ("yuv420p",),
    ("VHS_VideoCombine", "crf"): (19,),
}

_QUICKSTART: Values = {
    ("WanVideoModelLoader", "base_precision"): ("bf16",),
    ("WanVideoModelLoader", "attention_mode"): ("sageattn",),
    ("WanVideoLoraSelect", "strength"): (0.8,),
    ("WanVideoImageToVideoMultiTalk", "frame_window_size"): (81,),
    ("WanVideoImageToVideoMultiTalk", "motion_frame"): (9,),
    ("WanVideoSampler", "cfg"): (1.0,),
    ("WanVideoSampler", "shift"): (11.0,),
    ("WanVideoSampler", "scheduler"): ("flowmatch_distill",),
    ("WanVideoBlockSwap", "blocks_to_swap"): (40,),
    ("WanVideoSampler", "steps"): (4,),
    ("VHS_VideoCombine", "frame_rate"): (25,),
    ("VHS_VideoCombine", "format"): ("video/h264-mp4",),
    ("VHS_VideoCombine", "pix_fmt"): ("yuv420p",),
    ("VHS_VideoCombine", "crf"): (19,),
}

_LTX: Values = {
    ("KSamplerSelect", "sampler_name"): ("euler",),
    ("ModelSamplingSD3", "shift"): (13.0,),
    ("BasicScheduler", "scheduler"): ("linear_quadratic",),
    ("BasicScheduler", "steps"): (8,),
    ("BasicScheduler", "denoise"): (1.0,),
    ("CFGGuider", "cfg"): (1.0,),
    ("LTX2_NAG", "nag_scale"): (11.0, 3.0, 4.0, 5.0, 6.0, 7.0),
    ("LTX2_NAG", "nag_alpha"): (0.25,),
    ("LTX2_NAG", "nag_tau"): (2.5,),
    ("LTX2_NAG", "inplace"): (True,),
    ("AudioLoopController", "overlap_seconds"): (2.0, 3.0),
    ("AudioLoopController", "window_seconds"): (19.88,),
    ("TimestampPromptSchedule", "snap_boundaries"): (True,),
    ("TimestampPromptSchedule", "blend_seconds"): (0.0,),
    ("LTXVPreprocess", "img_compression"): (18,),
}

PROFILES: Mapping[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile(
            "pixaroma",
            "InfiniteTalk with motion_frame 25, dpm++_sde, fp16_fast",
            _PIXAROMA,
            _TALKING,
            (Tier("sd", "Q4_0", 64, (4,)), Tier("hd", "Q5_0", 64, (4,)), Tier("fullhd", "Q5_0", 256, (6,))),
            weights="Q8_0",
        ),
        Profile(
            "quickstart",
            "the older InfiniteTalk settings: motion_frame 9, flowmatch_distill, bf16",
            _QUICKSTART,
            _TALKING,
            (Tier("speed", "Q4_0", 64), Tier("quality", "Q5_0", 256), Tier("most", "Q6_K", 256)),
        ),
        Profile(
            "ltx-standup",
            "LTX-2 loop for speech: euler, 8 steps, prompts judged",
            _LTX,
            _LTX_VIDEO,
            (),
            frozenset({"prompt-habits"}),
        ),
        Profile(
            "ltx-music",
            "LTX-2 loop for song: euler, 8 steps, prompts judged",
            _LTX,
            _LTX_VIDEO,
            (),
            frozenset({"prompt-habits"}),
        ),
    )
}
