"""Keeping a window: what is refused before a byte is written, a full disk, surplus windows, two runs at once."""

import errno
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from longtake.nodes.core.job import TakeWindow
from longtake.nodes.core.seam import SEAMS
from longtake.nodes.take import files
from longtake.nodes.take.keep import Style, keep_window
from longtake.nodes.take.store import TakeStore
from longtake.nodes.take.take import Surplus, Take
from longtake.nodes.take.video import Encoding, read_frames
from paint import paint, read
from PIL import Image
from takes import (
    HEIGHT,
    QUICK,
    WIDTH,
    begin,
    each_window,
    files_below,
    finish,
    interpolated,
    leftovers,
    make_next,
    make_windows,
    next_job,
    numbers,
    paint_job,
    pixels,
    small_plan,
    whole,
    with_attempt,
)

pytestmark = pytest.mark.usefixtures("hasty_disk")

FIVE = small_plan(65)  # five windows


def kept_hashes(take: Take) -> list[str]:
    return [kept.segment_hash for kept in each_window(take)]


# -- what is written --------------------------------------------------------------------------------------


def test_a_window_holds_its_final_frames_a_poster_and_the_tail(tmp_path: Path) -> None:
    take = begin(tmp_path, FIVE)
    make_windows(take)
    for kept in each_window(take):
        window, folder = FIVE.windows[kept.index], take.window_folder(kept.index, 0)
        assert kept.frames == window.kept
        assert numbers(folder / "segment.mp4") == list(range(*window.kept))
        assert read(np.asarray(Image.open(folder / "poster.jpg"))) in range(*window.kept)
        last = window.index == 4
        assert sorted(path.name for path in folder.iterdir()) == [
            "poster.jpg", "segment.mp4", *(() if last else ("tail.safetensors",)), "window.json",
        ]  # fmt: skip
        assert kept.bytes == {name: (folder / name).stat().st_size for name in kept.bytes}
        assert (kept.seed, kept.size, kept.multiple) == (take.seed(kept.index), (WIDTH, HEIGHT), 1)
    assert not leftovers(tmp_path)


@pytest.mark.parametrize("seam", SEAMS[1:])
def test_segments_of_a_blended_take_hold_each_frame_once(tmp_path: Path, seam: str) -> None:
    take = begin(tmp_path, FIVE)
    make_windows(take, style=Style(QUICK.encoding, seam))
    spans = [kept.frames for kept in each_window(take)]
    assert [frame for span in spans for frame in range(*span)] == list(range(65))
    for kept, span in zip(each_window(take), spans, strict=True):
        assert numbers(take.window_folder(kept.index, 0) / "segment.mp4") == list(range(*span))


def test_a_blend_shows_both_windows_and_a_cut_only_one(tmp_path: Path) -> None:
    """Two windows of flat grey: the crossfade passes through what lies between, in five steps."""
    plan = small_plan(29)
    shades = {}
    for seam in ("cut", "linear"):
        take = begin(tmp_path, plan, seam)
        for grey in (0.2, 0.8):
            job = next_job(take)
            frames = np.full((job.window.frames, HEIGHT, WIDTH, 3), grey, np.float32)
            keep_window(take, job, frames, style=Style(Encoding("ffv1", threads=1), seam))
        shades[seam] = [float(frame.mean()) / 255 for frame in read_frames(finish(tmp_path, take))]
    assert shades["cut"] == pytest.approx([0.2] * 17 + [0.8] * 12, abs=0.003)
    assert shades["linear"] == pytest.approx([0.2] * 12 + [0.2, 0.35, 0.5, 0.65, 0.8] + [0.8] * 12, abs=0.003)


def test_no_frames_are_changed(tmp_path: Path) -> None:
    for seam in SEAMS:
        take = begin(tmp_path, FIVE, seam)
        for _ in range(2):
            job = next_job(take)
            frames = paint_job(job)
            before = frames.copy()
            keep_window(take, job, frames, style=Style(QUICK.encoding, seam))
            assert np.array_equal(frames, before)


def test_later_windows_follow_the_first_in_style(tmp_path: Path) -> None:
    take = begin(tmp_path, FIVE)
    make_next(take, Style(Encoding("ffv1", threads=1), "linear"))
    make_windows(take, style=Style(Encoding("h264", crf=3)))
    assert {(kept.encoding.codec, kept.seam) for kept in each_window(take)} == {("ffv1", "linear")}
    assert numbers(finish(tmp_path, take)) == list(range(65))


def test_all_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a rename makes visible was synced before, file by file and the folder itself; then the rename is."""
    synced: set[int] = set()
    unsynced_renames: set[int] = set()
    renamed: list[str] = []

    def fsync(handle: int) -> None:
        synced.add(os.fstat(handle).st_ino)
        unsynced_renames.discard(os.fstat(handle).st_ino)

    monkeypatch.setattr(os, "fsync", fsync)

    def checking(call: Callable[..., Any]) -> Callable[..., Any]:
        def rename(source: Any, target: Any, *more: Any, **named: Any) -> Any:
            inside = [Path(source), *Path(source).rglob("*")] if Path(source).is_dir() else [Path(source)]
            missing = [path.name for path in inside if path.name != "windows" and path.stat().st_ino not in synced]
            assert not missing, f"{Path(target).name} got its name before {missing} was on the disk"
            assert not unsynced_renames, f"{renamed[-1]} got its name and the folder was not synced"
            renamed.append(Path(target).name)
            result = call(source, target, *more, **named)
            unsynced_renames.add(Path(target).parent.stat().st_ino)
            return result

        return rename

    for holder in (os, Path):  # pathlib of Python 3.10 has its own hold on the functions of os
        monkeypatch.setattr(holder, "rename", checking(holder.rename))
        monkeypatch.setattr(holder, "replace", checking(holder.replace))
    whole(tmp_path, small_plan(29), style=Style(QUICK.encoding, "linear"))
    assert not unsynced_renames
    assert {"0001", "take.json", "current.json", "00000-0", "00001-0", "state.json", "take_0001.mp4"} <= {*renamed}


# -- refusals ---------------------------------------------------------------------------------------------


class Given(NamedTuple):
    """Frames and continue_from, as a faulty graph would hand them over."""

    frames: np.ndarray
    continue_from: np.ndarray | None = None


def with_value(frames: np.ndarray, frame: int, value: float) -> np.ndarray:
    frames = frames.copy()
    frames[frame, 3, 5, 1] = value
    return frames


def with_alpha(frames: np.ndarray) -> np.ndarray:
    return np.concatenate([frames, np.ones_like(frames[..., :1])], axis=-1)


FAULTS: list[tuple[Callable[[np.ndarray], Given], str]] = [
    (lambda good: Given(with_value(good, 0, np.nan)), "Frame 1 of `frames` in window 3 holds NaN"),
    (lambda good: Given(with_value(good, 16, np.inf)), "Frame 17 of `frames` in window 3 holds NaN"),
    (lambda good: Given(with_value(good, 2, -np.inf)), "Frame 3 of `frames` in window 3 holds NaN"),
    (lambda good: Given(with_value(with_value(good, 2, np.inf), 2, -np.inf)), "Frame 3 of `frames`"),
    (lambda good: Given(good, with_value(good, 4, np.nan)), "Frame 5 of `continue_from` in window 3"),
    (lambda good: Given(good[:-1]), "has 16 frames where 17 are needed"),
    (lambda good: Given(good[:0]), "has 0 frames where 17 are needed"),
    (lambda good: Given(np.concatenate([good, good[:1]])), "has 18 frames where 17 are needed"),
    (lambda good: Given(np.concatenate([good, good])), "`continue_from`"),
    (lambda good: Given(good, good[:-4]), "goes on from 13 frames where 17 are needed"),
    (lambda good: Given(np.concatenate([good, good]), good), "at 2 times the frame rate, but take began with"),
    (lambda good: Given(with_alpha(good)), r"`frames` has the shape \(17, 32, 48, 4\)"),
    (lambda good: Given(good, with_alpha(good)), r"`continue_from` has the shape \(17, 32, 48, 4\)"),
    (lambda good: Given(good[0]), r"`frames` has the shape \(32, 48, 3\)"),
    (lambda good: Given(good.mean(-1, keepdims=True)), r"`frames` has the shape \(17, 32, 48, 1\)"),
    (lambda good: Given(good.transpose(0, 3, 1, 2)), r"`frames` has the shape \(17, 3, 32, 48\)"),
    (lambda good: Given(good[:, :-2]), "frames of 48x30 .* began with 48x32"),
    (lambda good: Given(good.repeat(2, axis=1)), "frames of 48x64 .* began with 48x32"),
    (lambda good: Given((good * 255).astype(np.int32)), "`frames` holds int32"),
    (lambda good: Given(good, good > 0.5), "`continue_from` holds bool"),
]


@pytest.mark.parametrize("seam", ["cut", "linear"])
@pytest.mark.parametrize(("fault", "said"), FAULTS)
def test_frames_that_cannot_be_kept_are_refused_and_nothing_is_written(
    tmp_path: Path, fault: Callable[[np.ndarray], Given], said: str, seam: str
) -> None:
    take = begin(tmp_path, FIVE)
    style = Style(QUICK.encoding, seam)
    make_windows(take, 2, style)
    before, job = files_below(tmp_path), next_job(take)
    good = paint_job(job)
    with pytest.raises(ValueError, match=said):
        keep_window(take, job, *fault(good), style=style)
    assert files_below(tmp_path) == before
    assert not leftovers(tmp_path)
    keep_window(take, job, good, style=style)


@pytest.mark.parametrize(("height", "width"), [(33, 48), (32, 49)])
def test_odd_sizes_are_refused_for_h264_with_one_that_works(tmp_path: Path, height: int, width: int) -> None:
    take = begin(tmp_path, FIVE)
    before, job = files_below(tmp_path), next_job(take)
    with pytest.raises(ValueError, match="even sizes") as refused:
        keep_window(take, job, paint_job(job, height, width), style=QUICK)
    assert files_below(tmp_path) == before
    assert not leftovers(tmp_path)
    works = re.search(r"Use (\d+)x(\d+)", str(refused.value))
    keep_window(take, job, paint_job(job, int(works.group(2)), int(works.group(1))), style=QUICK)


def test_odd_sizes_are_kept_without_loss_in_ffv1(tmp_path: Path) -> None:
    take = begin(tmp_path, FIVE)
    while job := next_job(take):
        keep_window(take, job, paint_job(job, 33, 49), style=Style(Encoding("ffv1", threads=1)))
    assert numbers(finish(tmp_path, take)) == list(range(65))


# -- a full disk ------------------------------------------------------------------------------------------


def test_a_disk_that_has_no_room_is_told_before_the_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take = begin(tmp_path, FIVE)
    make_windows(take, 2)
    before, job = files_below(tmp_path), next_job(take)
    usage = shutil.disk_usage(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_000_000))
        with pytest.raises(OSError, match=r"1 MB free .* Free some space .* every finished window is kept"):
            keep_window(take, job, paint_job(job), style=QUICK)
        patch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
        with pytest.raises(OSError, match=r"0 MB free .* Free some space"):
            take.check_room()  # and before the sampler
    assert files_below(tmp_path) == before
    assert not leftovers(tmp_path)
    take.check_room()
    keep_window(take, job, paint_job(job), style=QUICK)


def test_room_that_is_enough_before_the_sampler_is_enough_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = begin(tmp_path, FIVE)
    make_windows(take, 1)
    usage = shutil.disk_usage(tmp_path)
    for free in range(1 << 20, 80 << 20, 1 << 19):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: usage._replace(free=free))
        try:
            take.check_room()
        except OSError:
            continue
        break
    job = next_job(take)
    keep_window(take, job, paint_job(job), style=QUICK)
    monkeypatch.undo()
    make_windows(take)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=0))
    take.check_room()  # nothing is left to make


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_disk_that_fills_up_at_any_point_of_a_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    """Every sync of a window and of the joined video fails once; the take goes on as if it had not."""
    undisturbed = pixels(whole(tmp_path / "undisturbed", FIVE))
    take = begin(tmp_path, FIVE)
    syncs, failures = 0, []

    def fsync(_handle: int) -> None:
        nonlocal syncs
        syncs += 1
        if syncs == fail_at:
            raise OSError(error, os.strerror(error))

    monkeypatch.setattr(os, "fsync", fsync)
    for made in range(6):
        fail_at = 0
        while True:
            syncs, fail_at = 0, fail_at + 1
            before = kept_hashes(take)
            try:
                make_windows(take, 1) if made < 5 else finish(tmp_path, take)
            except OSError as failure:
                failures.append(failure)
                assert not leftovers(tmp_path)
                assert kept_hashes(take)[: len(before)] == before
                assert len(kept_hashes(take)) - len(before) in (0, 1)
                if len(kept_hashes(take)) > len(before):
                    break  # it stood before the failure
            else:
                break
    assert len(failures) > 30
    assert {failure.errno for failure in failures} == {error}
    if error != errno.EIO:
        advice = re.compile(r"is full. Free some space .* every finished window is kept")
        assert all(advice.search(str(failure)) for failure in failures)
    make_windows(take)
    assert pixels(finish(tmp_path, take)) == undisturbed


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """The system itself lets no file grow further: the writes of the encoder fail half-way."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
@pytest.mark.parametrize("file", ["segment.mp4", "tail.safetensors"])
def test_a_write_that_the_system_cuts_off(tmp_path: Path, share: float, file: str) -> None:
    undisturbed = pixels(whole(tmp_path / "undisturbed", FIVE))
    take = begin(tmp_path, FIVE)
    make_windows(take, 3)
    before, sizes = files_below(tmp_path / "take"), take.kept(2).bytes
    with largest_file(int(sizes[file] * share)), pytest.raises(Exception, match=r"(?i)too large|file"):
        make_next(take)
    assert files_below(tmp_path / "take") == before
    assert not leftovers(tmp_path)
    make_windows(take)
    video = finish(tmp_path, take)
    assert pixels(video) == undisturbed


def test_a_join_that_the_system_cuts_off_leaves_the_old_video(tmp_path: Path) -> None:
    video = whole(tmp_path, FIVE)
    old, take = video.read_bytes(), begin(tmp_path, FIVE)
    take.retake(3)
    make_windows(take)
    with largest_file(len(old) // 2), pytest.raises(OSError, match=r"(?i)too large|file"):
        finish(tmp_path, take)
    assert video.read_bytes() == old
    assert not leftovers(tmp_path)
    finish(tmp_path, take)
    assert video.read_bytes() != old
    assert numbers(video) == list(range(65))


# -- surplus ----------------------------------------------------------------------------------------------


def surplus_made(take: Take) -> TakeWindow:
    return next_job(take, FIVE.windows[1])


def surplus_ahead(take: Take) -> TakeWindow:
    job = next_job(take)
    shutil.rmtree(take.window_folder(1, 0))
    return job


def surplus_replaced(take: Take) -> TakeWindow:
    """The window before was made again, otherwise."""
    job = next_job(take)
    shutil.rmtree(take.window_folder(2, 0))
    again = next_job(take)
    keep_window(take, again, paint_job(again) * 0.99, style=QUICK)
    return job


def surplus_old(take: Take) -> TakeWindow:
    job = next_job(take)
    take.retake(3)
    return job


def surplus_older(take: Take) -> TakeWindow:
    job = next_job(take)
    take.retake(1)
    make_next(take)
    return job


@pytest.mark.parametrize("seam", SEAMS)
@pytest.mark.parametrize(
    ("surplus", "said"),
    [
        (surplus_made, "is there already"),
        (surplus_ahead, "stands no more"),
        (surplus_replaced, "stands no more"),
        (surplus_old, "asked for again"),
        (surplus_older, "asked for again"),
        (lambda take: with_attempt(next_job(take), attempt=3), "asked for again"),
        (lambda take: with_attempt(next_job(take), continues="0" * 64), "stands no more"),
    ],
)
def test_a_window_that_is_not_wanted_is_not_kept(
    tmp_path: Path, surplus: Callable[[Take], TakeWindow], said: str, seam: str
) -> None:
    take = begin(tmp_path, FIVE)
    make_windows(take, 3, Style(QUICK.encoding, seam))
    job = surplus(take)
    before, revision = files_below(tmp_path), take.revision
    with pytest.raises(Surplus, match=rf"Window {job.window.index + 1} of take .*{said}"):
        keep_window(take, job, paint_job(job), style=QUICK)
    assert files_below(tmp_path) == before
    assert take.revision == revision
    make_windows(take)
    assert numbers(finish(tmp_path, take)) == list(range(65))


def test_runs_on_one_take_at_once_keep_each_window_once(tmp_path: Path) -> None:
    """Threads that all make every window; of each only the first to be ready is kept, the others are told."""
    begin(tmp_path, FIVE)
    ready, kept, told = threading.Barrier(4), [], []

    def run(_: int) -> None:
        take = begin(tmp_path, FIVE)
        while job := next_job(take):
            frames = paint_job(job)
            ready.wait()
            try:
                kept.append(keep_window(take, job, frames, style=QUICK).index)
            except Surplus as surplus:
                told.append(str(surplus))
            ready.wait()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(run, range(4)))
    assert kept == [0, 1, 2, 3, 4]
    assert len(told) == 15
    assert all("is there already" in message for message in told)
    take = begin(tmp_path, FIVE)
    assert not (take.folder / "aside").exists()
    assert numbers(finish(tmp_path, take)) == list(range(65))


def test_a_take_that_another_process_holds_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take = begin(tmp_path, FIVE)
    job = next_job(take)
    monkeypatch.setattr(files, "_LOCK_SECONDS", 0.1)
    with take.lock(), pytest.raises(TimeoutError, match=r"Another process .* Wait for it or stop it"):
        keep_window(take, job, paint_job(job), style=QUICK)
    keep_window(take, job, paint_job(job), style=QUICK)


RUN = """
import json, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from takes import *
from longtake.nodes.take.take import Surplus
take, kept, told = begin(Path(sys.argv[1]), small_plan(161)), [], 0
print("ready", flush=True)
sys.stdin.readline()
while job := next_job(take):
    try:
        kept.append(keep_window(take, job, paint_job(job), style=QUICK).index)
    except Surplus:
        told += 1
finish(Path(sys.argv[1]), take)
print(json.dumps([kept, told]))
"""


def test_processes_on_one_take_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-c", RUN, str(tmp_path), str(Path(__file__).parent)]
    runs = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]  # noqa: S603
    for run in runs:
        assert run.stdout.readline() == "ready\n"
    for run in runs:
        run.stdin.write("go\n")
        run.stdin.flush()
    answers = [json.loads(run.communicate(timeout=60)[0]) for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0]
    assert sorted(index for kept, _ in answers for index in kept) == list(range(13))
    take = begin(tmp_path, small_plan(161))
    assert take.record.take == "0001"
    assert not (take.folder / "aside").exists()
    video = TakeStore(tmp_path).video(take)
    assert numbers(video) == list(range(161))
    assert pixels(video) == pixels(whole(tmp_path / "undisturbed", small_plan(161)))


# -- interpolated frames ----------------------------------------------------------------------------------


@pytest.mark.parametrize("between", [False, True])
def test_the_rate_may_not_change_within_a_take(tmp_path: Path, between: bool) -> None:
    take = begin(tmp_path, FIVE)
    for index in range(2):
        job = next_job(take)
        frames = interpolated(job.window, 2 + index, between=between)
        if index:
            with pytest.raises(ValueError, match=r"48x32 at 3 times .* 48x32 at 2 times"):
                keep_window(take, job, frames, paint_job(job), style=QUICK)
        else:
            keep_window(take, job, frames, paint_job(job), style=QUICK)


@pytest.mark.parametrize("between", [False, True])
@pytest.mark.parametrize("multiple", [2, 3])
def test_the_way_to_interpolate_may_not_change_within_a_take(tmp_path: Path, between: bool, multiple: int) -> None:
    """The frames between two windows would be there twice, or not at all."""
    take = begin(tmp_path, FIVE)
    job = next_job(take)
    keep_window(take, job, interpolated(job.window, multiple, between=between), paint_job(job), style=QUICK)
    job = next_job(take)
    other = interpolated(job.window, multiple, between=not between)
    with pytest.raises(ValueError, match=rf"has {len(other)} frames .* needed") as refused:
        keep_window(take, job, other, paint_job(job), style=QUICK)
    same = interpolated(job.window, multiple, between=between)
    assert f" {len(same)} are needed" in str(refused.value)
    keep_window(take, job, same, paint_job(job), style=QUICK)


def test_one_frame(tmp_path: Path) -> None:
    take = begin(tmp_path, small_plan(1))
    job = next_job(take)
    keep_window(take, job, paint(0, HEIGHT, WIDTH)[None], style=QUICK)
    assert numbers(finish(tmp_path, take)) == [0]
