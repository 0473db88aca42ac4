"""Graph: what is wrong with the graph that is about to run, said before anything is sampled.

The rules live in `scripts/rules`, because the command line uses them without ComfyUI. This is the one arrow
from a node module to `scripts`: to `scripts.rules` and `scripts.workflow`, which know nothing of ComfyUI.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import folder_paths
from aiohttp import web
from comfy_api.latest import io
from server import PromptServer

from ..scripts.rules import engine, output
from ..scripts.rules.picture import draw_report
from ..scripts.rules.profiles import PROFILES
from ..scripts.workflow.document import read_data, read_text
from ..scripts.workflow.errors import WorkflowError
from .host import CATEGORY, field, schema

log = logging.getLogger("longtake")

NODE_ID = "LongTakePreprocessSymmetryAudit"
ALL, ONE = "all rules", "preprocess-symmetry only"
REPORT, STOP = "report", "stop on errors"
NO_PROFILE = "none"
#: The largest graph that the route reads, in bytes; the largest public workflow has under 2 MB.
MOST_BYTES = 32 * 1024 * 1024


class PreprocessSymmetryAudit(io.ComfyNode):
    """Any value through, the running graph's faults out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """The node as ComfyUI shows it."""
        return schema(
            node_id="LongTakePreprocessSymmetryAudit",
            display_name="Preprocess Symmetry Audit",
            category=CATEGORY,
            description=(
                "Audits the graph that is about to run: above all whether the image that guides later windows is "
                "prepared like the one that starts the first. Put it on the way to the sampler, so that it speaks "
                "before anything is sampled. What goes in comes out unchanged."
            ),
            search_aliases=["longtake", "audit", "lint", "check", "preprocess symmetry"],
            is_output_node=True,
            hidden=[io.Hidden.prompt, io.Hidden.extra_pnginfo, io.Hidden.unique_id],
            inputs=[
                field(
                    io.AnyType.Input,
                    "anything",
                    optional=True,
                    tooltip="Any value on the way to the sampler, the model for example. It is handed on.",
                ),
                field(io.Combo.Input, "rules", options=[ALL, ONE], default=ALL, tooltip="What to look for."),
                field(
                    io.Combo.Input,
                    "when_wrong",
                    options=[REPORT, STOP],
                    default=REPORT,
                    tooltip="stop on errors: the run ends here, before it costs time. report: it goes on.",
                ),
                field(
                    io.Combo.Input,
                    "profile",
                    options=[NO_PROFILE, *PROFILES],
                    default=NO_PROFILE,
                    tooltip="House values to hold to, beside what is right or wrong anywhere.",
                ),
                field(
                    io.String.Input,
                    "graph",
                    default="",
                    optional=True,
                    socketless=True,
                    extra_dict={"hidden": True},
                    tooltip="Filled in by the server when you queue: it tells whether the graph has changed.",
                ),
            ],
            outputs=[
                field(io.AnyType.Output, "anything_out", display_name="anything"),
                field(io.String.Output, "report", display_name="report", tooltip="The findings as text."),
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, graph: str | None = None, **_: Any) -> str:
        """Nothing of its own where the server has marked the graph; else ever new, so that it is always audited."""
        return "" if graph else str(time.time_ns())

    @classmethod
    def execute(
        cls, *, rules: str, when_wrong: str, profile: str, anything: Any = None, graph: str = ""
    ) -> io.NodeOutput:
        """Audit the prompt, show what was found, hand the value on."""
        del graph
        findings, problem = audit_prompt(cls.hidden.prompt or {}, cls.hidden.extra_pnginfo, rules, profile)
        text, head = _text(findings, problem)
        log.info("Audit: %s", head)
        errors = [found for found in findings if found.severity == "error"]
        if errors and when_wrong == STOP:
            first = errors[0].message.split("\n", 1)[0]
            more = f" ({len(errors) - 1} more errors)" if len(errors) > 1 else ""
            raise ValueError(f"{errors[0].rule} at {errors[0].path or 'the graph'}: {first}{more}")
        shown = {
            "images": [_picture(findings, head)],
            "text": (text,),
            "findings": [output.entry("", f) for f in findings],
        }
        return io.NodeOutput(anything, text, ui=shown)


def audit_prompt(
    prompt: Mapping[str, Any], extra: Mapping[str, Any] | None, rules: str, profile: str
) -> tuple[list[engine.Finding], str]:
    """The findings of a prompt, and one sentence if it could not be read.

    extra: the workflow that the canvas sent along; what it allows is left out.
    """
    try:
        house = engine.find_profile(None if profile == NO_PROFILE else profile)
        graph = read_data(dict(prompt), "The running graph").graph
        graph.allow = _allowed(extra)
        chosen = engine.select(["preprocess-symmetry"] if rules == ONE else [], (), house)
        return engine.audit(graph, chosen, engine.Context(profile=house)).findings, ""
    except WorkflowError as error:
        return [], str(error)


def _allowed(extra: Mapping[str, Any] | None) -> tuple[str, ...]:
    found: Any = extra
    for key in ("workflow", "extra", "longtake", "allow"):
        found = found.get(key) if isinstance(found, Mapping) else None
    return tuple(str(item) for item in found) if isinstance(found, list) else ()


def _text(findings: list[engine.Finding], problem: str) -> tuple[str, str]:
    if problem:
        return problem, problem
    head = output.count(Counter(found.severity for found in findings)) or "Nothing found."
    lines = [head]
    for found in findings:
        lines.append(f"{found.severity} {found.rule} at {found.node.label if found.node else 'the graph'}")
        lines += [f"    {line}" for line in found.message.splitlines()]
    return "\n".join(lines), head


def _picture(findings: list[engine.Finding], head: str) -> dict[str, str]:
    folder = Path(folder_paths.get_temp_directory())
    folder.mkdir(parents=True, exist_ok=True)
    name = f"longtake_audit_{uuid.uuid4().hex[:12]}.png"
    draw_report(findings, head).save(folder / name, compress_level=1)
    return {"filename": name, "subfolder": "", "type": "temp"}


def graph_hash(prompt: Mapping[str, Any]) -> str:
    """What a graph is, whatever its nodes are titled: the hash of its nodes, without what the audit itself adds."""
    nodes = {
        key: {
            "class_type": node.get("class_type"),
            "inputs": {
                name: value
                for name, value in (node.get("inputs") or {}).items()
                if not (node.get("class_type") == NODE_ID and name == "graph")
            },
        }
        for key, node in prompt.items()
        if isinstance(node, Mapping)
    }
    text = json.dumps(nodes, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def mark_prompt(data: dict[str, Any]) -> dict[str, Any]:
    """Write the graph's hash into every audit node of a prompt that was sent, before it is queued."""
    prompt = data.get("prompt")
    if isinstance(prompt, dict):
        ours = [node for node in prompt.values() if isinstance(node, dict) and node.get("class_type") == NODE_ID]
        if ours:
            mark = graph_hash(prompt)
            for node in ours:
                node.setdefault("inputs", {})["graph"] = mark
    return data


def add_audit() -> None:
    """Mark prompts as they are sent, and answer POST /longtake/audit."""
    PromptServer.instance.add_on_prompt_handler(mark_prompt)

    @PromptServer.instance.routes.post("/longtake/audit")
    async def audit_graph(request: web.Request) -> web.Response:
        if request.content_length is not None and request.content_length > MOST_BYTES:
            return _refused(f"The graph has {request.content_length} bytes; at most {MOST_BYTES} are read.", 413)
        body = bytearray()
        async for part in request.content.iter_chunked(1 << 16):
            body += part
            if len(body) > MOST_BYTES:
                return _refused(f"The graph has more than {MOST_BYTES} bytes; that is too many.", 413)
        try:
            text = body.decode("utf-8")
            return web.json_response(await asyncio.to_thread(_answer, text, request.query.get("profile")))
        except UnicodeDecodeError:
            return _refused("The graph is not UTF-8; send JSON.", 400)
        except WorkflowError as error:
            return _refused(str(error), 400)


def _answer(text: str, profile: str | None) -> dict[str, Any]:
    house = engine.find_profile(profile)
    report = engine.audit(
        read_text(text, "The graph").graph, engine.select((), (), house), engine.Context(profile=house)
    )
    return {
        "findings": [output.entry("", found) for found in report.findings],
        "skipped": report.skipped,
        "rules": {rule.name: rule.summary for rule in engine.all_rules()},
    }


def _refused(reason: str, status: int) -> web.Response:
    return web.json_response({"error": reason}, status=status)
