"""The number of windows is typed by hand although a planner counts them from the sound.

Why is this bad?
    The planner counts anew for every sound; the typed number stays. With too few the video ends before the
    sound, with too many windows are made for nothing. Where the loop also stops itself at the end of the sound,
    the number is a limit that cuts long sounds off without a word. A number from another node than the planner
    may be meant, for a quick trial; then this is only a question.

Fix
    The count is linked to the planner; TensorLoopOpen of a newer NativeLooping has an input for it. Where the
    planner takes its stride from inside the loop, which would close a circle, the stride is written into it as
    the number that it is; that is unsafe, since it no longer follows.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.edits import Connect, Disconnect, Edit, SetWidget
from ..workflow.graph import Constant, Graph, Node, Output
from . import ltx, roles
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .loops import Loop
from .ltx_examples import GRAPH

NAME = "iterations-not-wired"
SEVERITY = "warning"
FIX = "safe"
TYPES = frozenset(kind for kind, outputs in roles.PLANNERS.items() if "windows" in outputs.values())
ABSENT = "nothing counts windows from a sound"

_STRIDE = "stride_seconds"


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """The count of every loop over windows, in graphs with one planner."""
    planners = graph.of(TYPES)
    loops = [looped.loop for looped in ltx.sampling_loops(graph) if looped.loop.make.count]
    if len(planners) != 1 or not loops:
        raise DoesNotApply("there is no loop over windows beside one planner")
    planner = planners[0]
    for loop in loops:
        name = _count_input(loop)
        if name is None:
            continue
        source = loop.open.source(name)
        if isinstance(source, Output):
            if planner not in graph.upstream(source.node):
                text = (
                    f"The number of windows comes from {source.node.label}, not from {planner.label}; "
                    "right if it is meant."
                )
                yield Finding(loop.open, text, severity="info")
        elif isinstance(source, Constant):
            stops = "stop" in loop.close.links
            text = (
                f"{source.value} windows are typed, and {planner.label} counts them from the sound"
                f"{'; the loop stops itself at its end, but never makes more' if stops else ''}. Link "
                f"its {_output(planner)[0]}."
            )
            edits, safe = _wire(graph, loop, planner)
            yield Finding(loop.open, text, edits, safe=safe)


def _count_input(loop: Loop) -> str | None:
    """The input that says how often; what is linked counts before what is typed."""
    if loop.open.value("mode", default="iterations") == "total_frames":
        return None
    names = [name for name in loop.make.count if name in loop.open.links or name in loop.open.values]
    return next((name for name in names if loop.open.linked(name)), names[0] if names else None)


def _output(planner: Node) -> tuple[str, int]:
    name = next(name for name, what in roles.PLANNERS[planner.type].items() if what == "windows")
    return name, planner.slot(name)


def _wire(graph: Graph, loop: Loop, planner: Node) -> tuple[tuple[Edit, ...], bool]:
    entry = next((name for name in reversed(loop.make.count) if "." not in name), None)
    if entry is None or planner.scope is not loop.open.scope:
        return (), False
    connect = Connect(loop.open.path, entry, planner.path, _output(planner)[1])
    after = graph.downstream(loop.open)
    if planner not in after:
        return (connect,), True
    circle = [name for name in planner.links if planner.feeder(name) in after]
    windows = ltx.only_windows(graph)
    if circle != [_STRIDE] or windows is None:
        return (), False
    written = SetWidget(planner.path, _STRIDE, windows.stride_seconds)
    return (Disconnect(planner.path, _STRIDE), written, connect), False


_TYPED = changed(GRAPH, "open", iterations_in=None)
_CIRCLE = changed(_TYPED, "planner", stride_seconds=("control", 4))
_TRIAL = {**GRAPH, "trial": {"class_type": "INTConstant", "inputs": {"value": 3}}}
GOOD = (GRAPH, changed({name: node for name, node in _TYPED.items() if name != "planner"}, "open"))
BAD = (
    (_TYPED, GRAPH),
    (_CIRCLE, GRAPH),
    (changed(_TRIAL, "open", iterations_in=("trial", 0)), None),
)
