"""Figures: what the facts of one key over one window sum up to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from apps.traces.histogram import Histogram
from apps.traces.sampling import CALL


class Example(NamedTuple):
    """A span to look at. Ids in hex."""

    duration_ns: int
    trace_id: str
    span_id: str
    start_ns: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    weight: int
    """Thousandths of a call, weighted by adjusted count."""
    errors: int
    """Of them failed."""
    samples: int
    """Observations, unweighted: what a comparison rests on."""
    sum_ns: int
    max_ns: int
    """Exact for span names, else within 5 %; 0 without durations."""
    histogram: Histogram = field(default_factory=Histogram)
    """Of durations in ns; counts are thousandths. Empty where only sums were asked for."""
    calls_histogram: Histogram | None = None
    """Of parts: spans in a trace."""
    examples: tuple[Example, ...] = ()
    """At most three, best first: the slowest; of errors the newest."""

    @property
    def calls(self) -> float:
        return self.weight / CALL

    @property
    def error_share(self) -> float:
        return self.errors / self.weight if self.weight else 0.0

    @property
    def mean_ns(self) -> float | None:
        """Of those whose duration is known, as far as their histogram says how many; else of all."""
        timed = self.histogram.total or self.weight
        return self.sum_ns * CALL / timed if timed else None

    def p(self, share: float) -> float | None:
        """The duration in ns that `share` (0 to 1) do not exceed, within 5 %; None without durations."""
        return self.histogram.quantile(share)


NO_FIGURES = Figures(0, 0, 0, 0, 0)
