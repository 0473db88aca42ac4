"""The audit's command line: what it prints, what it writes, and how it ends."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from longtake.scripts import audit
from longtake.scripts.rules import engine, files
from longtake.scripts.rules.page import page
from longtake.scripts.rules.wan_examples import WRAPPER
from longtake.scripts.workflow.errors import WorkflowError
from ui_builder import draw, ids_of, wrap

PACK = Path(__file__).parents[1]
SYMMETRY = next(rule for rule in engine.all_rules() if rule.name == "preprocess-symmetry")
BAD, AFTER = SYMMETRY.bad[0]
GOOD = SYMMETRY.good[0]
GUIDE = ids_of(BAD)["guide"]
ONLY = ["--select", "preprocess-symmetry"]


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(draw(BAD), indent=2))
    return path


def run(*arguments: Any) -> int:
    return audit.main([str(argument) for argument in arguments])


def test_text_groups_by_file_and_ends_with_one(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*ONLY, bad) == 1
    out = capsys.readouterr().out
    assert out.startswith(f"{bad}\n")
    assert f"error preprocess-symmetry at LTXVImgToVideoInplace ({GUIDE}) [fix]" in out
    assert "first window:" in out
    assert "later windows:" in out
    assert "\x1b" not in out
    assert out.endswith("1 workflow: 1 error, 1 with a fix\n")


def test_nothing_found_ends_with_zero(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "good.json"
    path.write_text(json.dumps(GOOD))
    assert run(*ONLY, path) == 0
    assert capsys.readouterr().out == "1 workflow: nothing found\n"


def test_json_is_a_list_of_findings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawing, _ = wrap(draw(BAD))
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(drawing))
    assert run(*ONLY, "--format", "json", path) == 1
    found = json.loads(capsys.readouterr().out)
    assert [set(entry) for entry in found] == [
        {"file", "rule", "severity", "node", "node_type", "title", "message", "fixable"}
    ]
    assert found[0] | {"message": ""} == {
        "file": str(path),
        "rule": "preprocess-symmetry",
        "severity": "error",
        "node": f"1:{GUIDE}",
        "node_type": "LTXVImgToVideoInplace",
        "title": "",
        "message": "",
        "fixable": True,
    }
    assert run(*ONLY, "--format", "json", "--severity", "error", "--ignore", "preprocess-symmetry", path) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_sarif_and_github_name_the_line(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = bad.read_text().splitlines().index(f'      "id": {GUIDE},')
    assert run(*ONLY, "--format", "sarif", bad) == 1
    log = json.loads(capsys.readouterr().out)
    result = log["runs"][0]["results"][0]
    assert log["version"] == "2.1.0"
    assert result["ruleId"] == "preprocess-symmetry"
    assert result["level"] == "error"
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == line
    assert {rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]} >= {"preprocess-symmetry"}
    assert run(*ONLY, "--format", "github", bad) == 1
    out = capsys.readouterr().out
    assert out.startswith("::error file=")
    assert f",line={line},title=preprocess-symmetry at {GUIDE}::The image" in out
    assert "%0Afirst window%3A" not in out.split("::", 2)[1]
    assert "%0Afirst window:" in out


def test_fix_then_revert_gives_the_bytes_back(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = bad.read_bytes()
    assert run(*ONLY, "--diff", bad) == 1
    out = capsys.readouterr().out
    assert bad.read_bytes() == before
    assert any(line.startswith("+") for line in out.splitlines())
    assert run(*ONLY, "--fix", bad) == 0
    mended = bad.read_bytes()
    assert mended != before
    assert run(*ONLY, "--fix", bad) == 0
    assert bad.read_bytes() == mended, "a second fix changes nothing"
    assert run("--revert", bad) == 0
    assert bad.read_bytes() == before
    assert list(bad.parent.iterdir()) == [bad], "nothing is left behind"


def test_two_fixes_revert_to_the_start(bad: Path) -> None:
    data = json.loads(bad.read_text())
    next(node for node in data["nodes"] if node["type"] == "LTXVPreprocess")["widgets_values"] = [18, "stray"]
    data["nodes"].append({"id": 90, "type": "KSampler", "mode": 0, "inputs": [], "outputs": [], "widgets_values": [1, "fixed", "randomize", 8, 1.0, "euler", "simple", 1.0]})  # fmt: skip
    bad.write_text(json.dumps(data))
    before = bad.read_bytes()
    run(*ONLY, "--fix", bad)
    middle = bad.read_bytes()
    run("--select", "widget-shift", "--fix", bad)
    assert bad.read_bytes() not in (before, middle)
    assert run("--revert", bad) == 0
    assert bad.read_bytes() == before


def test_a_file_that_was_changed_since_is_not_reverted(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(*ONLY, "--fix", bad)
    mine = bad.read_bytes().replace(b'"groups"', b'"Groups"')
    bad.write_bytes(mine)
    assert run("--revert", bad) == 2
    assert "was changed after it was mended" in capsys.readouterr().err
    assert bad.read_bytes() == mine


def test_unsafe_fixes_want_to_be_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    rule = next(rule for rule in engine.all_rules() if rule.name == "iteration-independent-work-in-loop")
    path.write_text(json.dumps(rule.bad[0][0]))
    before = path.read_bytes()
    assert run("--select", rule.name, "--fix", path) == 1
    assert path.read_bytes() == before
    assert run("--select", rule.name, "--unsafe-fixes", path) == 0
    assert json.loads(path.read_text()) == rule.bad[0][1]


def test_a_write_that_fails_changes_nothing(bad: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = bad.read_bytes()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    assert run(*ONLY, "--fix", bad) == 2
    assert bad.read_bytes() == before
    assert list(bad.parent.iterdir()) == [bad]


def test_a_file_that_changes_under_the_audit_is_left_alone(bad: Path) -> None:
    with pytest.raises(WorkflowError, match="changed while"):
        files.write_with_backup(bad, b"other", b"new")


def test_folders_are_searched_and_other_files_passed_over(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inner = bad.parent / "inner"
    inner.mkdir()
    shutil.copy(bad, inner / "again.json")
    (inner / "settings.json").write_text('{"a": 1}')
    (inner / "notes.txt").write_text("x")
    (bad.parent / ".hidden").mkdir()
    shutil.copy(bad, bad.parent / ".hidden" / "no.json")
    assert run(*ONLY, "--format", "json", bad.parent) == 1
    found = json.loads(capsys.readouterr().out)
    assert [entry["file"] for entry in found] == [str(bad), str(inner / "again.json")]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "No file is named"),
        (["absent.json"], "cannot be read"),
        (["--select", "no-such-rule", "x.json"], "There is no rule 'no-such-rule'"),
        (["--profile", "nobody", "x.json"], "There is no profile 'nobody'"),
        (["--explain", "no-such-rule"], "There is no rule"),
        (["--models", "/no/such/folder", "x.json"], "is not a folder"),
        (["--server", "ftp://x", "x.json"], "is not the address of a server"),
        (["--server", "http://127.0.0.1:1", "x.json"], "did not give its node definitions"),
    ],
)
def test_misuse_ends_with_two_and_one_sentence(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == 1


def test_a_broken_file_does_not_hide_the_others(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = bad.parent / "broken.json"
    broken.write_text('{"nodes": [')
    assert run(*ONLY, "--format", "json", bad.parent) == 2
    captured = capsys.readouterr()
    assert len(json.loads(captured.out)) == 1
    assert "broken.json is not JSON" in captured.err


def test_a_folder_without_workflows_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path) == 0
    assert capsys.readouterr().out == "no workflow was read\n"


def test_colour_on_a_terminal_only(
    bad: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    run(*ONLY, bad)
    assert "\x1b[31merror\x1b[0m" in capsys.readouterr().out


def test_a_picture_is_read_and_not_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from PIL import Image, PngImagePlugin

    info = PngImagePlugin.PngInfo()
    info.add_text("workflow", json.dumps(draw(BAD)))
    path = tmp_path / "a.png"
    Image.new("RGB", (4, 4)).save(path, pnginfo=info)
    before = path.read_bytes()
    assert run(*ONLY, path) == 1
    assert "preprocess-symmetry" in capsys.readouterr().out
    assert run(*ONLY, "--fix", path) == 1
    assert "is not changed" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_list_explain_and_statistics(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--list") == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == [rule.name for rule in engine.all_rules()]
    for rule in engine.all_rules():
        for name in rule.names:
            assert run("--explain", name) == 0
            assert rule.page in capsys.readouterr().out
    run("--statistics", bad)
    out = capsys.readouterr().out
    assert "get-without-set: there is no GetNode" in out


def test_a_profile_is_applied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(WRAPPER))
    assert run("--select", "scheduler", path) == 0
    assert run("--select", "scheduler", "--profile", "quickstart", path) == 1
    assert "flowmatch_distill" in capsys.readouterr().out


def test_it_runs_from_the_folder_with_nothing_installed(bad: Path) -> None:
    command = [sys.executable, "-I", "-S", str(PACK / "scripts" / "audit.py"), *ONLY, str(bad)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=bad.parent, check=False, timeout=60)
    assert done.returncode == 1, done.stderr
    assert "preprocess-symmetry" in done.stdout
    assert done.stderr == ""


def test_the_page_of_rules_is_as_the_rules_are() -> None:
    written = (PACK / "scripts" / "rules" / "README.md").read_text(encoding="utf-8")
    assert written == page(), "run: python -m longtake.scripts.rules.page"
