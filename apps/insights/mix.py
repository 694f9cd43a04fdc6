"""Whether durations changed because the work takes another time, or because other work was done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from apps.insights.change import MIN_SAMPLES, NEAR_FACTOR
from apps.insights.figures import Figures
from apps.traces.histogram import Histogram
from apps.traces.sampling import CALL

LEAST_SHIFT = 0.05
"""A name whose share of the calls changed by less explains nothing."""
LEAST_KNOWN = 0.9
"""So much of the calls must be known by name."""
LEAST_TIMED = 0.5
"""Of so much of them now it must be known how long they take."""
_SCALE = 1_000_000
"""What a share is divided into, for counts are integers."""


class Work(NamedTuple):
    span_name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Mix:
    """Other work is done than before."""

    work: Work
    """Whose share of the calls changed most."""
    before: float
    after: float
    """Shares, 0 to 1."""
    same_ns: float
    """The quantile that the work of before would take now."""


def mix_of(before: Mapping[Work, Figures], after: Mapping[Work, Figures], calls: float, share: float) -> Mix | None:
    """Where the quantile at `share` is another one only because the names of a service come in other proportions:
    with those of before, each as fast as it is now, it would be about the same (direct standardisation). `calls`: all
    of the service, known by name or not. None where the work takes another time, and where that is unknown."""
    weights = [sum(figures.weight for figures in side.values()) for side in (before, after)]
    if not all(weights) or sum(weights) < LEAST_KNOWN * calls * CALL:
        return None
    if sum(one.weight for one in after.values() if one.samples >= MIN_SAMPLES) < LEAST_TIMED * weights[1]:
        return None
    old = _quantile(((figures, figures.weight) for figures in before.values()), share)
    same = _quantile(((_now(figures, after.get(work)), figures.weight) for work, figures in before.items()), share)
    if not old or not same:
        return None
    works = sorted({*before, *after})
    shares = {
        work: tuple(side[work].weight / whole if work in side else 0.0
                    for side, whole in zip((before, after), weights, strict=True))
        for work in works
    }  # fmt: skip
    most = max(works, key=lambda work: abs(shares[work][1] - shares[work][0]))
    is_other = abs(shares[most][1] - shares[most][0]) >= LEAST_SHIFT
    return Mix(most, *shares[most], same) if is_other and max(old, same) < NEAR_FACTOR * min(old, same) else None


def _now(before: Figures, after: Figures | None) -> Figures:
    """How long a name takes now; what hardly runs now is as it was, as far as is known."""
    return after if after is not None and after.samples >= MIN_SAMPLES else before


def _quantile(weighted: Iterable[tuple[Figures, int]], share: float) -> float | None:
    """Of histograms that each count as much as their weight says."""
    parts = [(figures.histogram, weight) for figures, weight in weighted if figures.histogram.total]
    whole, mixed = sum(weight for _, weight in parts), Histogram()
    for histogram, weight in parts:
        factor = _SCALE * weight / whole / histogram.total
        mixed.merge(Histogram({bucket: round(count * factor) for bucket, count in histogram.counts.items()}))
    return mixed.quantile(share)
