"""Duration (or errors) over time, with the two windows and the versions that came, as a Plotly figure."""

from __future__ import annotations

from datetime import tzinfo

from apps.explorer.line_chart import DURATION, ERROR, HIGH, MAIN, MEDIAN, PERCENT, Line, LineChart, Release, line_chart
from apps.insights.why.answer import Answer
from apps.traces.durations import format_duration_ns, format_percent
from apps.traces.moments import clock_span_text, field_text
from apps.traces.why.judge import ERRORS, SHARES


def chart_of(answer: Answer, zone: tzinfo) -> LineChart:
    """The looked-at quantile stands out; the areas are drawn by `_windows`."""
    look = answer.ask.look
    releases = [Release(r.seen_ns, f"{r.service} {r.version}") for r in answer.finding.releases]
    steps = [point.start_ns for point in answer.points]
    chart = line_chart(
        steps, answer.step_ns, _lines(answer), PERCENT if look == ERRORS else DURATION, label=_label(answer, zone),
        zone=zone, releases=releases, has_names=look != ERRORS,
    )  # fmt: skip
    layout = chart.figure["layout"]
    layout["shapes"] = [*_windows(answer, zone), *layout.get("shapes", [])]
    layout["annotations"] = [*layout.get("annotations", []), *_before_note(answer, zone)]
    return chart


def _lines(answer: Answer) -> list[Line]:
    figures = [point.figures for point in answer.points]
    if answer.ask.look == ERRORS:
        return [Line("with an error", ERROR, [f.error_share if f.samples else None for f in figures])]
    shown = ["p50", "p95"] if answer.ask.look != "p99" else ["p50", "p95", "p99"]
    roles = {answer.ask.look: MAIN}
    return [
        Line(name, roles.get(name, HIGH if name == "p99" else MEDIAN), [f.p(SHARES[name]) for f in figures])
        for name in shown
    ]


def _windows(answer: Answer, zone: tzinfo) -> list[dict]:
    after = answer.ask.after
    x0, x1 = (field_text(at, zone).replace("T", " ") for at in after)
    return [{"type": "rect", "xref": "x", "yref": "paper", "x0": x0, "x1": x1, "y0": 0, "y1": 1, "layer": "below",
             "fillcolor": "var(--accent) 6%", "line": {"width": 0}}]  # fmt: skip


def _before_note(answer: Answer, zone: tzinfo) -> list[dict]:
    value = answer.finding.judged.before
    if value is None or not answer.ask.touches:
        return []
    look = answer.ask.look
    told = format_percent(value) if look == ERRORS else format_duration_ns(round(value))
    x = field_text(answer.ask.before.start_ns, zone).replace("T", " ")
    return [{"x": x, "xref": "x", "xanchor": "left", "y": value, "yref": "y", "yanchor": "bottom", "showarrow": False,
             "yshift": 4, "text": f"before: {'' if look == ERRORS else look + ' '}{told}",
             "font": {"size": 11, "color": "var(--ink-2)"}}]  # fmt: skip


def _label(answer: Answer, zone: tzinfo) -> str:
    judged, ask = answer.finding.judged, answer.ask
    when = clock_span_text(*answer.view, zone)
    if judged.before is None or judged.after is None:
        return f"{ask.look} from {when}."
    told = [
        format_percent(value) if ask.look == ERRORS else format_duration_ns(round(value))
        for value in (judged.before, judged.after)
    ]
    word = "Traces with an error" if ask.look == ERRORS else ask.look
    return f"{word} from {when}: {told[0]} before, {told[1]} after."
