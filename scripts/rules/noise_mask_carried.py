"""A latent goes from one window to the next with the noise mask of the window before.

Why is this bad?
    The mask says which frames are fixed and which are made. Nodes that build the next window's mask start from
    the one that they are given: the old one then fixes frames that should be made, and sound and lips are off
    by seconds from the second window on. VAEEncode drops the mask in passing; nodes that cut a latent keep it.

Fix
    This pack's Latent Context Extract, which takes the last frames without their mask, between the two. Where the
    node before takes the last frames already, it only takes the mask off.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..workflow.edits import Connect, Edit, Insert
from ..workflow.graph import Graph, Node, Output
from . import ltx, roles
from .engine import Context, DoesNotApply, Finding
from .examples import changed, prompt
from .loops import Loop
from .ltx_examples import GRAPH

NAME = "noise-mask-carried"
SEVERITY = "error"
FIX = "safe"
TYPES = roles.LOOP_OPEN
ABSENT = "there is no loop"

_EXTRACT = "LongTakeLatentContextExtract"
#: Its settings: so many latent frames of LTX.
_SETTINGS = {"unit": "latent frames", "temporal_scale": "8 (LTX)"}
#: Start from the mask that they are given: type -> the latent's input.
_MASKS = {"LTXVAudioVideoMask": "video_latent"}
#: Hand a latent on with its mask: type -> the latent's input.
_KEEPS: Mapping[str, str] = {
    "LTXVSelectLatents": "samples",
    "LTXVAdainLatent": "latents",
    "LTXVCropGuides": "latent",
    "LTXVSeparateAVLatent": "av_latent",
    "LatentFromBatch": "samples",
    "IterationCleanup": "latent",
    "ProfileIterStep_AudioLoop": "latent",
}
#: What they give has a mask, whatever they got.
_MAKES = frozenset(
    {"LTXVCropGuides", "LTXVSeparateAVLatent", "SamplerCustomAdvanced", "SamplerCustom", "LTXVAudioVideoMask"}
)
_MOST_STEPS = 100
#: The new node in the edits; no path looks like this.
_KEY = "> extract"


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """From every place where a window's mask is made, back to what the loop carries."""
    masked = [
        (looped.loop, node, _MASKS[node.type])
        for looped in ltx.sampling_loops(graph)
        for node in graph.of(_MASKS)
        if node in looped.loop.body
    ]
    if not masked:
        raise DoesNotApply("no loop over LTX windows makes masks")
    for loop, node, name in masked:
        way = _carried(loop, node, name)
        if way is None:
            continue
        last, carried = way
        ends = [(loop.close, back) for out, back in loop.make.carried if out == carried.name]
        ends += [(loop.open, first) for first in loop.make.initial if first in loop.open.links]
        if any(_has_mask(end, entry) for end, entry in ends):
            text = (
                f"{last.node.label} hands the noise mask of the window before to {node.label}. "
                "Put a Latent Context Extract between them."
            )
            yield Finding(node, text, _extract(graph, last, node, name))


def _carried(loop: Loop, node: Node, name: str) -> tuple[Output, Output] | None:
    """What reaches an input, and the carried latent that it is a part of, if all nodes between keep the mask."""
    last: Output | None = None
    for _ in range(_MOST_STEPS):
        source = node.source(name)
        if not isinstance(source, Output):
            return None
        last = last or source
        if loop.carries(source):
            return last, source
        onward = _KEEPS.get(source.node.type)
        if onward is None:
            return None
        node, name = source.node, onward
    return None


def _has_mask(node: Node, name: str) -> bool:
    for _ in range(_MOST_STEPS):
        source = node.source(name)
        if not isinstance(source, Output):
            return False
        if source.node.type in _MAKES:
            return True
        onward = _KEEPS.get(source.node.type)
        if onward is None:
            return False
        node, name = source.node, onward
    return False


def _extract(graph: Graph, last: Output, node: Node, name: str) -> tuple[Edit, ...]:
    hop = next((hop for hop in graph.hops(node, name) if hop.node.scope is last.node.scope), None)
    frames = _frames(last.node)
    if hop is None or frames is None:
        return ()
    new = Insert(
        _KEY, _EXTRACT, hop.node.path, {"latent": (last.node.path, last.slot)}, {"overlap": frames, **_SETTINGS}
    )
    return new, Connect(hop.node.path, hop.input, _KEY)


def _frames(node: Node) -> int | None:
    """How many latent frames from the end a node takes, if it is typed."""
    if node.type != "LTXVSelectLatents" or node.number("end_index") != -1:
        return None
    start = node.number("start_index")
    return -int(start) if start is not None and start < 0 else None


_KEPT = prompt(context=("LTXVSelectLatents", {"samples": ("open", 1), "start_index": -7, "end_index": -1}))
_BAD = {**GRAPH, **_KEPT}
_AFTER = changed(
    {**_BAD, "1": prompt(new=(_EXTRACT, {"latent": ("context", 0), "overlap": 7, **_SETTINGS}))["new"]},
    "mask",
    video_latent=("1", 0),
)
_STRIPPED = changed(changed(_BAD, "close", processed=("overlap", 0)), "open", initial_value=("clean", 0))
GOOD = (
    GRAPH,
    # Nothing carried has a mask: it is taken off at both ends.
    {**_STRIPPED, **prompt(clean=("StripLatentNoiseMask", {"latent": ("first_parts", 0)}))},
)
BAD = (
    (_BAD, _AFTER),
    (changed(changed(_BAD, "mask", video_latent=("open", 1)), "close", processed=("crop", 2)), None),
)
