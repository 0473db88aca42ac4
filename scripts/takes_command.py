"""`longtake takes`: look at takes, ask for windows again, join, clean."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from ..nodes.take.cleaning import clean
from ..nodes.take.files import size_of
from ..nodes.take.kept import Damaged
from ..nodes.take.progress import describe, duration_to_text, status
from ..nodes.take.store import TakeStore
from ..nodes.take.take import Take

_PACK = Path(__file__).resolve().parents[1]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `longtake takes`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _action(actions, "list", "every name and where its take stands", json_too=True)
    show = _action(actions, "show", "one take, window by window", json_too=True)
    show.add_argument("name", metavar="NAME")
    retake = _action(actions, "retake", "ask for a window and all after it once more")
    retake.add_argument("name", metavar="NAME")
    retake.add_argument("--from", dest="start", type=int, required=True, metavar="K", help="first window, from 1")
    retake.add_argument("--seed", type=int, metavar="N", help="another seed for these windows")
    join = _action(actions, "join", "join the windows and the sound into the video")
    join.add_argument("name", metavar="NAME")
    join.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to (default: beside the take)")
    cleaning = _action(actions, "clean", "remove damaged windows that were set aside")
    cleaning.add_argument("names", nargs="*", metavar="NAME", help="only these (default: all)")
    cleaning.add_argument("--old-takes", action="store_true", help="also takes that a newer one has replaced")
    cleaning.add_argument("--dry-run", action="store_true", help="only say what would go")


def add_folder_argument(parser: argparse.ArgumentParser) -> None:
    """Where takes lie."""
    parser.add_argument(
        "--takes",
        type=Path,
        default=None,
        metavar="FOLDER",
        help="folder of takes (default: output/longtake of the ComfyUI around this pack, else ./longtake-takes)",
    )


def store_of(options: argparse.Namespace) -> TakeStore:
    """The takes below the folder that was asked for."""
    if options.takes is not None:
        return TakeStore(options.takes)
    if _PACK.parent.name == "custom_nodes":
        return TakeStore(_PACK.parents[1] / "output" / "longtake")
    return TakeStore(Path("longtake-takes"))


def run(options: argparse.Namespace) -> int:
    """Do what was asked for. 0: done; 1: a take, or a window of it, turned out to be damaged."""
    return _ACTIONS[options.action](options, store_of(options))


def _list(options: argparse.Namespace, store: TakeStore) -> int:
    takes, wrong = store.current_takes()
    if options.json:
        print(json.dumps([status(take, with_windows=False) for take in takes], indent=1))
        return _complain(wrong)
    for take in takes:
        count = sum(1 for _ in store.takes(take.record.name))
        print(f"{describe(take)} ({size_of(take.folder) / 1e6:.1f} MB, take {take.record.take} of {count})")
    if not takes:
        print(f"There are no takes in {store.root}.")
    return _complain(wrong)


def _complain(wrong: Sequence[str]) -> int:
    for problem in wrong:
        print(problem, file=sys.stderr)
    return 1 if wrong else 0


def _show(options: argparse.Namespace, store: TakeStore) -> int:
    take = _take(store, options.name)
    if options.json:
        print(json.dumps(status(take), indent=1))
    else:
        print("\n".join(_lines(take)))
    return 0


def _lines(take: Take) -> Iterator[str]:
    record, plan = take.record, take.plan
    yield describe(take)
    yield (
        f"take {record.take}, begun {record.begun}, {plan.frames} frames at {plan.fps} fps, picture "
        f"{record.picture_size[0]}x{record.picture_size[1]}, seed {record.seed}"
    )
    yield f"{take.folder}"
    kept_windows = list(take.kept_windows())
    for kept in kept_windows:
        took = f", {duration_to_text(kept.seconds)}" if kept.seconds else ""
        again = f", attempt {kept.attempt + 1}" if kept.attempt else ""
        size = sum(kept.bytes.values()) / 1e6
        yield (
            f"  window {kept.index + 1}: frames {kept.frames[0]} - {kept.frames[1]}, {kept.size[0]}x{kept.size[1]}, "
            f"seed {kept.seed}{again}{took}, {size:.1f} MB"
        )
    for window in plan.windows[len(kept_windows) :]:
        yield f"  window {window.index + 1}: frames {window.kept[0]} - {window.kept[1]}, not made"


def _retake(options: argparse.Namespace, store: TakeStore) -> int:
    take = _take(store, options.name)
    take.retake(options.start - 1, options.seed)
    count = len(take.plan.windows)
    which = f"Window {count} is" if options.start == count else f"Windows {options.start} to {count} are"
    print(f"{which} made again when the graph, or the demo, runs next. What stood stays until then.")
    return 0


def _join(options: argparse.Namespace, store: TakeStore) -> int:
    take = _take(store, options.name)
    first, last = take.kept(0), take.kept(take.state.kept - 1) if take.state.kept else None
    suffix = first.encoding.suffix if first else ".mp4"
    path = options.output or store.video(take, suffix)
    if path.suffix != suffix:
        raise ValueError(f"This take's windows are {suffix} files. Use for example -o {path.with_suffix(suffix)}.")
    graph = (take.graph(last.graph) or {}) if last and last.graph else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        take.finish(path, {key: json.dumps(value) for key, value in graph.items() if value})
    except Damaged as damage:
        print(damage)
        return 1
    print(path)
    return 0


def _clean(options: argparse.Namespace, store: TakeStore) -> int:
    total = 0
    takes, wrong = ([_take(store, name) for name in options.names], []) if options.names else store.current_takes()
    for name in (take.record.name for take in takes):
        for cleaned in clean(store, name, old_takes=options.old_takes, dry_run=options.dry_run):
            print(f"{cleaned.what}: {cleaned.bytes / 1e6:.1f} MB")
            total += cleaned.bytes
    print(f"{total / 1e6:.1f} MB {'would be' if options.dry_run else 'are'} free.")
    return _complain(wrong)


def _take(store: TakeStore, name: str) -> Take:
    take = store.current(name)
    if take is None:
        known = ", ".join(store.names())
        there = f"Use one of {known}" if known else "Make one with `longtake demo` or in ComfyUI"
        raise ValueError(f"There is no take named {name} in {store.root}. {there}.")
    return take


def _action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser], name: str, purpose: str, *, json_too: bool = False
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}.")
    add_folder_argument(parser)
    if json_too:
        parser.add_argument("--json", action="store_true", help="print it as JSON")
    return parser


_ACTIONS: Mapping[str, Callable[[argparse.Namespace, TakeStore], int]] = {
    "list": _list,
    "show": _show,
    "retake": _retake,
    "join": _join,
    "clean": _clean,
}
