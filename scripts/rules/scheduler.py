"""A scheduler that the sampler refuses here, or that the chosen profile does not know.

Why is this bad?
    `multitalk` is a scheduler for WanVideoWrapper's own loop; the sampler refuses it outside, after all models
    are loaded. Other schedulers run, but a house that tested one did not test the others.

Fix
    The profile's, or dpm++_sde. Unsafe: schedulers are a matter of taste.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.graph import Graph
from . import roles
from .engine import Context, Finding
from .examples import changed
from .settings import set_value
from .wan import LOOPS, setting, talks
from .wan_examples import TAKE, WRAPPER

NAME = "scheduler"
SEVERITY = "error"
FIX = "unsafe"
TYPES = roles.WRAPPER_SAMPLER
ABSENT = "WanVideoWrapper's sampler is not used"


def check(graph: Graph, context: Context) -> Iterator[Finding]:
    """The scheduler of every sampler of the wrapper."""
    house = context.profile.values.get(("WanVideoSampler", "scheduler"), ()) if context.profile else ()
    for sampler in graph.of(sorted(roles.WRAPPER_SAMPLER)):
        at = setting(sampler, "scheduler")
        value = at[0].value(at[1]) if at is not None else None
        if at is None or not isinstance(value, str):
            continue
        if value == "multitalk" and not any(node.type in LOOPS for node in graph.upstream(sampler)):
            best = house[0] if house else "dpm++_sde"
            text = f"The scheduler multitalk only works in the wrapper's own loop. Use {best}, for example."
            yield Finding(sampler, text, set_value(*at, best))
        elif house and value not in house and talks(graph, sampler):
            text = (
                f"The scheduler is {value}; the profile {context.profile.name if context.profile else ''} "
                f"uses {house[0]}."
            )
            yield Finding(sampler, text, set_value(*at, house[0]), severity="info")


GOOD = (WRAPPER, TAKE, changed(WRAPPER, "sample", scheduler="multitalk"))
BAD = ((changed(TAKE, "sample", scheduler="multitalk"), TAKE),)
