"""Start × duration of all traces as a heat map: where to drag a selection."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import tzinfo

from apps.explorer.search.scatter import log_ticks
from apps.explorer.time_axis import time_axis
from apps.insights.why.answer import Answer
from apps.insights.why.ask import Selection
from apps.traces.durations import format_count, format_duration_ns
from apps.traces.histogram import value_of
from apps.traces.moments import brief_span_text, field_text
from apps.traces.sampling import CALL

ROWS = 28
CLASSES = 5
"""Shades above none."""
LEAST_NS = 1_000.0
MOST_TIMES = 6
"""On the axis."""


@dataclass(frozen=True, slots=True)
class HeatChart:
    figure: dict
    label: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """A table of the same: stretches of durations, longest first, with their traces."""


@dataclass(frozen=True, slots=True)
class _Grid:
    edges: list[float]
    """ROWS + 1 durations in ns, from short to long."""
    counts: list[list[float]]
    """Traces by row and step."""

    def span(self, row: int) -> str:
        return f"{_ns(self.edges[row])} to {_ns(self.edges[row + 1])}"


def heat_of(answer: Answer, zone: tzinfo) -> HeatChart | None:
    """None without traces."""
    grid = _grid(answer)
    if grid is None:
        return None
    total = sum(map(sum, grid.counts))
    label = (
        f"{format_count(round(total))} traces by start and duration, {brief_span_text(*answer.view, zone)}: from "
        f"{_ns(grid.edges[0])} to {_ns(grid.edges[-1])}."
    )
    sums = [(grid.span(row), round(sum(grid.counts[row]))) for row in range(ROWS - 1, -1, -1)]
    table = tuple((span, format_count(traces)) for span, traces in sums if traces)
    figure = {"data": _data(answer, grid, zone), "layout": _layout(answer, grid, zone)}
    return HeatChart(figure, label, ("Duration", "Traces"), table)


def _grid(answer: Answer) -> _Grid | None:
    buckets = sorted({bucket for point in answer.points for bucket in point.figures.histogram.counts})
    if not buckets:
        return None
    low, high = (math.log10(max(LEAST_NS, value_of(bucket))) for bucket in (buckets[0], buckets[-1]))
    pad = max(0.05, (math.log10(4) - (high - low)) / 2)
    low, step = low - pad, (high - low + 2 * pad) / ROWS
    counts = [[0.0] * len(answer.points) for _ in range(ROWS)]
    for column, point in enumerate(answer.points):
        for bucket, count in point.figures.histogram.counts.items():
            row = int((math.log10(max(LEAST_NS, value_of(bucket))) - low) / step)
            counts[min(ROWS - 1, max(0, row))][column] += count / CALL
    return _Grid([10 ** (low + n * step) for n in range(ROWS + 1)], counts)


def shade(count: float, most: float) -> int:
    """0 for none, then classes that grow by the same factor up to the most there are."""
    if count < 0.5:
        return 0
    if most < 2:
        return CLASSES
    return 1 + min(CLASSES - 1, int(math.log(max(1.0, count)) / math.log(most + 1) * CLASSES))


def _data(answer: Answer, grid: _Grid, zone: tzinfo) -> list[dict]:
    times = [field_text(point.start_ns + answer.step_ns // 2, zone).replace("T", " ") for point in answer.points]
    middles = [math.sqrt(grid.edges[n] * grid.edges[n + 1]) / 1e6 for n in range(ROWS)]
    most = max(map(max, grid.counts))
    heat = {
        "type": "heatmap",
        "x": times,
        "y": middles,
        "z": [[shade(count, most) for count in row] for row in grid.counts],
        "zmin": 0,
        "zmax": CLASSES,
        "colorscale": [[n / CLASSES, f"var(--heat-{n})"] for n in range(CLASSES + 1)],
        "showscale": False,
        "hoverinfo": "skip",
    }
    # A heat map alone has nothing to be selected: this point, which is not seen, lets a box be dragged.
    grip = {"type": "scatter", "mode": "markers", "x": times[:1], "y": middles[:1], "hoverinfo": "skip",
            "marker": {"size": 1, "opacity": 0}}  # fmt: skip
    return [heat, grip]


def _layout(answer: Answer, grid: _Grid, zone: tzinfo) -> dict:
    low, high = grid.edges[0] / 1e6, grid.edges[-1] / 1e6
    ticks = log_ticks(low, high)
    layout = {
        "selectdirection": "any",
        "margin": {"l": 56, "r": 32},
        "xaxis": time_axis(*answer.view, zone, MOST_TIMES),
        "yaxis": {
            "type": "log",
            "range": [math.log10(low), math.log10(high)],
            "tickvals": ticks,
            "ticktext": [_ns(tick * 1e6) for tick in ticks],
        },
    }
    if answer.ask.selection is not None:
        layout["shapes"] = [_box(answer.ask.selection, grid, zone)]
    return layout


def _box(selection: Selection, grid: _Grid, zone: tzinfo) -> dict:
    x0, x1 = (field_text(at, zone).replace("T", " ") for at in (selection.start_ns, selection.end_ns))
    y0 = max(selection.min_ns, grid.edges[0]) / 1e6
    y1 = (grid.edges[-1] if selection.max_ns is None else min(selection.max_ns, grid.edges[-1])) / 1e6
    return {"type": "rect", "xref": "x", "yref": "y", "x0": x0, "x1": x1, "y0": y0, "y1": y1,
            "fillcolor": "var(--accent) 7%", "line": {"color": "var(--accent)", "width": 1, "dash": "dot"}}  # fmt: skip


def _ns(value: float) -> str:
    return format_duration_ns(round(value))
