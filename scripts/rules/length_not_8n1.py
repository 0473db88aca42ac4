"""The length of an LTX video does not fill whole latent frames.

Why is this bad?
    LTX folds eight frames into one latent frame, and the first stands alone. Of a length that is not 8n + 1 the
    rest is dropped without a word: the video is shorter than the sound that was cut to it. A loop that counts
    in seconds then works with another overlap than it says.

Fix
    The nearest 8n + 1, where the number is typed. Safe where that is what is used anyway.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from ...nodes.core.units import frames_rounded_down
from ..workflow.graph import Graph, Node
from . import ltx
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .ltx_examples import GRAPH
from .settings import set_value, shown
from .sizes import rate

NAME = "length-not-8n+1"
SEVERITY = "warning"
FIX = "safe"
TYPES = ("EmptyLTXVLatentVideo", "LTXVImgToVideo", "LTXVBaseSampler", ltx.CONTROL)
ABSENT = "nothing sets a length for LTX"

_LENGTHS = {"EmptyLTXVLatentVideo": "length", "LTXVImgToVideo": "length", "LTXVBaseSampler": "num_frames"}


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Lengths of latents, and windows in seconds."""
    known = [
        (node, name, value)
        for node in graph.of(_LENGTHS)
        if (value := node.number(name := _LENGTHS[node.type])) is not None
    ]
    windows = [(node, found) for node in graph.of(ltx.CONTROL) if (found := _window(node))]
    if not known and not windows:
        raise DoesNotApply("the length is known only when the graph runs")
    for node, name, value in known:
        if value >= 1 and (used := frames_rounded_down(int(value), ltx.TEMPORAL)) != value:
            near = used if value - used <= ltx.TEMPORAL // 2 else used + ltx.TEMPORAL
            text = (
                f"{name} {shown(value)} does not fill whole latent frames of 8, and {used} are made. Use "
                f"8n + 1, for example {near}."
            )
            yield Finding(node, text, set_value(node, name, near), safe=near == used)
    for node, (frames, fps) in windows:
        used = frames_rounded_down(frames, ltx.TEMPORAL)
        if used != frames:
            seconds = shown(float(used / fps))
            text = (
                f"A window of {frames} frames does not fill whole latent frames of 8. Use 8n + 1, for "
                f"example {used} ({seconds} s)."
            )
            yield Finding(node, text)


def _window(control: Node) -> tuple[int, Fraction] | None:
    seconds, fps = control.number("window_seconds"), rate(control, "fps")
    if not seconds or fps is None:
        return None
    return max(1, round(Fraction(str(seconds)) * fps)), fps


GOOD = (GRAPH, changed(GRAPH, "empty", length=97))
BAD = (
    (changed(GRAPH, "empty", length=500), changed(GRAPH, "empty", length=497)),
    (changed(GRAPH, "empty", length=496), GRAPH),
    (changed(GRAPH, "seconds", value=20.0), None),
)
