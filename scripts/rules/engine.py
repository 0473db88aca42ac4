"""The audit: which rules there are, what they find, and how what they find is mended.

A rule is a module of this package. It has:

``NAME``      the fault, so that it reads well after "allow"
docstring     its page: a first line that says what is found; ``Why is this bad?``; ``Fix``
``SEVERITY``  ``error`` (the result will be wrong or the run will fail), ``warning`` (known to degrade) or
              ``info`` (a question, a house rule)
``FIX``       ``safe``, ``unsafe`` (the result may differ from what was meant) or ``none``
``TYPES``     it looks at a graph only if a node of one of these types is in it; empty for any graph
``ABSENT``    what is missing when none of them is, for "does not apply"
``check``     ``check(graph, context)`` yields `Finding`; raises `DoesNotApply` before the first one where the
              graph has no such thing, so that silence is never a pass by accident
``GOOD``      workflows on which it is silent
``BAD``       (workflow, workflow after the fix or None): each is found, and mended to exactly that
``OPT_IN``    optional: only runs when it is selected by name or by the profile
``NAMES``     optional: more names that it reports under (a table row with several faults)

Helpers: `roles` (which types play which part), `loops` (loops of any make), `examples` (building GOOD and BAD).
A rule never names an id, a title or a file; nodes are found by type and by where their data flows.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from ..workflow.document import Document
from ..workflow.editor import apply
from ..workflow.edits import Edit
from ..workflow.errors import WorkflowError
from ..workflow.graph import Graph, Node
from .profiles import PROFILES, Profile

SEVERITIES = ("info", "warning", "error")
_MOST_PASSES = 10


class DoesNotApply(Exception):
    """Raised by a rule: the graph has nothing that it speaks of. The message says what."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule may know beside the graph.

    models: a folder with model files, whose headers may be read. keep: which side wins where positional and
    named widget values disagree, ``positional`` or ``named``.
    """

    profile: Profile | None = None
    models: Path | None = None
    keep: str = "positional"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, at one node. fix: the edits that mend it; empty if none can."""

    node: Node | None
    message: str
    fix: tuple[Edit, ...] = ()
    severity: str = ""
    rule: str = ""
    safe: bool | None = None

    @property
    def path(self) -> str:
        """``outer:inner``; empty for the workflow as a whole."""
        return self.node.path if self.node else ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes two findings the same."""
        return self.rule, self.path, self.message


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule module, looked at once."""

    name: str
    severity: str
    fix: str
    page: str
    types: frozenset[str]
    absent: str
    check: Callable[[Graph, Context], Iterator[Finding]]
    opt_in: bool
    good: Sequence[Mapping[str, Any]]
    bad: Sequence[tuple[Mapping[str, Any], Mapping[str, Any] | None]]
    names: tuple[str, ...]

    @property
    def summary(self) -> str:
        """The first line of its page."""
        return self.page.split("\n", 1)[0]


@dataclass(slots=True)
class Report:
    """What an audit of one graph gave. skipped: why a rule did not apply. failed: rules that broke, and on what."""

    findings: list[Finding] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def worst(self) -> str | None:
        """The highest severity found."""
        return max((finding.severity for finding in self.findings), key=SEVERITIES.index, default=None)


@dataclass(slots=True)
class Mended:
    """What a fix gave. undone: names of rules that undo each other; failed: finding -> why it could not be mended."""

    document: Document
    fixed: list[Finding] = field(default_factory=list)
    passes: int = 0
    undone: tuple[str, ...] = ()
    failed: dict[tuple[str, str, str], str] = field(default_factory=dict)


def _rule(module: ModuleType) -> Rule:
    return Rule(
        name=module.NAME,
        severity=module.SEVERITY,
        fix=module.FIX,
        page=(module.__doc__ or "").strip(),
        types=frozenset(module.TYPES),
        absent=getattr(module, "ABSENT", ""),
        check=module.check,
        opt_in=getattr(module, "OPT_IN", False),
        good=tuple(module.GOOD),
        bad=tuple(module.BAD),
        names=getattr(module, "NAMES", (module.NAME,)),
    )


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule of this package, by name."""
    package = importlib.import_module(__package__ or "")
    modules = (
        importlib.import_module(f"{package.__name__}.{found.name}") for found in pkgutil.iter_modules(package.__path__)
    )
    return tuple(
        sorted((_rule(module) for module in modules if hasattr(module, "SEVERITY")), key=lambda rule: rule.name)
    )


def select(chosen: Iterable[str] = (), ignored: Iterable[str] = (), profile: Profile | None = None) -> tuple[Rule, ...]:
    """The rules to run. Without `chosen`, all but the opt-in ones; the profile may opt in."""
    known = {name: rule for rule in all_rules() for name in (*rule.names, rule.name)}
    chosen, ignored = tuple(chosen), frozenset(ignored)
    for name in (*chosen, *ignored):
        if name not in known:
            raise WorkflowError(f"There is no rule {name!r}; `--list` names them, for example preprocess-symmetry.")
    if chosen:
        rules = tuple({known[name].name: known[name] for name in chosen}.values())
    else:
        extra = profile.rules if profile else frozenset()
        rules = tuple(rule for rule in all_rules() if not rule.opt_in or rule.name in extra)
    return tuple(rule for rule in rules if not set(rule.names) <= ignored and rule.name not in ignored)


def find_profile(name: str | None) -> Profile | None:
    """A profile by its name."""
    if name is None:
        return None
    if name not in PROFILES:
        raise WorkflowError(f"There is no profile {name!r}; use one of {', '.join(PROFILES)}.")
    return PROFILES[name]


def audit(graph: Graph, rules: Sequence[Rule] | None = None, context: Context | None = None) -> Report:
    """What the rules find in a graph, worst first within the order of its nodes."""
    context = context or Context()
    report = Report()
    present = graph.types.keys()
    allowed = frozenset(graph.allow)
    for rule in select() if rules is None else rules:
        if rule.types and rule.types.isdisjoint(present):
            report.skipped[rule.name] = rule.absent or f"there is no {' or '.join(sorted(rule.types)[:3])}"
            continue
        try:
            for found in rule.check(graph, context):
                name = found.rule or rule.name
                if not allowed.isdisjoint((name, rule.name)):
                    continue
                safe = found.safe if found.safe is not None else rule.fix == "safe"
                report.findings.append(
                    replace(found, rule=name, severity=found.severity or rule.severity, safe=safe and bool(found.fix))
                )
        except DoesNotApply as reason:
            report.skipped[rule.name] = str(reason)
        except Exception as error:  # noqa: BLE001 - one broken rule must not hide what the others find
            report.failed[rule.name] = f"{type(error).__name__}: {error}"
    order = {path: place for place, path in enumerate(graph.nodes)}
    report.findings.sort(
        key=lambda found: (-SEVERITIES.index(found.severity), order.get(found.path, -1), found.rule, found.message)
    )
    return report


def mend(document: Document, rules: Sequence[Rule], context: Context | None = None, *, unsafe: bool = False) -> Mended:
    """Apply the fixes of what is found until nothing changes, at most ten times.

    In one pass no node is changed by two fixes. A text that comes up twice means that rules undo each other;
    the one before is kept and they are named.
    """
    result = Mended(document)
    seen = {document.text: 0}
    history: list[tuple[str, set[str]]] = []
    for _ in range(_MOST_PASSES):
        report = audit(result.document.graph, rules, context)
        fixable = [found for found in report.findings if found.fix and (found.safe or unsafe)]
        fixed = _one_pass(result, [found for found in fixable if found.key not in result.failed])
        if not fixed:
            return result
        result.passes += 1
        names = {found.rule for found in fixed}
        history.append((result.document.text, names))
        if result.document.text in seen:
            turn = seen[result.document.text]
            result.undone = tuple(sorted(set().union(*(rule_names for _, rule_names in history[turn:]))))
            return result
        seen[result.document.text] = len(history)
        result.fixed += fixed
    left = audit(result.document.graph, rules, context).findings
    if any(found.fix and (found.safe or unsafe) and found.key not in result.failed for found in left):
        result.undone = tuple(sorted(set().union(*(names for _, names in history[-2:]))))
    return result


def _one_pass(result: Mended, findings: Sequence[Finding]) -> list[Finding]:
    fixed: list[Finding] = []
    touched: set[str] = set()
    for found in findings:
        nodes = {getattr(edit, name) for edit in found.fix for name in ("node", "near") if hasattr(edit, name)}
        if nodes & touched:
            continue
        try:
            after = apply(result.document, found.fix)
            _ = after.graph
        except WorkflowError as error:
            result.failed[found.key] = str(error)
            continue
        if after.text != result.document.text:
            result.document = after
            touched |= nodes
            fixed.append(found)
    return fixed
