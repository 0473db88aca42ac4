"""The sound that moves the lips is not separated from music and noise.

Why is this bad?
    wav2vec listens for speech. Music, applause and other voices move the mouth too. For clean speech nothing
    is wrong; hence a question, not a fault.

Fix
    Put a separator (MelBandRoFormer, Demucs) before the embeddings, and keep the full sound for the video.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..workflow.graph import Graph, Node, Output
from . import roles
from .engine import Context, DoesNotApply, Finding
from .examples import changed, prompt
from .wan_examples import LOOP, TAKE, WRAPPER

NAME = "music-in-lip-audio"
SEVERITY = "info"
FIX = "none"
TYPES = roles.WAV2VEC | {"LongTakeWav2VecEmbeds"}
ABSENT = "no sound is turned into lip embeddings"

_SEPARATES = ("separat", "roformer", "demucs", "vocal", "uvr", "spleeter", "isolat")
_OTHER_PART = re.compile(r"bass|drum|other|instrument|music|accompan|background|noise|crowd", re.IGNORECASE)


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Sound that comes from a file without passing a separator, or as another part of it than the voice."""
    known = [(node, name, source) for node in graph.of(TYPES) for name, source in _sounds(node)]
    if not known:
        raise DoesNotApply("no sound is turned into lip embeddings")
    for node, name, source in known:
        way = graph.upstream(source.node)
        separator = next((member for member in way if _separates(member.type)), None)
        if separator is source.node and _OTHER_PART.search(source.name):
            text = f"{name} gets {source.name} of {source.node.label}; lips follow the voice. Use its vocals."
            yield Finding(node, text, severity="warning")
        elif separator is None and any(member.type in roles.LOAD_AUDIO for member in way):
            text = (
                f"{name} comes from a file without a separator. If there is music or noise in it, take "
                "the voice out first."
            )
            yield Finding(node, text)


def _sounds(node: Node) -> Iterator[tuple[str, Output]]:
    """The sounds that a node listens to; this pack's takes the plan's if it is given none."""
    names = [name for name in node.links if name.startswith("audio")]
    holder = node
    if not names and (planner := node.feeder("plan")) is not None:
        holder, names = planner, ["audio"]
    for name in names:
        source = holder.source(name)
        if isinstance(source, Output):
            yield name, source


def _separates(kind: str) -> bool:
    lower = kind.lower()
    return kind in roles.SEPARATORS or any(word in lower for word in _SEPARATES)


_OWN = prompt(
    {name: node for name, node in LOOP.items() if name != "voice"},
    plan=(
        "LongTakeFrameWindowPlanner",
        {"audio": ("sound", 0), "fps": 25.0, "family": "wan", "window": 81, "overlap": 9, "fit": "exact"},
    ),
    voice=(
        "LongTakeWav2VecEmbeds",
        {
            "plan": ("plan", 0),
            "wav2vec_model": ("wav2vec", 0),
            "normalize_loudness": True,
            "audio_scale": 1.0,
            "audio_cfg_scale": 1.0,
            "chunk": 10000,
        },
    ),
)
GOOD = (WRAPPER, TAKE, changed(_OWN, "voice", audio=("vocals", 0)))
BAD = (
    (changed(WRAPPER, "voice", audio_1=("sound", 0)), None),
    (changed(WRAPPER, "voice", audio_1=("vocals", 1)), None),
    (_OWN, None),
)
