"""Takes by name: which one is current, when a new one begins and what is said about it."""

import ast
import errno
import json
import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from longtake.nodes.take.files import check_name, hash_array
from longtake.nodes.take.store import Material, TakeStore, material_from
from takes import begin, files_below, finish, leftovers, make_windows, material, small_plan, speech

pytestmark = pytest.mark.usefixtures("hasty_disk")

PLAN = small_plan(41)


def opened(root: Path, made_from: Material | None = None, *, fresh: bool = False, seed: int = 7) -> tuple[str, str]:
    take, message = TakeStore(root).open("face", made_from or material(PLAN), seed, fresh=fresh)
    return take.record.take, message


def test_a_take_begins_and_is_then_continued(tmp_path: Path) -> None:
    assert opened(tmp_path) == ("0001", "A take named face begins.")
    before = files_below(tmp_path)
    assert opened(tmp_path) == ("0001", "")
    assert files_below(tmp_path) == before


def test_a_rate_that_no_video_file_holds_is_refused_before_a_take_begins(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="terms up to a million"):
        opened(tmp_path, material(replace(PLAN, fps=Fraction("33.333333333333336"))))
    assert not files_below(tmp_path)


def test_the_seed_counts_only_when_a_take_begins(tmp_path: Path) -> None:
    opened(tmp_path, seed=7)
    assert opened(tmp_path, seed=8) == ("0001", "")
    assert TakeStore(tmp_path).take("face", "0001").record.seed == 7


def test_a_fresh_take_leaves_the_one_before_alone(tmp_path: Path) -> None:
    opened(tmp_path)
    make_windows(TakeStore(tmp_path).take("face", "0001"))
    before = files_below(tmp_path / "face" / "0001")
    number, message = opened(tmp_path, fresh=True)
    assert (number, "kept" in message) == ("0002", True)
    assert files_below(tmp_path / "face" / "0001") == before
    assert [take.record.take for take in TakeStore(tmp_path).takes("face")] == ["0001", "0002"]
    assert opened(tmp_path) == ("0002", "")


def louder(made_from: Material) -> Material:
    return material_from(made_from.plan, made_from.waveform * 1.01, made_from.sample_rate, made_from.picture)


def longer(made_from: Material) -> Material:
    waveform = np.concatenate([made_from.waveform, np.zeros((1, 1), np.float32)], axis=1)
    return material_from(made_from.plan, waveform, made_from.sample_rate, made_from.picture)


def faster(made_from: Material) -> Material:
    return material_from(made_from.plan, made_from.waveform, made_from.sample_rate * 2, made_from.picture)


def redder(made_from: Material) -> Material:
    picture = made_from.picture.copy()
    picture[-1, -1, 0] += 2 / 255
    return replace(made_from, picture=picture)


def flatter(made_from: Material) -> Material:
    """The same values in another shape."""
    height, width, _ = made_from.picture.shape
    return replace(made_from, picture=made_from.picture.reshape(width, height, 3))


def replanned(made_from: Material) -> Material:
    return replace(made_from, plan=small_plan(41, overlap=9))


def slower(made_from: Material) -> Material:
    return replace(made_from, plan=replace(made_from.plan, fps=Fraction(24)))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([louder], "The sound of face changed"),
        ([longer], "The sound of face changed"),
        ([faster], "The sound of face changed"),
        ([redder], "The picture of face changed"),
        ([flatter], "The picture of face changed"),
        ([replanned], "The plan of face changed"),
        ([slower], "The plan of face changed"),
        ([louder, redder], "The sound and the picture of face changed"),
        ([louder, redder, replanned], "The sound and the picture and the plan of face changed"),
    ],
)
def test_what_changed_begins_a_new_take_and_is_named(tmp_path: Path, changes: list, said: str) -> None:
    opened(tmp_path)
    old = TakeStore(tmp_path).take("face", "0001")
    make_windows(old)
    before = files_below(old.folder)
    other = material(PLAN)
    for change in changes:
        other = change(other)
    number, message = opened(tmp_path, other)
    assert number == "0002"
    assert message.startswith(said)
    assert "0001" in message
    assert files_below(old.folder) == before
    assert opened(tmp_path, other) == ("0002", "")


def test_a_picture_of_another_type_is_another_picture(tmp_path: Path) -> None:
    opened(tmp_path)
    made_from = material(PLAN)
    assert opened(tmp_path, replace(made_from, picture=made_from.picture.astype(np.float64)))[0] == "0002"


@given(st.text(max_size=150))
@example("a/b")
@example("..")
@example("../elsewhere")
@example("c:\\face")
@example("CON")
@example("nul.txt")
@example("face ")
@example("face.")
@example("")
@example("ä" * 120)
@example("中" * 100)
@example("\ud800")
@example("tab\there")
def test_a_name_is_a_folder_or_is_refused_with_one_that_is(name: str) -> None:
    try:
        checked = check_name(name)
    except ValueError as refused:
        works = re.search(r"for example (.*)\.$", str(refused))
        checked = check_name(ast.literal_eval(works.group(1)))
    else:
        assert checked == name
    assert Path(checked).name == checked
    assert not set(checked) & set('/\\:*?"<>|\0\n\t')
    assert checked.strip(" .") == checked != ""
    assert len(f".{checked}_0001.12345678.tmp.mp4".encode()) <= 255


@pytest.mark.parametrize("name", ["a/b", "..", "../up", "/etc", "a\\b", "", "a\0b"])
def test_a_take_stays_below_its_folder(tmp_path: Path, name: str) -> None:
    store = TakeStore(tmp_path / "takes")
    made_from = material(PLAN)
    for call in (lambda: store.open(name, made_from, 7), lambda: store.current(name), lambda: store.take("a", name)):
        with pytest.raises(ValueError, match="cannot be named"):
            call()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["中" * 60, "ä" * 90, "x" * 100, "a (2) [final] 100%", "très beau"], ids=range(5))
def test_unusual_names_reach_the_finished_video(tmp_path: Path, name: str) -> None:
    take = begin(tmp_path, small_plan(5), name)
    make_windows(take)
    assert finish(tmp_path, take).name == f"{name}_0001.mp4"
    assert TakeStore(tmp_path).names() == [name]


@pytest.mark.parametrize(
    "pointer",
    [None, b"", b"{", b"[]", b"{}", b'{"take": "0009"}', b'{"take": 1}', b'{"take": "../x"}', b'{"take": null}'],
)
def test_a_lost_pointer_loses_no_take(tmp_path: Path, pointer: bytes | None) -> None:
    """The newest take is gone on with."""
    opened(tmp_path)
    opened(tmp_path, fresh=True)
    make_windows(TakeStore(tmp_path).take("face", "0002"), 2)
    file = tmp_path / "face" / "current.json"
    if pointer is None:
        file.unlink()
    else:
        file.write_bytes(pointer)
    assert TakeStore(tmp_path).names() == ["face"]
    assert opened(tmp_path) == ("0002", "")
    assert TakeStore(tmp_path).current("face").state.kept == 2


def test_the_pointer_says_which_take_is_current(tmp_path: Path) -> None:
    opened(tmp_path)
    opened(tmp_path, fresh=True)
    (tmp_path / "face" / "current.json").write_text('{"take": "0001"}')
    assert opened(tmp_path) == ("0001", "")


def test_when_the_current_take_is_removed_by_hand_the_newest_is_current(tmp_path: Path) -> None:
    opened(tmp_path)
    opened(tmp_path, fresh=True)
    shutil.rmtree(tmp_path / "face" / "0002")
    assert opened(tmp_path) == ("0001", "")
    shutil.rmtree(tmp_path / "face" / "0001")
    assert TakeStore(tmp_path).current("face") is None
    assert opened(tmp_path) == ("0001", "A take named face begins.")


@pytest.mark.parametrize("damage", ["take.json", "plan", "extra"])
def test_a_take_whose_record_is_damaged_is_refused_by_its_folder(tmp_path: Path, damage: str) -> None:
    opened(tmp_path)
    record = tmp_path / "face" / "0001" / "take.json"
    data = json.loads(record.read_text())
    if damage == "take.json":
        record.write_text("{")
    elif damage == "plan":
        record.write_text(json.dumps({**data, "plan": {**data["plan"], "frames": 7}}))
    else:
        record.write_text(json.dumps({**data, "more": 1}))
    with pytest.raises(ValueError, match=r"0001.*[Rr]emove"):
        opened(tmp_path)
    assert record.exists()


def test_foreign_files_beside_the_takes_are_left_alone(tmp_path: Path) -> None:
    opened(tmp_path)
    home = tmp_path / "face"
    (home / "0002").mkdir()
    (home / "0002" / "note.txt").write_text("mine")
    (home / "0007").write_text("a file")
    (home / "notes").mkdir()
    (tmp_path / "loose.mp4").write_text("mine")
    (tmp_path / "empty").mkdir()
    assert TakeStore(tmp_path).names() == ["face"]
    assert opened(tmp_path) == ("0001", "")
    assert opened(tmp_path, fresh=True)[0] == "0008"
    assert (home / "0002" / "note.txt").read_text() == "mine"
    assert [take.record.take for take in TakeStore(tmp_path).takes("face")] == ["0001", "0008"]


def test_no_takes_where_there_is_no_folder(tmp_path: Path) -> None:
    store = TakeStore(tmp_path / "nowhere")
    assert store.names() == []
    assert store.current("face") is None
    assert list(store.takes("face")) == []


def test_only_a_take_that_is_not_current_can_be_removed(tmp_path: Path) -> None:
    opened(tmp_path)
    opened(tmp_path, fresh=True)
    store = TakeStore(tmp_path)
    make_windows(store.take("face", "0001"), 1)
    bytes_there = sum(map(len, files_below(tmp_path / "face" / "0001").values()))
    with pytest.raises(ValueError, match="current"):
        store.remove(store.take("face", "0002"))
    assert store.remove(store.take("face", "0001")) == bytes_there
    assert [take.record.take for take in store.takes("face")] == ["0002"]


def test_runs_that_begin_at_once_share_one_take(tmp_path: Path) -> None:
    made_from, ready = material(PLAN), Barrier(6)

    def run(_: int) -> str:
        ready.wait()
        return TakeStore(tmp_path).open("face", made_from, 7)[0].record.take

    with ThreadPoolExecutor(6) as threads:
        assert set(threads.map(run, range(6))) == {"0001"}
    assert not leftovers(tmp_path)


def test_a_take_that_cannot_begin_leaves_nothing(tmp_path: Path) -> None:
    nine_channels = material_from(PLAN, np.zeros((9, 100), np.float32), 16000, np.zeros((8, 8, 3)))
    with pytest.raises(ValueError, match="channels"):
        TakeStore(tmp_path).open("face", nine_channels, 7)
    assert TakeStore(tmp_path).names() == []
    assert not leftovers(tmp_path)


def test_a_disk_that_fills_up_while_a_take_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for fail_at in range(1, 100):
        left = fail_at

        def fsync(_handle: int) -> None:
            nonlocal left
            left -= 1
            if not left:
                raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fsync)
            root = tmp_path / str(fail_at)
            try:
                opened(root)
            except OSError as failure:
                said = str(failure)
            else:
                break
        assert "Free some space" in said
        assert not leftovers(root)
        assert opened(root)[0] == "0001"
        assert [take.record.take for take in TakeStore(root).takes("face")] == ["0001"]
    assert fail_at > 5


def test_the_hash_of_an_array_tells_shape_type_and_values() -> None:
    array = np.arange(24, dtype=np.float32)
    others = [
        array.reshape(4, 6), array.reshape(6, 4), array.astype(np.float64), array.astype("<i4"), array[::-1], array + 1,
        array.view(np.int32),
    ]  # fmt: skip
    assert len({hash_array(other) for other in [array, *others]}) == 1 + len(others)
    assert hash_array(array[::2]) == hash_array(array[::2].copy())
    assert hash_array(speech(PLAN)) == hash_array(speech(PLAN))


def test_what_comes_back_goes_on_with_its_take(tmp_path: Path) -> None:
    opened(tmp_path)
    make_windows(TakeStore(tmp_path).take("face", "0001"), 2)
    assert opened(tmp_path, redder(material(PLAN)))[0] == "0002"
    number, message = opened(tmp_path)
    assert number == "0001"
    assert "take 0001 was begun with, which goes on" in message
    current = TakeStore(tmp_path).current("face")
    assert (current.record.take, current.state.kept) == ("0001", 2)


def test_the_last_bits_of_a_picture_are_no_other_picture(tmp_path: Path) -> None:
    made_from = material(PLAN)
    opened(tmp_path, made_from)
    picture = made_from.picture.copy()
    picture[0, 0, 0] = np.nextafter(picture[0, 0, 0], np.float32(1))
    assert opened(tmp_path, replace(made_from, picture=picture)) == ("0001", "")
