"""What changes while a take is made: which windows stand, which were asked for again."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

from .files import read_json, remove_temporaries, stamp_of, write_json

_FILE = "state.json"


@dataclass(frozen=True)
class Retake:
    """Windows from `start` on are to be made again; with a seed, from that one."""

    start: int
    seed: int | None = None


@dataclass(frozen=True)
class State:
    """A take's state, replaced as a whole.

    revision: raised by every change to the windows. retakes: oldest first. kept: how many windows stand,
    counted from the first, when the folder of windows was as `seen` tells. joined: the finished video that is
    made of the windows that stand; empty if there is none. joined_as: what tells that file from another in its place.
    """

    revision: int = 0
    retakes: tuple[Retake, ...] = ()
    kept: int = 0
    seen: int = 0
    joined: str = ""
    joined_as: str = ""

    @property
    def joined_stands(self) -> bool:
        """Whether the joined video is there, and is still the one that was written."""
        return bool(self.joined_as) and stamp_of(Path(self.joined)) == self.joined_as

    def attempt(self, index: int) -> int:
        """How often window `index` was asked for again."""
        return sum(retake.start <= index for retake in self.retakes)

    def seed(self, index: int, default: int) -> int:
        """The seed that window `index` derives its own from."""
        for retake in reversed(self.retakes):
            if retake.start <= index and retake.seed is not None:
                return retake.seed
        return default


def read_state(folder: Path, windows: Path) -> State:
    """The state in a take's folder; where it is lost, what the folder of windows tells of it."""
    data = read_json(folder / _FILE)
    if data is not None:
        try:
            retakes = tuple(Retake(**item) for item in data.pop("retakes", ()))
            state = State(**data, retakes=retakes)
        except TypeError:
            state = None
        if state and all(type(number) is int for number in (state.revision, state.kept, state.seen)):
            return state
    return _recovered(windows)


def _recovered(windows: Path) -> State:
    """Every window's attempt is in its folder's name, and attempts never fall from one window to the next."""
    newest: dict[int, int] = {}
    for path in windows.glob("?????-*"):
        index, _, attempt = path.name.partition("-")
        if index.isdecimal() and attempt.isdecimal():
            newest[int(index)] = max(newest.get(int(index), 0), int(attempt))
    retakes: list[Retake] = []
    for start, attempts in sorted(newest.items()):
        retakes += [Retake(start)] * (attempts - len(retakes))
    return State(retakes=tuple(retakes))


def write_state(folder: Path, state: State, *, revise: bool = True) -> State:
    """Replace the state, one revision on; for who holds the take's lock."""
    remove_temporaries(folder / _FILE)
    state = replace(state, revision=state.revision + revise)
    write_json(folder / _FILE, asdict(state))
    return state
