"""Two prompts are to blend over less than one window.

Why is this bad?
    A window has one prompt, so a blend shorter than the stride cannot be made: single windows would run on a
    mix. The schedule raises it to one stride when it runs. Over two strides and more no window has a prompt of
    its own any more.

Fix
    One stride, which is what is used anyway. 0 switches hard, which suits a subject that stays the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.graph import Graph, Node
from . import ltx
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .ltx_examples import GRAPH, PER_WINDOW
from .settings import set_value, shown

NAME = "blend-too-short"
SEVERITY = "warning"
FIX = "safe"
TYPES = ltx.SCHEDULES
ABSENT = "there is no prompt schedule"


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Every schedule whose stride is known."""
    known = [
        (node, blend, stride)
        for node in graph.of(sorted(TYPES))
        if (blend := node.number("blend_seconds")) is not None and (stride := _stride(graph, node)) is not None
    ]
    if not known:
        raise DoesNotApply("blend or stride of the schedule is known only when the graph runs")
    for node, blend, stride in known:
        if 0 < blend < stride:
            text = (
                f"blend_seconds {shown(blend)} is less than one stride, and {shown(stride)} is used. Set "
                f"0 or {shown(stride)}."
            )
            yield Finding(node, text, set_value(node, "blend_seconds", stride))


def _stride(graph: Graph, node: Node) -> float | None:
    typed = node.number("stride_seconds")
    if typed is not None:
        return typed
    control = node.feeder("stride_seconds")
    windows = (
        ltx.windows_of(control) if control is not None and control.type == ltx.CONTROL else ltx.only_windows(graph)
    )
    return windows.stride_seconds if windows else None


GOOD = (
    GRAPH,
    PER_WINDOW,
    changed(PER_WINDOW, "prompts", blend_seconds=17.92),
    changed(PER_WINDOW, "prompts", blend_seconds=20.0),
)
BAD = (
    (changed(PER_WINDOW, "prompts", blend_seconds=5.0), changed(PER_WINDOW, "prompts", blend_seconds=17.92)),
    (
        changed(PER_WINDOW, "prompts", blend_seconds=5.0, stride_seconds=16.0),
        changed(PER_WINDOW, "prompts", blend_seconds=16.0, stride_seconds=16.0),
    ),
)
