"""Prompts of an LTX loop: the first window's, and the schedule's entries for the windows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..workflow.graph import Graph, Node
from . import ltx, roles

_TIME = r"\d+(?::\d{1,2}){0,2}(?:\.\d+)?"
#: ``0:00-0:38: prompt``, ``0:38+: prompt``; people paste other dashes from documents.
_ENTRY = re.compile(rf"^\s*({_TIME})\s*(?:\+|[-\u2013\u2014]\s*({_TIME})?)\s*:\s*(.*\S)\s*$")


@dataclass(frozen=True, slots=True)
class Entry:
    """One prompt: the node that holds it, when it starts as it is written, and the text."""

    node: Node
    start: str
    text: str


def schedule_entries(node: Node) -> list[Entry]:
    """The entries of a schedule in their order; lines that are none are passed over."""
    text = node.value("schedule")
    if not isinstance(text, str):
        return []
    found = (_ENTRY.match(line) for line in text.splitlines())
    return [Entry(node, match[1], match[3]) for match in found if match]


def first_prompts(graph: Graph) -> Iterator[Entry]:
    """What the first window of every loop is asked for, where it is encoded by itself."""
    for looped in ltx.sampling_loops(graph):
        for sampler in looped.first:
            guider = ltx.guider_of(sampler)
            for side in ("positive", "conditioning"):
                for node in ltx.conditioning_chain(guider, side) if side in guider.links else ():
                    text = node.value("text") if node.type in roles.TEXT_ENCODE else None
                    if isinstance(text, str):
                        yield Entry(node, "", text)
