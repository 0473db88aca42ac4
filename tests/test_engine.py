"""The engine apart from any real rule: passes, conflicts, what is allowed, what breaks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from longtake.scripts.rules import engine
from longtake.scripts.rules.engine import Context, DoesNotApply, Finding, Rule
from longtake.scripts.workflow.document import Document, read_text
from longtake.scripts.workflow.edits import Connect, Edit, SetWidget
from longtake.scripts.workflow.errors import WorkflowError
from longtake.scripts.workflow.graph import Graph, Node

Check = Callable[[Graph, Context], Iterator[Finding]]


def rule(name: str, check: Check, fix: str = "safe", types: tuple[str, ...] = ("INTConstant",)) -> Rule:
    return Rule(name, "warning", fix, "A page.", frozenset(types), "", check, False, (), (), (name,))


def constants(*values: int) -> Document:
    nodes = {str(n): {"class_type": "INTConstant", "inputs": {"value": value}} for n, value in enumerate(values)}
    return read_text(json.dumps(nodes))


def values(document: Document) -> list[Any]:
    return [node.value("value") for node in document.graph.nodes.values()]


def setting(wrong: Callable[[int], bool], right: Callable[[int], int], **more: Any) -> Check:
    def check(graph: Graph, _: Context) -> Iterator[Finding]:
        for node in graph.of("INTConstant"):
            if wrong(node.value("value")):
                yield Finding(node, "wrong", (SetWidget(node.path, "value", right(node.value("value"))),), **more)

    return check


def test_fixes_are_made_until_nothing_changes() -> None:
    counting = rule("counting", setting(lambda value: value < 5, lambda value: value + 1))
    mended = engine.mend(constants(0, 3, 9), [counting])
    assert values(mended.document) == [5, 5, 9]
    assert mended.passes == 5
    assert not mended.undone


def test_ten_passes_are_enough() -> None:
    endless = rule("endless", setting(lambda _: True, lambda value: value + 1))
    mended = engine.mend(constants(0), [endless])
    assert mended.passes == 10
    assert mended.undone == ("endless",)


def test_rules_that_undo_each_other_are_named() -> None:
    up = rule("up", setting(lambda value: value == 0, lambda _: 1))
    down = rule("down", setting(lambda value: value == 1, lambda _: 0))
    calm = rule("calm", setting(lambda value: value == 7, lambda _: 8))
    mended = engine.mend(constants(0, 7), [up, down, calm])
    assert mended.undone == ("down", "up")
    assert mended.passes < 10


def test_two_fixes_of_one_node_take_two_passes() -> None:
    first = rule("first", setting(lambda value: value == 0, lambda _: 1))
    second = rule("second", setting(lambda value: value == 0, lambda _: 2))
    mended = engine.mend(constants(0), [first, second])
    assert values(mended.document) == [1]
    assert mended.passes == 1


def test_unsafe_fixes_want_to_be_asked_for() -> None:
    unsafe = rule("unsafe", setting(lambda value: value == 0, lambda _: 1), fix="unsafe")
    assert values(engine.mend(constants(0), [unsafe]).document) == [0]
    assert values(engine.mend(constants(0), [unsafe], unsafe=True).document) == [1]
    one_is = rule("one is", setting(lambda value: value == 0, lambda _: 1, safe=True), fix="unsafe")
    assert values(engine.mend(constants(0), [one_is]).document) == [1]


def test_a_fix_that_cannot_be_made_is_said_and_the_others_are_made() -> None:
    def check(graph: Graph, _: Context) -> Iterator[Finding]:
        nodes = graph.of("INTConstant")
        edits: tuple[Edit, ...] = (Connect("no such node", "x", nodes[0].path),)
        yield Finding(nodes[0], "impossible", edits)
        if nodes[1].value("value") == 0:
            yield Finding(nodes[1], "possible", (SetWidget(nodes[1].path, "value", 1),))

    mended = engine.mend(constants(0, 0), [rule("half", check)])
    assert values(mended.document) == [0, 1]
    assert list(mended.failed.values()) == ["the workflow has no node no such node; name one of its nodes."]


def test_findings_are_sorted_and_have_a_severity() -> None:
    def check(graph: Graph, _: Context) -> Iterator[Finding]:
        nodes = graph.of("INTConstant")
        yield Finding(nodes[1], "a")
        yield Finding(nodes[0], "b", severity="info")
        yield Finding(None, "c", severity="error")

    report = engine.audit(constants(0, 0).graph, [rule("r", check)])
    assert [(found.path, found.severity) for found in report.findings] == [
        ("", "error"),
        ("1", "warning"),
        ("0", "info"),
    ]
    assert report.worst() == "error"


def test_a_rule_says_where_it_does_not_apply_and_one_that_breaks_hides_nothing() -> None:
    def absent(_graph: Graph, _: Context) -> Iterator[Finding]:
        raise DoesNotApply("there is nothing")
        yield Finding(None, "")

    def breaks(graph: Graph, _: Context) -> Iterator[Finding]:
        yield Finding(graph.nodes["0"], "before it broke")
        raise ZeroDivisionError("one by nought")

    rules = [rule("absent", absent), rule("breaks", breaks), rule("other type", absent, types=("VAELoader",))]
    report = engine.audit(constants(0).graph, rules)
    assert report.skipped == {"absent": "there is nothing", "other type": "there is no VAELoader"}
    assert report.failed == {"breaks": "ZeroDivisionError: one by nought"}
    assert [found.message for found in report.findings] == ["before it broke"]


def test_selection() -> None:
    names = {rule.name for rule in engine.select()}
    assert "preprocess-symmetry" in names
    assert not any(rule.opt_in for rule in engine.select())
    opt_in = [rule.name for rule in engine.all_rules() if rule.opt_in]
    assert opt_in
    assert [rule.name for rule in engine.select(opt_in)] == opt_in
    assert {rule.name for rule in engine.select(ignored=["preprocess-symmetry"])} == names - {"preprocess-symmetry"}
    for name, profile in ((name, engine.find_profile(name)) for name in ("pixaroma", "ltx-standup")):
        assert profile is not None
        assert profile.name == name
        assert profile.rules <= {rule.name for rule in engine.select(profile=profile)}
    with pytest.raises(WorkflowError, match="There is no rule 'x'"):
        engine.select(["x"])


def test_a_node_is_a_node() -> None:
    graph = constants(4).graph
    node: Node = graph.nodes["0"]
    assert repr(node) == "<INTConstant 0>"
    assert node.number("value") == 4
    assert node.number("absent") is None
