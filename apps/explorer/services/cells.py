"""What several tables of figures have in common: durations, shares and marks as they are written."""

from __future__ import annotations

from dataclasses import dataclass

from apps.explorer.change import Mark, duration_mark, error_mark, format_rate, rate_mark
from apps.insights.change import Change
from apps.insights.figures import Figures
from apps.insights.period import Period
from apps.traces.durations import NONE, duration_text, format_percent


@dataclass(frozen=True, slots=True)
class Cells:
    """Figures of one row. Durations are NONE when there are none."""

    rate: str
    """Calls a minute."""
    errors: str
    """"" when no call failed."""
    p50: str
    p95: str
    p99: str
    duration: Mark
    quantile: str
    """Whose mark that is."""
    rate_mark: Mark
    error_mark: Mark
    samples: int


def cells(now: Figures, duration: Change, rate: Change, errors: Change, period: Period) -> Cells:
    against = period.against_label
    return Cells(
        rate=format_rate(now.calls / period.minutes) if now.samples else NONE,
        errors=format_percent(now.error_share) if now.errors else "",
        p50=duration_text(now.p(0.50)), p95=duration_text(now.p(0.95)), p99=duration_text(now.p(0.99)),
        duration=duration_mark(duration, against), quantile=duration.quantile,
        rate_mark=rate_mark(rate, against),
        error_mark=error_mark(errors, against), samples=now.samples,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Impact:
    """A share as a bar and a figure."""

    text: str
    width: str
    """For an SVG."""


def impact(share: float) -> Impact:
    text = "<1\u00a0%" if 0 < share < 0.01 else format_percent(round(share, 2))
    return Impact(text, f"{max(0.0, min(1.0, share)) * 100:.1f}%")
