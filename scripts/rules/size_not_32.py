"""The size of an LTX video is not divisible by 32, or for two stages by 64.

Why is this bad?
    LTX folds 32 x 32 pixels into one latent and drops the rest without a word: the video is smaller than asked
    for, and pictures that guide it are cropped once more. A graph of two stages makes the video at half its
    size first, so its pictures must divide by 64.

Fix
    The nearest multiple, where the number is typed. The picture changes by a few pixels: unsafe.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.graph import Graph, Node
from . import ltx, roles
from .chains import picture_chain
from .engine import Context, DoesNotApply, Finding
from .examples import changed, prompt
from .ltx_examples import GRAPH, LOOP
from .settings import nearest_multiple, set_value
from .sizes import Side, side

NAME = "size-not-32"
NAMES = ("size-not-32", "size-not-64")
SEVERITY = "warning"
FIX = "unsafe"
TYPES = ltx.MARKS | {"LTXVLatentUpsampler"}
ABSENT = "nothing is made with LTX"

_SIZED = ("EmptyLTXVLatentVideo", "LTXVImgToVideo", "LTXVBaseSampler")
_UPSAMPLER = "LTXVLatentUpsampler"


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Sizes of latents as they arrive, and of the pictures for a graph of two stages."""
    latents = [(node, name, found) for node in graph.of(_SIZED) for name, found in _sides(node)]
    pictures = (
        [(node, name, found) for node in _pictures(graph) for name, found in _sides(node)]
        if graph.of(_UPSAMPLER)
        else []
    )
    if not latents and not pictures:
        raise DoesNotApply("the size of the video is known only when the graph runs")
    for node, name, found in latents:
        if found.pixels % ltx.SPATIAL:
            used = found.pixels - found.pixels % ltx.SPATIAL
            near = nearest_multiple(found.pixels, ltx.SPATIAL)
            text = f"{name} {found.pixels} is not divisible by 32, and the video gets {used}. Use {near}."
            yield Finding(node, text, set_value(found.node, found.name, near))
    told = {(found.node, found.name) for _, _, found in latents if found.pixels % ltx.SPATIAL}
    for node, name, found in pictures:
        if found.pixels % (2 * ltx.SPATIAL) and (found.node, found.name) not in told:
            near = nearest_multiple(found.pixels, 2 * ltx.SPATIAL)
            text = f"{name} {found.pixels} is not divisible by 64, as a video of two stages needs. Use {near}."
            yield Finding(node, text, set_value(found.node, found.name, near), rule="size-not-64")


def _sides(node: Node) -> list[tuple[str, Side]]:
    return [(name, found) for name in ("width", "height") if (found := side(node, name)) and found.pixels > 0]


def _pictures(graph: Graph) -> dict[Node, None]:
    """The last nodes that bring pictures for LTX to a size that is typed."""
    found: dict[Node, None] = {}
    for sink in graph.of(kind for kind in roles.IMAGE_SINKS if kind.startswith("LTX")):
        for name in roles.image_inputs(sink):
            resizes = [step.node for step in picture_chain(graph, sink, name).steps if step.node.type in roles.RESIZE]
            if resizes and resizes[-1].value("keep_proportion") in ("crop", "stretch", False):
                found[resizes[-1]] = None
    return found


_TWO = prompt(
    LOOP,
    upscaler=("LatentUpscaleModelLoader", {"model_name": "spatial_x2.safetensors"}),
    larger=(
        "LTXVLatentUpsampler",
        {"samples": ("first_parts", 0), "upscale_model": ("upscaler", 0), "vae": ("vae", 0)},
    ),
    empty=("EmptyLTXVLatentVideo", {"width": 416, "height": 224, "length": 497, "batch_size": 1}),
)
_TYPED = prompt(LOOP, empty=("EmptyLTXVLatentVideo", {"width": 832, "height": 448, "length": 497, "batch_size": 1}))
GOOD = (GRAPH, _TWO, _TYPED, changed(GRAPH, "resize", height=480), changed(GRAPH, "resize", height=470))
BAD = (
    (changed(_TYPED, "empty", width=840), _TYPED),
    (changed(GRAPH, "resize", height=460, divisible_by=2), changed(GRAPH, "resize", divisible_by=2)),
    (changed(_TWO, "resize", height=480, divisible_by=2), changed(_TWO, "resize", height=512, divisible_by=2)),
)
