"""Guidance on a distilled LTX model.

Why is this bad?
    A distilled model has learned to do without guidance. With a cfg other than 1 every step runs twice and the
    picture burns; negative prompts work through LTX2_NAG instead.

Fix
    cfg 1. Unsafe: pictures change.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..workflow.graph import Graph
from . import ltx
from .engine import Context, DoesNotApply, Finding
from .examples import changed
from .ltx_examples import GRAPH
from .settings import close, set_value, shown
from .wan import file_of

NAME = "cfg"
SEVERITY = "warning"
FIX = "unsafe"
TYPES = ltx.MARKS
ABSENT = "nothing is made with LTX"


def check(graph: Graph, _context: Context) -> Iterator[Finding]:
    """The guider of every sampler whose model is a distilled one."""
    guiders = dict.fromkeys(ltx.guider_of(sampler) for sampler in ltx.samplers(graph))
    known = [
        (guider, file, cfg)
        for guider in guiders
        if (file := ltx.distilled(guider)) and (cfg := guider.number("cfg")) is not None
    ]
    if not known:
        raise DoesNotApply("no distilled LTX model is sampled with a cfg that is known")
    for guider, file, cfg in known:
        if not close(cfg, 1):
            text = f"cfg is {shown(cfg)} with {file_of(file)}, which is made for 1. Use 1."
            yield Finding(guider, text, set_value(guider, "cfg", 1.0))


_FULL = changed(GRAPH, "unet", unet_name="ltx-2.3-22b-dev_fp8.safetensors")
GOOD = (GRAPH, changed(_FULL, "guider", cfg=4.0), changed(GRAPH, "guider", cfg=1.0000000000000002))
BAD = ((changed(GRAPH, "guider", cfg=4.0), GRAPH),)
