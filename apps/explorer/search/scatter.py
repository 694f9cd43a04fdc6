"""The latency chart: start × duration of the newest matches, as a Plotly figure, a sentence and a table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import tzinfo

from apps.explorer.search.pasted import trace_address
from apps.explorer.time_axis import time_axis
from apps.store.results import TraceRow
from apps.traces.durations import format_count, format_duration_ns
from apps.traces.moments import field_text, rough_text, span_text

MAX_POINTS = 1_000
TABLE_ROWS = 12
STRETCHED_BY = 10
"""Traces that start later than the window ends are drawn as far as they lengthen it by no more than one in so many."""
MIN_MS = 0.001
"""A trace of 0 ns has no logarithm; it is drawn at 1 µs and told as what it is."""
MAX_TICKS = 5
MAX_NAME_CHARS = 60
MARKERS = {
    "trace": {"size": 4.5, "opacity": 0.7, "color": "var(--mark)"},
    "error": {"size": 5.5, "symbol": "x-thin", "line": {"width": 1.75, "color": "var(--error)"}},
}
"""Colours are names of the page's tokens."""

_DECADES_MS = tuple(10.0**exponent for exponent in range(-3, 5))
_MINUTE_MS, _DAY_MS = 60_000, 86_400_000


def _ladder(steps: tuple[int, ...], minutes: tuple[int, ...]) -> tuple[float, ...]:
    below = [step * decade for decade in _DECADES_MS for step in steps if step * decade < _MINUTE_MS]
    days = [step * 10**exponent * _DAY_MS for exponent in range(4) for step in steps]
    return (*below, *(minute * _MINUTE_MS for minute in minutes), *days)


LADDERS = (
    _ladder((1, 2, 5), (1, 2, 5, 10, 20, 60, 120, 300, 720)),
    _ladder((1, 3), (1, 5, 20, 60, 360)),
    _ladder((1,), (1, 10, 60)),
)
"""Ticks of the duration axis in ms, fine to coarse: decades up to a minute, then what clocks have."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """One row of the table: the traces that started in one stretch of time."""

    when: str
    traces: str
    errors: int
    shortest: str
    median: str
    longest: str


@dataclass(frozen=True, slots=True)
class Scatter:
    figure: dict
    """Plotly's data and layout."""
    sentence: str
    count: str
    left_out: str
    """Traces that are not drawn, because clocks that are off put them far from all others; "" for none."""
    stretches: tuple[Stretch, ...]


def scatter(rows: tuple[TraceRow, ...], window: tuple[int, int], zone: tzinfo, back: str) -> Scatter | None:
    """The chart of `rows` over `window` (shown start and end, ns); None for less than two.

    One trace whose clock is 20 h ahead would press an hour into a twentieth of the chart: it is counted, not drawn. But
    where clocks of most are off, they are what there is to see."""
    if len(rows) < 2:
        return None
    latest_ns = window[1] + (window[1] - window[0]) // STRETCHED_BY
    # Of traces filed under their arrival the start is out of order.
    rows = tuple(sorted(rows, key=lambda row: row.started_ns, reverse=True))
    within = tuple(row for row in rows if window[0] <= row.started_ns <= latest_ns)
    left_out = ""
    if len(within) > 1 and 2 * len(within) >= len(rows):
        left_out = _left_out([row for row in rows if not window[0] <= row.started_ns <= latest_ns], window[1])
        rows = within
    edge = (window[1] - window[0]) // 100
    window = (min(window[0], rows[-1].started_ns - edge), max(window[1], rows[0].started_ns + edge))
    errors = [row for row in rows if row.error_count]
    fine = [row for row in rows if not row.error_count]
    data = [_points(fine, "trace", zone, back), _points(errors, "error", zone, back)]
    return Scatter(
        figure={"data": data, "layout": _layout(rows, window, zone)},
        sentence=_sentence(rows, zone),
        count=format_count(len(rows)),
        left_out=left_out,
        stretches=_table(rows, zone),
    )


def _left_out(rows: list[TraceRow], end_ns: int) -> str:
    if not rows:
        return ""
    are, whose = ("is", "its own clock it starts") if len(rows) == 1 else ("are", "their own clocks they start")
    when = "outside of this time"
    if all(row.started_ns > end_ns for row in rows):
        most = "up to about " if len(rows) > 1 else "about "
        when = f"{most}{rough_text(max(row.started_ns for row in rows) - end_ns)} later"
    return f"{format_count(len(rows))} more {are} not drawn: by {whose} {when}."


def _points(rows: list[TraceRow], role: str, zone: tzinfo, back: str) -> dict:
    return {
        "type": "scatter",
        "mode": "markers",
        "marker": MARKERS[role],
        "x": [field_text(row.started_ns, zone).replace("T", " ") for row in rows],
        "y": [float(f"{max(MIN_MS, row.duration_ns / 1e6):.4g}") for row in rows],
        "text": [_hover(row) for row in rows],
        "customdata": [trace_address(row.trace_id, row.matched and row.matched.span_id, back) for row in rows],
    }


def _hover(row: TraceRow) -> str:
    """Plain text: what strangers wrote is escaped where the chart is drawn."""
    errors = f", {format_count(row.error_count)} with an error" if row.error_count else ""
    return (
        f"{_short(row.root_service)}  {_short(row.root_name)}\n"
        f"{format_duration_ns(row.duration_ns)}, {format_count(row.span_count)} spans{errors}"
    )


def _short(name: str) -> str:
    return name if len(name) <= MAX_NAME_CHARS else name[: MAX_NAME_CHARS - 1] + "…"


def _layout(rows: tuple[TraceRow, ...], window: tuple[int, int], zone: tzinfo) -> dict:
    low = max(MIN_MS, min(row.duration_ns for row in rows) / 1e6)
    high = max(MIN_MS, max(row.duration_ns for row in rows) / 1e6)
    span = _padded(low, high)
    ticks = log_ticks(10 ** span[0], 10 ** span[1])
    return {
        "selectdirection": "any",
        "xaxis": time_axis(*window, zone),
        "yaxis": {
            "type": "log",
            "range": span,
            "tickvals": ticks,
            "ticktext": [_tick_text(tick) for tick in ticks],
        },
    }  # fmt: skip


def _tick_text(ms: float) -> str:
    """`2 s`, not `2.00 s`: ticks are round by nature."""
    number, unit = format_duration_ns(round(ms * 1e6)).split("\u00a0", 1)
    return (number.rstrip("0").rstrip(".") if "." in number else number) + "\u00a0" + unit


def _padded(low_ms: float, high_ms: float) -> list[float]:
    """Both ends as powers of ten, with room for the marks; never narrower than a factor of 4."""
    low, high = math.log10(low_ms), math.log10(high_ms)
    pad = max(0.06 * (high - low), (math.log10(4) - (high - low)) / 2, 0.05)
    return [low - pad, high + pad]


def log_ticks(low_ms: float, high_ms: float) -> list[float]:
    """Round durations (ms) inside [low_ms, high_ms], at most MAX_TICKS: the finest ladder that is not too long."""
    for ladder in LADDERS:
        ticks = [tick for tick in ladder if low_ms <= tick <= high_ms]
        if len(ticks) <= MAX_TICKS:
            return ticks
    return ticks[:: math.ceil(len(ticks) / MAX_TICKS)]


def _sentence(rows: tuple[TraceRow, ...], zone: tzinfo) -> str:
    durations = sorted(row.duration_ns for row in rows)
    when = span_text(rows[-1].started_ns, rows[0].started_ns, zone)
    failed = sum(1 for row in rows if row.error_count)
    share = "all of them" if failed == len(rows) else f"{format_count(failed)} of them"
    told = f"; {share} with an error" if failed else ""
    return (
        f"{format_count(len(rows))} traces started {when}: half of them took "
        f"{format_duration_ns(durations[(len(rows) - 1) // 2])} or less, the longest "
        f"{format_duration_ns(durations[-1])}{told}."
    )


def _table(rows: tuple[TraceRow, ...], zone: tzinfo) -> tuple[Stretch, ...]:
    """Equal stretches of time, newest first; those without a trace are left out."""
    first, last = rows[-1].started_ns, rows[0].started_ns
    width = max(1, -(-(last - first + 1) // TABLE_ROWS))
    stretches: dict[int, list[TraceRow]] = {}
    for row in rows:
        stretches.setdefault((row.started_ns - first) // width, []).append(row)
    return tuple(_stretch(first + place * width, width, held, zone) for place, held in stretches.items())


def _stretch(start_ns: int, width_ns: int, rows: list[TraceRow], zone: tzinfo) -> Stretch:
    durations = sorted(row.duration_ns for row in rows)
    return Stretch(
        when=span_text(start_ns, start_ns + width_ns, zone),
        traces=format_count(len(rows)),
        errors=sum(1 for row in rows if row.error_count),
        shortest=format_duration_ns(durations[0]),
        median=format_duration_ns(durations[(len(rows) - 1) // 2]),
        longest=format_duration_ns(durations[-1]),
    )
