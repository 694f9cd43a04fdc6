"""Example figures for the components page: the incident of payment 4.12.0, made up, drawn by the code of real pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC

from django.http import QueryDict

from apps.explorer.change import Mark, duration_mark, error_mark
from apps.explorer.fresh import Fresh, fresh_line
from apps.explorer.line_chart import (
    AREA,
    DURATION,
    ERROR,
    HIGH,
    MAIN,
    MEDIAN,
    NUMBER,
    PERCENT,
    Line,
    LineChart,
    Release,
    line_chart,
)
from apps.explorer.period import PeriodForm, PeriodPicker, period_picker
from apps.explorer.spark import spark_path
from apps.insights.change import FASTER, MORE, NEW, SAME, SLOWER, UNSURE, Change
from apps.traces.moments import MINUTE_NS

NOW_NS = 1_795_444_685_000_000_000
MS = 1_000_000
STEPS = 180
BROKE_AT = 147
BEFORE = "the 3\u00a0hours before"


@dataclass(frozen=True, slots=True)
class ExampleFigures:
    period: PeriodPicker
    fresh: tuple[Fresh, ...]
    marks: tuple[Mark, ...]
    charts: tuple[tuple[str, LineChart], ...]
    """(id, chart)."""
    spark: str


def example_figures() -> ExampleFigures:
    form = PeriodForm(QueryDict("range=3h"), now_ns=NOW_NS, zone=UTC)
    form.is_valid()
    return ExampleFigures(
        period=period_picker(form, "/components", UTC),
        fresh=tuple(
            fresh_line(NOW_NS - behind * 1_000 * MS, behind, NOW_NS, UTC, until_ns, against)
            for behind, until_ns, against in (
                (11, None, ""),
                (95, None, ""),
                (17, NOW_NS - 40 * MINUTE_NS, ""),
                (11, None, BEFORE),
                (17, NOW_NS - 40 * MINUTE_NS, BEFORE),
            )
        ),
        marks=_marks(),
        charts=(("rate", _rate()), ("errors", _errors()), ("duration", _duration())),
        spark=spark_path([_p95(at) for at in range(0, STEPS, 6)]),
    )


def _marks() -> tuple[Mark, ...]:
    changes = (
        Change(SLOWER, 316 * MS, 1_610 * MS, 900), Change(FASTER, 100 * MS, 89 * MS, 900),
        Change(SAME, 26 * MS, 26 * MS, 900), Change(NEW, None, 9 * MS, 40), Change(UNSURE, 9 * MS, 7 * MS, 7),
    )  # fmt: skip
    return (*(duration_mark(change, BEFORE) for change in changes), error_mark(Change(MORE, 0.002, 0.024, 900), BEFORE))


def _chart(lines: list[Line], axis, label: str, has_names: bool = False) -> LineChart:
    start = NOW_NS // MINUTE_NS * MINUTE_NS - STEPS * MINUTE_NS
    steps = [start + at * MINUTE_NS for at in range(STEPS)]
    release = Release(steps[BROKE_AT] - 2 * MINUTE_NS, "4.12.0")
    return line_chart(steps, MINUTE_NS, lines, axis, label=label, zone=UTC, releases=(release,), has_names=has_names)


def _rate() -> LineChart:
    values = [34 + (at * 37) % 5 - 2 for at in range(STEPS)]
    return _chart([Line("calls a minute", AREA, values)], NUMBER, "Calls a minute: 34 all the time.")


def _errors() -> LineChart:
    values = [0.002 + ((at * 7) % 3) / 3_000 + (0.022 if at >= BROKE_AT else 0) for at in range(STEPS)]
    return _chart([Line("errors", ERROR, values)], PERCENT, "Errors: from 0.2 % to 2.4 % at 14:05.")


def _duration() -> LineChart:
    lines = [
        Line("p50", MEDIAN, [_p95(at) * 0.86 for at in range(STEPS)]),
        Line("p95", MAIN, [_p95(at) for at in range(STEPS)]),
        Line("p99", HIGH, [_p95(at) * 1.19 for at in range(STEPS)]),
    ]
    return _chart(lines, DURATION, "Duration: p95 from 318 ms to 1.61 s at 14:05.", has_names=True)


def _p95(at: int) -> float:
    return (1_610 if at >= BROKE_AT else 318) * MS * (1 + ((at * 13) % 7 - 3) / 100)
