"""The command line of the audit."""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..workflow import definitions as defs
from ..workflow.document import Document, NotAWorkflowError, read_file
from ..workflow.errors import WorkflowError
from ..workflow.metadata import is_media
from . import engine, files, output
from .engine import SEVERITIES, Context, Report, Rule
from .output import Result
from .profiles import PROFILES

_FORMATS = ("text", "json", "sarif", "github")


@dataclass(slots=True)
class _Job:
    rules: tuple[Rule, ...]
    context: Context
    definitions: defs.Definitions
    least: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the audit."""
    parser.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help="files or folders: JSON, PNG, WebP, MP4, WebM, FLAC"
    )
    parser.add_argument("--format", choices=_FORMATS, default="text", help="how findings are written (default: text)")
    parser.add_argument("--select", action="append", default=[], metavar="RULE,...", help="only these rules")
    parser.add_argument("--ignore", action="append", default=[], metavar="RULE,...", help="not these rules")
    parser.add_argument("--profile", metavar="NAME", help=f"house values to hold to: {', '.join(PROFILES)}")
    parser.add_argument("--severity", choices=SEVERITIES, default="info", help="only findings at least this bad")
    parser.add_argument("--models", type=Path, metavar="DIR", help="folder with model files, whose headers are read")
    parser.add_argument("--server", metavar="URL", help="ask a running ComfyUI for its node definitions")
    parser.add_argument(
        "--keep",
        choices=("positional", "named"),
        default="positional",
        help="which widget value wins where two disagree",
    )
    parser.add_argument("--fix", action="store_true", help="mend what can be mended without a doubt")
    parser.add_argument("--unsafe-fixes", action="store_true", help="mend what may change what was meant, too")
    parser.add_argument("--diff", action="store_true", help="show what a fix would change, and write nothing")
    parser.add_argument("--revert", action="store_true", help="give files back the bytes that they had before a fix")
    parser.add_argument(
        "--statistics", action="store_true", help="count findings by rule, and say where rules did not apply"
    )
    parser.add_argument("--list", action="store_true", help="list the rules")
    parser.add_argument("--explain", metavar="RULE", help="why a rule's fault is bad, and its fix")


def main(argv: Sequence[str] | None = None) -> int:
    """The command by itself."""
    parser = argparse.ArgumentParser(
        prog="audit", description="Find what is wrong with ComfyUI workflow files, and mend it."
    )
    add_arguments(parser)
    return run(parser.parse_args(argv))


def run(args: argparse.Namespace) -> int:
    """Do what the arguments say; gives the exit status."""
    try:
        if args.explain:
            return _explain(args.explain)
        if args.list:
            print(output.rule_list(engine.all_rules()))
            return 0
        return _revert(args.paths) if args.revert else _audit(args)
    except WorkflowError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:
        sys.stderr.close()
        return 2


def _explain(name: str) -> int:
    for rule in engine.all_rules():
        if name in (rule.name, *rule.names):
            print(output.rule_page(rule))
            return 0
    raise WorkflowError(f"There is no rule {name!r}; `--list` names them, for example preprocess-symmetry.")


def _names(values: Sequence[str]) -> list[str]:
    return [name.strip() for value in values for name in value.split(",") if name.strip()]


def _job(args: argparse.Namespace) -> _Job:
    profile = engine.find_profile(args.profile)
    if args.models is not None and not args.models.is_dir():
        raise WorkflowError(f"{args.models} is not a folder; name the one that holds the model files.")
    return _Job(
        engine.select(_names(args.select), _names(args.ignore), profile),
        Context(profile, args.models, args.keep),
        defs.from_server(args.server) if args.server else defs.committed(),
        SEVERITIES.index(args.severity),
    )


def _audit(args: argparse.Namespace) -> int:
    if not args.paths:
        raise WorkflowError("No file is named; give one, for example: audit workflow.json")
    job = _job(args)
    results: list[Result] = []
    status = 0
    changes = False
    for path, named in _files(args.paths):
        try:
            result, changed = _one(path, job, args)
        except WorkflowError as error:
            # What is no workflow is passed over in a folder, but not where it is named.
            if named or not isinstance(error, NotAWorkflowError):
                print(error, file=sys.stderr)
                status = 2
            continue
        for rule, what in result.report.failed.items():
            print(f"{path}: the rule {rule} broke ({what}); please report it with this file.", file=sys.stderr)
            status = 2
        results.append(result)
        changes = changes or changed
    _print(results, job, args)
    found = changes if args.diff else any(result.report.findings for result in results)
    return status or int(found)


def _one(path: Path, job: _Job, args: argparse.Namespace) -> tuple[Result, bool]:
    document = read_file(path, str(path), job.definitions)
    report = _report(document, job)
    changed = False
    if args.fix or args.unsafe_fixes or args.diff:
        document, report, changed = _mend(path, document, report, job, args)
    return Result(str(path), document, report), changed


def _print(results: list[Result], job: _Job, args: argparse.Namespace) -> None:
    if not args.diff:
        text = output.FORMATS[args.format](results, args.format == "text" and sys.stdout.isatty())
        if text:
            print(text)
    if args.statistics:
        print(output.statistics(results, job.rules))


def _report(document: Document, job: _Job) -> Report:
    report = engine.audit(document.graph, job.rules, job.context)
    report.findings = [found for found in report.findings if SEVERITIES.index(found.severity) >= job.least]
    return report


def _mend(
    path: Path, document: Document, report: Report, job: _Job, args: argparse.Namespace
) -> tuple[Document, Report, bool]:
    unsafe = args.unsafe_fixes
    if not any(found.fix and (found.safe or unsafe) for found in report.findings):
        return document, report, False
    if not document.writable:
        print(f"{path} is a media file and is not changed; open it in ComfyUI and save it as JSON.", file=sys.stderr)
        return document, report, False
    mended = engine.mend(document, job.rules, job.context, unsafe=unsafe)
    if mended.undone:
        print(f"{path}: these rules undo each other: {', '.join(mended.undone)}; ignore one of them.", file=sys.stderr)
    for (rule, node, _), reason in mended.failed.items():
        print(f"{path}: {rule} at {node} could not be mended: {reason}", file=sys.stderr)
    changed = mended.document.text != document.text
    if changed and args.diff:
        sys.stdout.write(_diff(str(path), document.text, mended.document.text))
    elif changed:
        files.write_with_backup(path, document.text.encode(), mended.document.text.encode())
        print(f"{path}: {len(mended.fixed)} mended; --revert undoes it", file=sys.stderr)
    return mended.document, _report(mended.document, job), changed


def _diff(name: str, before: str, after: str) -> str:
    if before.count("\n") < 2:
        before, after = (json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n" for text in (before, after))
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), name, f"{name} (mended)"
    )
    return "".join(line if line.endswith("\n") else line + "\n" for line in lines)


def _revert(paths: Sequence[Path]) -> int:
    for path, _ in _files(paths):
        if not is_media(path) and files.revert(path):
            print(f"{path}: as it was before the fix", file=sys.stderr)
    return 0


def _files(paths: Sequence[Path]) -> Iterator[tuple[Path, bool]]:
    """The files to read, and whether they were named themselves."""
    for path in paths:
        if path.is_dir():
            for found in sorted(path.rglob("*")):
                hidden = any(part.startswith(".") for part in found.relative_to(path).parts)
                if not hidden and (found.suffix.lower() == ".json" or is_media(found)) and found.is_file():
                    yield found, False
        else:
            yield path, True
