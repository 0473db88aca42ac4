"""The image that guides the later windows is not preprocessed like the one that starts the first.

Why is this bad?
    The first window fixes what the picture looks like to the model: its size, its crop, its compression. If
    the later windows are guided by the same picture prepared in another way, the model meets a second look in
    every window and drifts between the two. In LTX-2 loops that skip LTXVPreprocess in the loop, about one run
    in five replaces the person in later windows. It shows only after the first window is done.

    Compared are the chains from the shared source, in loops of any make: nodes and settings that change the
    picture (resize, crop, LTXVPreprocess and its value), whatever their ids. A step that changes nothing at
    its present setting (img_compression 0) makes it a warning: it will matter once the setting is put right.
    WanVideoWrapper's own loop starts and guides all windows from one image; there the picture that CLIP vision
    sees is compared with it, as a question: CLIP makes its own size of it, but what was cropped away it sees.

Fix
    The loop's guide is linked to the end of the first window's chain, at the place nearest to the source from
    which only guides are fed. Safe where the guide only lacks steps; where it has steps of its own, those are
    dropped, and the fix is unsafe.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.edits import Connect
from ..workflow.graph import Graph, Hop, Node, Output
from . import roles
from .chains import Chain, picture_chain
from .engine import Context, DoesNotApply, Finding
from .examples import Nodes, changed, prompt
from .loops import Loop, find_loops
from .wan_examples import LOOP as WAN_LOOP

NAME = "preprocess-symmetry"
SEVERITY = "error"
FIX = "safe"
TYPES = roles.LOOP_OPEN | {roles.WRAPPER_LOOP}
ABSENT = "there is no loop"

_SINKS = frozenset(roles.IMAGE_SINKS)


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Compare the chains of every loop."""
    loops = find_loops(graph)
    pairs = [(loop.make.maker, *_chains(graph, loop), "") for loop in loops]
    pairs += [("WanVideoWrapper", *_wrapper_chains(graph, node), "info") for node in graph.of(roles.WRAPPER_LOOP)]
    pairs = [pair for pair in pairs if pair[1] and pair[2]]
    if not pairs:
        if graph.of(roles.WRAPPER_LOOP):
            raise DoesNotApply("the wrapper's own loop starts and guides every window from one image")
        raise DoesNotApply("no loop is both started from an image and guided by one" if loops else "no loop is closed")
    for maker, first, guides, severity in pairs:
        for guide in guides:
            yield from _compare(graph, maker, first, guide, severity)


def _wrapper_chains(graph: Graph, node: Node) -> tuple[list[Chain], list[Chain]]:
    """The chain of the wrapper's start image, and those of the pictures that CLIP vision sees for it."""
    encoder = node.feeder("clip_embeds")
    if encoder is None or encoder.type not in roles.CLIP_VISION or "start_image" not in node.links:
        return [], []
    seen = [name for name in ("image_1", "image_2", "image") if name in encoder.links]
    return [picture_chain(graph, node, "start_image")], [picture_chain(graph, encoder, name) for name in seen]


def _chains(graph: Graph, loop: Loop) -> tuple[list[Chain], list[Chain]]:
    """The chains that start the first window, and those that guide the later ones."""
    stop = roles.SAMPLERS | {loop.open.type}
    after = graph.downstream(loop.close)
    begins = [loop.open, *(node for node in graph.of(roles.SAMPLERS) if node not in loop.body and node not in after)]
    before = {node for begin in begins for node in graph.upstream(begin)}
    first, guides = [], []
    for sink in graph.of(_SINKS):
        inputs = roles.image_inputs(sink)
        if sink is loop.open or (sink in after and sink is not loop.close):
            continue
        guiding = sink not in before and not loop.body.isdisjoint(graph.downstream(sink, stop=stop))
        for name in inputs:
            chain = picture_chain(graph, sink, name, loop)
            if chain.carried:
                first.append(picture_chain(graph, sink, name, loop, first=True))
            elif guiding:
                guides.append(chain)
            else:
                first.append(chain)
    initial = [name for name in loop.make.initial if name in loop.open.links]
    first += [picture_chain(graph, loop.open, name, loop) for name in initial]
    return first, guides


def _compare(graph: Graph, maker: str, first: list[Chain], guide: Chain, severity: str) -> Iterator[Finding]:
    if guide.source is None:
        return
    shared = [chain for chain in first if chain.source == guide.source]
    if not shared or any(chain.signature == guide.signature for chain in shared):
        return
    start = shared[0]
    idle = any(chain.effective == guide.effective for chain in shared)
    edits = _mend(graph, start, guide)
    lacks_only = _is_part(guide.signature, start.signature)
    text = (
        "The image that guides the later windows is not prepared like the one that starts the first"
        f"{'; with img_compression 0 the two look the same, and will not once it is set' if idle else ''}.\n"
        f"first window:  {start.text}\n"
        f"later windows: {guide.text}\n"
        f"Link the guide of the {maker} loop to the end of the first chain."
    )
    yield Finding(guide.sink, text, edits, severity=severity or ("warning" if idle else ""), safe=lacks_only)


def _is_part(part: tuple[object, ...], whole: tuple[object, ...]) -> bool:
    left = iter(whole)
    return all(step in left for step in part)


def _mend(graph: Graph, start: Chain, guide: Chain) -> tuple[Connect, ...]:
    """Link the guide to what the first window's chain gives, as near to the source as only guides are fed."""
    end = start.last
    if end is None:
        return ()
    chosen: Hop | None = None
    members = {hop.node for hop in guide.hops}
    for hop in guide.hops[: guide.clear]:
        if hop.node.scope is end.node.scope and hop.node is not end.node and _fed_by(graph, hop) <= members:
            chosen = hop
    if chosen is None:
        return ()
    return (Connect(chosen.node.path, chosen.input, end.node.path, end.slot),)


def _fed_by(graph: Graph, hop: Hop) -> set[Node]:
    """The running nodes whose inputs are read over a drawn link."""
    source = graph.source(hop.node, hop.input)
    if not isinstance(source, Output):
        return set()
    return {node for node, name in graph.takers(source.node, source.slot) if hop in graph.hops(node, name)}


_LOOP: Nodes = {
    "load": ("LoadImage", {"image": "portrait.png"}),
    "resize": ("ImageResizeKJv2", {"image": ("load", 0), "width": 832, "height": 448, "upscale_method": "lanczos", "keep_proportion": "crop", "pad_color": "0, 0, 0", "crop_position": "center", "divisible_by": 32, "device": "cpu"}),
    "prepare": ("LTXVPreprocess", {"image": ("resize", 0), "img_compression": 18}),
    "vae": ("VAELoader", {"vae_name": "ltx.safetensors"}),
    "empty": ("EmptyLTXVLatentVideo", {"width": 832, "height": 448, "length": 497, "batch_size": 1}),
    "start": ("LTXVImgToVideoInplace", {"vae": ("vae", 0), "image": ("prepare", 0), "latent": ("empty", 0), "strength": 1.0, "bypass": False}),
    "first": ("SamplerCustomAdvanced", {"latent_image": ("start", 0)}),
    "open": ("TensorForLoopOpen", {"count": 4, "initial_value": ("first", 0)}),
    "guide": ("LTXVImgToVideoInplace", {"vae": ("vae", 0), "image": ("resize", 0), "latent": ("open", 1), "strength": 1.0, "bypass": False}),
    "sample": ("SamplerCustomAdvanced", {"latent_image": ("guide", 0)}),
    "close": ("TensorForLoopClose", {"flow_control": ("open", 0), "processed": ("sample", 0), "accumulate": True}),
}  # fmt: skip
_TAKE: Nodes = {
    "load": ("LoadImage", {"image": "portrait.png"}),
    "resize": ("ImageResizeKJv2", {"image": ("load", 0), "width": 640, "height": 640, "upscale_method": "lanczos", "keep_proportion": "crop", "pad_color": "0, 0, 0", "crop_position": "center", "divisible_by": 16, "device": "cpu"}),
    "plan": ("LongTakeFrameWindowPlanner", {"fps": 25.0, "family": "wan", "window": 81, "overlap": 9, "fit": "exact"}),
    "window": ("LongTakeAudioLoopController", {"plan": ("plan", 0), "start_image": ("load", 0), "take": "take", "seed": 0}),
    "reference": ("WanVideoImageToVideoEncode", {"start_image": ("resize", 0), "width": 640, "height": 640, "num_frames": ("plan", 2)}),
    "embeds": ("LongTakeWindowEmbedsWan", {"window": ("window", 0), "image_embeds": ("reference", 0)}),
    "sample": ("WanVideoSampler", {"image_embeds": ("embeds", 0), "steps": 4, "cfg": 1.0}),
    "decode": ("WanVideoDecode", {"samples": ("sample", 0)}),
    "keep": ("LongTakeKeepWindow", {"window": ("window", 0), "frames": ("decode", 0)}),
}  # fmt: skip
_CORE: Nodes = {
    "load": ("LoadImage", {"image": "portrait.png"}),
    "prepare": ("LTXVPreprocess", {"image": ("load", 0), "img_compression": 18}),
    "vae": ("VAELoader", {"vae_name": "ltx.safetensors"}),
    "open": ("StartLoop", {"mode": "simple", "mode.num_iterations": 4, "cache_iterations": False, "initial_iteration_value": ("prepare", 0)}),
    "window": ("LTXVImgToVideo", {"vae": ("vae", 0), "image": ("open", 4), "width": 832, "height": 448, "length": 97, "batch_size": 1, "strength": 1.0}),
    "guide": ("LTXVAddGuide", {"positive": ("window", 0), "negative": ("window", 1), "vae": ("vae", 0), "latent": ("window", 2), "image": ("load", 0), "frame_idx": -1, "strength": 1.0}),
    "sample": ("SamplerCustomAdvanced", {"latent_image": ("guide", 2)}),
    "decode": ("VAEDecode", {"samples": ("sample", 0), "vae": ("vae", 0)}),
    "close": ("EndLoop", {"output_value": ("decode", 0), "next_iteration_value": ("decode", 0), "accumulate": True}),
}  # fmt: skip

_WRAPPER = prompt(
    WAN_LOOP,
    vision=("CLIPVisionLoader", {"clip_name": "c.safetensors"}),
    clip=("WanVideoClipVisionEncode", {"clip_vision": ("vision", 0), "image_1": ("image", 0), "strength_1": 1.0}),
    loop=(WAN_LOOP["loop"][0], {**WAN_LOOP["loop"][1], "clip_embeds": ("clip", 0)}),
)

#: What starts the first window is used in the loop too, as a reference for colours, and does not become its guide.
_REFERENCED = changed(
    prompt(
        _LOOP,
        color=(
            "LTXVAdainLatent",
            {"latents": ("sample", 0), "reference": ("start", 0), "factor": 0.2, "per_frame": False},
        ),
    ),
    "close",
    processed=("color", 0),
)
#: One of several pictures is chosen for each window; they were all prepared alike.
_KEYFRAMES = changed(
    prompt(
        _LOOP,
        choose=(
            "KeyframeImageSchedule",
            {
                "images": ("resize", 0),
                "current_iteration": ("open", 3),
                "stride_seconds": 17.92,
                "schedule": "0:00+: 0",
                "blend_seconds": 0.0,
            },
        ),
    ),
    "guide",
    image=("choose", 0),
)

_GOOD_LOOP = changed(prompt(_LOOP), "guide", image=("prepare", 0))
_GOOD_TAKE = changed(prompt(_TAKE), "reference", start_image=("load", 0))
_GOOD_CORE = changed(prompt(_CORE), "guide", image=("prepare", 0))
_GOOD_WRAPPER = changed(_WRAPPER, "clip", image_1=("resize", 0))
_IDLE = changed(prompt(_LOOP), "prepare", img_compression=0)
GOOD = (
    _GOOD_LOOP,
    _GOOD_TAKE,
    _GOOD_CORE,
    _GOOD_WRAPPER,
    # Another picture guides the loop: nothing is shared, so nothing is compared.
    changed({**prompt(_LOOP), **prompt(other=("LoadImage", {"image": "b.png"}))}, "guide", image=("other", 0)),
)
BAD = (
    (prompt(_LOOP), _GOOD_LOOP),
    (prompt(_CORE), _GOOD_CORE),
    (_IDLE, changed(_IDLE, "guide", image=("prepare", 0))),
    (prompt(_TAKE), _GOOD_TAKE),
    (_WRAPPER, _GOOD_WRAPPER),
    (_REFERENCED, changed(_REFERENCED, "guide", image=("prepare", 0))),
    (_KEYFRAMES, changed(_KEYFRAMES, "choose", images=("prepare", 0))),
)
