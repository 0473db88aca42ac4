"""Prompts are encoded inside the loop while LTX2_NAG holds tensors of the model.

Why is this bad?
    A prompt that changes loads the text encoder, which pushes the video model off the GPU. What LTX2_NAG keeps
    for itself does not move with the model, and is stale when the model comes back: from the second window on
    the negative prompt no longer works, and what it kept away returns. An encoder that remembers its texts does
    it less often.

Fix
    The schedule becomes TimestampPromptScheduleBatchEncode, which encodes all prompts once; its consumers are
    linked to it, and the encoders are left without a text. Unsafe: it needs a newer ComfyUI-AudioLoopHelper.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.edits import ChangeType, Connect, Disconnect, Edit
from ..workflow.graph import Graph, Node, Output
from . import ltx, roles
from .engine import Context, DoesNotApply, Finding
from .examples import changed, prompt
from .loops import varying
from .ltx_examples import GRAPH

NAME = "clip-in-loop"
SEVERITY = "error"
FIX = "unsafe"
TYPES = (ltx.NAG,)
ABSENT = "LTX2_NAG is not used"

_SCHEDULE, _BATCH = "TimestampPromptSchedule", "TimestampPromptScheduleBatchEncode"
_SETTINGS = ("current_iteration", "stride_seconds", "schedule", "blend_seconds", "snap_boundaries")
#: The schedule's outputs that hold a prompt now and its conditioning then: this window's and the next one's.
_PROMPTS = (0, 1)


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """The encoders in the body of every loop whose text may change from one window to the next."""
    nags = [node for node in graph.of(ltx.NAG) if node.number("nag_scale") != 0]
    loops = ltx.sampling_loops(graph)
    if not nags or not loops:
        raise DoesNotApply("there is no loop over LTX windows with an active LTX2_NAG")
    for looped in loops:
        again = varying(graph, looped.loop)
        encoders = [node for node in graph.of(sorted(roles.TEXT_ENCODE - ltx.SCHEDULES)) if node in again]
        places = dict.fromkeys(_schedule_of(node) or node for node in encoders)
        for place in places:
            here = [node for node in encoders if (_schedule_of(node) or node) is place]
            names = " and ".join(sorted(node.label for node in here))
            text = (
                f"{names} {'encode' if len(here) > 1 else 'encodes'} prompts inside the loop, which "
                "moves the model that "
                f"{nags[0].label} has patched off the GPU. Encode all prompts once, before the loop."
            )
            yield Finding(place, text, _batch(graph, here))


def _schedule_of(encoder: Node) -> Node | None:
    feeder = encoder.feeder("text")
    return feeder if feeder is not None and feeder.type == _SCHEDULE else None


def _batch(graph: Graph, encoders: list[Node]) -> tuple[Edit, ...]:
    """Let the schedule encode; nothing if anything else than these encoders hangs on its prompts."""
    sources = [node.source("text") for node in encoders]
    clips = {source for node in encoders if isinstance(source := node.source("clip"), Output)}
    schedules = {source.node for source in sources if isinstance(source, Output) and source.slot in _PROMPTS}
    if len(schedules) != 1 or len(clips) != 1 or not all(isinstance(source, Output) for source in sources):
        return ()
    schedule, clip = schedules.pop(), clips.pop()
    takers = [taker for slot in _PROMPTS for taker, _ in graph.takers(schedule, slot)]
    if schedule.type != _SCHEDULE or clip.node.scope is not schedule.scope or not set(takers) <= set(encoders):
        return ()
    edits: list[Edit] = [
        ChangeType(
            schedule.path,
            _BATCH,
            {name: name for name in _SETTINGS},
            {name: schedule.values[name] for name in _SETTINGS if name in schedule.values},
        ),
        Connect(schedule.path, "clip", clip.node.path, clip.slot),
    ]
    for node, source in zip(encoders, sources, strict=True):
        for taker, name in graph.takers(node):
            hop = next((hop for hop in graph.hops(taker, name) if hop.node.scope is schedule.scope), None)
            if hop is None or not isinstance(source, Output):
                return ()
            edits.append(Connect(hop.node.path, hop.input, schedule.path, source.slot))
        edits.append(Disconnect(node.path, "text"))
    return tuple(edits)


_SET = {name: GRAPH["prompts"]["inputs"][name] for name in _SETTINGS}
_BLEND = prompt(
    blend=(
        "ConditioningBlend",
        {"conditioning_a": ("now", 0), "conditioning_b": ("then", 0), "blend_factor": ("prompts", 2)},
    )
)
_BAD = {
    **changed(GRAPH, "guide", positive=("blend", 0)),
    **_BLEND,
    **prompt(
        prompts=(_SCHEDULE, _SET),
        now=("CachedTextEncode_AudioLoop", {"clip": ("clip", 0), "text": ("prompts", 0)}),
        then=("CachedTextEncode_AudioLoop", {"clip": ("clip", 0), "text": ("prompts", 1)}),
    ),
}
_AFTER = changed(
    changed(
        changed(
            {**_BAD, "prompts": GRAPH["prompts"]}, "blend", conditioning_a=("prompts", 0), conditioning_b=("prompts", 1)
        ),
        "now",
        text="",
    ),
    "then",
    text="",
)
GOOD = (GRAPH, _AFTER, changed(_BAD, "nag", nag_scale=0.0))
BAD = (
    (_BAD, _AFTER),
    # Something else reads the prompt too: found, and left to be mended by hand.
    ({**_BAD, **prompt(look=("PreviewAny", {"source": ("prompts", 0)}))}, None),
)
