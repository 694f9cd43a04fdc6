"""Lines over time as a Plotly figure, a sentence's worth of label, and a table for whoever sees no chart."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from apps.explorer.time_axis import time_axis
from apps.traces.durations import NBSP, format_count, format_duration_ns
from apps.traces.moments import MINUTE_NS, field_text, local

AREA, MEDIAN, MAIN, HIGH, ERROR = "area", "median", "main", "high", "error"
"""What a line is, which decides how it is drawn."""
STYLES: dict[str, dict] = {
    AREA: {"line": {"color": "var(--accent)", "width": 2}, "fill": "tozeroy", "fillcolor": "var(--accent) 8%"},
    MEDIAN: {"line": {"color": "var(--mark)", "width": 1.25}},
    MAIN: {"line": {"color": "var(--accent)", "width": 2}},
    HIGH: {"line": {"color": "var(--mark)", "width": 1.25, "dash": "4px,3px"}},
    ERROR: {"line": {"color": "var(--error)", "width": 1.75}, "fill": "tozeroy", "fillcolor": "var(--error) 14%"},
}
MAX_TICKS, MOST_TIMES = 4, 5
"""Of values, above 0, and of times."""
MAX_RELEASES = 4
"""Names of more would run into each other; every release keeps its line."""
MAX_NAME_CHARS, NARROW_CHARS, ROW_PX = 18, 46, 14
"""A phone's chart is so many characters of a release's name wide; names that would meet there stand in rows."""
TABLE_ROWS = 24
HEADROOM = 1.2
"""Over the highest value: a release's name stands there."""
PLOT_PX, NOTE_PX, NOTE_GAP_PX = 116, 14, 4
"""Heights of what lines are drawn in, and of a note's words; how far these stand from their value."""
NAME_SHARE = 0.11
"""Of the height that a line's name takes: 12 px of 116."""


Taken = tuple[int, float, float]
"""Row of a release's name, and from where to where it reaches, 0 to 1 of a narrow chart's width."""


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    role: str
    values: Sequence[float | None]
    """One a step; None where there was nothing."""


@dataclass(frozen=True, slots=True)
class Release:
    """A version (or another event) first seen at an instant; drawn as a dotted line with its name."""

    at_ns: int
    name: str


@dataclass(frozen=True, slots=True)
class Note:
    """Words that begin at an instant, over a value, or below it where names of releases are in the way."""

    at_ns: int
    value: float
    text: str


@dataclass(frozen=True, slots=True)
class LineChart:
    figure: dict
    label: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """A table of the same, newest first, thinned out to TABLE_ROWS."""


@dataclass(frozen=True, slots=True)
class Axis:
    """How values are written, and which values a scale may name."""

    write: Callable[[float], str]
    ladder: Callable[[float], float] = field(default=lambda most: _round_step(most))
    least_top: float = 0.0
    """The axis reaches at least so far."""


def line_chart(
    steps_ns: Sequence[int], step_ns: int, lines: Sequence[Line], axis: Axis, *, label: str, zone: tzinfo,
    releases: Sequence[Release] = (), has_names: bool = False, note: Note | None = None,
) -> LineChart:  # fmt: skip
    """`steps_ns` are the starts of the steps, all `step_ns` long; values of a line belong to them one by one."""
    times = [field_text(at, zone).replace("T", " ") for at in steps_ns]
    told = [_told(steps_ns, step_ns, lines, axis, zone, at) for at in range(len(steps_ns))]
    data = [_trace(line, times, told if line is lines[-1] else None) for line in lines]
    layout = _layout(steps_ns, step_ns, lines, axis, zone, has_names)
    taken: list[Taken] = []
    top = layout["yaxis"]["range"][1]
    layout |= _marks(releases, steps_ns, step_ns, zone, taken)
    more = [*(_line_names(lines, top) if has_names else ())]
    if note is not None:
        more.append(_note(note, taken, top, _ends(steps_ns, step_ns), zone))
    if more:
        layout["annotations"] = [*layout.get("annotations", []), *more]
    every = max(1, -(-len(steps_ns) // TABLE_ROWS))
    rows = tuple(
        (_clock(steps_ns[at], zone, _is_long(steps_ns, step_ns)), *(_cell(line.values[at], axis) for line in lines))
        for at in range(len(steps_ns) - 1, -1, -every)
    )
    return LineChart({"data": data, "layout": layout}, label, ("Time", *(line.name for line in lines)), rows)


def _trace(line: Line, times: list[str], told: list[str] | None) -> dict:
    """Only the last line answers the pointer, for all of them."""
    trace = {
        "type": "scatter", "mode": "lines", "x": times, "connectgaps": False, **STYLES[line.role],
        "y": [None if value is None else float(f"{value:.4g}") for value in line.values],
    }  # fmt: skip
    lonely = _lonely(line.values)
    if lonely:
        # A value between two gaps has no line to be on.
        trace |= {"mode": "lines+markers", "marker": {"size": lonely, "color": STYLES[line.role]["line"]["color"]}}
    return trace | ({"text": told} if told else {"hoverinfo": "skip"})


def _lonely(values: Sequence[float | None]) -> list[int]:
    """Sizes of markers, 4 for a value without neighbours and else 0; [] when there is none."""
    known = [False, *(value is not None for value in values), False]
    sizes = [4 if known[at] and not known[at - 1] and not known[at + 1] else 0 for at in range(1, len(known) - 1)]
    return sizes if any(sizes) else []


def _told(steps_ns, step_ns, lines, axis, zone, at: int) -> str:
    head = _clock(steps_ns[at], zone, _is_long(steps_ns, step_ns))
    values = [f"{line.name}  {_cell(line.values[at], axis)}" for line in reversed(lines)]
    return "\n".join([head, *values])


def _cell(value: float | None, axis: Axis) -> str:
    return "–" if value is None else axis.write(value)


def _clock(at_ns: int, zone: tzinfo, has_day: bool) -> str:
    at = local(at_ns, zone)
    return f"{at.day}{NBSP}{at:%b}{NBSP}{at:%H:%M}" if has_day else f"{at:%H:%M}"


def _is_long(steps_ns: Sequence[int], step_ns: int) -> bool:
    return bool(steps_ns) and steps_ns[-1] + step_ns - steps_ns[0] > 1_440 * MINUTE_NS


def _layout(steps_ns, step_ns, lines, axis: Axis, zone: tzinfo, has_names: bool) -> dict:
    most = max((value for line in lines for value in line.values if value is not None), default=0.0)
    top = max(most * HEADROOM, axis.least_top)
    ticks = _ticks(top, axis)
    return {
        "hovermode": "x",
        "margin": {"l": 56, "r": 32 if has_names else 4},
        "xaxis": time_axis(*_ends(steps_ns, step_ns), zone, MOST_TIMES),
        "yaxis": {
            "range": [0, top or 1],
            "ticks": "outside",
            "ticklen": 6,
            "tickcolor": "rgba(0,0,0,0)",
            "tickvals": ticks,
            "ticktext": [axis.write(tick) if tick else "0" for tick in ticks],
        },
    }


def _ends(steps_ns: Sequence[int], step_ns: int) -> tuple[int, int]:
    return (steps_ns[0], steps_ns[-1] + step_ns) if steps_ns else (0, step_ns)


def _ticks(most: float, axis: Axis) -> list[float]:
    """0 and up to MAX_TICKS round values, the last one at or below `most`."""
    if most <= 0:
        return [0.0]
    step = axis.ladder(most)
    count = max(1, math.floor(most / step + 1e-9))
    return [step * at for at in range(count + 1)]


def _round_step(most: float) -> float:
    """The smallest of 1, 2, 5, 10, … that cuts [0, most] into at most MAX_TICKS."""
    power = 10.0 ** math.floor(math.log10(most / MAX_TICKS))
    return next(power * part for part in (1, 2, 5, 10) if most / (power * part) <= MAX_TICKS)


def _time_step(most_ns: float) -> float:
    """As `_round_step`, in what clocks have: beyond a minute decades are no longer round."""
    if most_ns <= MAX_TICKS * 30e9:
        return max(1.0, _round_step(most_ns))
    minutes = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 720, 1_440)
    return next((m * 60e9 for m in minutes if most_ns / (m * 60e9) <= MAX_TICKS), _round_step(most_ns))


def _marks(releases: Sequence[Release], steps_ns, step_ns, zone: tzinfo, taken: list[Taken]) -> dict:
    """Adds to `taken` where their names stand."""
    start, end = _ends(steps_ns, step_ns)
    inside = sorted((r for r in releases if start < r.at_ns < end), key=lambda r: r.at_ns)
    if not inside:
        return {}
    shapes, notes = [], []
    for place, release in enumerate(inside):
        x = field_text(release.at_ns, zone).replace("T", " ")
        shapes.append({"type": "line", "xref": "x", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1,
                       "line": {"color": "var(--ink-3)", "width": 1, "dash": "dot"}})  # fmt: skip
        if place < len(inside) - MAX_RELEASES:
            continue
        is_left = release.at_ns - start > (end - start) * 0.5
        row = _row(taken, (release.at_ns - start) / (end - start), is_left, _short(release.name))
        notes.append({"x": x, "xref": "x", "y": 1, "yref": "paper", "yanchor": "top", "yshift": -row * ROW_PX,
                      "showarrow": False, "xanchor": "right" if is_left else "left", "text": _short(release.name),
                      "font": {"size": 11, "color": "var(--ink-3)"}})  # fmt: skip
    return {"shapes": shapes, "annotations": notes}


def _row(taken: list[Taken], at: float, is_left: bool, name: str) -> int:
    """The first row in which a name beside `at` (0 to 1 of the width) has room on a narrow chart; takes it."""
    low, high = (at - len(name) / NARROW_CHARS, at) if is_left else (at, at + len(name) / NARROW_CHARS)
    beside = _rows_beside(taken, low, high)
    row = next(n for n in range(len(taken) + 1) if n not in beside)
    taken.append((row, low, high))
    return row


def _rows_beside(taken: list[Taken], low: float, high: float) -> set[int]:
    return {row for row, left, right in taken if low < right and left < high}


def _note(note: Note, taken: list[Taken], top: float, ends_ns: tuple[int, int], zone: tzinfo) -> dict:
    start_ns, end_ns = ends_ns
    low = (note.at_ns - start_ns) / (end_ns - start_ns)
    names_px = ROW_PX * (1 + max(_rows_beside(taken, low, low + len(note.text) / NARROW_CHARS), default=-1))
    value_px = PLOT_PX * (1 - note.value / top)  # from the top, as names are counted
    is_above = value_px - NOTE_GAP_PX - NOTE_PX >= names_px or not names_px
    down_px = max(NOTE_GAP_PX, math.ceil(names_px - value_px))
    return {"x": field_text(note.at_ns, zone).replace("T", " "), "xref": "x", "xanchor": "left", "y": note.value,
            "yref": "y", "yanchor": "bottom" if is_above else "top", "yshift": NOTE_GAP_PX if is_above else -down_px,
            "showarrow": False, "text": note.text, "font": {"size": 11, "color": "var(--ink-2)"}}  # fmt: skip


def _short(name: str) -> str:
    return name if len(name) <= MAX_NAME_CHARS else name[: MAX_NAME_CHARS - 1] + "…"


def _line_names(lines: Sequence[Line], top: float) -> list[dict]:
    """The name of each line beside its last value, moved up where it would stand on the one below."""
    notes, free_from = [], 0.0
    lasts = [(next((v for v in reversed(line.values) if v is not None), None), line) for line in lines]
    for value, line in sorted(((v, line) for v, line in lasts if v is not None), key=lambda pair: pair[0]):
        y = max(value, free_from)
        free_from = y + top * NAME_SHARE
        colour = "var(--ink)" if line.role == MAIN else "var(--ink-3)"
        notes.append({"x": 1, "xref": "paper", "xanchor": "left", "xshift": 4, "y": y, "yref": "y",
                      "showarrow": False, "text": line.name, "font": {"size": 11, "color": colour}})  # fmt: skip
    return notes


def _write_duration(ns: float) -> str:
    """`500 ms`, `1.5 s`: ticks are round by nature."""
    text = format_duration_ns(round(ns))
    number, _, unit = text.partition(NBSP)
    return (number.rstrip("0").rstrip(".") if "." in number else number) + NBSP + unit


def _write_percent(share: float) -> str:
    percent = share * 100
    return f"{percent:.2g}{NBSP}%" if percent < 10 else f"{percent:.0f}{NBSP}%"


def _write_number(value: float) -> str:
    return format_count(round(value)) if value >= 100 or value == int(value) else f"{value:.3g}"


DURATION = Axis(_write_duration, _time_step)
"""Values in ns."""
PERCENT = Axis(_write_percent, least_top=0.01)
"""Values are shares 0..1. A chart of no errors at all still reads 0 to 1 %."""
NUMBER = Axis(_write_number)
