"""Steps or cfg that do not go with the step-distillation LoRA that is loaded, or is not.

Why is this bad?
    A cfg-step-distill LoRA (lightx2v and its like) has learned to do without guidance in 4 to 8 steps. Another
    cfg than 1 burns the picture and doubles the time; more steps cost time and overcook it. Without such a LoRA
    a handful of steps gives mush.

Fix
    cfg is set to 1 where the LoRA is loaded. The number of steps is yours to choose: up to 8 with it, 20 or
    more without.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.edits import SetWidget
from ..workflow.graph import Graph, Node
from . import roles
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .wan import DISTILLED_LORA, DISTILLED_MODEL, loras, model_name, talking_samplers
from .wan_examples import TAKE, WRAPPER

NAME = "cfg-with-distill-lora"
SEVERITY = "warning"
FIX = "safe"
TYPES = roles.WRAPPER_SAMPLER
ABSENT = "WanVideoWrapper's sampler is not used"

_MOST_WITH, _LEAST_WITHOUT = 8, 20


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """Samplers of an InfiniteTalk route whose model can be traced."""
    samplers = [(sampler, model) for sampler in talking_samplers(graph) if (model := model_name(graph, sampler))]
    if not samplers:
        raise DoesNotApply("no InfiniteTalk sampler's model is known")
    for sampler, (_, model) in samplers:
        lora = next((name for _, _, name, _ in loras(graph, sampler) if DISTILLED_LORA.search(name)), None)
        if lora is not None:
            yield from _with(sampler, lora)
        elif not DISTILLED_MODEL.search(model):
            steps = sampler.number("steps")
            if steps is not None and steps < _LEAST_WITHOUT:
                text = f"{steps:g} steps without a step-distillation LoRA; use {_LEAST_WITHOUT} or more, or load the LoRA."
                yield Finding(sampler, text)


def _with(sampler: Node, lora: str) -> Iterator[Finding]:
    cfg, steps = sampler.number("cfg"), sampler.number("steps")
    if cfg is not None and round(cfg, 6) != 1:
        text = f"cfg is {cfg:g} with the distillation LoRA {lora!r}; use 1."
        yield Finding(sampler, text, () if sampler.linked("cfg") else (SetWidget(sampler.path, "cfg", 1.0),))
    if steps is not None and steps > _MOST_WITH:
        yield Finding(sampler, f"{steps:g} steps with the distillation LoRA {lora!r}; use 4 to {_MOST_WITH}.")


_PLAIN = {name: node for name, node in WRAPPER.items() if name != "lora"}
_PLAIN = changed(_PLAIN, "model", lora=None)
GOOD = (WRAPPER, TAKE, changed(_PLAIN, "sample", steps=30, cfg=5.0), changed(_PLAIN, "model", model="Wan_lightx2v_merged.safetensors"))
BAD = (
    (changed(WRAPPER, "sample", cfg=5.0), WRAPPER),
    (changed(TAKE, "sample", steps=20), None),
    (_PLAIN, None),
)
