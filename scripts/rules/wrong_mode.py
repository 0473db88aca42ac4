"""InfiniteTalk weights run as MultiTalk, or the reverse.

Why is this bad?
    The two continue a window in different ways. WanVideoWrapper tells the weights apart by their file name:
    with "infinite" in it they are InfiniteTalk, without it MultiTalk, whatever they are. A mode that does not
    fit the weights, or a file that lost the word, gives wrong pictures without an error.

Fix
    The mode that fits the name of the weights. A file whose name hides what it is must be renamed by hand.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.graph import Graph, Node
from . import roles, wan
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .settings import set_value
from .wan_examples import TAKE, WRAPPER

NAME = "wrong-mode"
SEVERITY = "error"
FIX = "safe"
TYPES = (roles.WRAPPER_LOOP, wan.EMBEDS)
ABSENT = "WanVideoWrapper makes no talking video here"


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Compare the mode of every loop with the name of its weights; a take's windows need InfiniteTalk."""
    loops = [(loop.node, found) for loop in wan.wrapper_loops(graph) for found in wan.weights(graph, loop.sampler)]
    windows = [(node, loader) for node in graph.of(wan.EMBEDS) for loader in _loaders(graph, node)]
    if not loops and not windows:
        raise DoesNotApply("the weights that make it talk are not loaded by a node that is known")
    for node, (loader, name) in loops:
        yield from _loop(graph, node, loader, name)
    for node, loader in windows:
        name = loader.value("model")
        if isinstance(name, str) and "infinite" not in name.lower():
            yield Finding(
                loader,
                f"{wan.file_of(name)} has no 'infinite' in its name, so WanVideoWrapper takes it for MultiTalk, and "
                f"{node.label} needs InfiniteTalk. Use InfiniteTalk weights, or give the file its name back.",
            )


def _loaders(graph: Graph, node: Node) -> list[Node]:
    feeder = node.feeder("model")
    return [found for found in graph.upstream(feeder) if found.type == roles.MULTITALK_MODEL] if feeder else []


def _loop(graph: Graph, node: Node, loader: Node, name: str) -> Iterator[Finding]:
    mode = node.value("mode")
    if mode is None and "mode" not in node.links:
        # What the node does when a prompt leaves it out; the canvas would send its default.
        mode = "multitalk" if graph.kind == "api" else "auto"
    infinite = "infinite" in name.lower()
    file = wan.file_of(name)
    if mode == "multitalk" and infinite:
        text = f"mode is multitalk, and {file} holds InfiniteTalk weights. Set infinitetalk."
        yield Finding(node, text, set_value(node, "mode", "infinitetalk"))
    elif mode == "infinitetalk" and not infinite:
        text = (
            f"mode is infinitetalk, and WanVideoWrapper takes {file} for MultiTalk: there is no "
            "'infinite' in its name. "
            "Set multitalk, or give the InfiniteTalk file its name back."
        )
        fix = set_value(node, "mode", "multitalk") if "multitalk" in name.lower() else ()
        yield Finding(loader if not fix else node, text, fix)


_MULTI = changed(WRAPPER, "weights", model="WanVideo/Wan2_1-MultiTalk_14B_fp16.safetensors")
GOOD = (WRAPPER, TAKE, changed(WRAPPER, "loop", mode="auto"), changed(_MULTI, "loop", mode="multitalk"))
BAD = (
    (changed(WRAPPER, "loop", mode="multitalk"), WRAPPER),
    (_MULTI, changed(_MULTI, "loop", mode="multitalk")),
    (changed(WRAPPER, "weights", model="talk_single_q8.gguf"), None),
    (changed(TAKE, "weights", model="talk_single_q8.gguf"), None),
)
