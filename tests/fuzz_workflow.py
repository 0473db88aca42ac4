"""Fuzz the reader, the rules, the converter and the editor with mutated workflows.

    python tests/fuzz_workflow.py --minutes 60 --seed 1 FILE_OR_FOLDER...

Nothing but a `WorkflowError` may come out, and nothing may take long. What fails is printed with its seed and
written beside the current folder, to become a case in test_workflow_fuzz.py.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from longtake.scripts.rules import engine
from longtake.scripts.rules.profiles import PROFILES
from longtake.scripts.workflow.convert import to_prompt
from longtake.scripts.workflow.document import Document, read_file, read_text
from longtake.scripts.workflow.editor import apply
from longtake.scripts.workflow.edits import Connect, Disconnect, SetMode, SetWidget
from longtake.scripts.workflow.errors import WorkflowError

SLOW_SECONDS = 20
ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, -10, -20, 2**63, 10**400, 1.5, float("nan"), float("inf"), "", "0", "-10", "x", "*", "IMAGE",
    "fixed", "randomize", [], {}, [[]], [0, 0], ["1", 0], {"a": 1}, {"__value__": []}, {"__value__": [1, 2]}, "ü\ud800", "\x00",
)  # fmt: skip


def places(data: Any, depth: int = 0) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of plain data."""
    if depth > 60:
        return
    for key in list(data) if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ():
        yield data, key
        if isinstance(data[key], dict | list):
            yield from places(data[key], depth + 1)


def mutate(data: Any, pick: random.Random) -> Any:
    """Plain data with a few things wrong."""
    for _ in range(pick.choice((1, 1, 2, 3, 8, 30))):
        spots = list(places(data))
        if not spots:
            return copy.deepcopy(pick.choice(ODD))
        container, key = pick.choice(spots)
        way = pick.randrange(6)
        if way == 0 and isinstance(container, dict):
            del container[key]
        elif way == 1 and isinstance(container, list):
            container.insert(key, json.loads(json.dumps(container[key])))
        elif way == 2:
            other, place = pick.choice(spots)
            if place in other if isinstance(other, dict) else place < len(other):
                value = json.loads(json.dumps(other[place]))
                if len(json.dumps(value)) < 20_000:
                    container[key] = value
        elif way == 3 and isinstance(container[key], int) and not isinstance(container[key], bool):
            container[key] = pick.choice(
                (container[key] + 1, -container[key], str(container[key]), 0, pick.randrange(2000))
            )
        elif way == 4 and isinstance(container, list):
            pick.shuffle(container)
        else:
            container[key] = copy.deepcopy(pick.choice(ODD))
    return data


def exercise(document: Document, pick: random.Random) -> None:
    """Everything that is done with a workflow."""
    graph = document.graph
    report = engine.audit(graph, rules_of(pick), engine.Context(profile=pick.choice((None, *PROFILES.values()))))
    if report.failed:
        raise AssertionError(f"rules broke: {report.failed}")
    json.dumps(to_prompt(graph), default=str)
    nodes = list(graph.nodes.values())
    for node in pick.sample(nodes, min(3, len(nodes))):
        edits: list[Any] = [SetMode(node.path, 4)]
        edits += [SetWidget(node.path, name, 7) for name in list(node.values)[:1]]
        edits += [Disconnect(node.path, name) for name in list(node.links)[:1]]
        edits += [Connect(node.path, name, pick.choice(nodes).path, 0) for name, _ in list(node.inputs)[:1]]
        for edit in edits:
            try:
                _ = apply(document, [edit]).graph
            except WorkflowError:
                continue
    if pick.random() < 0.2:
        engine.mend(document, engine.select(), unsafe=True)


def rules_of(pick: random.Random) -> tuple[engine.Rule, ...]:
    return engine.all_rules() if pick.random() < 0.5 else engine.select()


def text_of(source: str, pick: random.Random) -> str:
    """A mutated text: mostly its data, sometimes its characters."""
    if pick.random() < 0.15:
        cut = pick.randrange(len(source) + 1)
        return pick.choice(
            (source[:cut], source[cut:], source[:cut] + pick.choice('{}[],:"\\\x00é0') + source[cut + 1 :])
        )
    return json.dumps(mutate(json.loads(source), pick), indent=pick.choice((None, 1, 2)))


def once(source: str, seed: int) -> str | None:
    """What went wrong with one seed, or None."""
    pick = random.Random(seed)
    begin = time.process_time()
    text = ""
    try:
        text = text_of(source, pick)
        exercise(read_text(text), pick)
    except WorkflowError as error:
        if "\n" in str(error) or len(str(error)) > 500:
            return f"a long message: {str(error)[:200]!r}"
    except Exception:  # noqa: BLE001 - that is what is looked for
        return traceback.format_exc()
    if time.process_time() - begin > SLOW_SECONDS:
        return f"{time.process_time() - begin:.0f} s for {len(text)} characters"
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    files = [found for path in args.paths for found in (sorted(path.rglob("*.json")) if path.is_dir() else [path])]
    sources = []
    for path in files:
        try:
            _ = read_file(path).graph
        except WorkflowError:
            continue
        if path.stat().st_size < 300_000:
            sources.append(path.read_text(encoding="utf-8"))
    stop, seed, bad = time.monotonic() + 60 * args.minutes, args.seed, {}
    while time.monotonic() < stop:
        seed += 1
        problem = once(sources[seed % len(sources)], seed)
        if problem is not None:
            key = problem.strip().splitlines()[-1][:120]
            if key not in bad:
                print(f"seed {seed} of file {seed % len(sources)}:\n{problem}", flush=True)
            bad[key] = bad.get(key, 0) + 1
    print(f"{seed - args.seed} mutations, {sum(bad.values())} problems of {len(bad)} kinds")
    for key, count in bad.items():
        print(f"{count:6} {key}")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
