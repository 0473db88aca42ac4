"""Where the guides are that LTX appends to a latent: which latents have them, which conditioning knows of them.

LTXVAddGuide and its like append a picture to the latent, after the last frame, and write into the conditioning
where in the video it belongs. Sampler and LTXVCropGuides both count on the two agreeing; the crop takes as many
frames off the end as the conditioning names, and the names with them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..workflow.graph import Graph, Node, Output
from . import ltx, roles
from .loops import find_loops

GUIDES = frozenset(
    {
        "LTXVAddGuide",
        "LTXVAddGuideMulti",
        "LTXVAddGuidesFromBatch",
        "LTXVAddLatentGuide",
        "LTXVAddGuideAdvanced",
        "LTXVAddGuideAdvancedAttention",
        "LTXAddVideoICLoRAGuide",
        "LTXAddVideoICLoRAGuideAdvanced",
    }
)
CROP = "LTXVCropGuides"
#: What a latent is made of where a node takes more than one: type -> {output: inputs}; () for what has no guides.
_VIDEO: Mapping[str, Mapping[int, Sequence[str]]] = {
    "LTXVSeparateAVLatent": {0: ("av_latent",), 1: ()},
    "LTXVConcatAVLatent": {0: ("video_latent",)},
    "LTXVAudioVideoMask": {0: ("video_latent",), 1: ()},
    "LTXVAdainLatent": {0: ("latents",)},
    "LTXVStatNormLatent": {0: ("latents",)},
    **{
        kind: {0: ("latent_image",), 1: ("latent_image",)}
        for kind in ("SamplerCustomAdvanced", "SamplerCustom", "KSampler")
    },
}
_DEEPEST = 150


@dataclass(frozen=True, slots=True)
class Held:
    """Guides that a latent has or conditioning names. known: whether all of its way could be followed."""

    guides: frozenset[Node] = frozenset()
    known: bool = True


_UNKNOWN = Held(known=False)


def _together(parts: Sequence[Held]) -> Held:
    return Held(frozenset[Node]().union(*(part.guides for part in parts)), all(part.known for part in parts))


class Guides:
    """Answers for one graph."""

    def __init__(self, graph: Graph) -> None:
        self._loops = find_loops(graph)
        self._seen: dict[tuple[Node, str], Held] = {}

    def latent(self, node: Node, name: str, depth: int = 0) -> Held:
        """The guides that the latent at an input has appended."""
        key = (node, name)
        if key not in self._seen:
            self._seen[key] = _UNKNOWN
            source = node.source(name)
            if depth < _DEEPEST:
                self._seen[key] = self._from(source, depth) if isinstance(source, Output) else Held()
        return self._seen[key]

    def _from(self, source: Output, depth: int) -> Held:
        node = source.node
        if node.type in GUIDES:
            if source.type != "LATENT":
                return Held()
            before = self.latent(node, "latent", depth + 1)
            return Held(before.guides | {node}, before.known)
        if node.type == CROP:
            before = self.latent(node, "latent", depth + 1)
            return Held(before.guides - self.conditioning(node, "positive"), before.known)
        if node.type in roles.LOOP_OPEN:
            return self._carried(source, depth)
        names = _VIDEO.get(node.type, {}).get(source.slot)
        if names is None:
            kinds = dict(node.inputs)
            names = [entry for entry in node.links if kinds.get(entry) == "LATENT"]
            if len(names) > 1 or (not names and "*" in (kinds.get(entry) for entry in node.links)):
                return _UNKNOWN
        return _together([self.latent(node, entry, depth + 1) for entry in names if entry in node.links])

    def _carried(self, source: Output, depth: int) -> Held:
        """What the loop starts from; guides that an iteration hands on are found where it ends."""
        for loop in self._loops:
            if loop.carries(source):
                first = next((entry for entry in loop.make.initial if entry in loop.open.links), None)
                return self.latent(loop.open, first, depth + 1) if first else Held()
        return _UNKNOWN

    def conditioning(self, node: Node, name: str) -> frozenset[Node]:
        """The guides that the conditioning at an input names."""
        found: set[Node] = set()
        queue, seen = [(node, name)], {(node, name)}
        for current, entry in queue:
            source = current.source(entry)
            if not isinstance(source, Output) or source.node.type == CROP:
                continue
            if source.node.type in GUIDES:
                found.add(source.node)
            for onward in ltx.sides(source):
                if onward not in seen:
                    seen.add(onward)
                    queue.append(onward)
        return frozenset(found)
