"""Calls a minute over time, of one edge or of a node: before and now on one line."""

from __future__ import annotations

from apps.explorer.change import format_rate
from apps.explorer.line_chart import AREA, MEDIAN, NUMBER, Line, LineChart, Release, line_chart
from apps.explorer.map.form import MapForm
from apps.insights.series import rates, series, step_of
from apps.insights.service_map import MapEdge
from apps.insights.window import Window
from apps.traces.key_book import EDGE, SERVICE
from apps.traces.peers import Node

POINTS = 90
MOST_KEYS = 24
"""A store that more call has no chart: each of its edges has one."""

Asked = tuple[int, tuple[str, ...]]
"""Kind and beginning of the keys of one sum."""


def edge_chart(workspace_id: int, edge: MapEdge, form: MapForm) -> LineChart | None:
    """Calls a minute of an edge, None where there is nothing to draw. Raises StoreUnavailable."""
    return _chart(workspace_id, [(EDGE, tuple(key)) for key in edge.keys], form)


def node_chart(workspace_id: int, node: Node, into: list[MapEdge], form: MapForm) -> LineChart | None:
    """`into`: the edges that reach the node."""
    if node.kind == "service":
        return _chart(workspace_id, [(SERVICE, (node.name,))], form)
    if node.kind == "user":
        return _chart(workspace_id, [(EDGE, tuple(node))], form)
    return _chart(workspace_id, [(EDGE, tuple(key)) for edge in into for key in edge.keys], form)


def _chart(workspace_id: int, asked: list[Asked], form: MapForm) -> LineChart | None:
    if not asked or len(asked) > MOST_KEYS:
        return None
    period = form.period
    is_joined = period.touches
    window = Window(period.compared.start_ns, period.window.end_ns) if is_joined else period.window
    step_ns = step_of(window, form.now_ns, POINTS, compared=period.compared)
    steps, now = _rates(workspace_id, asked, window, step_ns, form.now_ns)
    lines, marks = [Line("now", AREA, now)], []
    if is_joined:
        marks = [Release(period.window.start_ns, "")]
    else:
        _, before = _rates(workspace_id, asked, period.compared, step_ns, form.now_ns)
        lines.insert(0, Line(period.against_label, MEDIAN, [*before, *[None] * len(steps)][: len(steps)]))
    most = max((value for value in now if value is not None), default=0.0)
    label = f"Calls a minute, {format_rate(most)} at most"
    return line_chart(steps, step_ns, lines, NUMBER, label=label, zone=form.zone, releases=marks)


def _rates(
    workspace_id: int, asked: list[Asked], window: Window, step_ns: int, now_ns: int
) -> tuple[tuple[int, ...], list[float | None]]:
    """(starts of the steps, calls a minute in each)."""
    steps: tuple[int, ...] = ()
    sums: list[float] = []
    for kind, prefix in asked:
        found = series(workspace_id, window, kind, prefix, step_ns, histograms=False)
        steps = found.steps
        sums = sums or [0.0] * len(steps)
        for line in found.lines.values():
            sums = [one + figures.calls for one, figures in zip(sums, line, strict=True)]
    return steps, rates(steps, step_ns, sums, window, now_ns)
