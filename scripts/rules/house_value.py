"""A setting that the chosen profile does not have.

Why is this bad?
    A guide that was tested with one set of values says nothing about others. Nothing is wrong with another
    value in itself; a house that wants all its videos alike wants to know.

Fix
    The profile's value, where the setting is typed. Unsafe: it is a matter of taste.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.graph import Graph
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .settings import close, set_value, shown
from .wan_examples import TAKE, WRAPPER

NAME = "house-value"
SEVERITY = "info"
FIX = "unsafe"
TYPES = ()

#: These have rules of their own, which know more: where a scheduler can be set, which mode the weights need.
_ELSEWHERE = {("WanVideoSampler", "scheduler"), ("WanVideoImageToVideoMultiTalk", "mode")}


def check(graph: Graph, context: Context) -> Iterator[Finding]:
    """Every value that the profile names and the graph sets."""
    profile = context.profile
    if profile is None:
        raise DoesNotApply("no profile is chosen")
    if not graph.of(profile.home):
        raise DoesNotApply(f"the graph is not of the kind that the profile {profile.name} is for")
    known = [
        (node, name, value, allowed)
        for (kind, name), allowed in profile.values.items()
        if (kind, name) not in _ELSEWHERE
        for node in graph.of(kind)
        if (value := node.value(name)) is not None
    ]
    if not known:
        raise DoesNotApply(f"the profile {profile.name} prescribes nothing that is set here")
    for node, name, value, allowed in known:
        if any(close(value, one) for one in allowed):
            continue
        rest = f" (or {', '.join(map(shown, allowed[1:]))})" if len(allowed) > 1 else ""
        text = f"{name} is {shown(value)}; the profile {profile.name} uses {shown(allowed[0])}{rest}."
        yield Finding(node, text, set_value(node, name, allowed[0]))


_HOUSE = changed(WRAPPER, "loop", motion_frame=25)
GOOD = (
    _HOUSE,
    TAKE,
    # Another kind of video: the house says nothing of it.
    {"video": {"class_type": "VHS_VideoCombine", "inputs": {"frame_rate": 8, "crf": 30}}},
    changed(_HOUSE, "sample", cfg=1.0000000000000002, shift=11.000000000000002),
)
BAD = (
    (WRAPPER, _HOUSE),
    (changed(_HOUSE, "swap", blocks_to_swap=40), _HOUSE),
)
