"""What is written twice says the same, and nothing is missing from the package."""

import ast
import re
import sys
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def node_ids() -> set[str]:
    ids: set[str] = set()
    for path in (ROOT / "nodes").glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.keyword) and call.arg == "node_id" and isinstance(call.value, ast.Constant):
                ids.add(str(call.value.value))
    return ids


def test_requirements_are_the_dependencies() -> None:
    wanted = (ROOT / "requirements.txt").read_text(encoding="utf-8").split()
    assert wanted == PROJECT["project"]["dependencies"]
    assert not any(name.startswith(("torch", "comfy")) for name in wanted)


def test_every_folder_with_code_is_in_the_package() -> None:
    folders = {
        ".".join(("longtake", *path.parent.relative_to(ROOT).parts))
        for top in ("nodes", "scripts")
        for path in (ROOT / top).rglob("__init__.py")
    }
    assert {"longtake", *folders} == set(PROJECT["tool"]["setuptools"]["packages"])


def test_every_node_has_a_help_page_and_an_id_of_ours() -> None:
    ids = node_ids()
    assert len(ids) >= 5
    assert all(re.fullmatch(r"LongTake[A-Z][A-Za-z0-9]+", name) for name in ids)
    pages = {page.stem for page in (ROOT / "web" / "docs").glob("*.md")}
    assert pages == ids


def test_every_input_has_a_tooltip() -> None:
    bare = []
    for path in (ROOT / "nodes").glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call) or getattr(call.func, "id", "") != "field":
                continue
            is_input = getattr(call.args[0], "attr", "") == "Input"
            if is_input and "tooltip" not in {keyword.arg for keyword in call.keywords}:
                bare.append(f"{path.name}:{call.lineno}")
    assert bare == []


def test_the_changelog_names_this_version() -> None:
    assert f"## {PROJECT['project']['version']}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
