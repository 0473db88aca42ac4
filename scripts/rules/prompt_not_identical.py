"""The first window is asked for something else than the schedule's first entry.

Why is this bad?
    The first window is made before the loop and has a prompt of its own. If it differs from the schedule's
    first entry, by a word or a comma, the text encoder gives another subject, and the picture changes after the
    first window. It is easily edited in one place and forgotten in the other.

Fix
    Make the two the same, to the letter.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from ..workflow.graph import Graph
from . import ltx
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .ltx_examples import GRAPH
from .prompts import first_prompts, schedule_entries

NAME = "prompt-not-identical"
SEVERITY = "info"
FIX = "none"
TYPES = ltx.SCHEDULES
ABSENT = "there is no prompt schedule"

_SHOWN = 40


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Compare the first window's prompt with the first entry of every schedule."""
    schedules = [entries for node in graph.of(sorted(TYPES)) if (entries := schedule_entries(node))]
    first = list(first_prompts(graph))
    if not schedules or not first:
        raise DoesNotApply("the prompts of the first window and of the schedule are not both written in the graph")
    for entry in first:
        for entries in schedules:
            left, right = entry.text.strip(), entries[0].text
            if left != right:
                text = (
                    f"The first window's prompt and the schedule's first entry ({entries[0].node.label}) differ: "
                    f"{_from(left, right)!r} and {_from(right, left)!r}. Make them the same."
                )
                yield Finding(entry.node, text)


def _from(text: str, other: str) -> str:
    """The text from the word on where it differs from the other."""
    same = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(text, other, strict=False))))
    start = max(0, text.rfind(" ", 0, same) + 1)
    part = text[start : start + _SHOWN]
    return ("... " if start else "") + part + (" ..." if start + _SHOWN < len(text) else "")


_OTHER = "A woman in a blue coat is singing. Static camera."
GOOD = (
    GRAPH,
    changed(GRAPH, "text", text="A woman in a red coat is singing. Static camera.\n"),
    changed(
        GRAPH, "prompts", schedule=f"0:00\u20130:38: A woman in a red coat is singing. Static camera.\n0:38+: {_OTHER}"
    ),
)
BAD = (
    (changed(GRAPH, "text", text=_OTHER), None),
    (
        changed(
            GRAPH, "prompts", schedule=f"0:00-0:38: {_OTHER}\n0:38+: A woman in a red coat is singing. Static camera."
        ),
        None,
    ),
)
