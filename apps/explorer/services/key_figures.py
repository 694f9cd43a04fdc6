"""The key figures of a service: rate, errors and duration, each over its chart."""

from __future__ import annotations

from dataclasses import dataclass

from apps.explorer.change import Mark, duration_mark, error_mark, format_rate, rate_mark
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
)  # fmt: skip
from apps.explorer.services.forms import ServiceForm
from apps.insights.one_service import OneService
from apps.insights.series import rates
from apps.traces.durations import NONE, duration_text, format_percent


@dataclass(frozen=True, slots=True)
class KeyFigure:
    id: str
    label: str
    number: str
    unit: str
    mark: Mark
    chart: LineChart


def key_figures(found: OneService, form: ServiceForm) -> tuple[KeyFigure, ...]:
    """Calls a minute, the share that failed, and p95, each with its line over the period."""
    against, line = form.period.against_label, found.line
    releases = [Release(one.seen_ns, one.version) for one in found.releases if one.seen_ns >= found.steps[0]]

    def chart(lines: list[Line], axis, label: str, has_names: bool = False) -> LineChart:
        return line_chart(found.steps, found.step_ns, lines, axis, label=label, zone=form.zone, releases=releases,
                          has_names=has_names)  # fmt: skip

    calls = rates(found.steps, found.step_ns, [one.calls for one in line], form.period.window, form.period.now_ns)
    shares = [one.error_share if one.samples else None for one in line]
    rate = format_rate(found.now.calls / form.period.minutes) if found.now.samples else NONE
    quantiles = [Line(name, role, [one.p(share) for one in line])
                 for name, role, share in (("p50", MEDIAN, 0.5), ("p99", HIGH, 0.99), ("p95", MAIN, 0.95))]  # fmt: skip
    p95, unit = _parted(duration_text(found.now.p(0.95)))
    errors = format_percent(found.now.error_share) if found.now.samples else NONE
    return (
        KeyFigure("rate", "Rate", rate, "calls a minute", rate_mark(found.rate, against),
                  chart([Line("calls a minute", AREA, calls)], NUMBER, f"{rate} calls a minute.")),
        KeyFigure("errors", "Errors", *_parted(errors), error_mark(found.errors, against),
                  chart([Line("errors", ERROR, shares)], PERCENT, f"{errors} of the calls failed.")),
        KeyFigure("durations", "Duration, p95", p95, unit, duration_mark(found.duration, against),
                  chart(quantiles, DURATION, f"p95 of the duration: {p95} {unit}.", has_names=True)),
    )  # fmt: skip


def _parted(text: str) -> tuple[str, str]:
    number, _, unit = text.partition("\u00a0")
    return number, unit
