"""Findings as text for people, JSON, SARIF 2.1.0, and GitHub's annotations; rules as lists and pages."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ..workflow import spans
from ..workflow.document import Document
from ..workflow.errors import WorkflowError
from .engine import Finding, Report, Rule

_COLOURS = {"error": "31", "warning": "33", "info": "36"}
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


@dataclass(frozen=True, slots=True)
class Result:
    """What was found in one file."""

    file: str
    document: Document
    report: Report

    def line(self, finding: Finding) -> int:
        """The line in which the finding's node starts; 1 if the file has none."""
        path = getattr(finding.node, "doc_path", None)
        if path is None or not self.document.writable:
            return 1
        try:
            return self.document.text.count("\n", 0, spans.find(self.document.text, path)[0]) + 1
        except WorkflowError:
            return 1


def entry(file: str, finding: Finding) -> dict[str, Any]:
    """A finding as plain data."""
    return {
        "file": file,
        "rule": finding.rule,
        "severity": finding.severity,
        "node": finding.path,
        "node_type": finding.node.type if finding.node else "",
        "title": finding.node.title if finding.node else "",
        "message": finding.message,
        "fixable": bool(finding.fix),
    }


def count(total: Mapping[str, int]) -> str:
    """How many findings of each severity, worst first: ``1 error, 2 warnings, 3 info``."""
    names = {"error": "errors", "warning": "warnings", "info": "info"}
    return ", ".join(
        f"{total[name]} {name if total[name] == 1 else many}" for name, many in names.items() if total.get(name)
    )


def text(results: Sequence[Result], colour: bool) -> str:
    """Findings grouped by file."""
    if not results:
        return "no workflow was read"

    def paint(words: str, code: str) -> str:
        return f"\x1b[{code}m{words}\x1b[0m" if colour else words

    lines = []
    total: Counter[str] = Counter()
    fixable = 0
    for result in results:
        if not result.report.findings:
            continue
        lines.append(paint(result.file, "1"))
        for finding in result.report.findings:
            total[finding.severity] += 1
            fixable += bool(finding.fix)
            where = finding.node.label if finding.node else "the workflow"
            kind = f" {finding.node.type}" if finding.node and finding.node.title else ""
            mark = " [fix]" if finding.fix and finding.safe else " [unsafe fix]" if finding.fix else ""
            head = paint(finding.severity, _COLOURS[finding.severity])
            lines.append(f"  {head} {paint(finding.rule, '1')} at {where}{kind}{mark}")
            lines += [f"      {line}" for line in finding.message.splitlines()]
        lines.append("")
    counts = count(total)
    files = f"{len(results)} workflow{'s' if len(results) != 1 else ''}"
    lines.append(f"{files}: {counts}, {fixable} with a fix" if counts else f"{files}: nothing found")
    return "\n".join(lines)


def as_json(results: Sequence[Result], _colour: bool = False) -> str:
    """A list of findings."""
    return json.dumps([entry(result.file, found) for result in results for found in result.report.findings], indent=2)


def sarif(results: Sequence[Result], _colour: bool = False) -> str:
    """SARIF 2.1.0."""
    from .engine import all_rules  # noqa: PLC0415 - only here

    rules = [
        {
            "id": name,
            "shortDescription": {"text": rule.summary},
            "fullDescription": {"text": rule.page},
            "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        }
        for rule in all_rules()
        for name in rule.names
    ]
    found = [
        {
            "ruleId": finding.rule,
            "level": _LEVELS[finding.severity],
            "message": {"text": finding.message},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": quote(result.file.replace("\\", "/"))},
                        "region": {"startLine": result.line(finding)},
                    },
                    "logicalLocations": [{"fullyQualifiedName": finding.path, "kind": "object"}],
                }
            ],
        }
        for result in results
        for finding in result.report.findings
    ]
    run = {"tool": {"driver": {"name": "LongTake audit", "rules": rules}}, "results": found}
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2)


def github(results: Sequence[Result], _colour: bool = False) -> str:
    """Workflow commands that GitHub shows beside the file."""

    def escape(words: str, *, prop: bool = False) -> str:
        words = words.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        return words.replace(":", "%3A").replace(",", "%2C") if prop else words

    kinds = {"error": "error", "warning": "warning", "info": "notice"}
    return "\n".join(
        f"::{kinds[finding.severity]} file={escape(result.file, prop=True)},line={result.line(finding)},"
        f"title={escape(f'{finding.rule} at {finding.path}', prop=True)}::{escape(finding.message)}"
        for result in results
        for finding in result.report.findings
    )


def statistics(results: Sequence[Result], rules: Sequence[Rule]) -> str:
    """How often each rule found something, and how often it did not apply."""
    found = Counter(finding.rule for result in results for finding in result.report.findings)
    lines = [f"{'findings':>8} {'files':>6} {'does not apply':>14}  rule"]
    for rule in rules:
        skipped = sum(rule.name in result.report.skipped for result in results)
        for name in rule.names:
            files = sum(any(f.rule == name for f in result.report.findings) for result in results)
            lines.append(f"{found[name]:>8} {files:>6} {skipped:>14}  {name}")
    if len(results) == 1 and results[0].report.skipped:
        lines += ["", "Does not apply:"]
        lines += [f"  {name}: {reason}" for name, reason in sorted(results[0].report.skipped.items())]
    return "\n".join(lines)


def rule_list(rules: Sequence[Rule]) -> str:
    """One line per rule."""
    width = max(len(rule.name) for rule in rules)
    return "\n".join(
        f"{rule.name:<{width}}  {rule.severity:<7}  {rule.fix:<6}  {rule.summary}{' (opt-in)' if rule.opt_in else ''}"
        for rule in rules
    )


def rule_page(rule: Rule) -> str:
    """A rule's page for a terminal."""
    fix = {"safe": "safe fix", "unsafe": "unsafe fix", "none": "no fix"}[rule.fix]
    also = f"\nReports as: {', '.join(rule.names)}" if rule.names != (rule.name,) else ""
    return f"{rule.name} ({rule.severity}, {fix}{', opt-in' if rule.opt_in else ''})\n\n{rule.page}{also}"


FORMATS: Mapping[str, Callable[[Sequence[Result], bool], str]] = {
    "text": text,
    "json": as_json,
    "sarif": sarif,
    "github": github,
}
