"""The size of a talking Wan video is not divisible by 16.

Why is this bad?
    Wan's VAE folds 8 x 8 pixels into one latent, and its transformer takes latents 2 by 2. WanVideoWrapper
    divides by 8 and drops the rest. An odd number of latents does not come back from the transformer as it went
    in, and the run fails; an even one runs, and the video is smaller than asked for. "Divisible by 2", as
    guides say, is not enough.

Fix
    The nearest multiple of 16, where the number is typed. The picture changes by a few pixels: unsafe.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.graph import Graph, Node
from .engine import Context, DoesNotApply, Finding
from .examples import changed, prompt
from .settings import nearest_multiple, set_value
from .sizes import Side, side
from .wan import LOOPS, loops_of_any_kind
from .wan_examples import LOOP, TAKE, WRAPPER

NAME = "size-not-16"
SEVERITY = "error"
FIX = "unsafe"
TYPES = LOOPS | {"WanVideoImageToVideoEncode"}
ABSENT = "WanVideoWrapper is not told a size"

_GRID = 16


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Sizes as they arrive, through resizes and constants."""
    nodes = [*loops_of_any_kind(graph), *graph.of("WanVideoImageToVideoEncode")]
    known = [(node, name, found) for node in nodes for name in ("width", "height") if (found := side(node, name))]
    if not known:
        raise DoesNotApply("the size is known only when the graph runs")
    for node, name, found in known:
        if found.pixels > 0 and found.pixels % _GRID:
            yield _finding(node, name, found)


def _finding(node: Node, name: str, found: Side) -> Finding:
    latents, near = found.pixels // 8, nearest_multiple(found.pixels, _GRID)
    odd = latents % 2 == 1
    what = "an odd number, and the run fails" if odd else f"so the video gets {latents * 8}"
    text = f"{name} {found.pixels} is not divisible by 16: it makes {latents} latents, {what}. Use {near}."
    return Finding(node, text, set_value(found.node, found.name, near), severity="error" if odd else "warning")


_639 = changed(changed(WRAPPER, "loop", width=639), "resize", width=639, divisible_by=1)
_TOLD = prompt(
    LOOP,
    told=("GetImageSizeAndCount", {"image": ("resize", 0)}),
    loop=(
        LOOP["loop"][0],
        {**LOOP["loop"][1], "start_image": ("told", 0), "width": ("told", 1), "height": ("told", 2)},
    ),
)
_SHARED = prompt(
    LOOP,
    side=("INTConstant", {"value": 639}),
    resize=(LOOP["resize"][0], {**LOOP["resize"][1], "width": ("side", 0)}),
    loop=(LOOP["loop"][0], {**LOOP["loop"][1], "width": ("side", 0)}),
)
GOOD = (WRAPPER, TAKE, _TOLD, changed(_TOLD, "resize", width=639))
BAD = (
    (_639, changed(_639, "loop", width=640)),
    (changed(WRAPPER, "loop", height=642), WRAPPER),
    (_SHARED, changed(_SHARED, "side", value=640)),
    (changed(_TOLD, "resize", width=650, divisible_by=2), changed(_TOLD, "resize", width=656, divisible_by=2)),
    (changed(TAKE, "reference", width=632), TAKE),
)
