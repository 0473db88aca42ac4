"""What a take finds on disk, and what it makes of it: tails, state, retakes, damage, foreign hands, cost."""

import builtins
import io
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies
from longtake.nodes.core.job import window_seed
from longtake.nodes.core.plan import plan_from_json
from longtake.nodes.core.seam import SEAMS
from longtake.nodes.take import record as record_module
from longtake.nodes.take.keep import Style, keep_window
from longtake.nodes.take.kept import Damaged
from longtake.nodes.take.progress import describe, duration_to_text, seconds_left, status
from longtake.nodes.take.store import TakeStore
from longtake.nodes.take.tail import read_tail, write_tail
from longtake.nodes.take.take import Surplus, Take
from safetensors import safe_open
from safetensors.numpy import save_file
from takes import (
    QUICK,
    begin,
    each_window,
    files_below,
    finish,
    leftovers,
    make_next,
    make_windows,
    next_job,
    numbers,
    paint_job,
    pixels,
    small_plan,
    whole,
)

pytestmark = pytest.mark.usefixtures("hasty_disk")

RNG = np.random.default_rng(5)
FIVE = small_plan(65)  # five windows
assert len(FIVE.windows) == 5


def standing(take: Take) -> list[tuple[int, int, str]]:
    return [(kept.index, kept.attempt, kept.segment_hash) for kept in each_window(take)]


# -- tails ------------------------------------------------------------------------------------------------


def bits(frames: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(frames).view(np.uint32)


EIGHT = RNG.integers(0, 256, (3, 6, 8, 3)).astype(np.float32) / np.float32(255)
FLOAT = RNG.uniform(0, 1, (3, 6, 8, 3)).astype(np.float32)
BFLOAT = ((bits(FLOAT) >> 16) << 16).view(np.float32)


def with_value(frames: np.ndarray, value: float) -> np.ndarray:
    frames = frames.copy()
    frames[1, 2, 3, 1] = value
    return frames


@pytest.mark.parametrize(
    ("frames", "stored"),
    [
        (EIGHT, "eight_bits"),
        (np.zeros_like(EIGHT), "eight_bits"),
        (np.ones_like(EIGHT), "eight_bits"),
        (BFLOAT, "bfloat16_bits"),
        (with_value(BFLOAT, -0.5), "bfloat16_bits"),
        (FLOAT, "float32"),
        (with_value(EIGHT, -0.0), "float32"),
        (with_value(np.zeros_like(EIGHT), -0.0), "bfloat16_bits"),
        (with_value(EIGHT, np.nextafter(np.float32(1), np.float32(2))), "float32"),
        (with_value(EIGHT, 256 / 255), "float32"),
        (with_value(FLOAT, 1e-42), "float32"),
        (FLOAT[:, ::2, ::-1], "float32"),
    ],
)
def test_tails_come_back_bit_for_bit(tmp_path: Path, frames: np.ndarray, stored: str) -> None:
    path = tmp_path / "tail.safetensors"
    write_tail(path, frames)
    again = read_tail(path)
    assert again.dtype == np.float32
    assert np.array_equal(bits(again), bits(frames))
    with safe_open(path, "numpy") as file:
        assert list(file.keys()) == [stored]


@given(
    numpy_strategies.arrays(
        np.float32, (2, 2, 3, 3), elements=st.floats(width=32, allow_nan=False, allow_infinity=False)
    )
)
@settings(deadline=None)
def test_any_tail_comes_back_bit_for_bit(tmp_path_factory: pytest.TempPathFactory, frames: np.ndarray) -> None:
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    write_tail(path, frames)
    assert np.array_equal(bits(read_tail(path)), bits(frames))


@pytest.mark.parametrize("kind", ["eight", "bfloat", "float"])
def test_the_next_window_gets_the_bits_of_every_kind_of_frames(tmp_path: Path, kind: str) -> None:
    take = begin(tmp_path, FIVE)
    job = next_job(take)
    frames = paint_job(job)
    frames = {
        "eight": np.floor(frames * 255 + 0.5) / np.float32(255),
        "bfloat": ((bits(frames) >> 16) << 16).view(np.float32),
        "float": frames,
    }[kind].astype(np.float32)
    keep_window(take, job, frames, style=QUICK)
    assert np.array_equal(bits(take.motion_frames(1)), bits(frames[-5:]))


def cut(path: Path, share: float) -> None:
    os.truncate(path, int(path.stat().st_size * share))


def foreign_bytes(path: Path) -> None:
    path.write_bytes(RNG.bytes(path.stat().st_size))


def flip_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-7] ^= 16
    path.write_bytes(data)


TAIL_DAMAGE: list[Callable[[Path], object]] = [
    lambda path: cut(path, 0.5),
    lambda path: cut(path, 0),
    Path.unlink,
    foreign_bytes,
    flip_bit,
    lambda path: path.write_bytes(b"\0" * path.stat().st_size),
    lambda path: save_file({"more": np.zeros((5, 32, 48, 3), np.float32)}, path),
    lambda path: save_file({}, path),
    lambda path: save_file({"float32": np.zeros((4, 32, 48, 3), np.float32)}, path),
]


@pytest.mark.parametrize("damage", TAIL_DAMAGE)
def test_a_damaged_tail_is_not_used(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    undisturbed = pixels(whole(tmp_path / "undisturbed", FIVE))
    take = begin(tmp_path, FIVE)
    make_windows(take, 3)
    before = standing(take)
    folder = take.window_folder(2, 0)
    damage(folder / "tail.safetensors")
    with pytest.raises(Damaged, match=r"Window 3 .* made again"):
        take.motion_frames(3)
    assert standing(take) == before[:2]
    assert take.next_window().index == 2
    assert [path.name[:7] for path in (take.folder / "aside").iterdir()] == ["00002-0"]
    assert [kept.index for kept in make_windows(take)] == [2, 3, 4]
    assert pixels(finish(tmp_path, take)) == undisturbed


@pytest.mark.parametrize("content", [b"", b"{", b"\xff" * 100, b"\x08\0\0\0\0\0\0\0{}      "])
def test_what_is_no_tail_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "tail.safetensors"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(str(path))):
        read_tail(path)


# -- segments and windows under foreign hands -------------------------------------------------------------


@pytest.mark.parametrize("index", [0, 2, 4])
@pytest.mark.parametrize("damage", [lambda path: cut(path, 0.7), flip_bit, Path.unlink], ids=["cut", "bit", "gone"])
@pytest.mark.parametrize("when", ["made", "finished"])
def test_a_damaged_segment_never_reaches_the_video(
    tmp_path: Path, index: int, damage: Callable[[Path], object], when: str
) -> None:
    undisturbed = pixels(whole(tmp_path / "undisturbed", FIVE))
    take = begin(tmp_path, FIVE)
    make_windows(take)
    before = standing(take)
    if when == "finished":
        finish(tmp_path, take).unlink()
    damage(take.window_folder(index, 0) / "segment.mp4")
    video = TakeStore(tmp_path).video(take)
    with pytest.raises(Damaged, match=rf"window {index + 1} .*made again"):
        take.finish(video, {})
    assert not video.exists()
    assert not leftovers(tmp_path)
    assert take.next_window().index == index
    made = make_windows(take)
    assert [kept.index for kept in made] == [index]  # what follows was made from the same frames and stands
    assert pixels(take.finish(video, {})) == undisturbed
    assert standing(take) == before


@pytest.mark.parametrize("index", [0, 1, 3, 4])
def test_a_window_removed_by_hand_is_made_again_and_no_other(tmp_path: Path, index: int) -> None:
    video = whole(tmp_path, FIVE)
    undisturbed = pixels(video)
    take = begin(tmp_path, FIVE)
    before, revision = standing(take), take.revision
    shutil.rmtree(take.window_folder(index, 0))
    assert take.revision != revision
    assert not take.complete
    assert take.next_window().index == index
    assert [kept.index for kept in make_windows(take)] == [index]
    assert standing(take) == before
    assert pixels(finish(tmp_path, take)) == undisturbed


def test_a_window_made_otherwise_takes_those_after_it_along(tmp_path: Path) -> None:
    """The model need not make the same again: then what continued from the old frames is made again."""
    take = begin(tmp_path, FIVE)
    make_windows(take)
    old = standing(take)
    shutil.rmtree(take.window_folder(1, 0))
    job = next_job(take)
    keep_window(take, job, paint_job(job)[:, :, ::-1][:, :, ::-1] * 0.99, style=QUICK)
    assert [kept.index for kept in make_windows(take)] == [2, 3, 4]
    new = standing(take)
    assert new[0] == old[0]
    assert all(one != other for one, other in zip(old[1:], new[1:], strict=True))
    assert sorted(path.name[:7] for path in (take.folder / "aside").iterdir()) == ["00002-0", "00003-0", "00004-0"]
    assert numbers(finish(tmp_path, take)) == list(range(65))


def test_foreign_files_among_the_windows_change_nothing(tmp_path: Path) -> None:
    take = begin(tmp_path, FIVE)
    make_windows(take, 2)
    (take.windows / "notes.txt").write_text("mine")
    (take.windows / "00002-0").write_text("a file where a folder belongs")
    (take.windows / "00003-0").mkdir()
    (take.windows / "00003-0" / "window.json").write_text("[1, 2]")
    shutil.copytree(take.window_folder(1, 0), take.windows / "00004-0")  # another window under this name
    (take.windows / "00001-x").mkdir()
    (take.windows / "99999-9").mkdir()
    assert [kept.index for kept in make_windows(take)] == [2, 3, 4]
    assert numbers(finish(tmp_path, take)) == list(range(65))
    assert (take.windows / "notes.txt").read_text() == "mine"


def test_a_copy_of_another_window_is_not_taken_for_one(tmp_path: Path) -> None:
    """Where all tails are the same, only the record tells one window from another."""
    take = begin(tmp_path, FIVE)
    while job := next_job(take):
        keep_window(take, job, np.full((job.window.frames, 32, 48, 3), 0.5, np.float32), style=QUICK)
    shutil.rmtree(take.window_folder(3, 0))
    shutil.copytree(take.window_folder(2, 0), take.window_folder(3, 0))
    assert take.next_window().index == 3


@pytest.mark.parametrize("key", ["segment_hash", "encoding", "bytes", "frames", "continues"])
def test_a_record_that_lacks_something_is_no_window(tmp_path: Path, key: str) -> None:
    take = begin(tmp_path, FIVE)
    make_windows(take, 2)
    record = take.window_folder(1, 0) / "window.json"
    data = json.loads(record.read_text())
    del data[key]
    record.write_text(json.dumps(data))
    (take.windows / "touch").touch()
    assert take.next_window().index == 1
    make_windows(take)
    assert numbers(finish(tmp_path, take)) == list(range(65))


def test_the_folder_of_windows_may_be_removed(tmp_path: Path) -> None:
    take = begin(tmp_path, FIVE)
    make_windows(take, 3)
    shutil.rmtree(take.windows)
    assert take.next_window().index == 0
    make_windows(take)
    assert numbers(finish(tmp_path, take)) == list(range(65))


def test_a_moved_take_goes_on(tmp_path: Path) -> None:
    undisturbed = pixels(whole(tmp_path / "undisturbed", FIVE))
    make_windows(begin(tmp_path / "old", FIVE), 3)
    shutil.copytree(tmp_path / "old", tmp_path / "new", copy_function=shutil.copy)
    shutil.rmtree(tmp_path / "old")
    take = begin(tmp_path / "new", FIVE)
    assert take.record.take == "0001"
    assert [kept.index for kept in make_windows(take)] == [3, 4]
    assert pixels(finish(tmp_path / "new", take)) == undisturbed


# -- the state --------------------------------------------------------------------------------------------

BAD_STATES = [None, b"", b"{", b"[]", b"\xff\xfe", b"null", b'{"revision": "x"}', b'{"more": 1}', b'{"retakes": 5}']


@pytest.mark.parametrize("content", BAD_STATES)
def test_a_lost_state_loses_no_window(tmp_path: Path, content: bytes | None) -> None:
    undisturbed = pixels(whole(tmp_path / "undisturbed", FIVE))
    take = begin(tmp_path, FIVE)
    make_windows(take, 3)
    before, revision = standing(take), take.revision
    state = take.folder / "state.json"
    if content is None:
        state.unlink()
    else:
        state.write_bytes(content)
    assert take.revision != revision
    assert standing(take) == before
    assert [kept.index for kept in make_windows(take)] == [3, 4]
    assert pixels(finish(tmp_path, take)) == undisturbed


@pytest.mark.parametrize("content", BAD_STATES)
@pytest.mark.parametrize("starts", [(2,), (3, 1), (1, 3), (2, 2, 0)])
def test_retakes_outlast_a_lost_state(tmp_path: Path, starts: tuple[int, ...], content: bytes | None) -> None:
    """As far as windows tell of them: those made since stand, the older ones they replace do not come back."""
    take = begin(tmp_path, FIVE)
    make_windows(take)
    for start in starts:
        take.retake(start)
        make_windows(take, 2)
    before = standing(take)
    state = take.folder / "state.json"
    if content is None:
        state.unlink()
    else:
        state.write_bytes(content)
    assert standing(take) == before
    make_windows(take)
    assert numbers(finish(tmp_path, take)) == list(range(65))


# -- retakes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [None, 99])
@pytest.mark.parametrize("start", [0, 2, 4])
def test_a_retake(tmp_path: Path, start: int, seed: int | None) -> None:
    video = whole(tmp_path, FIVE)
    undisturbed, take = pixels(video), begin(tmp_path, FIVE)
    old = standing(take)
    old_files = files_below(take.windows)
    take.retake(start, seed)
    assert files_below(take.windows) == old_files  # set aside by number: nothing is gone before it is replaced
    for index in range(start, 5):
        assert take.next_window().index == index
        assert pixels(video) == undisturbed
        kept = make_next(take)
        assert (kept.index, kept.attempt) == (index, 1)
        assert kept.seed == window_seed(7 if seed is None else seed, index, 1)
        there = sorted(path.name for path in take.windows.iterdir())
        made = [f"{each:05d}-{int(start <= each <= index)}" for each in range(5)]
        assert there == made
    new = standing(take)
    assert new[:start] == old[:start]
    assert all(one[2] != other[2] for one, other in zip(old[start:], new[start:], strict=True))
    assert pixels(video) == undisturbed
    assert finish(tmp_path, take) == video
    assert pixels(video) != undisturbed
    assert numbers(video) == list(range(65))


def test_a_retake_continues_from_the_window_before_it_and_then_from_its_own(tmp_path: Path) -> None:
    take = begin(tmp_path, FIVE)
    made = {}
    while job := next_job(take):
        made[job.window.index, job.attempt] = paint_job(job)
        keep_window(take, job, made[job.window.index, job.attempt], style=QUICK)
        if len(made) == 5:
            take.retake(2)
    for index, attempt in ((2, 0), (3, 1), (4, 1)):
        overlap = take.plan.windows[index].overlap
        assert np.array_equal(take.motion_frames(index), made[index - 1, attempt][-overlap:])


@pytest.mark.parametrize("seam", SEAMS[1:])
@pytest.mark.parametrize("overlap", [5, 13])
def test_blended_takes_are_retaken_and_mended_as_others_are(tmp_path: Path, seam: str, overlap: int) -> None:
    plan, style = small_plan(45, overlap=overlap), Style(QUICK.encoding, seam)
    video = whole(tmp_path, plan, style=style)
    undisturbed, take = pixels(video), begin(tmp_path, plan)
    shutil.rmtree(take.window_folder(1, 0))
    assert [kept.index for kept in make_windows(take, style=style)] == [1]
    assert pixels(finish(tmp_path, take)) == undisturbed
    take.retake(2, 5)
    make_windows(take, style=style)
    assert {kept.seam for kept in each_window(take)} == {seam}
    assert pixels(finish(tmp_path, take)) != undisturbed
    assert numbers(video) == list(range(45))


@pytest.mark.parametrize("damage", TAIL_DAMAGE)
def test_a_damaged_tail_of_a_seam_is_not_used(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    """Three windows share frames: what the seam begins with is not what the model goes on from."""
    plan, style = small_plan(45, overlap=13), Style(QUICK.encoding, "linear")
    undisturbed = pixels(whole(tmp_path / "undisturbed", plan, style=style))
    take = begin(tmp_path, plan)
    make_windows(take, 3, style)
    job = next_job(take)
    damage(take.window_folder(2, 0) / "seam.safetensors")
    with pytest.raises(Damaged, match=r"Window 3 .* made again"):
        keep_window(take, job, paint_job(job), style=style)
    assert take.next_window().index == 2
    make_windows(take, style=style)
    assert pixels(finish(tmp_path, take)) == undisturbed


def test_seeds(tmp_path: Path) -> None:
    take = begin(tmp_path, FIVE, seed=11)
    make_windows(take)
    assert take.seed(0) == 11
    assert [take.seed(index) for index in range(1, 5)] == [window_seed(11, index, 0) for index in range(1, 5)]
    take.retake(3)
    assert [take.seed(index) for index in (2, 3)] == [window_seed(11, 2, 0), window_seed(11, 3, 1)]
    take.retake(1, 5)
    assert [take.seed(index) for index in (1, 3)] == [window_seed(5, 1, 1), window_seed(5, 3, 2)]
    take.retake(0)
    assert [take.seed(index) for index in (0, 1)] == [window_seed(11, 0, 1), window_seed(5, 1, 2)]
    take.retake(0, 8)
    assert take.seed(0) == window_seed(8, 0, 2)


@given(st.integers(0, 2**64 - 1), st.integers(0, 10**6), st.integers(0, 100))
def test_window_seeds_differ_and_fit(seed: int, index: int, attempt: int) -> None:
    mine = window_seed(seed, index, attempt)
    assert 0 <= mine < 2**64
    others = {window_seed(seed ^ 1, index, attempt), window_seed(seed, index + 1, attempt)}
    assert mine not in others | {window_seed(seed, index, attempt + 1)}
    assert window_seed(seed, 0, 0) == seed


def test_retakes_may_follow_each_other_before_anything_is_made(tmp_path: Path) -> None:
    take = begin(tmp_path, FIVE)
    make_windows(take)
    take.retake(3)
    take.retake(2)
    take.retake(2)
    assert [take.attempt(index) for index in range(5)] == [0, 0, 2, 3, 3]
    make_windows(take)
    assert sorted(path.name for path in take.windows.iterdir()) == [
        "00000-0", "00001-0", "00002-2", "00003-3", "00004-3",
    ]  # fmt: skip
    assert numbers(finish(tmp_path, take)) == list(range(65))


def test_a_retake_while_a_window_is_made(tmp_path: Path) -> None:
    take = begin(tmp_path, FIVE)
    make_windows(take, 3)
    job = next_job(take)
    take.retake(2, 5)
    with pytest.raises(Surplus, match=r"Window 4 .* asked for again"):
        keep_window(take, job, paint_job(job), style=QUICK)
    assert take.next_window().index == 2
    make_windows(take)
    assert [attempt for _, attempt, _ in standing(take)] == [0, 0, 1, 1, 1]


def test_a_retake_of_later_windows_leaves_the_one_being_made(tmp_path: Path) -> None:
    take = begin(tmp_path, FIVE)
    make_windows(take)
    take.retake(1)
    job = next_job(take)
    with pytest.raises(ValueError, match=r"Window 4 .* not made yet"):
        take.retake(3)
    assert keep_window(take, job, paint_job(job), style=QUICK).attempt == 1


@pytest.mark.parametrize(("made", "start"), [(0, 1), (0, 4), (2, 3), (5, 5), (5, -1), (0, -1), (0, 99)])
def test_a_retake_of_what_is_not_there_is_refused_with_one_that_is(tmp_path: Path, made: int, start: int) -> None:
    take = begin(tmp_path, FIVE)
    make_windows(take, made)
    before = files_below(take.folder)
    with pytest.raises(ValueError, match="Retake from") as refused:
        take.retake(start)
    assert files_below(take.folder) == before
    message = str(refused.value)
    works = re.search(r"Retake from window (\d+)", message) or re.search(r"windows (\d+)", message)
    take.retake(int(works.group(1)) - 1)


# -- the finished video -----------------------------------------------------------------------------------


def test_a_finished_video_is_not_written_again(tmp_path: Path) -> None:
    video = whole(tmp_path, FIVE)
    stamp = video.stat()
    assert whole(tmp_path, FIVE) == video
    assert (video.stat().st_ino, video.stat().st_mtime_ns) == (stamp.st_ino, stamp.st_mtime_ns)


def test_a_lost_video_is_joined_again(tmp_path: Path) -> None:
    video = whole(tmp_path, FIVE)
    there, take = pixels(video), begin(tmp_path, FIVE)
    revision = take.revision
    video.unlink()
    assert take.revision != revision
    assert pixels(finish(tmp_path, take)) == there


def test_a_video_that_something_else_replaced_is_joined_again(tmp_path: Path) -> None:
    video = whole(tmp_path, FIVE)
    there, take = pixels(video), begin(tmp_path, FIVE)
    revision = take.revision
    video.write_text("something else")
    assert take.revision != revision
    assert pixels(finish(tmp_path, take)) == there


def test_a_video_of_that_name_that_is_not_ours_is_replaced(tmp_path: Path) -> None:
    video = whole(tmp_path, FIVE)
    other = tmp_path / "elsewhere.mp4"
    other.write_text("something else")
    begin(tmp_path, FIVE).finish(other, {})
    assert pixels(other) == pixels(video)


def test_an_unfinished_take_is_not_joined(tmp_path: Path) -> None:
    take = begin(tmp_path, FIVE)
    make_windows(take, 3)
    with pytest.raises(ValueError, match="3 of 5 windows"):
        take.finish(TakeStore(tmp_path).video(take), {})
    with pytest.raises(ValueError, match="0 of 5 windows"):
        begin(tmp_path, FIVE, "other").finish(tmp_path / "other.mp4", {})
    assert not list(tmp_path.rglob("*_0001.mp4"))


def test_what_a_killed_join_left_is_removed(tmp_path: Path) -> None:
    take = begin(tmp_path, FIVE)
    make_windows(take)
    video = TakeStore(tmp_path).video(take)
    left = video.with_name(f".{video.stem}.0123abcd.tmp.mp4")
    left.write_bytes(b"x" * 1000)
    mine = video.with_name("other.tmp.mp4")
    mine.write_bytes(b"mine")
    finish(tmp_path, take)
    assert not left.exists()
    assert mine.exists()


# -- the revision -----------------------------------------------------------------------------------------


def test_the_revision_changes_when_the_windows_do_and_only_then(tmp_path: Path) -> None:
    take = begin(tmp_path, FIVE)
    seen = [take.revision]

    def changed() -> bool:
        seen.append(Take(take.folder).revision)
        assert seen[-1] == seen[-2] or seen[-1] not in seen[:-1]
        return seen[-1] != seen[-2]

    def looked() -> bool:
        job = next_job(take)
        describe(take)
        status(take)
        take.keep_graph({"prompt": {}})
        list(each_window(take))
        begin(tmp_path, FIVE)
        assert job is None or take.kept(job.window.index) is None
        return changed()

    assert not looked()
    for _ in range(5):
        make_next(take)
        assert changed()
        assert not looked()
    job = next_job(take, FIVE.windows[2])
    with pytest.raises(Surplus):
        keep_window(take, job, paint_job(job), style=QUICK)
    assert not changed()
    finish(tmp_path, take)
    assert not changed()
    take.set_aside(4)
    assert changed()
    take.set_aside(4)
    assert not changed()
    make_next(take)
    assert changed()
    take.retake(3)
    assert changed()
    job = next_job(take)
    with pytest.raises(ValueError, match="NaN"):
        keep_window(take, job, paint_job(job) * np.nan, style=QUICK)
    assert not changed()
    make_next(take)
    assert changed()
    shutil.rmtree(take.window_folder(0, 0))
    assert changed()
    assert not looked()
    (take.windows / "00000-0").mkdir()
    assert changed()


def test_a_clock_that_stands_still_hides_no_window_that_is_gone(tmp_path: Path) -> None:
    """Two changes within one tick of the file system's clock."""
    take = begin(tmp_path, FIVE)
    make_windows(take, 4)
    stamp, revision = take.windows.stat(), take.revision
    if stamp.st_nlink < 4:
        pytest.skip("this file system does not count the folders in a folder")
    shutil.rmtree(take.window_folder(1, 0))
    os.utime(take.windows, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert take.windows.stat().st_mtime_ns == stamp.st_mtime_ns
    assert take.revision != revision
    assert take.next_window().index == 1


def test_a_new_take_has_another_revision(tmp_path: Path) -> None:
    store = TakeStore(tmp_path)
    one = begin(tmp_path, FIVE).revision
    assert begin(tmp_path, small_plan(66)).revision != one
    assert store.take("take", "0001").revision == one


# -- progress ---------------------------------------------------------------------------------------------


def test_progress_in_words_and_as_data(tmp_path: Path) -> None:
    take = begin(tmp_path, FIVE)
    assert describe(take) == "take: window 1 of 5"
    assert seconds_left(take) is None
    for seconds in (100, 10, 10):
        job = next_job(take)
        keep_window(take, job, paint_job(job), style=QUICK, seconds=seconds)
    assert describe(take) == "take: window 4 of 5, about 20 s left"
    data = status(take)
    assert (data["kept"], data["windows"], data["complete"], data["seconds_left"]) == (3, 5, False, 20)
    assert [Path(each["segment"]).exists() for each in data["kept_windows"]] == [True] * 3
    assert json.loads(json.dumps(data)) == data
    make_windows(take)
    assert describe(take) == "take: all 5 windows are there"
    assert status(take, with_windows=False)["complete"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (45.4, "45 s"), (89.4, "89 s"), (90, "2 min"), (3600, "60 min"), (7500, "2 h 5 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration_to_text(seconds) == text


# -- cost -------------------------------------------------------------------------------------------------


class Touches:
    """Counts what a call asks of the file system: opens, looks at files, looks into folders."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        for name in ("open", "stat", "lstat", "listdir", "scandir"):
            monkeypatch.setattr(os, name, self._counting(getattr(os, name)))
        for module in (builtins, io):
            monkeypatch.setattr(module, "open", self._counting(module.open))

    def _counting(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            self.count += 1
            return call(*args, **kwargs)

        return counted

    def of(self, call: Callable[[], object]) -> int:
        self.count = 0
        call()
        return self.count


def stand_ins(take: Take, start: int, stop: int) -> None:
    """Copies of window 1 as windows `start` to `stop`: they fit where all frames of a take are the same."""
    source = take.window_folder(1, 0)
    record = json.loads((source / "window.json").read_text())
    for index in range(start, stop):
        folder = take.window_folder(index, 0)
        shutil.copytree(source, folder)
        (folder / "window.json").write_text(json.dumps({**record, "index": index}))


def test_window_1000_costs_what_window_10_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One window of a thousand: found, handed out, kept, reported. Nothing looks at all that went before."""
    plan = small_plan(5 + 4 * 999, window=5, overlap=1)
    assert len(plan.windows) == 1000
    store = TakeStore(tmp_path)

    def one_run() -> None:
        take = begin(tmp_path, plan)
        assert store.current("take").revision == take.revision
        job = next_job(take)
        keep_window(take, job, np.full((5, 32, 48, 3), 0.5, np.float32), style=QUICK, seconds=1)
        describe(take)
        status(take, with_windows=False)

    for _ in range(9):
        one_run()
    touches = Touches(monkeypatch)
    tenth = touches.of(one_run)
    take = begin(tmp_path, plan)
    stand_ins(take, 10, 998)
    one_run()
    assert take.next_window().index == 999
    assert touches.of(one_run) <= tenth
    assert take.complete
    assert 20 < tenth < 300


def test_a_long_plan_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[object] = []
    monkeypatch.setattr(record_module, "plan_from_json", lambda data: read.append(data) or plan_from_json(data))
    take = begin(tmp_path, FIVE)
    for _ in range(5):
        make_next(begin(tmp_path, FIVE))
    finish(tmp_path, Take(take.folder))
    assert len(read) == 1
    record = take.folder / "take.json"
    record.write_text(record.read_text().replace('"seed": 7', '"seed": 12'))
    assert Take(take.folder).record.seed == 12


def test_retakes_and_damage_late_in_a_long_take_look_at_each_window_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = small_plan(5 + 4 * 299, window=5, overlap=1)
    take = begin(tmp_path, plan)
    for _ in range(2):
        job = next_job(take)
        keep_window(take, job, np.full((5, 32, 48, 3), 0.5, np.float32), style=QUICK)
    stand_ins(take, 2, 299)
    touches = Touches(monkeypatch)
    per_window = touches.of(lambda: take.state) / 299
    assert per_window < 15
    assert take.state.kept == 299
    assert touches.of(lambda: take.set_aside(150)) < 300 * per_window + 50
    assert take.state.kept == 150
    shutil.rmtree(take.folder / "aside")
    assert touches.of(lambda: take.retake(100)) < 50
