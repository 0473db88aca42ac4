"""How fast workflows are audited, against `json.loads` alone on the same files in the same run.

    python -m longtake.scripts.bench_audit FOLDER...

Prints files and megabytes per second and their ratio for parsing, for the graph, and for an audit by all
rules; then the peak memory of an audit of a workflow of 20 MB against that of parsing it, each in a process of
its own. Absolute times move with the machine; the ratios are what counts.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from .rules import engine
from .workflow.document import read_file, read_text
from .workflow.errors import WorkflowError

_ROUNDS = 5
#: The kernel's own mark; what `resource` says of a child starts at what its parent had.
_PEAK = "\nprint(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1])"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark on the workflows in files and folders."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    args = parser.parse_args(argv)
    files = [found for path in args.paths for found in (sorted(path.rglob("*.json")) if path.is_dir() else [path])]
    texts = [text for path in files if (text := _workflow(path)) is not None]
    if not texts:
        print("There is no workflow among these; name a folder that holds some.", file=sys.stderr)
        return 2
    _speed(texts, args.rounds)
    _memory()
    return 0


def _workflow(path: Path) -> str | None:
    try:
        document = read_file(path)
        _ = document.graph
    except WorkflowError:
        return None
    return document.text


def _speed(texts: Sequence[str], rounds: int) -> None:
    rules = engine.select()
    work: dict[str, Callable[[str], object]] = {
        "json.loads": json.loads,
        "the graph": lambda text: read_text(text).graph,
        "an audit": lambda text: engine.audit(read_text(text).graph, rules),
    }
    times: dict[str, list[float]] = {name: [] for name in work}
    for turn in range(rounds + 1):
        spent = dict.fromkeys(work, 0.0)
        # One file after the other through all three, each first in its turn: whatever else runs, and a text that
        # was read a moment ago, meets them alike.
        for index, text in enumerate(texts):
            candidates = list(work.items())
            first = (turn + index) % len(candidates)
            for name, do in candidates[first:] + candidates[:first]:
                begin = time.process_time()
                do(text)
                spent[name] += time.process_time() - begin
        for name, seconds in spent.items():
            times[name].append(seconds)
    size = sum(len(text) for text in texts) / 1e6
    base = statistics.median(times["json.loads"][1:])
    print(f"{len(texts)} workflows, {size:.1f} MB, {len(rules)} rules; median of {rounds} rounds after one to warm up")
    for name, measured in times.items():
        middle = statistics.median(measured[1:])
        print(
            f"{name:<12} {len(texts) / middle:8.0f} files/s {size / middle:8.1f} MB/s {middle / base:7.2f} x json.loads"
        )


def large_workflow() -> str:
    """A workflow of 20 MB: 10,000 pictures loaded and resized, and notes."""
    nodes, links = [], []
    for number in range(0, 20_000, 2):
        link = number + 1
        load = {"id": number, "type": "LoadImage", "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [link]}]}
        scale = {"id": link, "type": "ImageScaleBy", "inputs": [{"name": "image", "type": "IMAGE", "link": link}]}
        nodes += [
            {**load, "mode": 0, "widgets_values": ["a.png", "image"]},
            {**scale, "mode": 0, "widgets_values": ["area", 0.5]},
        ]
        links.append([link, number, 0, link, 0, "IMAGE"])
        nodes.append({"id": 100_000 + number, "type": "Note", "mode": 0, "widgets_values": ["x" * 1500]})
    return json.dumps({"nodes": nodes, "links": links, "version": 0.4})


def _memory() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.json"
        path.write_text(large_workflow())
        size = path.stat().st_size / 1e6
        package = __package__ or "longtake.scripts"
        parsed = _peak("import json, sys\ndata = json.load(open(sys.argv[1]))", path)
        audit = f"import sys\nfrom {package} import audit\naudit.main([sys.argv[1], '--format', 'json'])"
        audited = _peak(audit, path)
    ratio = audited / parsed
    print(
        f"a workflow of {size:.0f} MB: peak {audited / 1e3:.0f} MB audited, {parsed / 1e3:.0f} MB parsed, {ratio:.2f} x"
    )


def _peak(code: str, path: Path) -> int:
    """Peak memory in kB of a process that runs `code`; Linux only."""
    command = [sys.executable, "-c", code + _PEAK, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own code
    return int(done.stdout.split()[-1])


if __name__ == "__main__":
    raise SystemExit(main())
