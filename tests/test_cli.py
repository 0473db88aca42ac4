"""The command line, as a person calls it: installed, and from a folder of any name."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from longtake.nodes.core.plan import make_plan, plan_from_json
from longtake.nodes.take.sound import write_sound
from longtake.scripts import longtake

PACK = Path(longtake.__file__).resolve().parents[1]


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Exit status, stdout, stderr."""
    try:
        status = longtake.main([str(argument) for argument in arguments])
    except SystemExit as leaving:
        status = int(leaving.code or 0)
    said = capsys.readouterr()
    return status, said.out, said.err


def test_the_plan_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = call(capsys, "plan", "--frames", 313, "--json")
    data = json.loads(out)
    assert (status, err) == (0, "")
    assert (data["frames"], data["fps"], data["fit"]) == (313, 25, "exact")
    for window in data["windows"]:
        assert set(window) == {"index", "start", "stop", "overlap", "padding", "kept"}
    kept = [range(*window["kept"]) for window in data["windows"]]
    assert [frame for part in kept for frame in part] == list(range(313))
    assert plan_from_json(data) == make_plan(313)


@pytest.mark.parametrize(
    ("arguments", "plan"),
    [
        (["--frames", 1], make_plan(1)),
        (["--seconds", "12.5"], make_plan(313)),
        (["--seconds", "10", "--fps", "23.976"], make_plan(240, fps="24000/1001")),
        (["--frames", 500, "--fit", "pad"], make_plan(500, fit="pad")),
        (["--frames", 500, "--fit", "shrink", "--overlap", 25], make_plan(500, fit="shrink", overlap=25)),
        (["--frames", 500, "--fit", "floor", "--window", 49], make_plan(500, fit="floor", window=49)),
        (
            ["--frames", 1200, "--family", "ltx"],
            make_plan(1200, temporal_scale=8, window=497, overlap=49),
        ),
    ],
)
def test_what_is_asked_for_is_planned(
    capsys: pytest.CaptureFixture[str], arguments: list[object], plan: object
) -> None:
    status, out, _ = call(capsys, "plan", *arguments, "--json")
    assert status == 0
    assert plan_from_json(json.loads(out)) == plan


@pytest.mark.parametrize("fps", ["25", "24000/1001"])
def test_a_sound_is_covered(capsys: pytest.CaptureFixture[str], tmp_path: Path, fps: str) -> None:
    samples, rate = 123_457, 22050
    write_sound(tmp_path / "speech.flac", np.zeros((2, samples), np.float32), rate)
    _, out, _ = call(capsys, "plan", tmp_path / "speech.flac", "--fps", fps, "--json")
    frames = json.loads(out)["frames"]
    assert frames / Fraction(fps) >= Fraction(samples, rate) > (frames - 1) / Fraction(fps)


def test_the_table_names_every_window_and_the_documents_count(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = call(capsys, "plan", "--frames", 313)
    lines = out.splitlines()
    plan = make_plan(313)
    for line, window in zip(lines[1:], plan.windows, strict=False):
        assert line.split()[:4] == [str(window.index + 1), str(window.start), "-", str(window.stop)]
        assert f"{window.kept[0]} - {window.kept[1]}" in line
    # 81 + 72 * 3 = 297 leaves 16 frames out, 81 + 72 * 4 = 369 makes 56 too many.
    assert "297 frames in 4 windows leave 0.64 s" in lines[-1]
    assert "369 frames in 5 windows run 2.24 s past" in lines[-1]


def test_a_sound_that_the_documents_count_fits(capsys: pytest.CaptureFixture[str]) -> None:
    assert "fits this sound: 297 frames" in call(capsys, "plan", "--frames", 297)[1]


def test_what_floor_leaves_out_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        "The last 0.64 s of the sound stay without picture"
        in call(capsys, "plan", "--frames", 313, "--fit", "floor")[1]
    )


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["plna"],
        ["plan"],
        ["plan", "--frames", "0"],
        ["plan", "--frames", "x"],
        ["plan", "--frames", "9", "--seconds", "9"],
        ["plan", "--seconds", "long"],
        ["plan", "--frames", "9", "--fps", "0"],
        ["plan", "--frames", "9", "--window", "80"],
        ["plan", "--frames", "9", "--overlap", "81"],
        ["plan", "--frames", "9", "--family", "sora"],
        ["plan", "nothing.wav"],
        ["plan", __file__],
    ],
)
def test_misuse_is_one_sentence_on_stderr(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    status, out, err = call(capsys, *arguments)
    assert (status, out) == (2, "")
    if arguments:
        assert len(err.splitlines()) == 1
        assert "Traceback" not in err


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = call(capsys, "--help")
    assert status == 0
    assert all(name in out for name in ("plan", "demo", "takes", "audit", "measure"))


@pytest.fixture(scope="module")
def odd_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pack, copied where nobody expects it."""
    folder = tmp_path_factory.mktemp("custom_nodes") / "my nodes-main (1)"
    shutil.copytree(
        PACK,
        folder,
        ignore=shutil.ignore_patterns(".*", "tests", "*.egg-info", "__pycache__", "longtake-takes", "build"),
    )
    return folder


def run_file(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the copy's script with nothing of this environment but the installed libraries."""
    # -I: no user site, no PYTHONPATH, and the script's folder is not on the path.
    command = [sys.executable, "-I", str(folder / "scripts" / "longtake.py"), *arguments]
    return subprocess.run(  # noqa: S603 - our own script
        command, capture_output=True, text=True, cwd=folder.parent, check=False
    )


def test_it_runs_from_a_folder_of_any_name(odd_folder: Path) -> None:
    done = run_file(odd_folder, "plan", "--frames", "100", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert plan_from_json(json.loads(done.stdout)) == make_plan(100)
    assert run_file(odd_folder, "plan", "--frames", "0").returncode == 2


def test_it_runs_its_own_copy_and_no_torch(odd_folder: Path) -> None:
    code = (
        "import runpy, sys\n"
        "sys.argv = ['longtake', 'plan', '--frames', '9']\n"
        f"try: runpy.run_path({str(odd_folder / 'scripts' / 'longtake.py')!r}, run_name='__main__')\n"
        "except SystemExit as leaving: assert not leaving.code\n"
        "print(sys.modules['longtake.nodes.core.plan'].__file__)\n"
        "assert not {'torch', 'comfy', 'nodes'} & set(sys.modules)\n"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.splitlines()[-1]).is_relative_to(odd_folder)


@pytest.mark.parametrize("python", [["-P"], ["-I"], []], ids=str)
def test_the_scripts_folder_hides_nothing(odd_folder: Path, python: list[str]) -> None:
    script = odd_folder / "scripts" / "longtake.py"
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, *python, str(script), "plan", "--frames", "9"],
        capture_output=True,
        text=True,
        check=False,
        cwd=script.parent,
    )
    assert (done.returncode, done.stderr) == (0, "")
