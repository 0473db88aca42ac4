"""Steps or cfg that do not go with the step-distillation LoRA that is loaded, or is not.

Why is this bad?
    A cfg-step-distill LoRA (lightx2v and its like) has learned to do without guidance in 4 to 8 steps. Another
    cfg than 1 burns the picture and doubles the time; more steps cost time and overcook it. Without such a LoRA
    a handful of steps gives mush.

Fix
    cfg is set to 1 where the LoRA is loaded. Unsafe: pictures change. The number of steps is yours to choose: up
    to 8 with it, 20 or more without.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.graph import Graph, Node
from . import roles
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .settings import close, set_value
from .wan import DISTILLED, FEW_STEPS, file_of, loras, model_name, setting, talking_samplers
from .wan_examples import TAKE, WRAPPER

NAME = "cfg-with-distill-lora"
SEVERITY = "warning"
FIX = "unsafe"
TYPES = roles.WRAPPER_SAMPLER
ABSENT = "WanVideoWrapper's sampler is not used"

_MOST_WITH, _LEAST_WITHOUT = 8, 20


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Samplers of an InfiniteTalk route whose model can be traced."""
    samplers = [(sampler, model) for sampler in talking_samplers(graph) if (model := model_name(graph, sampler))]
    if not samplers:
        raise DoesNotApply("no InfiniteTalk sampler's model is known")
    for sampler, (_, base) in samplers:
        files = [base, *(name for _, _, name, _ in loras(graph, sampler))]
        distilled = next((name for name in files if DISTILLED.search(name)), None)
        if distilled is not None:
            yield from _with(sampler, file_of(distilled))
        elif not any(FEW_STEPS.search(name) for name in files):
            steps = _steps(sampler)
            if steps is not None and steps < _LEAST_WITHOUT:
                text = f"{steps:g} steps without a step-distillation LoRA. Use {_LEAST_WITHOUT} or more, or load one."
                yield Finding(sampler, text)


def _steps(sampler: Node) -> float | None:
    at = setting(sampler, "steps")
    return at[0].number(at[1]) if at is not None and "sigmas" not in at[0].links else None


def _with(sampler: Node, file: str) -> Iterator[Finding]:
    cfg, steps = sampler.number("cfg"), _steps(sampler)
    if cfg is not None and not close(cfg, 1):
        yield Finding(
            sampler, f"cfg is {cfg:g} with {file}, which is made for 1. Use 1.", set_value(sampler, "cfg", 1.0)
        )
    if steps is not None and steps > _MOST_WITH:
        yield Finding(sampler, f"{steps:g} steps with {file}, which is made for few. Use 4 to {_MOST_WITH}.")


_PLAIN = {name: node for name, node in WRAPPER.items() if name != "lora"}
_PLAIN = changed(_PLAIN, "model", lora=None)
GOOD = (
    WRAPPER,
    TAKE,
    changed(_PLAIN, "sample", steps=30, cfg=5.0),
    changed(_PLAIN, "model", model="Wan_lightx2v_merged.safetensors"),
    changed(WRAPPER, "sample", cfg=1.0000000000000002),
)
BAD = (
    (changed(WRAPPER, "sample", cfg=5.0), WRAPPER),
    (changed(TAKE, "sample", steps=20), None),
    (_PLAIN, None),
)
