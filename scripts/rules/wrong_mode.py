"""InfiniteTalk weights run in MultiTalk's way, or the reverse.

Why is this bad?
    The two were trained to continue a video differently. The wrapper tells them apart by the file's name
    alone: "infinite" in it, or MultiTalk. The loop's `mode` must say the same, and this pack's windows only
    exist for InfiniteTalk. The wrong one runs to the end and looks wrong.

Fix
    `mode` is set to what the file's name says. A file whose name does not say what it is must be renamed.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.edits import SetWidget
from ..workflow.graph import Graph
from . import roles
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .wan import EMBEDS, talking_samplers, weights, wrapper_loops
from .wan_examples import TAKE, WRAPPER

NAME = "wrong-mode"
SEVERITY = "error"
FIX = "safe"
TYPES = (roles.WRAPPER_LOOP, EMBEDS)
ABSENT = "there is no InfiniteTalk route"


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Compare the weights' names with the loop's mode and with what this pack's windows need."""
    found = False
    for loop in wrapper_loops(graph):
        mode = loop.node.value("mode", "auto")
        for loader, name in weights(graph, loop.sampler):
            found = True
            right = "infinitetalk" if "infinite" in name.lower() else "multitalk"
            if mode in ("infinitetalk", "multitalk") and mode != right:
                text = f"mode is {mode}, and {name!r} at {loader.label} is {right} by its name; use {right}."
                edits = () if loop.node.linked("mode") else (SetWidget(loop.node.path, "mode", right),)
                yield Finding(loop.node, text, edits)
    for sampler in talking_samplers(graph):
        if not any(node.type == EMBEDS for node in graph.upstream(sampler, stop=roles.WRAPPER_SAMPLER)):
            continue
        for loader, name in weights(graph, sampler):
            found = True
            if "infinite" not in name.lower():
                text = f"{name!r} is MultiTalk by its name, and windows need InfiniteTalk; load a file with 'infinite' in its name."
                yield Finding(loader, text)
    if not found:
        raise DoesNotApply("no audio weights reach an InfiniteTalk sampler")


GOOD = (WRAPPER, TAKE, changed(changed(WRAPPER, "loop", mode="multitalk"), "weights", model="multitalk.safetensors"))
BAD = (
    (changed(WRAPPER, "loop", mode="multitalk"), WRAPPER),
    (changed(TAKE, "weights", model="Wan2_1-Single_Q8.gguf"), None),
)
