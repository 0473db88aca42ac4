"""Settings of two guides that disagree are mixed in one graph.

Why is this bad?
    The guides for InfiniteTalk in circulation were each tested as a whole: the older one with motion_frame 9,
    flowmatch_distill, bf16, 40 swapped blocks and a LoRA at 0.8, the newer one with 25, dpm++_sde, fp16_fast,
    20 and 1.0. Some of each may do well; nobody has tested it. Hence a question.

Fix
    Choose one: `--profile pixaroma` or `--profile quickstart` lists what differs and can set it.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.graph import Graph, Node
from . import wan
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .profiles import PROFILES
from .settings import close, shown
from .wan_examples import TAKE, WRAPPER

NAME = "mixed-house-values"
SEVERITY = "info"
FIX = "none"
TYPES = (*sorted(wan.LOOPS), wan.EMBEDS)
ABSENT = "WanVideoWrapper makes no talking video here"

_HOUSES = ("pixaroma", "quickstart")


def check(graph: Graph, context: Context) -> Iterator[Finding]:
    """Values that only one of the two guides has; with a profile, house-value says it."""
    if context.profile is not None:
        raise DoesNotApply("a profile is chosen")
    told = {name: _told(graph, name) for name in _HOUSES}
    if not any(told.values()):
        raise DoesNotApply("the graph sets nothing that the guides disagree on")
    if all(told.values()):
        first = next(iter(told[_HOUSES[0]].values()))
        parts = [
            f"{', '.join(entries)} {'are' if len(entries) > 1 else 'is'} {name}'s" for name, entries in told.items()
        ]
        yield Finding(first, f"{'; '.join(parts)}. The two guides disagree on these; choose one.")


def _told(graph: Graph, house: str) -> dict[str, Node]:
    """What a graph sets as this house does and the other does not, as text, with where."""
    other = next(name for name in _HOUSES if name != house)
    own, theirs = PROFILES[house].values, PROFILES[other].values
    found: dict[str, Node] = {}
    for (kind, name), values in own.items():
        against = theirs.get((kind, name))
        if against is None or any(close(one, two) for one in values for two in against):
            continue
        for node in graph.of(kind):
            value = node.value(name)
            if any(close(value, one) for one in values):
                found.setdefault(f"{name} {shown(value)}", node)
    return found


_ONE = changed(WRAPPER, "loop", motion_frame=25)
GOOD = (_ONE, TAKE, changed(_ONE, "sample", scheduler="unipc"))
BAD = (
    (WRAPPER, None),
    (changed(_ONE, "sample", scheduler="flowmatch_distill"), None),
)
