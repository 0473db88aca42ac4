"""The drift of a take, kept beside its windows and drawn."""

from pathlib import Path

import numpy as np
from longtake.nodes.core.color_plot import draw_drift
from longtake.nodes.take.colours import NAME, note_colours, read_colours


def report(head: float | None, tail: float | None, *, applied: bool = True) -> dict[str, object]:
    return {"head_drift": head, "tail_drift": tail, "head_applied": applied, "tail_applied": applied}


def test_reports_are_kept_by_window_and_replaced_by_a_retake(tmp_path: Path) -> None:
    assert read_colours(tmp_path) == {}
    note_colours(tmp_path, 0, report(None, 1.0))
    note_colours(tmp_path, 1, report(2.0, 1.0))
    assert list(note_colours(tmp_path, 2, report(3.0, 1.0))) == [0, 1, 2]
    so_far = note_colours(tmp_path, 1, report(0.5, None))
    assert list(so_far) == [0, 1]
    assert so_far[1]["head_drift"] == 0.5
    assert read_colours(tmp_path)[2]["head_drift"] == 3.0


def test_a_damaged_file_is_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("{half")
    assert read_colours(tmp_path) == {}
    assert list(note_colours(tmp_path, 0, report(1.0, 1.0))) == [0]


def test_the_plot_shows_each_series_where_something_was_measured() -> None:
    blue, orange = (76, 154, 255), (255, 170, 64)

    def count(picture: np.ndarray, colour: tuple[int, int, int]) -> int:
        return int((picture[:300] == colour).all(-1).sum())

    both = np.asarray(draw_drift({0: report(None, 1.0), 1: report(2.0, 1.5), 2: report(1.0, 0.2)}))
    assert both.shape == (360, 1024, 3)
    assert count(both, blue) > 100
    assert count(both, orange) > 100
    none = np.asarray(draw_drift({0: report(None, None)}))
    assert count(none, blue) == count(none, orange) == 0
    full = count(np.asarray(draw_drift({0: report(1.0, None)})), blue)
    hollow = count(np.asarray(draw_drift({0: report(1.0, None, applied=False)})), blue)
    assert 0 < hollow < full
