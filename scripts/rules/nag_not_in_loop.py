"""The first window is made with LTX2_NAG, the later ones without.

Why is this bad?
    NAG is a patch on the model. If the loop's guider takes the model from before the patch, the negative prompt
    works in the first window only, and what it kept away comes back in the second.

Fix
    Link the loop's guider to the patched model.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.graph import Graph
from . import ltx
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .ltx_examples import GRAPH

NAME = "nag-not-in-loop"
SEVERITY = "error"
FIX = "none"
TYPES = (ltx.NAG,)
ABSENT = "LTX2_NAG is not used"


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Compare the lines of models of the first window and of the later ones."""
    nags = [node for node in graph.of(ltx.NAG) if node.number("nag_scale") != 0]
    loops = ltx.sampling_loops(graph)
    if not nags or not loops:
        raise DoesNotApply("there is no loop over LTX windows with an active LTX2_NAG")
    for looped in loops:
        first = {node for sampler in looped.first for node in ltx.model_line(ltx.guider_of(sampler))}
        patch = next((nag for nag in nags if nag in first), None)
        if patch is None:
            continue
        for sampler in looped.later:
            guider = ltx.guider_of(sampler)
            line = list(ltx.model_line(guider))
            if line and not any(node.type == ltx.NAG for node in line):
                text = (
                    f"The loop's model does not pass {patch.label}, which the first window's does. Link "
                    f"{guider.label} to it."
                )
                yield Finding(guider, text)


GOOD = (
    GRAPH,
    changed(GRAPH, "guider", model=("shift", 0)),
    changed(changed(GRAPH, "nag", nag_scale=0.0), "guider", model=("unet", 0)),
)
BAD = ((changed(GRAPH, "guider", model=("unet", 0)), None),)
