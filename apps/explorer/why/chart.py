"""Duration (or errors) over time, with the two windows and the versions that came, as a Plotly figure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo

from apps.explorer.line_chart import (
    DURATION,
    ERROR,
    HIGH,
    MAIN,
    MEDIAN,
    PERCENT,
    Line,
    LineChart,
    Note,
    Release,
    line_chart,
)
from apps.insights.figures import together
from apps.insights.why.answer import Answer
from apps.insights.why.told import Point
from apps.traces.durations import MINUTE, format_duration_ns, format_percent
from apps.traces.moments import brief_span_text, field_text
from apps.traces.why.finding import leads_of
from apps.traces.why.judge import ERRORS, SHARES

LEAST_A_POINT = 3
TOGETHER = (1, 2, 5, 10, 15, 30)
"""Steps that are drawn as one."""


def chart_of(answer: Answer, zone: tzinfo) -> LineChart:
    """The looked-at quantile stands out; the areas are drawn by `_windows`."""
    look = answer.ask.look
    every = together_at(answer)
    points = [coarser(group) for group in _groups(answer, every)]
    steps = [point.start_ns for point in points]
    step_ns, axis = answer.step_ns * every, PERCENT if look == ERRORS else DURATION
    label = f"{_label(answer, zone)} One point {_every(step_ns)}."
    chart = line_chart(
        steps, step_ns, _lines(points, look), axis, label=label, zone=zone, releases=_releases(answer),
        has_names=look != ERRORS, note=_before_note(answer),
    )  # fmt: skip
    layout = chart.figure["layout"]
    layout["shapes"] = [*_windows(answer, zone), *layout.get("shapes", [])]
    return chart


def _every(step_ns: int) -> str:
    """`a minute`, `every 5 minutes`, `every 3 hours`."""
    minutes = step_ns // MINUTE
    for size, word in ((1_440, "day"), (60, "hour"), (1, "minute")):
        if minutes % size == 0:
            count = minutes // size
            return f"a{'n' if word == 'hour' else ''} {word}" if count == 1 else f"every {count} {word}s"
    raise AssertionError("minutes take everything")


def together_at(answer: Answer) -> int:
    """How many steps are drawn as one, so that a point has some traces: figures of one trace jump about."""
    traces = sum(point.figures.samples for point in answer.points)
    wanted = LEAST_A_POINT * len(answer.points) / max(1, traces)
    return next((every for every in TOGETHER if every >= wanted), TOGETHER[-1])


def _groups(answer: Answer, every: int) -> Iterator[Sequence[Point]]:
    """So that the window after begins with a point: none then stands for traces of both."""
    points, after_ns = answer.points, answer.ask.after.start_ns
    first = next((at for at, point in enumerate(points) if point.start_ns >= after_ns), 0) % every
    if first:
        yield points[:first]
    for at in range(first, len(points), every):
        yield points[at : at + every]


def coarser(points: Sequence[Point]) -> Point:
    if len(points) == 1:
        return points[0]
    return Point(points[0].start_ns, together(point.figures for point in points))


def _releases(answer: Answer) -> list[Release]:
    """Of one service, the one that the sentence names first: names of more would stand on each other."""
    finding = answer.finding
    leads = leads_of(finding.changes, sum(change.change_ns for change in finding.changes))
    services = [lead.service for lead in leads] + [release.service for release in finding.releases]
    told = {release.service for release in finding.releases}
    shown = next((service for service in services if service in told), "")
    return [Release(r.seen_ns, f"{r.service} {r.version}") for r in finding.releases if r.service == shown]


def _lines(points: Sequence[Point], look: str) -> list[Line]:
    figures = [point.figures for point in points]
    if look == ERRORS:
        return [Line("with an error", ERROR, [f.error_share if f.samples else None for f in figures])]
    shown = ["p50", "p95"] if look != "p99" else ["p50", "p95", "p99"]
    roles = {look: MAIN}
    return [
        Line(name, roles.get(name, HIGH if name == "p99" else MEDIAN), [f.p(SHARES[name]) for f in figures])
        for name in shown
    ]


def _windows(answer: Answer, zone: tzinfo) -> list[dict]:
    after = answer.ask.after
    x0, x1 = (field_text(at, zone).replace("T", " ") for at in after)
    return [{"type": "rect", "xref": "x", "yref": "paper", "x0": x0, "x1": x1, "y0": 0, "y1": 1, "layer": "below",
             "fillcolor": "var(--accent) 6%", "line": {"width": 0}}]  # fmt: skip


def _before_note(answer: Answer) -> Note | None:
    value = answer.finding.judged.before
    if value is None or not answer.ask.touches:
        return None
    look = answer.ask.look
    told = format_percent(value) if look == ERRORS else format_duration_ns(round(value))
    return Note(answer.ask.before.start_ns, value, f"before: {'' if look == ERRORS else look + ' '}{told}")


def _label(answer: Answer, zone: tzinfo) -> str:
    judged, ask = answer.finding.judged, answer.ask
    when = brief_span_text(*answer.view, zone)
    if judged.before is None or judged.after is None:
        return f"{ask.look} from {when}."
    told = [
        format_percent(value) if ask.look == ERRORS else format_duration_ns(round(value))
        for value in (judged.before, judged.after)
    ]
    word = "Traces with an error" if ask.look == ERRORS else ask.look
    return f"{word} from {when}: {told[0]} before, {told[1]} after."
