"""Prompts are encoded inside the loop while LTX2_NAG holds tensors of the model.

Why is this bad?
    A prompt that changes loads the text encoder, which pushes the video model off the GPU. What LTX2_NAG keeps
    for itself does not move with the model, and is stale when the model comes back: from the second window on
    the negative prompt no longer works, and what it kept away returns. An encoder that remembers its texts does
    it less often.

Fix
    TimestampPromptScheduleBatchEncode encodes all prompts once, ConditioningSelectByIteration picks the window's,
    and what the old nodes fed is linked to it; the old ones are cut off from the loop and can be deleted. Only
    for a schedule that does not blend. Unsafe: it needs a newer ComfyUI-AudioLoopHelper.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.edits import Connect, Disconnect, Edit, Insert
from ..workflow.graph import Graph, Node, Output
from . import ltx, roles
from .engine import Context, DoesNotApply, Finding
from .examples import changed, prompt
from .loops import varying
from .ltx_examples import GRAPH, PER_WINDOW

NAME = "clip-in-loop"
SEVERITY = "error"
FIX = "unsafe"
TYPES = (ltx.NAG,)
ABSENT = "LTX2_NAG is not used"

_SCHEDULE, _BLEND = "TimestampPromptSchedule", "ConditioningBlend"
_BATCH, _SELECT = "TimestampPromptScheduleBatchEncode", "ConditioningSelectByIteration"
#: The new nodes in the edits; no path looks like this.
_LIST, _ONE = "> list", "> one"


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
    """Encode the schedule before the loop and select inside it; nothing if the graph is wired otherwise."""
    schedule = _schedule_of(encoders[0])
    clips = {source for node in encoders if isinstance(source := node.source("clip"), Output)}
    if schedule is None or len(clips) != 1 or schedule.number("blend_seconds") != 0:
        return ()
    clip, turn, stride = clips.pop(), schedule.source("current_iteration"), schedule.source("stride_seconds")
    if not isinstance(turn, Output) or not isinstance(stride, Output) or stride.node.type != ltx.CONTROL:
        return ()
    old = {*encoders, *(node for node, _ in graph.takers(schedule))}
    old |= {taker for node in encoders for taker, _ in graph.takers(node) if taker.type == _BLEND}
    ends = [end for node in old for end in graph.takers(node) if end[0] not in old]
    if not all(node in encoders or node.type == _BLEND for node in old) or not _one_scope(schedule, clip, turn, stride):
        return ()
    hops = [next((hop for hop in graph.hops(*end) if hop.node.scope is schedule.scope), None) for end in ends]
    if not hops or None in hops:
        return ()
    new = Insert(
        _LIST,
        _BATCH,
        schedule.path,
        {
            "clip": (clip.node.path, clip.slot),
            "stride_seconds": (stride.node.path, stride.slot),
            "audio_duration": (stride.node.path, stride.node.slot("audio_duration")),
        },
        {
            "schedule": schedule.value("schedule", default=""),
            "snap_boundaries": schedule.value("snap_boundaries", default=True),
            "frame_rate": float(stride.node.number("fps") or 25),
        },
    )
    select = Insert(
        _ONE,
        _SELECT,
        schedule.path,
        {"conditioning_list": (_LIST, 0), "current_iteration": (turn.node.path, turn.slot)},
    )
    links = [Connect(hop.node.path, hop.input, _ONE) for hop in hops if hop is not None]
    cut = [Disconnect(schedule.path, name) for name in ("current_iteration", "stride_seconds")]
    return (new, select, *links, *cut)


def _one_scope(node: Node, *sources: Output) -> bool:
    return all(source.node.scope is node.scope for source in sources)


_PROMPTS = {name: GRAPH[name]["inputs"] for name in ("prompts", "select")}
_AFTER = {
    **changed(changed(PER_WINDOW, "guide", positive=("2", 0)), "prompts", current_iteration=1, stride_seconds=18.88),
    **prompt(
        {"1": (_BATCH, _PROMPTS["prompts"]), "2": (_SELECT, {**_PROMPTS["select"], "conditioning_list": ("1", 0)})}
    ),
}
GOOD = (GRAPH, _AFTER, changed(PER_WINDOW, "nag", nag_scale=0.0))
BAD = (
    (PER_WINDOW, _AFTER),
    # One that blends, or that something else reads, is found and left to be mended by hand.
    (changed(PER_WINDOW, "prompts", blend_seconds=17.92), None),
    ({**PER_WINDOW, **prompt(look=("PreviewAny", {"source": ("prompts", 0)}))}, None),
)
