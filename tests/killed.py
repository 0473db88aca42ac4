"""A process that runs takes in children and kills them: at a random moment, or around a given rename.

``python killed.py random ROOT COUNT SEED`` or ``python killed.py renames ROOT``. Prints one JSON line for each
kill: when it was, what the child had reported as kept, what then stood, and what the video of the run that
went on reads and decodes to. Forked from one process that has all modules loaded, so that a kill costs
milliseconds. Not a test itself: `test_take_killed.py` looks at the lines.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from longtake.nodes.take.kept import KeptWindow, read_kept
from takes import begin, each_window, finish, leftovers, make_next, make_windows, numbers, pixels, small_plan

PLAN = small_plan(53)
assert len(PLAN.windows) == 4
RETAKEN = 2
REPORTS = 4 + 1 + 1 + 2 + 1  # four windows, the video, the retake, two windows, the video


def run(root: Path, report: Callable[[str], None]) -> None:
    """A whole take; then windows from the third on once more, with another seed."""
    take = begin(root, PLAN)
    if not take.state.retakes:
        _make(root, report)
        take.retake(RETAKEN, 99)
        report("retake")
    _make(root, report)


def _make(root: Path, report: Callable[[str], None]) -> None:
    take = begin(root, PLAN)
    while kept := make_next(take):
        report(described(kept))
    finish(root, take)
    report("video")


def say(line: dict[str, Any]) -> None:
    """Write a line for the test to read."""
    sys.stdout.write(f"{json.dumps(line)}\n")
    sys.stdout.flush()


def described(kept: KeptWindow) -> str:
    """What tells a kept window from every other."""
    return f"{kept.index} {kept.attempt} {kept.segment_hash} {kept.made}"


def in_child(root: Path, prepare: Callable[[], None]) -> tuple[int, BinaryIO]:
    """Start a run in a child. Gives its id and the end of a pipe through which it reports, line by line."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, os.fdopen(reading, "rb")
    try:
        os.close(reading)
        prepare()
        run(root, lambda line: os.write(writing, f"{line}\n".encode()) and None)
    except BaseException:  # noqa: BLE001 - the child ends here in any case
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def ended(child: int, pipe: BinaryIO) -> tuple[int, list[str]]:
    """How the child ended, and the lines that it reported and that nobody has read yet."""
    with pipe:
        lines = pipe.read().decode().splitlines()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), lines


def kill_around_rename(number: int, *, after: bool) -> Callable[[], None]:
    """Let the process die right before, or right after, the given one of its renames."""
    count = 0

    def deadly(call: Callable[..., Any]) -> Callable[..., Any]:
        def rename(*args: Any, **kwargs: Any) -> Any:
            nonlocal count
            count += 1
            if count == number and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            result = call(*args, **kwargs)
            if count == number and after:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return rename

    def prepare() -> None:
        _no_waiting()
        if sys.version_info >= (3, 11):  # here pathlib calls these two
            os.rename, os.replace = deadly(os.rename), deadly(os.replace)
        else:
            Path.rename, Path.replace = deadly(Path.rename), deadly(Path.replace)

    return prepare


def _no_waiting() -> None:
    os.fsync = lambda _handle: None  # matters in a power cut, not here


def went_on(root: Path, status: int, lines: list[str], **when: Any) -> dict[str, Any]:
    """What the killed run left, and what comes of it when it is gone on with."""
    take = begin(root, PLAN)
    standing = [described(kept) for kept in each_window(take)]
    retaken = bool(take.state.retakes)
    on_disk = [described(kept) for folder in take.windows.iterdir() if (kept := read_kept(folder))]
    run(root, lambda _line: None)
    video = finish(root, take)
    answer = {
        **when,
        "status": status,
        "reported": lines,
        "standing": standing,
        "on_disk": on_disk,
        "retaken": retaken,
        "takes": [path.name for path in video.parent.iterdir() if path.is_dir() and path.name.isdecimal()],
        "numbers": numbers(video) == list(range(PLAN.frames)),
        "pixels": pixels(video),
        "left": leftovers(root),
    }
    shutil.rmtree(root)
    return answer


def undisturbed(root: Path) -> tuple[float, str]:
    """Seconds and pixels of a run that nobody kills."""
    started = time.perf_counter()
    status, _ = ended(*in_child(root, _no_waiting))
    seconds = time.perf_counter() - started
    if status:
        raise RuntimeError("The undisturbed run failed.")
    take = begin(root, PLAN)
    return seconds, pixels(finish(root, take))


def at_random(root: Path, count: int, seed: int) -> None:
    """Kill `count` runs, each at some moment within some stage, so that a slow machine is killed as evenly."""
    _, expected = undisturbed(root / "warm")
    seconds, again = undisturbed(root / "undisturbed")
    say({"expected": [expected, again]})
    moments = random.Random(seed)  # noqa: S311 - nothing is hidden with it
    while count:
        stage, moment = moments.randrange(REPORTS), moments.uniform(0, 1.5 * seconds / REPORTS)
        child, pipe = in_child(root / str(count), _no_waiting)
        lines = [pipe.readline().decode().strip() for _ in range(stage)]
        time.sleep(moment)
        os.kill(child, signal.SIGKILL)
        status, more = ended(child, pipe)
        if status == 0:  # too late
            shutil.rmtree(root / str(count))
            continue
        say(went_on(root / str(count), status, lines + more, moment=moment))
        count -= 1


def around_renames(root: Path) -> None:
    """Kill a run before and after its first rename, its second, and so on to the last."""
    say({"expected": [undisturbed(root / "undisturbed")[1]]})
    number = 0
    while True:
        number += 1
        for after in (False, True):
            folder = root / f"{number}-{after}"
            status, lines = ended(*in_child(folder, kill_around_rename(number, after=after)))
            if status == 0:
                return
            say(went_on(folder, status, lines, rename=number, after=after))


if __name__ == "__main__":
    _no_waiting()
    make_windows(begin(Path(sys.argv[2]) / "load", PLAN), 1)  # everything that is loaded late is loaded now
    if sys.argv[1] == "random":
        at_random(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        around_renames(Path(sys.argv[2]))
