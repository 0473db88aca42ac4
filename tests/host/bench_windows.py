"""What a window costs beside the model: memory against the wrapper's own loop, and seconds outside the sampler.

    COMFYUI_PATH=/path/to/ComfyUI python -P tests/host/bench_windows.py [--json FILE] [--quick]

Memory is the highest that a server reached (VmHWM, Linux) while it made few and then many windows with the same
tiny model, loaded before; the difference for each window more is what counts. The times are those between two
runs of the stub sampler on 81 frames of 640x360, so everything is in them: executor, controller, encoding, disk,
queue.
"""

import argparse
import itertools
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from host.flow import Flow
from host.prompt import Prompt
from host.server import Server
from host.tiny_models import write_tiny_models
from host.wan_graph import graph_of
from host.wan_prompts import PACK, WanSettings, add_loop, add_wan

HOST = Path(os.environ["COMFYUI_PATH"]).resolve()
PYTHON = os.environ.get("COMFYUI_PYTHON", sys.executable)
SETTINGS = WanSettings(window=33, overlap=9, width=256, height=256, steps=1, clip=False)
SECONDS = 3600


def windows(count: int) -> WanSettings:
    """Settings for a video of so many windows."""
    return replace(SETTINGS, frames=SETTINGS.window + (count - 1) * (SETTINGS.window - SETTINGS.overlap))


def loop(settings: WanSettings) -> Prompt:
    """The wrapper's own loop; its frames end in a node that only looks at their shape."""
    prompt = Prompt()
    video = add_loop(prompt, settings, add_wan(prompt, settings))
    prompt.add("PreviewAny", source=video[0])
    return prompt


def take(settings: WanSettings) -> Prompt:
    """The same windows as a take, without the nodes that record frames for tests."""
    prompt = graph_of(settings, f"bench {settings.seed}").prompt
    for node in [key for key, value in prompt.items() if value["class_type"] == "LongTakeTestRecordEnd"]:
        del prompt[node]
    return prompt


def peaks(make: Callable[[WanSettings], Prompt], few: int, many: int) -> list[int]:
    """Bytes that one server, its models loaded, held at most while it made few and then many windows."""
    found = []
    with (
        tempfile.TemporaryDirectory() as folder,
        Server(HOST, PYTHON, Path(folder), packs=[HOST / "custom_nodes" / PACK]) as server,
    ):
        write_tiny_models(server.models, wav2vec=False)
        for seed, count in enumerate((few, few, many)):
            server.reset_peak_rss()
            prompt_id = server.run(make(replace(windows(count), seed=seed)), timeout=SECONDS)
            if server.status(prompt_id) != "success":
                raise RuntimeError(server.error(prompt_id) or server.log_tail())
            found.append(server.peak_rss())
    return found[1:]


def memory(few: int, many: int) -> Iterator[dict[str, object]]:
    """Growth of the highest memory for each window more."""
    for subject, make in (("wrapper's loop", loop), ("take", take)):
        low, high = peaks(make, few, many)
        frame = SETTINGS.width * SETTINGS.height * 3 * 4
        growth = (high - low) / (many - few)
        yield {
            "experiment": f"memory, windows of {SETTINGS.window} at {SETTINGS.width}x{SETTINGS.height}",
            "windows": [few, many],
            "subject": subject,
            "peak_mb": [low / 2**20, high / 2**20],
            "mb_per_window": growth / 2**20,
            "copies_of_each_new_frame": growth / frame / (SETTINGS.window - SETTINGS.overlap),
        }


def outside(count: int) -> dict[str, object]:
    """Seconds from one window's sampler to the next one's."""
    flow = Flow("bench", frames=81 + (count - 1) * 72, window=81, overlap=9, width=640, height=360)
    with (
        tempfile.TemporaryDirectory() as folder,
        Server(HOST, PYTHON, Path(folder)) as server,
    ):
        server.run(flow.prompt, timeout=SECONDS)
        done, begun = server.records("sampled"), server.records("sampler")
    times = [after["time"] - before["time"] for before, after in zip(done[:-1], begun[1:], strict=True)]
    row = {"experiment": "outside the sampler, 81 frames of 640x360", "subject": "take"}
    return {**row, "seconds_per_window": statistics.median(times), "windows": count}


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--quick", action="store_true", help="fewer windows")
    arguments = parser.parse_args()
    rows = []
    for row in itertools.chain([outside(4 if arguments.quick else 12)], memory(2, 6 if arguments.quick else 12)):
        print(json.dumps(row), flush=True)  # noqa: T201 - a command
        rows.append(row)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
