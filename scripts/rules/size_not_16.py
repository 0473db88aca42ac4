"""A width or height for Wan that does not divide by 16.

Why is this bad?
    The VAE makes one latent of 8 pixels and the model takes 2 x 2 of them at once. What is left over is cut
    off without a word: 639 becomes 624, the picture is no longer square, and sizes that should match do not.
    "Divisible by 2", as guides say, is not enough.

Fix
    The nearest multiple of 16.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.graph import Graph
from .engine import Context, DoesNotApply, Finding
from .examples import changed, prompt
from .grid import off_grid
from .wan_examples import LOOP, TAKE, WRAPPER

NAME = "size-not-16"
SEVERITY = "error"
FIX = "safe"
TYPES = frozenset({
    "WanVideoImageToVideoMultiTalk", "WanVideoImageToVideoEncode", "WanVideoEmptyEmbeds", "WanImageToVideo",
    "WanInfiniteTalkToVideo", "WanVideoImageToVideoSkyreelsv3_audio",
})  # fmt: skip
ABSENT = "nothing sets a size for Wan"


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Sizes as they arrive, through resizes and constants."""
    nodes = graph.of(TYPES)
    if not nodes:
        raise DoesNotApply("nothing that sets a size for Wan is active")
    yield from off_grid(graph, nodes, 16, "Wan cuts the rest off")


_LINKED = prompt(LOOP, width=("INTConstant", {"value": 640}), loop=(LOOP["loop"][0], {**LOOP["loop"][1], "width": ("width", 0)}))
GOOD = (WRAPPER, TAKE, _LINKED)
BAD = (
    (changed(WRAPPER, "loop", width=639), WRAPPER),
    (changed(TAKE, "reference", height=634), TAKE),
    (changed(_LINKED, "width", value=639), _LINKED),
)
