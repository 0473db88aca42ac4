"""SIGKILL at a hundred random moments, and before and after each rename: nothing reported is lost.

What runs and is killed is in `killed.py`: a whole take, its last two windows made again, joined both times.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork to kill in milliseconds")

KILLED = Path(__file__).with_name("killed.py")
KILLS, SEED = 100, 20
Lines = list[dict[str, Any]]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Lines]:
    """What both kinds of runs print, made side by side."""
    root = tmp_path_factory.mktemp("killed")
    arguments = {"random": [str(KILLS), str(SEED)], "renames": []}
    processes = {
        kind: subprocess.Popen(  # noqa: S603
            [sys.executable, str(KILLED), kind, str(root / kind), *more], stdout=subprocess.PIPE, text=True
        )
        for kind, more in arguments.items()
    }
    answers = {kind: process.communicate(timeout=600)[0] for kind, process in processes.items()}
    assert [process.returncode for process in processes.values()] == [0, 0]
    return {kind: [json.loads(line) for line in answer.splitlines()] for kind, answer in answers.items()}


def check(kill: dict[str, Any], expected: str) -> None:
    """Reported windows stand, and the run that went on made the same video as one that nobody killed."""
    counted = {line.split()[0]: line for line in kill["standing"]}
    for line in kill["reported"]:
        if line in ("retake", "video"):
            continue
        index, attempt, *_ = line.split()
        replaced = kill["retaken"] and int(index) >= 2 and attempt == "0"
        if not replaced:
            assert line in kill["standing"]
        elif line not in kill["on_disk"]:  # an older window goes when its replacement stands, not before
            assert counted.get(index, "").split()[1:2] == ["1"]
    assert [line.split()[0] for line in kill["standing"]] == [str(index) for index in range(len(kill["standing"]))]
    assert kill["takes"] == ["0001"]
    assert kill["numbers"]
    assert kill["pixels"] == expected
    assert kill["left"] == []


def test_at_random_moments(runs: dict[str, Lines]) -> None:
    first, *kills = runs["random"]
    assert first["expected"] == runs["renames"][0]["expected"] * 2
    assert len(kills) == KILLS
    for kill in kills:
        check(kill, first["expected"][0])
        assert kill["status"] == -9
    assert len({len(kill["reported"]) for kill in kills}) > 6  # in nearly every stage of the run


def test_before_and_after_each_rename(runs: dict[str, Lines]) -> None:
    first, *kills = runs["renames"]
    for kill in kills:
        check(kill, first["expected"][0])
        assert kill["status"] == -9
    # The record, the folder and the pointer of the take; record, folder and state of each of six windows; the
    # retake; the video, twice.
    assert [(kill["rename"], kill["after"]) for kill in kills] == [
        (number, after) for number in range(1, 3 + 6 * 3 + 1 + 2 * 2 + 1) for after in (False, True)
    ]
