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
    chart = scatter(rows(*range(1, 101), errors=(0, 50)), WINDOW, UTC, "")
    assert sum(int(row.traces) for row in chart.stretches) == 100
    assert sum(row.errors for row in chart.stretches) == 2
    assert len(chart.stretches) == 12


def test_one_point_is_no_chart():
    assert scatter(rows(5), WINDOW, UTC, "") is None
