"""Window -> take: colours brought to the take's, and the overlap of windows in latent space."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from comfy_api.latest import io, ui

from .core.color_match import METHODS, Correction, check_finite, match_window
from .core.color_plot import draw_drift
from .core.color_reference import REFERENCE_METHODS, match_reference
from .core.job import TakeWindow
from .core.latent import (
    BLENDS,
    FIRST_LATENTS,
    context_extract,
    overlap_crossfade,
    overlap_latents,
    overlap_trim,
)
from .host import CATEGORY, WindowWire, field, log, schema
from .take.colours import note_colours

_UNITS = ("latent frames", "frames")
_SCALES = {"4 (Wan)": 4, "8 (LTX)": 8}
_OFF = "off"


class ColorMatch(io.ComfyNode):
    """A window's colours brought to the take's, with one smooth transform."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """The node as ComfyUI shows it."""
        return schema(
            node_id="LongTakeColorMatch",
            display_name="Color Match",
            category=CATEGORY,
            description=(
                "Takes out the colour drift of a window before it is kept, so that the next one goes on from true "
                "colours. One transform for the window, fitted to frames that show the same thing; nothing flickers."
            ),
            search_aliases=[
                "longtake",
                "colour match",
                "color correction",
                "drift",
                "mkl",
                "reinhard",
                "color transfer",
            ],
            inputs=[
                field(io.Image.Input, "frames", tooltip="All frames of the window, overlap included, as decoded."),
                field(
                    io.Combo.Input,
                    "method",
                    options=[*METHODS, *REFERENCE_METHODS, _OFF],
                    default=METHODS[0],
                    tooltip=(
                        "overlap: fitted to the end of the window before. anchor: drift that grows inside the window, "
                        "seen on what stands still. mkl, reinhard, reinhard lab: the statistics of a reference picture."
                    ),
                ),
                field(
                    io.Float.Input,
                    "strength",
                    default=1.0,
                    min=0.0,
                    max=10.0,
                    step=0.01,
                    tooltip="How much of the correction is applied. 1: all of it.",
                ),
                field(
                    WindowWire.Input,
                    "window",
                    optional=True,
                    tooltip="From the Audio Loop Controller: which frames this window goes on from.",
                ),
                field(
                    io.Image.Input,
                    "first_frame",
                    optional=True,
                    tooltip="The take's first frame or start image, in the window's size. The anchor holds to it.",
                ),
                field(
                    io.Image.Input,
                    "previous",
                    optional=True,
                    tooltip=(
                        "Only without `window`: the last frames of the window before, corrected, which this one shows "
                        "again at its beginning."
                    ),
                ),
                field(
                    io.Image.Input,
                    "reference",
                    optional=True,
                    tooltip="Only for mkl and reinhard: the picture whose colours the window gets.",
                ),
                field(
                    io.Mask.Input,
                    "mask",
                    optional=True,
                    tooltip="What is compared, for example the background. All of the picture is corrected.",
                ),
                field(
                    io.Boolean.Input,
                    "per_frame",
                    default=False,
                    optional=True,
                    advanced=True,
                    tooltip="Only for mkl and reinhard: match each frame by itself. Flickers where things move.",
                ),
            ],
            outputs=[
                field(io.Image.Output, "frames_out", display_name="frames", tooltip="To Keep Window."),
                field(io.String.Output, "report", display_name="report", tooltip="What was found and done."),
                field(
                    io.Image.Output, "plot", display_name="plot", tooltip="The drift found, over the windows so far."
                ),
            ],
        )

    @classmethod
    def execute(
        cls,
        frames: torch.Tensor,
        method: str,
        strength: float = 1.0,
        window: TakeWindow | None = None,
        first_frame: torch.Tensor | None = None,
        previous: torch.Tensor | None = None,
        reference: torch.Tensor | None = None,
        mask: torch.Tensor | None = None,
        per_frame: bool = False,
    ) -> io.NodeOutput:
        """Correct the window, note what was found, and show it."""
        correction: Correction | None = None
        if method == _OFF:
            check_finite(frames)
            made, words = frames, "Off: the window is as it was."
        elif method in REFERENCE_METHODS:
            made, words = _to_reference(frames, method, strength, reference, mask, per_frame)
        else:
            first, before = _goes_on_from(window, first_frame, previous)
            made, correction = match_window(frames, before, first, method, strength=strength, mask=mask)
            words = "\n".join(correction.words)
        index = window.window.index if window else 0
        report = correction.to_json() if correction else {"words": [words]}
        reports = note_colours(Path(window.folder), index, report) if window else {index: report}
        plot = torch.from_numpy(np.asarray(draw_drift(reports)).astype(np.float32) / 255)[None]
        log.info("Color Match, window %d: %s", index + 1, words.replace("\n", " "))
        shown = {**ui.PreviewImage(plot, cls=None).as_dict(), "text": (words,)}
        return io.NodeOutput(made, words, plot, ui=shown)


def _to_reference(
    frames: torch.Tensor,
    method: str,
    strength: float,
    reference: torch.Tensor | None,
    mask: torch.Tensor | None,
    per_frame: bool,
) -> tuple[torch.Tensor, str]:
    if reference is None:
        raise ValueError(f"{method} needs a reference picture. Link `reference`, or use the method {METHODS[0]!r}.")
    made = match_reference(frames, reference, method, per_frame=per_frame, strength=strength, mask=mask)
    each = "each frame" if per_frame else "the window"
    return made, f"{method}: {each} matched to the reference picture."


def _goes_on_from(
    window: TakeWindow | None, first_frame: torch.Tensor | None, previous: torch.Tensor | None
) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """The take's first frame and the tail of the window before, as far as they are known."""
    if window is None:
        return first_frame, previous
    if previous is not None:
        raise ValueError("`window` and `previous` both say what the window goes on from. Link only one, best `window`.")
    if window.window.overlap == 0:
        return (window.motion_frames[:1] if first_frame is None else first_frame), None
    return first_frame, window.motion_frames


def _overlap_inputs(what: str) -> list[Any]:
    return [
        field(io.Int.Input, "overlap", default=3, min=0, max=10000, tooltip=what),
        field(
            io.Combo.Input,
            "unit",
            options=list(_UNITS),
            default=_UNITS[0],
            tooltip="What `overlap` counts. Frames are converted: 9 are 3 latent frames of Wan, 49 are 7 of LTX.",
        ),
        field(
            io.Combo.Input,
            "temporal_scale",
            options=list(_SCALES),
            default=next(iter(_SCALES)),
            tooltip="Frames that one latent frame stands for.",
        ),
    ]


class LatentOverlapTrim(io.ComfyNode):
    """A window's latent without the frames that it shares with the window before."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """The node as ComfyUI shows it."""
        return schema(
            node_id="LongTakeLatentOverlapTrim",
            display_name="Latent Overlap Trim",
            category=CATEGORY,
            description=(
                "Drops the first latent frames of a window: those it shares with the window before. "
                "The noise mask goes with them. Sound beside the video is cut at the same time."
            ),
            search_aliases=["longtake", "select latents", "trim latent", "overlap", "ltx"],
            inputs=[
                field(io.Latent.Input, "latent", tooltip="From the sampler, after its guides are cropped."),
                *_overlap_inputs("How much to drop from the beginning."),
            ],
            outputs=[field(io.Latent.Output, "trimmed", display_name="latent")],
        )

    @classmethod
    def execute(cls, latent: dict[str, Any], overlap: int, unit: str, temporal_scale: str) -> io.NodeOutput:
        """Drop them."""
        scale = _SCALES[temporal_scale]
        return io.NodeOutput(overlap_trim(latent, overlap_latents(overlap, unit, scale), scale))


class LatentContextExtract(io.ComfyNode):
    """The end of a window's latent, for the next window to go on from."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """The node as ComfyUI shows it."""
        return schema(
            node_id="LongTakeLatentContextExtract",
            display_name="Latent Context Extract",
            category=CATEGORY,
            description=(
                "Takes the last latent frames of a window, for the next one to go on from, without the noise mask "
                "of this one. Sound beside the video is cut at the same time."
            ),
            search_aliases=["longtake", "select latents", "tail", "context", "overlap", "ltx"],
            inputs=[
                field(io.Latent.Input, "latent", tooltip="The window that is finished."),
                *_overlap_inputs("How much to take from the end."),
            ],
            outputs=[field(io.Latent.Output, "context", display_name="latent")],
        )

    @classmethod
    def execute(cls, latent: dict[str, Any], overlap: int, unit: str, temporal_scale: str) -> io.NodeOutput:
        """Take them."""
        scale = _SCALES[temporal_scale]
        return io.NodeOutput(context_extract(latent, overlap_latents(overlap, unit, scale), scale))


class LatentOverlapCrossfade(io.ComfyNode):
    """Two windows' latents as one, mixed where they overlap."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """The node as ComfyUI shows it."""
        return schema(
            node_id="LongTakeLatentOverlapCrossfade",
            display_name="Latent Overlap Crossfade",
            category=CATEGORY,
            description=(
                "Joins the latents of two windows and crossfades the frames that both have. A latent frame that "
                "stands for one frame is never mixed with one that stands for several."
            ),
            search_aliases=["longtake", "blend latents", "join latents", "overlap", "ltx"],
            inputs=[
                field(io.Latent.Input, "before", tooltip="The window before, or all windows so far."),
                field(io.Latent.Input, "after", tooltip="The next window, with its overlap."),
                *_overlap_inputs("How much of `after` is also in `before`."),
                field(
                    io.Combo.Input,
                    "mode",
                    options=list(BLENDS),
                    default=BLENDS[0],
                    tooltip=(
                        "linear; cosine: raised cosine; variance-preserving: linear, with the grain kept that "
                        "mixing two windows would average away."
                    ),
                ),
                field(
                    io.Combo.Input,
                    "first_latent",
                    options=list(FIRST_LATENTS),
                    default=FIRST_LATENTS[0],
                    tooltip=(
                        "What the first latent frame of `after` stands for. one frame: the window was encoded or made "
                        "by itself. a whole latent: it was given latents of `before` as its beginning."
                    ),
                ),
            ],
            outputs=[field(io.Latent.Output, "joined", display_name="latent")],
        )

    @classmethod
    def execute(
        cls,
        before: dict[str, Any],
        after: dict[str, Any],
        overlap: int,
        unit: str,
        temporal_scale: str,
        mode: str = BLENDS[0],
        first_latent: str = FIRST_LATENTS[0],
    ) -> io.NodeOutput:
        """Join them."""
        scale = _SCALES[temporal_scale]
        count = overlap_latents(overlap, unit, scale)
        return io.NodeOutput(overlap_crossfade(before, after, count, mode, first=first_latent, temporal_scale=scale))
