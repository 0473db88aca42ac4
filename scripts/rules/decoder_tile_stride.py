"""The tiled decoder's seams do not fall where the windows meet, or its overlap is cut down silently.

Why is this bad?
    VAEDecodeTiled decodes a stretch of frames at a time, and every border of a stretch shows as a pulse. If the
    stretches are as long as the stride of the windows, the seams lie where windows meet anyway; else they run
    all through the video, every few seconds. LTXVTiledVAEDecode cuts in space only and has no such seams.
    ComfyUI also takes a quarter of the tile for an overlap above that, and halves a temporal overlap above half
    of its stretch, without a word.

Fix
    The decoder becomes LTXVTiledVAEDecode (from ComfyUI-LTXVideo), which needs more memory: unsafe, and
    `--revert` takes it back. An overlap that is cut down is set to what is used anyway.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.edits import ChangeType
from ..workflow.graph import Graph, Node
from . import ltx
from .engine import Context, DoesNotApply, Finding
from .examples import changed, prompt
from .ltx_examples import CLIP, LOOP
from .settings import set_value, shown

NAME = "decoder-tile-stride"
SEVERITY = "warning"
FIX = "safe"
TYPES = ("VAEDecodeTiled",)
ABSENT = "no tiled decoder of ComfyUI is used"

_SPATIAL_ONLY = "LTXVTiledVAEDecode"
_WIDGETS = {
    "horizontal_tiles": 2,
    "vertical_tiles": 2,
    "overlap": 1,
    "last_frame_fix": True,
    "working_device": "auto",
    "working_dtype": "auto",
}
#: A decoder's overlap of about a seventh of its step keeps it well under a quarter of the tile.
_SHARE = 7


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Decoders of LTX latents; strides only where the windows are known and what is decoded is their sequence."""
    decoders = graph.of(TYPES) if ltx.samplers(graph) else []
    if not decoders:
        raise DoesNotApply("nothing of LTX is decoded in tiles")
    joined = {node for looped in ltx.sampling_loops(graph) for node in graph.downstream(looped.loop.close)}
    windows = ltx.only_windows(graph)
    for node in decoders:
        yield from _clamped(node)
        if windows is not None and node in joined:
            yield from _seams(node, windows)


def _clamped(node: Node) -> Iterator[Finding]:
    pairs = (("tile_size", "overlap", 4), ("temporal_size", "temporal_overlap", 2))
    for tile, shared, least in pairs:
        size, overlap = node.number(tile), node.number(shared)
        if size is None or overlap is None or size >= overlap * least:
            continue
        used = int(size) // 4 if least == 4 else int(overlap) // 2
        text = (
            f"{shared} {shown(overlap)} is too much for {tile} {shown(size)}, and ComfyUI uses {used} "
            f"without a word. Set {used}."
        )
        yield Finding(node, text, set_value(node, shared, used), severity="info" if least == 4 else "")


def _seams(node: Node, windows: ltx.Windows) -> Iterator[Finding]:
    size, overlap = node.number("temporal_size"), node.number("temporal_overlap")
    if size is None or overlap is None:
        return
    overlap = overlap // 2 if size < overlap * 2 else overlap
    tiles = max(2, int(size) // ltx.TEMPORAL)
    step = (tiles - max(1, min(tiles // 2, int(overlap) // ltx.TEMPORAL))) * ltx.TEMPORAL
    if step == windows.stride:
        return
    shared = windows.stride // _SHARE // ltx.TEMPORAL * ltx.TEMPORAL
    text = (
        f"The decoder has a seam every {shown(float(step / windows.fps))} s, and windows meet every "
        f"{shown(windows.stride_seconds)} s. Use {_SPATIAL_ONLY}, or temporal_size {windows.stride + shared} with "
        f"temporal_overlap {shared}."
    )
    swap = ChangeType(node.path, _SPATIAL_ONLY, {"samples": "latents", "vae": "vae"}, _WIDGETS)
    yield Finding(node, text, (swap,), safe=False)


_TILED = prompt(
    LOOP,
    decode=(
        "VAEDecodeTiled",
        {
            "samples": ("join", 0),
            "vae": ("vae", 0),
            "tile_size": 512,
            "overlap": 64,
            "temporal_size": 512,
            "temporal_overlap": 64,
        },
    ),
)
_SWAPPED = prompt(LOOP, decode=("LTXVTiledVAEDecode", {"latents": ("join", 0), "vae": ("vae", 0), **_WIDGETS}))
_CLIP = CLIP | prompt(
    decode=(
        "VAEDecodeTiled",
        {
            "samples": ("first_parts", 0),
            "vae": ("vae", 0),
            "tile_size": 512,
            "overlap": 64,
            "temporal_size": 64,
            "temporal_overlap": 8,
        },
    )
)
GOOD = (_TILED, _SWAPPED, _CLIP)
BAD = (
    (changed(_TILED, "decode", temporal_size=64, temporal_overlap=8), _SWAPPED),
    (changed(_TILED, "control", overlap_seconds=3.0), changed(_SWAPPED, "control", overlap_seconds=3.0)),
    (changed(_TILED, "decode", overlap=256), changed(_TILED, "decode", overlap=128)),
    (changed(_CLIP, "decode", temporal_overlap=40), changed(_CLIP, "decode", temporal_overlap=20)),
)
