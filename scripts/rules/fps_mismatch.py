"""Two different frame rates on the way of one video.

Why is this bad?
    The sound is cut into frames at one rate and the pictures are shown at another: lips and voice drift apart
    by the difference, from the first second on. Nothing fails. Without sound it is a warning: the motion is
    only faster or slower than it was made for.

    Compared are the rates of planners, audio embeddings, LTXVConditioning and the video's output, along the
    data's way to each output. What lies before a node that makes frames in between (RIFE, FILM) is left out.

Fix
    The planner's rate is set where a node differs from it. Without a planner the audit cannot know which of
    the rates is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from ..workflow.edits import SetWidget
from ..workflow.graph import Graph, Node
from . import roles
from .engine import Context, DoesNotApply, Finding
from .examples import Nodes, changed, prompt
from .sizes import rate

NAME = "fps-mismatch"
SEVERITY = "error"
FIX = "safe"
TYPES = roles.VIDEO_OUT | {"LongTakeKeepWindow"}
ABSENT = "no video is put out"

_RATES = dict(roles.FPS)
_PLANNERS = ("LongTakeFrameWindowPlanner", "AudioLoopController")
_BETWEEN = re.compile(r"rife|vfi|interpolat|gimm|film|fps|select.*frame|nth", re.IGNORECASE)


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Compare the rates that lead to each output."""
    told = False
    seen: set[Node] = set()
    stop = frozenset(kind for kind in graph.types if _BETWEEN.search(kind))
    for output in graph.of(TYPES):
        cone = graph.upstream(output, stop=stop)
        if any(node.type in stop or node.type.startswith("WanVideoLongCat") for node in cone):
            # LongCat takes audio features at twice the rate of its frames, as it should.
            continue
        rates = [(node, known) for node in cone if (known := _rate(node)) is not None]
        told = told or len(rates) > 1
        if len({known for _, known in rates}) < 2:
            continue
        right = _right(rates)
        sounds = any(kind == "AUDIO" for node in cone for _, kind in node.outputs)
        for node, known in rates:
            if known != right[1] and node not in seen:
                seen.add(node)
                yield _finding(node, known, right, sounds)
    if not told:
        raise DoesNotApply("at most one frame rate is set on the way of each video")


def _rate(node: Node) -> Fraction | None:
    return rate(node, _RATES[node.type]) if node.type in _RATES else None


def _right(rates: list[tuple[Node, Fraction]]) -> tuple[Node, Fraction]:
    """The planner's rate, else the one nearest to the sound."""
    for kind in (*_PLANNERS, *(kind for kind, _ in roles.FPS)):
        for node, known in rates:
            if node.type == kind:
                return node, known
    return rates[0]


def _finding(node: Node, known: Fraction, right: tuple[Node, Fraction], sounds: bool) -> Finding:
    value = float(right[1])
    shown = int(value) if value.is_integer() else value
    text = (
        f"{_RATES[node.type]} is {float(known):g} here and {shown:g} at {right[0].label}, on the way of the same video; "
        f"use one rate, for example {shown:g}."
    )
    fixable = right[0].type in _PLANNERS and not node.linked(_RATES[node.type])
    return Finding(
        node, text, (SetWidget(node.path, _RATES[node.type], shown),) if fixable else (), "" if sounds else "warning"
    )


_NODES: Nodes = {
    "sound": ("LoadAudio", {"audio": "a.wav"}),
    "plan": ("LongTakeFrameWindowPlanner", {"audio": ("sound", 0), "fps": 25.0, "family": "wan", "window": 81, "overlap": 9, "fit": "exact"}),
    "model": ("Wav2VecModelLoader", {"model": "w.safetensors", "base_precision": "fp16", "load_device": "main_device"}),
    "voice": ("MultiTalkWav2VecEmbeds", {"wav2vec_model": ("model", 0), "audio_1": ("sound", 0), "normalize_loudness": True, "num_frames": ("plan", 1), "fps": 25.0, "audio_scale": 1.0, "audio_cfg_scale": 1.0, "multi_audio_type": "para"}),
    "sample": ("WanVideoSampler", {"multitalk_embeds": ("voice", 0), "steps": 4, "cfg": 1.0}),
    "decode": ("WanVideoDecode", {"samples": ("sample", 0)}),
    "video": ("VHS_VideoCombine", {"images": ("decode", 0), "audio": ("sound", 0), "frame_rate": 25, "format": "video/h264-mp4"}),
}  # fmt: skip
_GOOD = prompt(_NODES)
_TYPED = changed(prompt({name: node for name, node in _NODES.items() if name != "plan"}), "voice", num_frames=441)
GOOD = (
    _GOOD,
    # Frames made in between double the rate.
    changed(
        {**_GOOD, **prompt(rife=("RIFE VFI", {"frames": ("decode", 0), "multiplier": 2}))},
        "video",
        images=("rife", 0),
        frame_rate=50,
    ),
)
BAD = (
    (changed(_GOOD, "video", frame_rate=16), _GOOD),
    (changed(_TYPED, "video", frame_rate=24), None),
)
