"""Every rule by its own examples: found, mended to exactly that, clean then, silent where nothing is wrong.

And the same whatever the ids are, inside a subgraph, and with Reroutes or Set/Get on every link.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from longtake.scripts.rules import engine
from longtake.scripts.rules.engine import Context, Report, Rule
from longtake.scripts.rules.profiles import PROFILES
from longtake.scripts.workflow.document import Document, read_text
from longtake.scripts.workflow.graph import Broken
from ui_builder import WAYS, draw, ids_of

RULES = engine.all_rules()


def is_prompt(workflow: Mapping[str, Any]) -> bool:
    return "nodes" not in workflow


def document(workflow: Mapping[str, Any]) -> Document:
    return read_text(json.dumps(workflow))


def audit(rule: Rule, workflow: Mapping[str, Any]) -> Report:
    report = engine.audit(document(workflow).graph, [rule], context_for(rule, workflow))
    assert not report.failed
    return report


def context_for(rule: Rule, workflow: Mapping[str, Any]) -> Context:
    """Rules of house values need a house: the first one that prescribes something for this graph."""
    if rule.name != "house-value":
        return Context()
    kinds = document(workflow).graph.types.keys()
    for profile in PROFILES.values():
        if kinds & {kind for kind, _ in profile.values}:
            return Context(profile=profile)
    return Context()


def found(report: Report) -> list[tuple[str, str]]:
    return sorted((finding.rule, finding.path) for finding in report.findings)


BAD = [
    pytest.param(rule, bad, after, id=f"{rule.name}-{n}") for rule in RULES for n, (bad, after) in enumerate(rule.bad)
]
GOOD = [pytest.param(rule, good, id=f"{rule.name}-{n}") for rule in RULES for n, good in enumerate(rule.good)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_documents_and_tests_itself(rule: Rule) -> None:
    assert rule.bad, "a rule shows what it finds"
    assert rule.good, "a rule shows where it is silent"
    assert rule.severity in engine.SEVERITIES
    assert rule.fix in ("safe", "unsafe", "none")
    assert re.fullmatch(r"[a-z0-9+]+(-[a-z0-9+]+)*", rule.name)
    assert rule.summary.endswith("."), "the first line says what is found"
    assert "\nWhy is this bad?\n" in rule.page
    assert "\nFix\n" in rule.page
    assert (rule.fix == "none") == all(after is None for _, after in rule.bad)


@pytest.mark.parametrize(("rule", "bad", "after"), BAD)
def test_bad_is_found_and_mended(rule: Rule, bad: Mapping[str, Any], after: Mapping[str, Any] | None) -> None:
    report = audit(rule, bad)
    assert report.findings, report.skipped
    assert {finding.rule for finding in report.findings} <= set(rule.names)
    for finding in report.findings:
        assert finding.message
        assert "  " not in finding.message.split("\n", 1)[0]
        assert finding.node is None or finding.path in document(bad).graph.nodes
    mended = engine.mend(document(bad), [rule], context_for(rule, bad), unsafe=True)
    assert not mended.undone
    if after is None:
        assert mended.document.text == json.dumps(bad)
        return
    assert json.loads(mended.document.text) == after
    left = audit(rule, after)
    assert not [finding for finding in left.findings if finding.fix], "AFTER is clean"
    assert (
        engine.mend(mended.document, [rule], context_for(rule, after), unsafe=True).document.text
        == mended.document.text
    )
    safe_only = engine.mend(document(bad), [rule], context_for(rule, bad))
    assert rule.fix == "safe" or json.loads(safe_only.document.text) == bad


@pytest.mark.parametrize(("rule", "good"), GOOD)
def test_good_is_silent(rule: Rule, good: Mapping[str, Any]) -> None:
    assert found(audit(rule, good)) == []


def drawn(workflow: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    if is_prompt(workflow):
        return draw(workflow), {name: str(number) for name, number in ids_of(workflow).items()}
    return copy.deepcopy(dict(workflow)), {str(node["id"]): str(node["id"]) for node in workflow["nodes"]}


@pytest.mark.parametrize(("rule", "bad", "after"), BAD)
@pytest.mark.parametrize("way", ["drawn", *WAYS])
def test_the_same_in_every_drawing(
    rule: Rule, bad: Mapping[str, Any], after: Mapping[str, Any] | None, way: str
) -> None:
    drawing, ids = drawn(bad)
    wanted = found(audit(rule, bad))
    if way != "drawn":
        drawing, new = WAYS[way](drawing)
        ids = {name: new[number] for name, number in ids.items() if number in new}
    assert found(audit(rule, drawing)) == sorted((name, ids.get(path, path)) for name, path in wanted)
    mended = engine.mend(document(drawing), [rule], context_for(rule, drawing), unsafe=True)
    assert not mended.undone
    assert not mended.failed
    assert not [f for f in engine.audit(mended.document.graph, [rule], context_for(rule, drawing)).findings if f.fix]
    assert (mended.document.text != json.dumps(drawing)) == (after is not None)
    for node in mended.document.graph.nodes.values():
        for name in node.links:
            broken = node.source(name)
            assert not isinstance(broken, Broken) or rule.name in ("get-without-set", "link-cycle")


@pytest.mark.parametrize(("rule", "good"), GOOD)
@pytest.mark.parametrize("way", ["drawn", *WAYS])
def test_silent_in_every_drawing(rule: Rule, good: Mapping[str, Any], way: str) -> None:
    drawing, _ = drawn(good)
    if way != "drawn":
        drawing, _ = WAYS[way](drawing)
    assert found(audit(rule, drawing)) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_workflow_can_allow_a_finding(rule: Rule) -> None:
    bad, _ = rule.bad[0]
    drawing, _ = drawn(bad)
    names = {finding.rule for finding in audit(rule, drawing).findings}
    drawing["extra"] = {"longtake": {"allow": sorted(names)}}
    assert found(audit(rule, drawing)) == []
