"""Figures: what the facts of one key over one window sum up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeVar

from apps.traces.histogram import Histogram
from apps.traces.sampling import CALL

K = TypeVar("K")


class Example(NamedTuple):
    """A span to look at. Ids in hex."""

    duration_ns: int
    trace_id: str
    span_id: str
    start_ns: int = 0


_NO_DURATIONS = Histogram()


class Figures(NamedTuple):
    """A tuple, for a page makes thousands: a frozen dataclass takes four times as long to make."""

    weight: int
    """Thousandths of a call, weighted by adjusted count."""
    errors: int
    """Of them failed."""
    samples: int
    """Observations, unweighted: what a comparison rests on."""
    sum_ns: int
    max_ns: int
    """Exact for span names, else within 5 %; 0 without durations."""
    histogram: Histogram = _NO_DURATIONS
    """Of durations in ns; counts are thousandths. Empty where only sums were asked for. To be read."""
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
        """The duration in ns that `share` (0 to 1) do not exceed, within 5 % and no longer than the longest; None
        without durations."""
        found = self.histogram.quantile(share)
        return float(self.max_ns) if found is not None and 0 < self.max_ns < int(found) else found


NO_FIGURES = Figures(0, 0, 0, 0, 0)


def together(figures: Iterable[Figures]) -> Figures:
    """The sum of figures, with the three slowest examples of them all; without what spans a trace has."""
    parts = [part for part in figures if part is not NO_FIGURES]
    if len(parts) < 2:
        return parts[0] if parts else NO_FIGURES
    histogram = Histogram()
    for part in parts:
        histogram.merge(part.histogram)
    examples = sorted({example for part in parts for example in part.examples}, reverse=True)
    return Figures(
        weight=sum(part.weight for part in parts),
        errors=sum(part.errors for part in parts),
        samples=sum(part.samples for part in parts),
        sum_ns=sum(part.sum_ns for part in parts),
        max_ns=max(part.max_ns for part in parts),
        histogram=histogram,
        examples=tuple(examples[:3]),
    )


def one_a_trace(found: Mapping[K, Figures], most: int) -> tuple[tuple[K, Example], ...]:
    """The longest examples of all, as (key, example). A slow child and its parents are one slow trace: the longest
    stands for it."""
    every = [(key, example) for key, figures in found.items() for example in figures.examples]
    every.sort(key=lambda pair: (-pair[1].duration_ns, pair[1].trace_id))
    kept: dict[str, tuple[K, Example]] = {}
    for key, example in every:
        kept.setdefault(example.trace_id, (key, example))
    return tuple(kept.values())[:most]
