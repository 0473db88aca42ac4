"""Audio -> plan: how many frames and windows a sound needs, and where they lie."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from comfy_api.latest import io, ui

from .core.job import SoundPlan
from .core.plan import FAMILIES, FITS, Plan, make_plan
from .core.plan_picture import draw_plan
from .core.units import parse_fps, samples_to_frames_rounded_up
from .host import CATEGORY, SoundPlanWire, field, schema
from .take.sound import hash_sound


class FrameWindowPlanner(io.ComfyNode):
    """A sound in, the plan of its windows out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """The node as ComfyUI shows it."""
        return schema(
            node_id="LongTakeFrameWindowPlanner",
            display_name="Frame Window Planner",
            category=CATEGORY,
            description=(
                "Plans the windows of a video that is exactly as long as the sound. Every frame of the video "
                "comes from one window; what a window makes past the end is never kept."
            ),
            search_aliases=["longtake", "num_frames", "infinitetalk", "window", "audio length"],
            is_output_node=True,
            hidden=[io.Hidden.unique_id],
            inputs=[
                field(
                    io.Audio.Input,
                    "audio",
                    tooltip="The original sound. It is measured here and put into the video.",
                ),
                field(
                    io.Float.Input,
                    "fps",
                    default=25.0,
                    min=1.0,
                    max=1000.0,
                    step=0.001,
                    tooltip="Frames per second of the model. 23.976 and 29.97 mean 24000/1001 and 30000/1001.",
                ),
                field(
                    io.Combo.Input,
                    "family",
                    optional=True,
                    options=list(FAMILIES),
                    default="wan",
                    tooltip="wan counts frames in 4n + 1 (Wan 2.1 InfiniteTalk), ltx in 8n + 1 (LTX-2).",
                ),
                field(
                    io.Int.Input,
                    "window",
                    optional=True,
                    default=0,
                    min=0,
                    max=10001,
                    tooltip="Frames that one sampler call makes. 0: what the family's examples use (wan 81, ltx 497).",
                ),
                field(
                    io.Int.Input,
                    "overlap",
                    optional=True,
                    default=0,
                    min=0,
                    max=10000,
                    tooltip="Frames shared with the window before. 0: what the examples use (wan 9, ltx 49).",
                ),
                field(
                    io.Combo.Input,
                    "fit",
                    optional=True,
                    options=list(FITS),
                    default="exact",
                    tooltip=(
                        "How the end of the sound is met. exact: full windows, their overlaps a little larger. "
                        "shrink: a shorter last window. pad: as WanVideoWrapper's own loop, the excess cut off. "
                        "floor: only whole windows, the rest of the sound stays without picture."
                    ),
                ),
            ],
            outputs=[
                field(SoundPlanWire.Output, "plan", display_name="plan", tooltip="To the Audio Loop Controller."),
                field(
                    io.Int.Output,
                    "frames",
                    display_name="frames",
                    tooltip="Frames of the video. To num_frames of the audio embeds.",
                ),
                field(
                    io.Int.Output,
                    "window_length",
                    display_name="window_length",
                    tooltip="Frames of the longest window. To num_frames of WanVideoImageToVideoEncode.",
                ),
                field(io.Int.Output, "windows", display_name="windows", tooltip="How many windows there are."),
                field(
                    io.Float.Output,
                    "fps_out",
                    display_name="fps",
                    tooltip="Frames per second. To fps of the audio embeds.",
                ),
                field(io.String.Output, "report", display_name="report", tooltip="The plan in words."),
            ],
        )

    @classmethod
    def execute(
        cls,
        audio: dict[str, Any],
        fps: float,
        family: str = "wan",
        window: int = 0,
        overlap: int = 0,
        fit: str = FITS[0],
    ) -> io.NodeOutput:
        """Plan, and draw the plan over the waveform."""
        waveform, sample_rate = audio["waveform"], int(audio["sample_rate"])
        plan = plan_sound(waveform, sample_rate, fps, family, window, overlap, fit)
        sound = waveform[0].float().cpu().numpy()
        planned = SoundPlan(plan, waveform, sample_rate, hash_sound(sound, sample_rate))
        report = describe_plan(plan)
        picture = torch.from_numpy(np.asarray(draw_plan(plan, sound, sample_rate)).astype(np.float32) / 255)
        shown = {**ui.PreviewImage(picture[None], cls=None).as_dict(), "text": (report,)}
        return io.NodeOutput(
            planned, plan.frames, plan.longest_window, len(plan.windows), float(plan.fps), report, ui=shown
        )


def plan_sound(
    waveform: torch.Tensor, sample_rate: int, fps: float, family: str, window: int, overlap: int, fit: str
) -> Plan:
    """The plan of a sound; waveform: (1, C, N). A window or overlap of 0 is the family's own."""
    if waveform.ndim != 3 or waveform.shape[0] != 1:
        raise ValueError(
            f"The audio has the shape {tuple(waveform.shape)}. A take has one sound: give one of shape "
            "(1, channels, samples), for example from Load Audio."
        )
    defaults, rate = FAMILIES[family], parse_fps(fps)
    frames = samples_to_frames_rounded_up(waveform.shape[-1], rate, sample_rate)
    return make_plan(
        frames,
        fps=rate,
        temporal_scale=defaults.temporal_scale,
        window=window or defaults.window,
        overlap=overlap or defaults.overlap,
        fit=fit,
    )


def describe_plan(plan: Plan) -> str:
    """Two lines for a person: what is made, and what the windows share."""
    overlaps = sorted({window.overlap for window in plan.windows[1:]})
    ends = dict.fromkeys((*overlaps[:1], *overlaps[-1:]))
    shared = f", sharing {' to '.join(map(str, ends))} frames" if ends else ""
    seconds = float(plan.frames / plan.fps)
    count = len(plan.windows)
    return (
        f"{plan.frames} frames, {seconds:.2f} s at {float(plan.fps):g} fps: {count} window{'s' * (count > 1)} of "
        f"{plan.longest_window} frames{shared}.\n"
        f"{plan.generated} frames are made, {plan.padding} of them past the end and not kept."
    )
