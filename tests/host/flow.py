"""The graph of a take with the test sampler, and what is asked of the take that it leaves.

The sampler paints each frame's own number, so one comparison tells whether the finished video is whole:
``numbers(video) == list(range(frames))``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import quote

import av
import numpy as np
from host.prompt import Node, Prompt
from host.server import Server
from longtake.nodes.core.plan import Plan, make_plan
from longtake.nodes.take.store import TakeStore
from paint import read

FPS, SAMPLE_RATE = 25, 16000
START_NUMBER = 60000  # what the start image shows
WINDOW, INDEX, SEED = 0, 1, 8  # outputs of the controller


@dataclass
class Flow:
    """One graph. `prompt` is complete when it is made; the named nodes may be linked or changed further."""

    take: str
    frames: int = 41
    window: int = 17
    overlap: int = 5
    fit: str = "exact"
    seed: int = 7
    width: int = 64
    height: int = 64
    seconds: float = 0.0
    multiple: int = 1
    keep_inputs: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.prompt = prompt = Prompt()
        self.audio = prompt.add("LongTakeTestAudio", samples=self.samples, sample_rate=SAMPLE_RATE, channels=1, seed=1)
        self.planner = prompt.add(
            "LongTakeFrameWindowPlanner",
            audio=self.audio[0],
            fps=float(FPS),
            family="wan",
            window=self.window,
            overlap=self.overlap,
            fit=self.fit,
        )
        size = {"width": self.width, "height": self.height}
        self.image = prompt.add("LongTakeTestImage", number=START_NUMBER, seed=0, **size)
        self.loader = prompt.add("LongTakeTestLoader", name=f"model of {self.take}")
        self.controller = prompt.add(
            "LongTakeAudioLoopController",
            plan=self.planner[0],
            start_image=self.image[0],
            take=self.take,
            seed=self.seed,
            unfinished="continue",
        )
        self.sampler = prompt.add(
            "LongTakeTestSampler",
            model=self.loader[0],
            window=self.controller[WINDOW],
            seed=self.controller[SEED],
            seconds=self.seconds,
            multiple=self.multiple,
            **size,
        )
        frames = {"frames": self.sampler[0]} | ({"continue_from": self.sampler[1]} if self.multiple > 1 else {})
        self.keep = prompt.add("LongTakeKeepWindow", window=self.controller[WINDOW], **frames, **self.keep_inputs)

    @property
    def samples(self) -> int:
        """Samples of a sound that needs exactly `frames` frames: one more than one frame less fills."""
        return (self.frames - 1) * SAMPLE_RATE // FPS + 1

    @property
    def plan(self) -> Plan:
        """The plan that the planner must arrive at."""
        return make_plan(
            self.frames,
            fps=Fraction(FPS),
            temporal_scale=4,
            window=self.window,
            overlap=self.overlap,
            fit=self.fit,
        )

    @property
    def windows(self) -> int:
        """How many windows the take has."""
        return len(self.plan.windows)

    @property
    def upstream(self) -> set[Node]:
        """The nodes that must run once, however many windows there are."""
        return {self.audio, self.planner, self.image, self.loader}

    def preview(self, seconds: float) -> Node:
        """Add a slow output node beside Keep Window."""
        return self.prompt.add("LongTakeTestSlowPreview", seconds=seconds, value=self.sampler[0])


def sampled(server: Server, flow: Flow) -> list[int]:
    """The windows that the sampler was run for, in order."""
    return [record["index"] for record in sampler_records(server, flow)]


def sampler_records(server: Server, flow: Flow) -> list[dict[str, Any]]:
    """Everything that the sampler wrote down for a take, in order."""
    return server.records("sampler", model=f"model of {flow.take}")


def loads(server: Server, flow: Flow) -> int:
    """How often the take's loader ran."""
    return len(server.records("loader", name=f"model of {flow.take}"))


def store(server: Server) -> TakeStore:
    """The server's takes, seen from outside."""
    return TakeStore(server.output / "longtake")


def status(server: Server, flow: Flow) -> dict[str, Any]:
    """What the server says of the take over HTTP."""
    return dict(server.get(f"/longtake/takes/{quote(flow.take)}"))


def video_path(server: Server, flow: Flow) -> Path:
    """The take's finished video, as the server names it."""
    shown = status(server, flow)["video"]
    assert shown is not None, f"{flow.take} has no finished video: {status(server, flow)}"
    return server.output / str(shown["subfolder"]) / str(shown["filename"])


def numbers(path: Path) -> list[int]:
    """The numbers that a video's frames show."""
    return [read(frame) for frame in decoded(path)]


def decoded(path: Path) -> Iterator[np.ndarray]:
    """Every frame of a video as (H, W, 3) uint8."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24")


def seconds_of(path: Path) -> tuple[float, float]:
    """How long the picture and the sound of a file last."""
    with av.open(str(path)) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        return tuple(float(stream.duration * stream.time_base) for stream in (picture, sound))


def check_whole(server: Server, flow: Flow) -> None:
    """Assert that the finished video has every frame once, in order, and lasts as long as the sound."""
    path = video_path(server, flow)
    assert numbers(path) == list(range(flow.frames * flow.multiple))
    picture, sound = seconds_of(path)
    assert abs(picture - flow.frames / FPS) < 1e-3
    assert abs(sound - flow.samples / SAMPLE_RATE) < 2048 / SAMPLE_RATE  # whole AAC frames
    assert store(server).current(flow.take).complete
