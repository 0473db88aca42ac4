"""The loop's conditioning passes an LTXVConditioning that the first window's does not.

Why is this bad?
    In one published loop a second LTXVConditioning between encoder and loop left the first window without lip
    sync; with the one of the first window alone all was well. Two of them may also disagree about the frame
    rate. Hence a question.

Fix
    Link the loop to the conditioning that the first window uses, or to what encodes its prompts.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.graph import Graph, Node
from . import ltx
from .engine import Context, DoesNotApply, Finding
from .examples import changed, prompt
from .ltx_examples import GRAPH

NAME = "extra-conditioning-in-loop"
SEVERITY = "info"
FIX = "none"
TYPES = (ltx.CONDITIONING,)
ABSENT = "LTXVConditioning is not used"


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Compare the conditioning of the first window with that of the later ones."""
    loops = [(looped, own) for looped in ltx.sampling_loops(graph) if (own := _passed(looped.first))]
    if not loops:
        raise DoesNotApply("there is no loop over LTX windows whose first window passes LTXVConditioning")
    for looped, own in loops:
        for node in _passed(looped.later):
            if node not in own:
                first = next(iter(own))
                text = (
                    f"The loop's conditioning passes {node.label}, the first window's {first.label} only. "
                    "Link both to one."
                )
                yield Finding(node, text)


def _passed(samplers: tuple[Node, ...]) -> dict[Node, None]:
    guiders = [ltx.guider_of(sampler) for sampler in samplers]
    return {
        node: None
        for guider in guiders
        for side in ("positive", "negative")
        for node in ltx.conditioning_chain(guider, side)
        if node.type == ltx.CONDITIONING
    }


_SECOND = prompt(
    second=("LTXVConditioning", {"positive": ("select", 0), "negative": ("nothing", 0), "frame_rate": 25.0})
)
GOOD = (GRAPH, changed(GRAPH, "guide", positive=("rate", 0)))
BAD = ((changed({**GRAPH, **_SECOND}, "guide", positive=("second", 0)), None),)
