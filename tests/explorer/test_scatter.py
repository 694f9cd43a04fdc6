"""The latency chart: its axis, its sentence, its table."""

from dataclasses import replace
from datetime import UTC

import pytest

from apps.explorer.search.scatter import MAX_TICKS, log_ticks, scatter
from apps.store.results import TraceRow

S, MS = 1_000_000_000, 1_000_000
NOON = 1_795_435_200 * S  # 2026-11-23 12:00:00 UTC
ROW = TraceRow("7f3a1c0d9be24e5f8a6b52d1c4e90377", NOON, 100 * MS, "shop", "GET /", 3, 0, 0, ())
WINDOW = (NOON - 3_600 * S, NOON)


def rows(*durations_ms: float, errors: tuple[int, ...] = ()) -> tuple[TraceRow, ...]:
    """Newest first, a minute apart."""
    return tuple(
        replace(ROW, started_ns=NOON - 60 * S * n, duration_ns=round(ms * MS), error_count=int(n in errors))
        for n, ms in enumerate(durations_ms)
    )


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (300, 3_000, [500, 1_000, 2_000]),
        (0.9, 1.1, [1]),
        (0.5, 20_000, [1, 10, 100, 1_000, 10_000]),
        (20_000, 900_000, [30_000, 60_000, 300_000]),
        (0.001, 86_400_000, None),
    ],
)
def test_ticks_are_round_durations_and_few(low, high, ticks):
    found = log_ticks(low, high)
    assert 1 <= len(found) <= MAX_TICKS
    assert all(low <= tick <= high for tick in found)
    if ticks is not None:
        assert found == ticks


def test_the_sentence_says_how_many_how_long_and_how_many_failed():
    chart = scatter(rows(100, 300, 200, 5_000, errors=(3,)), WINDOW, UTC, "")
    assert chart.sentence.replace("\u00a0", " ") == (
        "4 traces started 11:57:00 – 12:00:00: half of them took 200 ms or less, the longest 5.00 s; "
        "1 of them with an error."
    )


def test_errors_are_marked_apart_and_points_lead_to_their_trace():
    chart = scatter(rows(100, 300, errors=(1,)), WINDOW, UTC, "q=a b")
    fine, failed = chart.figure["data"]
    assert (fine["y"], failed["y"]) == ([100.0], [300.0])
    assert failed["marker"]["symbol"] == "x-thin"
    assert fine["customdata"] == [f"/t/{ROW.trace_id}?back=q%3Da+b"]
    assert fine["x"] == ["2026-11-23 12:00:00.000"]


def test_traces_of_no_length_are_drawn():
    chart = scatter(rows(0, 0, 0), WINDOW, UTC, "")
    assert chart.figure["data"][0]["y"] == [0.001] * 3
    low, high = chart.figure["layout"]["yaxis"]["range"]
    assert low < -3 < high


def test_the_table_counts_every_trace_once():
    chart = scatter(rows(*range(1, 101), errors=(0, 50)), (NOON - 7_200 * S, NOON), UTC, "")
    assert sum(int(row.traces) for row in chart.stretches) == 100
    assert sum(row.errors for row in chart.stretches) == 2
    assert len(chart.stretches) == 12


def late(row: TraceRow, by_s: int) -> TraceRow:
    return replace(row, started_ns=NOON + by_s * S)


def test_a_few_far_ahead_are_counted_and_not_drawn():
    fine = rows(*range(1, 21))
    chart = scatter((late(ROW, 72_000), late(ROW, 300), *fine), WINDOW, UTC, "")
    assert chart.left_out.replace("\u00a0", " ") == "1 more is not drawn: by its own clock it starts about 20 h later."
    assert (chart.count, len(chart.figure["data"][0]["x"])) == ("21", 21)
    assert chart.figure["layout"]["xaxis"]["range"][1] == "2026-11-23 12:05:36.000"
    assert scatter(fine, WINDOW, UTC, "").left_out == ""


def test_one_filed_under_its_arrival_is_not_drawn_at_its_start_of_years_ago():
    of_1970 = replace(ROW, started_ns=0)
    chart = scatter((*rows(1, 2, 3), of_1970, late(ROW, 72_000)), WINDOW, UTC, "")
    assert chart.left_out == "2 more are not drawn: by their own clocks they start outside of this time."
    assert chart.sentence.startswith("3 traces started 11:58:00")


def test_where_most_clocks_are_ahead_all_are_drawn():
    ahead = tuple(late(ROW, 7_200 - n) for n in range(5))
    chart = scatter((*ahead, *rows(1, 2)), WINDOW, UTC, "")
    assert (chart.count, chart.left_out) == ("7", "")


def test_one_point_is_no_chart():
    assert scatter(rows(5), WINDOW, UTC, "") is None
