"""Lines over time: ticks, gaps, releases, the table."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from apps.explorer.line_chart import (
    AREA,
    DURATION,
    HIGH,
    MAIN,
    MAX_RELEASES,
    MAX_TICKS,
    MEDIAN,
    NARROW_CHARS,
    NOTE_PX,
    NUMBER,
    PERCENT,
    PLOT_PX,
    TABLE_ROWS,
    Line,
    Note,
    Release,
    line_chart,
)  # fmt: skip
from apps.explorer.spark import spark_path

MIN, MS, S = 60_000_000_000, 1_000_000, 1_000_000_000
NOON = 1_795_435_200 * S  # 2026-11-23 12:00:00 UTC


def chart(*lines: Line, axis=DURATION, releases=(), has_names=False, note=None, steps: int = 0):
    steps = steps or len(lines[0].values)
    return line_chart([NOON + n * MIN for n in range(steps)], MIN, lines, axis, label="p95 of payment", zone=UTC,
                      releases=releases, has_names=has_names, note=note)  # fmt: skip


@pytest.mark.parametrize(
    ("axis", "most", "ticks"),
    [
        (DURATION, 2.1 * S, ["0", "1\u00a0s", "2\u00a0s"]),
        (DURATION, 1.61 * S, ["0", "500\u00a0ms", "1\u00a0s", "1.5\u00a0s"]),
        (DURATION, 190 * S, ["0", "1\u00a0min", "2\u00a0min", "3\u00a0min"]),
        (DURATION, 3, ["0", "1\u00a0ns", "2\u00a0ns", "3\u00a0ns"]),
        (PERCENT, 0, ["0", "0.5\u00a0%", "1\u00a0%"]),
        (PERCENT, 0.028, ["0", "1\u00a0%", "2\u00a0%", "3\u00a0%"]),
        (PERCENT, 1.0, ["0", "50\u00a0%", "100\u00a0%"]),
        (NUMBER, 61, ["0", "20", "40", "60"]),
        (NUMBER, 0.32, ["0", "0.1", "0.2", "0.3"]),
        (NUMBER, 0, ["0"]),
        (NUMBER, 4_200, ["0", "2\u00a0000", "4\u00a0000"]),
    ],
)
def test_ticks_are_round_and_few(axis, most, ticks):
    found = chart(Line("p95", MAIN, [0, most]), axis=axis).figure["layout"]["yaxis"]
    assert found["ticktext"] == ticks
    assert len(found["ticktext"]) <= MAX_TICKS + 1
    assert found["range"][1] >= most


def test_a_gap_is_a_gap_and_a_value_between_two_is_still_seen():
    (trace,) = chart(Line("p95", MAIN, [None, 5 * MS, None, 5 * MS, 6 * MS])).figure["data"]
    assert trace["y"] == [None, 5 * MS, None, 5 * MS, 6 * MS]
    assert trace["connectgaps"] is False
    assert trace["marker"]["size"] == [0, 4, 0, 0, 0]


def test_one_line_answers_the_pointer_for_all():
    values = ("p50", MEDIAN, [1 * MS, None]), ("p95", MAIN, [2 * MS, 3 * MS]), ("p99", HIGH, [4 * MS, 5 * MS])
    lines = [Line(*value) for value in values]
    first, second, last = chart(*lines, has_names=True).figure["data"]
    assert first["hoverinfo"] == second["hoverinfo"] == "skip"
    assert last["text"][1] == "12:01\np99  5\u00a0ms\np95  3\u00a0ms\np50  –"


def test_line_names_never_stand_on_each_other():
    lines = [Line(name, MEDIAN, [100.0 * MS]) for name in ("p50", "p95", "p99")]
    layout = chart(*lines, has_names=True).figure["layout"]
    heights = sorted(note["y"] / layout["yaxis"]["range"][1] for note in layout["annotations"])
    assert all(high - low > 0.1 for low, high in pairwise(heights))


def test_releases_inside_the_window_are_lines_and_the_newest_have_names():
    releases = [Release(NOON + n * MIN, f"<b>4.{n}</b>" + "x" * 40) for n in range(-1, 9)]
    layout = chart(Line("calls", AREA, [1.0] * 8), axis=NUMBER, releases=releases).figure["layout"]
    assert len(layout["shapes"]) == 7
    assert len(layout["annotations"]) == MAX_RELEASES
    assert all(len(note["text"]) <= 18 for note in layout["annotations"])
    assert layout["annotations"][-1]["xanchor"] == "right"


def test_the_table_is_newest_first_and_short():
    made = chart(Line("p95", MAIN, [n * MS for n in range(1, 101)]))
    assert made.head == ("Time", "p95")
    assert made.rows[0] == ("13:39", "100\u00a0ms")
    assert len(made.rows) <= TABLE_ROWS


def test_a_chart_of_nothing_is_still_a_chart():
    layout = chart(Line("p95", MAIN, [None, None])).figure["layout"]
    assert layout["yaxis"]["range"] == [0, 1]


def test_a_spark_stands_on_zero_and_has_gaps():
    assert spark_path([1, 1, 1]) == "M0.0 4.3L48.0 4.3L96.0 4.3"
    assert spark_path([0, 1]) == "M0.0 23.0L96.0 4.3"
    assert spark_path([1, 1, None, 1, 1]).count("M") == 2
    assert spark_path([None, 1, None]) == spark_path([]) == ""
    assert spark_path([1, 9], most=3) == "M0.0 16.8L96.0 4.3"


def test_names_of_releases_near_each_other_stand_in_rows():
    releases = [Release(NOON + n * MIN, f"payment 4.12.{n}") for n in (1, 2, 7)]
    notes = chart(Line("calls", AREA, [1.0] * 8), axis=NUMBER, releases=releases).figure["layout"]["annotations"]
    assert [note["yshift"] for note in notes] == [0, -14, 0]


@pytest.mark.parametrize("first", [1, 4, 30])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.65, 0.8, 1.0])
@pytest.mark.parametrize("versions", [1, 2, 4])
def test_a_note_at_the_edge_stands_clear_of_the_names_of_releases_on_a_phone(first, share, versions):
    releases = [Release(NOON + (first + 2 * n) * MIN, f"payment 4.12.{n}") for n in range(versions)]
    note = Note(NOON, share * 100 * MS, "before: p95 632\u00a0ms")
    layout = chart(Line("p95", MAIN, [100.0 * MS] * 60), releases=releases, note=note).figure["layout"]
    *names, told = (box_of(one, layout) for one in layout["annotations"])
    assert len(names) == versions
    for left, right, upper, lower in names:
        is_beside = left < told[1] and told[0] < right
        assert not is_beside or lower <= told[2] or told[3] <= upper, (told, layout["annotations"])
    assert told[3] <= PLOT_PX + NOTE_PX, "beneath the axis"


def box_of(note: dict, layout: dict) -> tuple[float, float, float, float]:
    """Left and right as shares of a phone's chart, upper and lower edge in px from its top."""
    at = (datetime.fromisoformat(f"{note['x']}+00:00").timestamp() - NOON / S) / 3_600
    wide = len(note["text"]) / NARROW_CHARS
    left = at - wide if note["xanchor"] == "right" else at
    y = 0 if note["yref"] == "paper" else PLOT_PX * (1 - note["y"] / layout["yaxis"]["range"][1])
    upper = y - note["yshift"] - (NOTE_PX if note["yanchor"] == "bottom" else 0)
    return left, left + wide, upper, upper + NOTE_PX


def test_a_note_without_a_name_beside_it_stands_over_its_value():
    line, note = Line("p95", MAIN, [100.0 * MS] * 60), Note(NOON, 100.0 * MS, "before: p95 100\u00a0ms")
    far = [Release(NOON + 59 * MIN, "4.12.0")]
    for releases in ((), far):
        told = chart(line, releases=releases, note=note).figure["layout"]["annotations"][-1]
        assert (told["yanchor"], told["yshift"], told["y"]) == ("bottom", 4, 100.0 * MS)
