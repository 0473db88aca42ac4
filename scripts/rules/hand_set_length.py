"""A frame count is typed by hand where the graph has a planner that counts frames from the sound.

Why is this bad?
    The planner counts anew for every sound; the typed number stays. Embeddings then end before the sound does
    or windows are made in another length than the plan says, and the take is refused or ends wrong.

Fix
    The count is linked to the planner: the whole length to `frames`, a window's length to `window_length`.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.edits import Connect
from ..workflow.graph import Graph
from . import roles
from .engine import Context, DoesNotApply, Finding
from .examples import Nodes, changed, prompt

NAME = "hand-set-length"
SEVERITY = "warning"
FIX = "safe"
TYPES = ("LongTakeFrameWindowPlanner",)
ABSENT = "there is no Frame Window Planner"

#: Who takes which count: (type, input) -> output of the planner.
_COUNTS = {
    ("MultiTalkWav2VecEmbeds", "num_frames"): "frames",
    ("WanVideoImageToVideoEncode", "num_frames"): "window_length",
    ("WanImageToVideo", "length"): "window_length",
    ("WanInfiniteTalkToVideo", "length"): "window_length",
    ("EmptyLTXVLatentVideo", "length"): "window_length",
    ("LTXVImgToVideo", "length"): "window_length",
}


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Counts without a link to the planner, in the graph of one planner."""
    planners = graph.of(TYPES)
    if len(planners) != 1:
        raise DoesNotApply("there is not exactly one active planner")
    planner = planners[0]
    # Only what ends in the same take or video is the planner's business.
    takes = graph.of(roles.LOOP_CLOSE | roles.VIDEO_OUT)
    cone = {node for take in takes if planner in (up := graph.upstream(take)) for node in up}
    for (kind, name), wanted in _COUNTS.items():
        for node in graph.of(kind):
            if node.number(name) is None or node not in cone:
                continue
            text = (
                f"{name} is {node.number(name):g} by hand, and {planner.label} counts it from the sound; "
                f"link it to the planner's {wanted}."
            )
            ends = [(hop.node, hop.input) for hop in graph.hops(node, name)] or [(node, name)]
            edits = [
                Connect(at.path, entry, planner.path, planner.slot(wanted))
                for at, entry in ends
                if at.scope is planner.scope
            ]
            yield Finding(node, text, tuple(edits[:1]))


_NODES: Nodes = {
    "sound": ("LoadAudio", {"audio": "a.wav"}),
    "image": ("LoadImage", {"image": "a.png"}),
    "plan": ("LongTakeFrameWindowPlanner", {"audio": ("sound", 0), "fps": 25.0, "family": "wan", "window": 81, "overlap": 9, "fit": "exact"}),
    "window": ("LongTakeAudioLoopController", {"plan": ("plan", 0), "start_image": ("image", 0), "take": "take", "seed": 0}),
    "reference": ("WanVideoImageToVideoEncode", {"start_image": ("image", 0), "width": 640, "height": 640, "num_frames": ("plan", 2)}),
    "voice": ("MultiTalkWav2VecEmbeds", {"audio_1": ("sound", 0), "normalize_loudness": True, "num_frames": ("plan", 1), "fps": 25.0, "audio_scale": 1.0, "audio_cfg_scale": 1.0, "multi_audio_type": "para"}),
    "embeds": ("LongTakeWindowEmbedsWan", {"window": ("window", 0), "image_embeds": ("reference", 0), "multitalk_embeds": ("voice", 0)}),
    "sample": ("WanVideoSampler", {"image_embeds": ("embeds", 0), "steps": 4, "cfg": 1.0}),
    "decode": ("WanVideoDecode", {"samples": ("sample", 0)}),
    "keep": ("LongTakeKeepWindow", {"window": ("window", 0), "frames": ("decode", 0)}),
}  # fmt: skip
_GOOD = prompt(_NODES)
GOOD = (_GOOD,)
BAD = (
    (changed(_GOOD, "reference", num_frames=81), _GOOD),
    (changed(_GOOD, "voice", num_frames=441), _GOOD),
)
