"""Plan -> window: the first window of the take that is not there yet, and all that it needs."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import torch
from comfy_api.latest import io

from .core.job import SoundPlan, TakeWindow
from .core.plan import Plan, Window
from .core.units import frames_to_samples_rounded
from .host import CATEGORY, SoundPlanWire, WindowWire, announce, blocked, field, log, say, schema, store
from .relay import may_go_on, next_prompt, relay_of
from .take.next import next_job
from .take.progress import describe, status
from .take.store import Material, differences

_NO_INDEX = -1
CONTINUE, ANEW = "continue", "begin anew"


class AudioLoopController(io.ComfyNode):
    """A plan in, the next window of its take out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """The node as ComfyUI shows it."""
        return schema(
            node_id="LongTakeAudioLoopController",
            display_name="Audio Loop Controller",
            category=CATEGORY,
            description=(
                "Looks into the take's folder, finds the first window that is not there, and hands out what it "
                "needs. The graph makes one window; Keep Window queues it again for the next. Stop at any "
                "time: queueing the graph again goes on where the take stands."
            ),
            search_aliases=["longtake", "loop", "long video", "infinitetalk", "resume"],
            hidden=[io.Hidden.prompt, io.Hidden.unique_id],
            inputs=[
                field(SoundPlanWire.Input, "plan", tooltip="From the Frame Window Planner."),
                field(
                    io.Image.Input,
                    "start_image",
                    tooltip="The picture that speaks: the first window continues from it.",
                ),
                field(
                    io.String.Input,
                    "take",
                    default="my take",
                    tooltip="Its name: a folder below output/longtake. The same name goes on with the same take.",
                ),
                field(
                    io.Int.Input,
                    "seed",
                    default=0,
                    min=0,
                    max=0xFFFFFFFFFFFFFFFF,
                    control_after_generate=True,
                    tooltip="The seed all windows derive theirs from. It counts when a take begins and is then kept.",
                ),
                field(
                    io.Combo.Input,
                    "unfinished",
                    options=[CONTINUE, ANEW],
                    default=CONTINUE,
                    tooltip=(
                        "What to do with a take of this name that stands already. continue: make what is missing. "
                        "begin anew: start another take every time you queue; the old one is kept."
                    ),
                ),
                field(
                    io.Int.Input,
                    "index",
                    default=_NO_INDEX,
                    min=_NO_INDEX,
                    max=1_000_000,
                    optional=True,
                    advanced=True,
                    tooltip=(
                        "Only for graphs that loop by other nodes: the window to make, from 0. The take then does "
                        "not choose the window and Keep Window queues nothing. -1: not used."
                    ),
                ),
            ],
            outputs=[
                field(
                    WindowWire.Output,
                    "window",
                    display_name="window",
                    tooltip="All that this window needs. To Window Embeds and Keep Window.",
                ),
                field(io.Int.Output, "index_out", display_name="index", tooltip="Which window this is, from 0."),
                field(io.Boolean.Output, "is_first", display_name="is_first", tooltip="Whether it is the first."),
                field(io.Boolean.Output, "is_last", display_name="is_last", tooltip="Whether it is the last."),
                field(io.Float.Output, "start", display_name="start_seconds", tooltip="Where it begins in the sound."),
                field(io.Float.Output, "duration", display_name="duration_seconds", tooltip="How long it is."),
                field(io.Int.Output, "frames", display_name="frames", tooltip="How many frames it has."),
                field(
                    io.Audio.Output,
                    "audio",
                    display_name="audio",
                    tooltip="Its part of the sound, with silence behind the end.",
                ),
                field(io.Int.Output, "seed_out", display_name="seed", tooltip="This window's seed. To the sampler."),
                field(
                    io.Image.Output,
                    "motion_frames",
                    display_name="motion_frames",
                    tooltip="The frames it goes on from; for the first window the start image.",
                ),
                field(
                    io.Boolean.Output,
                    "should_stop",
                    display_name="should_stop",
                    tooltip="True for the last window, for loops of other packs.",
                ),
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, take: str | None = None, unfinished: str | None = None, **_: Any) -> str:
        """The take's revision: whatever changes in its folder lets this node look again.

        Only widgets can be seen here. A linked name cannot, nor can whether a new take is due; then it runs, and
        where there is no take: what ran before may have begun one that somebody has removed since.
        """
        current = store().current(take) if take and unfinished == CONTINUE else None
        return current.revision if current else str(time.time_ns())

    @classmethod
    def execute(
        cls,
        plan: SoundPlan,
        start_image: torch.Tensor,
        take: str,
        seed: int,
        unfinished: str = CONTINUE,
        index: int = _NO_INDEX,
    ) -> io.NodeOutput:
        """Find the window and hand it out."""
        node = cls.hidden.unique_id
        relay = relay_of(cls.hidden.prompt, node)
        if relay and not may_go_on(relay):
            log.info("%s stops here: the prompt before was interrupted or failed. Queue again to go on.", take)
            return io.NodeOutput(*[blocked()] * len(cls.define_schema().outputs))
        material = _material(plan, start_image)
        if relay:
            current, message = store().take(take, relay.take), ""
            if changed := differences(current.record, material):
                raise ValueError(
                    f"The {' and the '.join(changed)} of {take} changed while it was being made. Put back what it "
                    "began with and queue again to go on, or queue again as it is to begin a new take."
                )
        else:
            fresh = unfinished == ANEW and index <= 0
            current, message = store().open(take, material, seed, fresh=fresh)
        if index != _NO_INDEX and index >= len(plan.plan.windows):
            raise ValueError(
                f"Window {index + 1} was asked for, and {take} has {len(plan.plan.windows)}. "
                "Stop the loop when `should_stop` is true."
            )
        current.check_room()
        chosen = None if index == _NO_INDEX else index
        job = next_job(current, material.picture, chosen, controller=node, warn=log.warning)
        job = replace(job, motion_frames=torch.from_numpy(job.motion_frames))
        if not relay:  # else Keep Window has just said it
            say("\n".join(filter(None, (message, describe(current)))), node)
        announce({**status(current, with_windows=False), "next_prompt_id": next_prompt(str(current.folder))})
        return io.NodeOutput(*_outputs(job, plan))


def _material(planned: SoundPlan, start_image: torch.Tensor) -> Material:
    return Material(
        plan=planned.plan,
        waveform=planned.waveform[0].float().cpu().numpy(),
        sample_rate=planned.sample_rate,
        sound_hash=planned.sound_hash,
        picture=start_image[0, :, :, :3].float().cpu().contiguous().numpy(),
    )


def _outputs(job: TakeWindow, planned: SoundPlan) -> list[Any]:
    """One value for each output. Where nothing is left to make, what leads to a sampler is blocked."""
    window, last = job.window, len(job.plan.windows) - 1
    audio = audio_slice(planned.waveform, planned.sample_rate, job.plan, window)
    work: list[Any] = [audio, job.seed, job.motion_frames]
    return [
        job,
        window.index,
        window.index == 0,
        window.index == last,
        float(window.start / job.plan.fps),
        float(window.frames / job.plan.fps),
        window.frames,
        *([blocked()] * len(work) if job.made else work),
        window.index == last,
    ]


def audio_slice(waveform: torch.Tensor, sample_rate: int, plan: Plan, window: Window) -> dict[str, Any]:
    """The sound of one window, padding included: ComfyUI AUDIO, (1, C, n); silence past the end."""
    start, stop = (frames_to_samples_rounded(frame, plan.fps, sample_rate) for frame in (window.start, window.stop))
    part = waveform[..., start:stop]
    silence = stop - start - part.shape[-1]
    return {"waveform": torch.nn.functional.pad(part, (0, silence)), "sample_rate": sample_rate}
