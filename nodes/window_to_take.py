"""Window -> take: the window on disk, the next one queued, and at the end the video."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from comfy.cli_args import args
from comfy_api.latest import InputImpl, io

from .core.job import TakeWindow
from .core.seam import SEAMS
from .host import CATEGORY, WindowWire, announce, blocked, field, log, saved_result, say, schema, store
from .relay import next_prompt, nothing_next, post_next
from .take.changes import changes, plain_prompt
from .take.keep import Style, keep_window
from .take.kept import POSTER, Damaged, KeptWindow
from .take.progress import describe, status
from .take.take import Surplus, Take
from .take.video import Encoding

_FORMATS = {"mp4 (H.264)": "h264", "mkv (FFV1, lossless)": "ffv1"}
_CHANGES_SHOWN = 3
NEXT, LAST = "next", "after what is queued"


class KeepWindow(io.ComfyNode):
    """A window's frames in, the finished video out when the last one is there."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """The node as ComfyUI shows it."""
        return schema(
            node_id="LongTakeKeepWindow",
            display_name="Keep Window",
            category=CATEGORY,
            description=(
                "Writes the window into its take and queues the graph again until the take is complete; then joins "
                "the windows and the sound into one file. What is kept survives a cancel, a crash and a power cut."
            ),
            search_aliases=["longtake", "save video", "video combine", "segment"],
            is_output_node=True,
            hidden=[io.Hidden.prompt, io.Hidden.unique_id, io.Hidden.extra_pnginfo],
            inputs=[
                field(WindowWire.Input, "window", tooltip="From the Audio Loop Controller."),
                field(
                    io.Image.Input,
                    "frames",
                    lazy=True,
                    tooltip=(
                        "All frames of the window, overlap included. They may be upscaled or interpolated. They are "
                        "asked for only if this window is not there yet."
                    ),
                ),
                field(
                    io.Image.Input,
                    "continue_from",
                    lazy=True,
                    optional=True,
                    tooltip=(
                        "The frames as the model made them, if `frames` were upscaled or interpolated: the next "
                        "window goes on from these."
                    ),
                ),
                field(
                    io.Combo.Input,
                    "format",
                    optional=True,
                    options=list(_FORMATS),
                    default=next(iter(_FORMATS)),
                    tooltip="How the take is written: as its first window was. They are joined without encoding again.",
                ),
                field(
                    io.Int.Input,
                    "crf",
                    optional=True,
                    default=19,
                    min=0,
                    max=51,
                    tooltip="Quality of H.264: lower is better and larger. Its first window decides for a take.",
                ),
                field(
                    io.Combo.Input,
                    "seam",
                    optional=True,
                    options=list(SEAMS),
                    default=SEAMS[0],
                    tooltip=(
                        "How two windows meet in the frames that they share. cut: the window before to the end of the "
                        "overlap. linear, cosine: a crossfade. best cut: where the two differ least, colours fitted. "
                        "Its first window decides for a take."
                    ),
                ),
                field(
                    io.Combo.Input,
                    "next_window",
                    optional=True,
                    options=[NEXT, LAST],
                    default=NEXT,
                    advanced=True,
                    tooltip=(
                        "When the next window runs. 'after what is queued' lets other prompts in between; models may "
                        "then be loaded again."
                    ),
                ),
            ],
            outputs=[
                field(
                    io.Video.Output,
                    "video",
                    display_name="video",
                    tooltip="The finished video; nothing before the last window.",
                ),
                field(
                    io.Image.Output,
                    "frames_out",
                    display_name="frames",
                    tooltip="This window's frames, for other loops.",
                ),
                field(
                    io.Int.Output,
                    "kept",
                    display_name="kept",
                    tooltip="How many windows stand: a small value for other loops to carry from window to window.",
                ),
            ],
        )

    @classmethod
    def check_lazy_status(cls, window: TakeWindow, **linked: Any) -> list[str]:
        """Frames are wanted only for a window that is not there. What is not linked is not among `linked`."""
        return [] if window.made else [name for name in ("frames", "continue_from") if name in linked]

    @classmethod
    def execute(
        cls,
        window: TakeWindow,
        frames: torch.Tensor | None = None,
        continue_from: torch.Tensor | None = None,
        format: str = next(iter(_FORMATS)),  # noqa: A002 - the name on the widget
        crf: int = 19,
        seam: str = SEAMS[0],
        next_window: str = NEXT,
    ) -> io.NodeOutput:
        """Keep the window, then queue the next one or join."""
        node, take = cls.hidden.unique_id, Take(Path(window.folder))
        graph = _graph(cls.hidden.prompt, cls.hidden.extra_pnginfo)
        told = ""
        if not window.made and frames is not None:
            style = Style(Encoding(codec=_FORMATS[format], crf=crf), seam)
            told = _keep(take, window, frames, continue_from, style, graph)
        video = _finished(take, graph)
        if video is not None:
            nothing_next(window.folder)
        elif not window.looped:
            post_next(take.record.take, window.folder, window.controller, others_first=next_window == LAST)
        say("\n".join(filter(None, (told, describe(take)))), node, window.controller)
        announce(_status(take, video))
        return io.NodeOutput(
            InputImpl.VideoFromFile(str(video)) if video else blocked(),
            blocked() if frames is None else frames,
            take.state.kept,
            ui=_shown(take, window, video),
        )


def _keep(
    take: Take,
    window: TakeWindow,
    frames: torch.Tensor,
    continue_from: torch.Tensor | None,
    style: Style,
    graph: Mapping[str, Any],
) -> str:
    """Why the window was not kept, or what was set otherwise than for the one before; empty mostly."""
    try:
        kept = keep_window(
            take,
            window,
            frames.float().cpu().numpy(),
            None if continue_from is None else continue_from.float().cpu().numpy(),
            style=style,
            graph=graph,
            seconds=time.time() - window.started,
        )
    except (Surplus, Damaged) as not_kept:
        return str(not_kept)
    return "\n".join(_changes(take, kept))


def _finished(take: Take, graph: Mapping[str, Any]) -> Path | None:
    """The joined video, if every window is there and whole."""
    if not take.complete:
        return None
    first = take.kept(0)
    path = store().video(take, first.encoding.suffix if first else ".mp4")
    metadata = {} if args.disable_metadata else {key: json.dumps(value) for key, value in graph.items() if value}
    try:
        return take.finish(path, metadata)
    except Damaged as damage:
        log.warning("%s", damage)
        return None


def _graph(prompt: Mapping[str, Any] | None, extra: Mapping[str, Any] | None) -> dict[str, Any]:
    """What made a window: the prompt without the marks of running it, and the workflow on the canvas."""
    return {"prompt": plain_prompt(prompt or {}), **(extra or {})}


def _changes(take: Take, kept: KeptWindow) -> list[str]:
    """What was set otherwise than for the window before: the first lines; all of them are in the log."""
    before = take.kept(kept.index - 1) if kept.index else None
    if before is None or before.graph == kept.graph:
        return []
    old, new = take.graph(before.graph), take.graph(kept.graph)
    lines = list(changes((old or {}).get("prompt", {}), (new or {}).get("prompt", {})))
    for line in lines:
        log.info("From window %d of %s on: %s", kept.index + 1, take.record.name, line)
    more = [f"and {len(lines) - _CHANGES_SHOWN} more"] if len(lines) > _CHANGES_SHOWN else []
    return [f"From window {kept.index + 1} on: {line}" for line in lines[:_CHANGES_SHOWN]] + more


def _status(take: Take, video: Path | None) -> dict[str, Any]:
    return {
        **status(take, with_windows=False),
        "next_prompt_id": next_prompt(str(take.folder)),
        "video": saved_result(video) if video else None,
    }


def _shown(take: Take, window: TakeWindow, video: Path | None) -> dict[str, Any]:
    """The preview in the node: the finished video, or this window."""
    text = (describe(take),)
    shown = video
    kept = take.kept(window.window.index)
    if shown is None and kept:
        shown = take.window_folder(kept.index, kept.attempt) / kept.segment
    if shown is None:
        return {"text": text}
    if shown.suffix != ".mp4" and kept:
        poster = take.window_folder(kept.index, kept.attempt) / POSTER
        return {"images": [saved_result(poster)], "text": text}
    return {"images": [saved_result(shown)], "animated": (True,), "text": text}
