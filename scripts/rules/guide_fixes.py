"""How guides of LTX that are cropped at the wrong place are put right."""

from __future__ import annotations

from ..workflow.edits import Connect, Edit
from ..workflow.graph import Graph, Node, Output
from .guides import CROP, Guides
from .settings import relink

_LATENT = 2


def uncropped(graph: Graph, guider: Node) -> tuple[Edit, ...]:
    """Link a guider that takes its conditioning from a crop to what the crop takes it from."""
    links: list[Connect | None] = []
    for side in ("positive", "negative"):
        source = guider.source(side)
        if isinstance(source, Output) and source.node.type == CROP:
            behind = source.node.source(source.name)
            links.append(relink(graph, guider, side, behind) if isinstance(behind, Output) else None)
    return _all(links)


def crop_first(graph: Graph, guides: Guides, node: Node, name: str) -> tuple[Edit, ...]:
    """Swap a node that takes a latent before the crop with the crop, where the one only feeds the other."""
    source, takers = node.source(name), graph.takers(node)
    if not isinstance(source, Output) or len(takers) != 1:
        return ()
    (crop, entry) = takers[0]
    after = graph.takers(crop, _LATENT)
    held = guides.latent(node, name).guides
    if crop.type != CROP or entry != "latent" or not after or not held <= guides.conditioning(crop, "positive"):
        return ()
    swapped = [relink(graph, crop, "latent", source), relink(graph, node, name, Output(crop, _LATENT))]
    return _all([*swapped, *(relink(graph, taker, taken, Output(node, 0)) for taker, taken in after)])


def _all(links: list[Connect | None]) -> tuple[Edit, ...]:
    """The edits, or none if one of them cannot be drawn."""
    made = tuple(link for link in links if link is not None)
    return made if len(made) == len(links) else ()
