"""What prompts of talking and singing loops are known to suffer from.

Why is this bad?
    Lips follow the sound only where the mouth has pixels: in a wide shot it has a few dozen. A camera that moves
    rescales the face in every frame of a window, and the sync cannot lock. "is performing" is no motion that the
    model can bind to the mouth; "is singing" or "is telling a joke" is. A subject that is worded differently
    from entry to entry is another person to the text encoder. All this is judged by words, so it only runs
    where it is asked for, by name or by a profile.

Fix
    Medium shot or closer, static camera, a verb of what is seen, the same words for the subject in all entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..workflow.graph import Graph
from . import ltx
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .ltx_examples import GRAPH
from .prompts import Entry, first_prompts, schedule_entries

NAME = "prompt-habits"
SEVERITY = "info"
FIX = "none"
TYPES = ltx.SCHEDULES
ABSENT = "there is no prompt schedule"
OPT_IN = True

_NEGATED = re.compile(r"\b(?:no|not|without|never|avoid)\s+(?:\w+\s+){0,2}$", re.IGNORECASE)
_WIDE = re.compile(
    r"\b(?:(?:extreme |very )?wide (?:shot|angle|view|framing|stage)\w*|long shot|full[- ]body shot|establishing shot)",
    re.IGNORECASE,
)
_MOVES = re.compile(
    r"\b(?:doll(?:y|ies|ying)|jib(?:s|bing)?|zoom(?:s|ing)?|tracking shot|handheld|orbit(?:s|ing)|crane shot|"
    r"pan(?:s|ning) (?:left|right|across|over|up|down|to)|push(?:es|ing)?[- ]in|pull(?:s|ing)?[- ](?:back|out)|"
    r"camera (?:moves|glides|sways|follows|circles|drifts))\b",
    re.IGNORECASE,
)
_VAGUE = re.compile(r"\b(?:is|are) (?:performing|speaking|vocali[sz]ing)\b", re.IGNORECASE)
_FADE = re.compile(r"\bfad(?:e|es|ing)\b", re.IGNORECASE)
#: The subject is what stands before its verb, without a sentence about the style before it.
_SUBJECT = re.compile(r"(?:^|[.:!?]\s+)([^.:!?]*?)\s+(?:is|are)\s+\w+ing\b", re.IGNORECASE)


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Every prompt of a loop: the first window's and the schedule's."""
    schedules = [entries for node in graph.of(sorted(TYPES)) if (entries := schedule_entries(node))]
    if not schedules:
        raise DoesNotApply("the schedule's prompts are not written in the graph")
    told = {entry.text.strip() for entries in schedules for entry in entries}
    for entry in first_prompts(graph):
        if entry.text.strip() not in told:
            yield from _judge(entry, last=False)
    for entries in schedules:
        for entry in entries:
            yield from _judge(entry, last=entry is entries[-1] and len(entries) > 1)
        yield from _subjects(entries)


def _judge(entry: Entry, *, last: bool) -> Iterator[Finding]:
    where = f"The entry at {entry.start}" if entry.start else "The prompt"
    if found := _says(_WIDE, entry.text):
        yield Finding(
            entry.node,
            f"{where} says {found!r}: the mouth gets too few pixels to follow the sound. Use a medium shot or closer.",
        )
    if (found := _says(_MOVES, entry.text)) and not (last and _FADE.search(entry.text)):
        yield Finding(
            entry.node,
            f"{where} says {found!r}: a face that moves with the camera loses its sync. Use a static camera.",
        )
    if found := _says(_VAGUE, entry.text):
        yield Finding(
            entry.node,
            f"{where} says {found!r}, which is no motion of its own. Say what is seen, for example 'is singing'.",
        )


def _says(pattern: re.Pattern[str], text: str) -> str | None:
    return next((found[0] for found in pattern.finditer(text) if not _NEGATED.search(text, 0, found.start())), None)


def _subjects(entries: list[Entry]) -> Iterator[Finding]:
    subjects = {
        found[1].strip().lower(): found[1].strip() for entry in entries if (found := _SUBJECT.search(entry.text))
    }
    if len(subjects) > 1:
        named = " and ".join(repr(subject) for subject in list(subjects.values())[:3])
        yield Finding(
            entries[0].node,
            f"The subject is worded as {named}; to the model these are different people. Use the same words.",
        )


_GOOD = "0:00-0:36: A woman in a red coat is singing. Medium shot, no zoom, static camera.\n"
GOOD = (
    GRAPH,
    changed(
        GRAPH, "prompts", schedule=_GOOD + "0:36+: A woman in a red coat is dancing. The picture fades out, dolly out."
    ),
)
BAD = (
    (changed(GRAPH, "prompts", schedule="0:00+: A woman in a red coat is singing. Wide shot."), None),
    (changed(GRAPH, "prompts", schedule="0:00+: A woman in a red coat is singing. Slow dolly in."), None),
    (changed(GRAPH, "text", text="A woman in a red coat is performing."), None),
    (changed(GRAPH, "prompts", schedule=_GOOD + "0:36+: A blonde woman is singing. Static camera."), None),
)
