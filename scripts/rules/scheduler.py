"""A scheduler that the sampler refuses here, or that the chosen profile does not know.

Why is this bad?
    `multitalk` is a scheduler for WanVideoWrapper's own loop; the sampler refuses it outside, after all models
    are loaded. Other schedulers run, but a house that tested one did not test the others.

Fix
    Choose another. With `--profile`, `--unsafe-fixes` sets the one of the profile.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.edits import SetWidget
from ..workflow.graph import Graph
from . import roles
from .engine import Context, Finding
from .examples import changed
from .wan import wrapper_loops
from .wan_examples import TAKE, WRAPPER

NAME = "scheduler"
SEVERITY = "error"
FIX = "none"
TYPES = roles.WRAPPER_SAMPLER
ABSENT = "WanVideoWrapper's sampler is not used"


def check(graph: Graph, context: Context) -> Iterator[Finding]:
    """The scheduler of every sampler of the wrapper."""
    looping = {loop.sampler for loop in wrapper_loops(graph)}
    house = context.profile.values.get(("WanVideoSampler", "scheduler"), ()) if context.profile else ()
    for sampler in graph.of(roles.WRAPPER_SAMPLER):
        value = sampler.value("scheduler")
        if value == "multitalk" and sampler not in looping:
            text = "The scheduler 'multitalk' only works in the wrapper's own loop; use dpm++_sde, for example."
            yield Finding(sampler, text)
        elif house and isinstance(value, str) and value not in house:
            text = f"The scheduler is {value}; the profile {context.profile.name if context.profile else ''} uses {house[0]}."
            edits = () if sampler.linked("scheduler") else (SetWidget(sampler.path, "scheduler", house[0]),)
            yield Finding(sampler, text, edits, severity="info", safe=False)


GOOD = (WRAPPER, TAKE, changed(WRAPPER, "sample", scheduler="multitalk"))
BAD = ((changed(TAKE, "sample", scheduler="multitalk"), None),)
