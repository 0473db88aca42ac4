"""Guides of LTX are cropped before they are sampled, or not cropped before what comes after.

Why is this bad?
    A guide is appended to the latent, after its last frame, and the conditioning says where it belongs. Cropped
    from the conditioning before the sampler, it is no guide any more but the frames right after the window: the
    end of every window is pulled towards it, instead of the window being guided from where it was put. Not
    cropped from the latent afterwards, it is decoded, joined and counted as frames of the video, and colours are
    matched to it. So: sample with what the guide node gave, then LTXVCropGuides with the same conditioning, then
    the rest; two crops, one for the conditioning before and one for the latent after, do not make it right. In a
    loop whose first window passes a crop before its guider and whose later ones do not, the later ones are right;
    linking them through the crop too, as one guide advises, would be wrong.

Fix
    A guider behind a crop is linked to what the crop takes; colours that are matched just before the crop are
    matched just after it. Elsewhere the crop is moved by hand, directly behind the sampler. Unsafe: pictures
    change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..workflow.graph import Graph, Node
from . import ltx, roles
from .engine import Context, DoesNotApply, Finding
from .examples import changed, prompt
from .guide_fixes import crop_first, uncropped
from .guides import CROP, GUIDES, Guides
from .ltx_examples import CLIP, GRAPH

NAME = "guide-lifecycle"
SEVERITY = "error"
FIX = "unsafe"
TYPES = GUIDES
ABSENT = "nothing is guided"

#: What must come after the crop: type -> its latents, what it would do, how bad that is.
_AFTER: Mapping[str, tuple[tuple[str, ...], str, str]] = {
    **dict.fromkeys(roles.VAE_DECODE, (("samples", "latents"), "decodes them as frames of the video", "error")),
    "LatentConcat": (("samples1", "samples2"), "joins them into the video", "error"),
    "LatentOverlapTrim": (("latent",), "counts them as frames of the window", "error"),
    "LatentContextExtract": (("latent",), "takes them for the end of the window", "error"),
    "LongTakeLatentOverlapTrim": (("latent",), "counts them as frames of the window", "error"),
    "LongTakeLatentContextExtract": (("latent",), "takes them for the end of the window", "error"),
    "LongTakeLatentOverlapCrossfade": (("before", "after"), "blends them into the video", "error"),
    "LTXVAdainLatent": (("latents", "reference"), "counts them into its colours", "warning"),
    **{
        close: (tuple(back for _, back in loop.carried), "hands them to the next window", "error")
        for loop in roles.LOOPS
        for close in loop.close
    },
}
_SIDES = ("positive", "conditioning")
#: What may stand before or after the crop and does the same to the picture.
_COLOURS = frozenset({"LTXVAdainLatent"})


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Follow guides through latents and conditioning: at every sampler, and at what comes after."""
    guided = graph.of(sorted(GUIDES))
    if not guided:
        raise DoesNotApply("nothing is guided")
    guides = Guides(graph)
    for sampler in ltx.samplers(graph):
        yield from _sampled(graph, guides, sampler)
    for node in graph.of(_AFTER):
        names, what, severity = _AFTER[node.type]
        held = {guide: None for name in names if name in node.links for guide in guides.latent(node, name).guides}
        if held:
            text = (
                f"The latent still has the guides of {_labels(held)} appended, and {node.type} {what}. "
                f"Put {CROP} between the sampler and this."
            )
            fix = crop_first(graph, guides, node, names[0]) if node.type in _COLOURS else ()
            yield Finding(node, text, fix, severity=severity)
    yield from _asymmetry(graph, guides)


def _sampled(graph: Graph, guides: Guides, sampler: Node) -> Iterator[Finding]:
    guider = ltx.guider_of(sampler)
    side = next((name for name in _SIDES if name in guider.links), None)
    if side is None or "latent_image" not in sampler.links:
        return
    held, named = guides.latent(sampler, "latent_image"), guides.conditioning(guider, side)
    lost, loose = held.guides - named, named - held.guides
    if lost:
        text = (
            f"The latent has the guides of {_labels(lost)} appended, and the conditioning of {guider.label} does not "
            "name them (any more): they are sampled as the frames after the window. Link the guider to the guide, and "
            "crop after the sampler."
        )
        yield Finding(guider, text, uncropped(graph, guider), severity="warning")
    if loose and held.known:
        text = (
            f"The conditioning of {guider.label} names the guides of {_labels(loose)}, which the latent does not have. "
            "Link the sampler's latent to the guide's."
        )
        yield Finding(guider, text)


def _asymmetry(graph: Graph, guides: Guides) -> Iterator[Finding]:
    """The first window's guider behind a crop, the later ones' not: a question that has been answered wrongly."""
    for looped in ltx.sampling_loops(graph):
        first = [ltx.guider_of(sampler) for sampler in looped.first]
        if not any(node.type == CROP for guider in first for node in ltx.conditioning_chain(guider, "positive")):
            continue
        for sampler in looped.later:
            guider = ltx.guider_of(sampler)
            named = guides.conditioning(guider, "positive")
            if named and named == guides.latent(sampler, "latent_image").guides:
                text = (
                    f"The first window is sampled behind {CROP} and the later ones are not. Leave it "
                    "so: their latent has the "
                    f"guides of {_labels(named)}, which the sampler needs to know."
                )
                yield Finding(guider, text, severity="info")


def _labels(nodes: Mapping[Node, None] | frozenset[Node]) -> str:
    return " and ".join(sorted(node.label for node in nodes))


def _early(latent: tuple[str, int]) -> tuple[Any, Any]:
    """The loop sampled behind a crop of the conditioning, and put right."""
    early = prompt(early=(CROP, {"positive": ("guide", 0), "negative": ("guide", 1), "latent": latent}))
    right = {**GRAPH, **early}
    return changed(changed(right, "guider", positive=("early", 0)), "guider", negative=("early", 1)), right


_IDLE = prompt(idle=(CROP, {"positive": ("rate", 0), "negative": ("rate", 1), "latent": ("start", 0)}))
_GUIDED_CLIP = {
    **changed(
        changed(CLIP, "first_both", video_latent=("added", 2)),
        "first_guider",
        positive=("added", 0),
        negative=("added", 1),
    ),
    **prompt(
        added=(
            "LTXVAddGuide",
            {
                "positive": ("rate", 0),
                "negative": ("rate", 1),
                "vae": ("vae", 0),
                "latent": ("start", 0),
                "image": ("prepare", 0),
                "frame_idx": -1,
                "strength": 1.0,
            },
        ),
        cropped=(CROP, {"positive": ("added", 0), "negative": ("added", 1), "latent": ("first_parts", 0)}),
    ),
}
GOOD = (GRAPH, CLIP, changed(_GUIDED_CLIP, "decode", latents=("cropped", 2)))
BAD = (
    # Cropped from the conditioning before the sampler; and the same with one crop for it and one for the latent.
    _early(("mask", 0)),
    _early(("guide", 2)),
    # Colours matched before the crop, as the published loops do.
    (
        changed(
            changed(changed(GRAPH, "colour", latents=("parts", 0)), "crop", latent=("colour", 0)),
            "overlap",
            latent=("crop", 2),
        ),
        GRAPH,
    ),
    # Never cropped.
    (_GUIDED_CLIP, None),
    # A crop that is told of no guides takes none off.
    (changed(changed(GRAPH, "crop", positive=("rate", 0)), "crop", negative=("rate", 1)), None),
    # Conditioning of the guide, latent from before it.
    (changed(GRAPH, "both", video_latent=("mask", 0)), None),
    # Only a question.
    (
        changed(
            changed({**GRAPH, **_IDLE}, "first_guider", positive=("idle", 0)), "first_guider", negative=("idle", 1)
        ),
        None,
    ),
)
