"""The sound that moves the lips is not separated from music and noise.

Why is this bad?
    wav2vec listens for speech. Music, applause and other voices move the mouth too. For clean speech nothing
    is wrong; hence a question, not a fault.

Fix
    Put a separator (MelBandRoFormer, Demucs) before the embeddings, and keep the full sound for the video.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.graph import Graph
from . import roles
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .wan_examples import TAKE, WRAPPER

NAME = "music-in-lip-audio"
SEVERITY = "info"
FIX = "none"
TYPES = roles.WAV2VEC | {"LongTakeWav2VecEmbeds"}
ABSENT = "no sound is turned into lip embeddings"


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Sound that comes from a file without passing a separator."""
    nodes = graph.of(TYPES)
    if not nodes:
        raise DoesNotApply("no sound is turned into lip embeddings")
    for node in nodes:
        for name in node.links:
            if not name.startswith("audio"):
                continue
            feeder = node.feeder(name)
            if feeder is None:
                continue
            way = graph.upstream(feeder)
            if any(member.type in roles.LOAD_AUDIO for member in way) and not any(_separates(member.type) for member in way):
                text = f"{name} comes from a file without a separator; if there is music or noise in it, take the voice out first."
                yield Finding(node, text)
                break


def _separates(kind: str) -> bool:
    lower = kind.lower()
    return kind in roles.SEPARATORS or any(word in lower for word in ("separat", "roformer", "demucs", "vocal", "uvr", "spleeter"))


GOOD = (WRAPPER, TAKE)
BAD = ((changed(WRAPPER, "voice", audio_1=("sound", 0)), None),)
