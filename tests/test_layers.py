"""Which module may import which: arrows point at nodes/core, then at nodes/take, and never at a node.

Read from the source, file by file. A new arrow is a decision: it belongs into the table, with its reason.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
STDLIB = sys.stdlib_module_names

#: What each part may import of the pack. "nodes" are the files directly in nodes/, "benches" scripts/bench_*.py.
ARROWS = {
    "core": {"core"},
    "take": {"core", "take"},
    "nodes": {"core", "take", "nodes"},
    "rules": {"core", "take", "rules", "workflow"},
    "workflow": {"core", "workflow"},
    "scripts": {"core", "take", "rules", "workflow", "scripts"},
    "benches": {"core", "take", "rules", "workflow", "scripts", "benches"},
    "root": {"nodes"},
}

#: The one arrow beyond: the audit in the graph runs the command line's rules.
BEYOND = {("nodes/graph_audit.py", "rules"), ("nodes/graph_audit.py", "workflow")}

#: What each part may import besides the standard library. None: the host and whatever it has.
OUTSIDE = {
    "core": {"numpy", "PIL", "torch", "einops"},
    "take": {"numpy", "av", "PIL", "safetensors", "filelock", "tqdm"},
    "nodes": None,
    "rules": {"numpy", "PIL", "av", "gguf", "tqdm", "safetensors"},
    "workflow": {"PIL", "av"},
    "scripts": {"numpy", "PIL", "av", "tqdm", "scipy", "safetensors", "filelock", "gguf"},
    "benches": {"numpy", "PIL", "av", "tqdm", "scipy", "torch", "psutil", "color_matcher"},
    "root": set(),
}

#: Files that need more, and why.
MORE = {}

#: Modules that import node modules: the list of nodes for ComfyUI.
LISTS_NODES = {"nodes/extension.py"}

#: Names that only a running ComfyUI has.
HOST = ("comfy", "comfy_api", "comfy_extras", "comfy_execution", "execution", "folder_paths", "server", "app")


class Import(NamedTuple):
    """One name that a file imports. inside: a module of the pack, as a path from the root, or None."""

    file: str
    line: int
    outside: str | None
    inside: str | None
    at_once: bool


@cache
def files() -> tuple[str, ...]:
    """Every tracked source file of the pack; without git, every one there is."""
    command = ["git", "ls-files", "*.py"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()  # noqa: S603
    found = listed or [path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py")]
    return tuple(file for file in found if file.startswith(("nodes/", "scripts/")) or file == "__init__.py")


def part(file: str) -> str:
    """The part of the pack that a file belongs to."""
    for name, folder in (
        ("core", "nodes/core/"), ("take", "nodes/take/"), ("nodes", "nodes/"),
        ("rules", "scripts/rules/"), ("workflow", "scripts/workflow/"),
        ("benches", "scripts/bench_"), ("scripts", "scripts/"),
    ):  # fmt: skip
        if file.startswith(folder):
            return name
    return "root"


@cache
def imports(file: str) -> tuple[Import, ...]:
    """Every import of a file, within functions too."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    late = {id(child) for node in ast.walk(tree) if _is_late(node) for child in ast.walk(node)}
    found = []
    for node in ast.walk(tree):
        for outside, inside in _names(file, node):
            found.append(Import(file, node.lineno, outside, inside, id(node) not in late))
    return tuple(found)


def _is_late(node: ast.AST) -> bool:
    """What is in here does not run when the module is imported."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return True
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _names(file: str, node: ast.AST) -> Iterator[tuple[str | None, str | None]]:
    if isinstance(node, ast.Import):
        yield from ((alias.name.split(".")[0], None) for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and not node.level:
        yield str(node.module).split(".")[0], None
    elif isinstance(node, ast.ImportFrom):
        folder = Path(file).parents[node.level - 1]
        module = folder.joinpath(*(node.module or "").split("."))
        for alias in node.names:
            yield None, _file_of(module / alias.name) or _file_of(module) or f"{module.as_posix()}: missing"


def _file_of(module: Path) -> str | None:
    for path in (module.with_name(f"{module.name}.py") if module.name else module, module / "__init__.py"):
        if path.suffix and (ROOT / path).is_file():
            return path.as_posix()
    return None


def all_imports() -> list[Import]:
    return [each for file in files() for each in imports(file)]


@cache
def holds_nodes(file: str) -> bool:
    """Whether a file defines a node of ComfyUI's."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return any(
        isinstance(node, ast.ClassDef) and any(ast.unparse(base).endswith("ComfyNode") for base in node.bases)
        for node in ast.walk(tree)
    )


def test_the_source_is_found() -> None:
    """The checks below would pass on nothing."""
    assert {part(file) for file in files()} == set(ARROWS)
    assert "nodes/core/plan.py" in files()
    found = {(each.file, each.inside) for each in all_imports()}
    assert ("nodes/take/take.py", "nodes/core/plan.py") in found
    assert ("__init__.py", "nodes/extension.py") in found
    assert {each.outside for each in all_imports()} >= {"numpy", "torch", "av", "json"}
    assert sum(holds_nodes(file) for file in files()) >= 3


def test_every_arrow_is_in_the_table() -> None:
    wrong = [
        f"{each.file}:{each.line} imports {each.inside}"
        for each in all_imports()
        if each.inside
        and part(each.inside) not in ARROWS[part(each.file)]
        and (each.file, part(each.inside)) not in BEYOND
    ]
    assert not wrong


def test_every_import_within_the_pack_finds_its_file() -> None:
    assert not [each for each in all_imports() if each.inside and each.inside.endswith("missing")]


def test_imports_within_the_pack_are_relative() -> None:
    """The folder of the pack may have any name, and `nodes` is ComfyUI's: only node files may mean that one."""
    own = {"longtake", "scripts"}
    wrong = [
        f"{each.file}:{each.line} imports {each.outside}"
        for each in all_imports()
        if each.outside in own or (each.outside == "nodes" and part(each.file) != "nodes")
    ]
    assert not wrong


def test_each_part_needs_only_what_it_may() -> None:
    wrong = []
    for each in all_imports():
        allowed = OUTSIDE[part(each.file)]
        if each.outside is None or each.outside in STDLIB or allowed is None:
            continue
        if each.outside not in allowed | MORE.get(each.file, set()):
            wrong.append(f"{each.file}:{each.line} imports {each.outside}")
    assert not wrong


def test_only_node_files_know_the_host() -> None:
    wrong = [each for each in all_imports() if each.outside in HOST and part(each.file) != "nodes"]
    assert not wrong


def test_no_module_imports_a_node_module() -> None:
    wrong = [
        f"{each.file}:{each.line} imports {each.inside}"
        for each in all_imports()
        if each.inside and holds_nodes(each.inside) and each.file not in LISTS_NODES
    ]
    assert not wrong


def test_the_take_is_touched_by_the_take_only() -> None:
    """Nobody else spells the names of its files."""
    names = {"take.json", "state.json", "current.json", "window.json", "tail.safetensors", "seam.safetensors"}
    wrong = []
    for file in files():
        if part(file) == "take":
            continue
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        wrong += [
            f"{file}:{node.lineno} spells {node.value}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and node.value in names
        ]
    assert not wrong


def loaded_with(file: str) -> set[str]:
    """Every file of the pack that importing this one loads."""
    loaded, waiting = set(), [file]
    while waiting:
        current = waiting.pop()
        if current in loaded:
            continue
        loaded.add(current)
        waiting += [each.inside for each in imports(current) if each.inside and each.at_once]
        waiting += [
            (folder / "__init__.py").as_posix()
            for folder in Path(current).parents
            if (ROOT / folder / "__init__.py").is_file()
        ]
    return loaded


WITHOUT_TORCH = [file for file in files() if part(file) in ("take", "rules", "workflow", "scripts", "root")]


@pytest.mark.parametrize("file", WITHOUT_TORCH)
def test_torch_is_not_loaded_with(file: str) -> None:
    """A fresh machine should not need gigabytes for a plan, a take, the demo or an audit."""
    wrong = [
        f"{each.file}:{each.line}"
        for loaded in loaded_with(file)
        for each in imports(loaded)
        if each.outside in ("torch", "einops", *HOST) and each.at_once
    ]
    assert not wrong


BLOCKED = """
import importlib, sys

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"{name} is blocked", name=name)

BLOCKED = set(sys.argv[1].split(","))
sys.meta_path.insert(0, Block())
for name in sys.argv[2].split(","):
    importlib.import_module(name)
from longtake.scripts.longtake import main
assert main(["plan", "--frames", "200", "--json"]) == 0
assert main(["takes", "list", "--takes", "."]) == 0
print(sorted(BLOCKED & set(sys.modules)))
"""


def test_without_torch_and_comfyui(tmp_path: Path) -> None:
    """Every module that the command line and the take consist of, imported where there is neither."""
    names = ["longtake", "longtake.nodes.core.plan", "longtake.nodes.core.seam", "longtake.nodes.core.plan_picture"]
    for file in WITHOUT_TORCH:
        module = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        if file != "__init__.py":
            names.append(f"longtake.{module}")
    blocked = ",".join(("torch", "torchaudio", "einops", *HOST))
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-P", "-c", BLOCKED, blocked, ",".join(names)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert '"frames": 200' in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"
