"""When a change began: one step in the share of slow traces, or no such claim.

For each step of a series it is counted how many traces were slower than a cut. The stretch is sought whose share and
the rest's explain the counts best (binomial likelihood ratio; Killick & Eckley, JSS 58, 2014, call it one change or
an epidemic one). Counts make a step with one trace as good as it is. Of several cuts the most telling one counts.
Two levels must besides fit the series better than a straight line does: a slope began at no time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from apps.traces.histogram import Histogram, bucket_of, value_of

LEAST_STEPS = 3
"""With traces, in the stretch and outside."""
LEAST_GAIN = 30.0
"""Twice the logarithm of the likelihood ratio. The largest of a hundred thousand stretches of noise reaches some 24."""
LEAST_SLOW, LEAST_FAILED = 0.08, 0.01
"""Difference between the shares, of slow traces and of failed ones."""
LEAST_GAIN_OF_REST = 8.0
"""What must be left without the two most telling steps of the stretch: two bad minutes are an outlier."""
END_GAIN = 12.0
"""By so much a stretch that is over must explain more than one that goes on."""
CUTS = (0.25, 0.5, 0.75, 0.9, 0.95, 0.98)
"""Quantiles of all traces together that are tried as cuts."""


class Step(NamedTuple):
    start_ns: int
    traces: float
    slow: float
    level: float
    """What the traces are on average: of durations the logarithm, of failed ones their share."""


class Since(NamedTuple):
    """From `start_ns` on, until `end_ns` (None: it goes on), `share` of the traces were slow, of the others `rest`."""

    start_ns: int
    end_ns: int | None
    share: float
    rest: float

    @property
    def is_more(self) -> bool:
        return self.share > self.rest


class _Stretch(NamedTuple):
    gain: float
    first: int
    end: int


def since_of_durations(steps: Sequence[tuple[int, int, Histogram]], step_ns: int) -> Since | None:
    """Of (start in ns, traces, histogram of their durations) a step. 15 ms for 180 steps."""
    known = [step for step in steps if step[1] > 0 and step[2].total]
    whole = Histogram()
    for _, _, histogram in known:
        whole.merge(histogram)
    cuts = sorted({bucket_of(int(whole.quantile(share))) for share in CUTS}) if known else ()
    levels = [_level(histogram) for _, _, histogram in known]
    series = [[_cut(*step, cut, level) for step, level in zip(known, levels, strict=True)] for cut in cuts]
    return _best(series, step_ns, LEAST_SLOW)


def since_of_counts(steps: Sequence[tuple[int, int, float]], step_ns: int) -> Since | None:
    """Of (start in ns, traces, failed ones) a step."""
    return _best([[Step(at, n, failed, failed / n) for at, n, failed in steps if n > 0]], step_ns, LEAST_FAILED)


def _cut(start_ns: int, traces: int, histogram: Histogram, cut: int, level: float) -> Step:
    slow = sum(count for bucket, count in histogram.counts.items() if bucket > cut)
    return Step(start_ns, traces, traces * slow / histogram.total, level)


def _level(histogram: Histogram) -> float:
    logs = (count * math.log1p(value_of(bucket)) for bucket, count in histogram.counts.items())
    return sum(logs) / histogram.total


def _best(series: Sequence[Sequence[Step]], step_ns: int, least: float) -> Since | None:
    found: list[tuple[_Stretch, Sequence[Step]]] = []
    for steps in series:
        stretch = _stretch(steps) if len(steps) >= 2 * LEAST_STEPS else None
        if stretch is not None and stretch.gain >= LEAST_GAIN:
            found.append((stretch, steps))
    if not found:
        return None
    stretch, steps = max(found, key=lambda pair: pair[0].gain)
    inside, outside = steps[stretch.first : stretch.end], [*steps[: stretch.first], *steps[stretch.end :]]
    share, rest = _share(inside), _share(outside)
    if abs(share - rest) < least or not _holds(inside, outside) or _is_slope(stretch, steps):
        return None
    end_ns = None if stretch.end == len(steps) else inside[-1].start_ns + step_ns
    return Since(inside[0].start_ns, end_ns, share, rest)


def _stretch(steps: Sequence[Step]) -> _Stretch | None:
    """The stretch that explains most; one that reaches the end of the series unless another explains far more.

    A stretch from the beginning is the other one to the end, so that `first` is never 0.
    """
    gains = _gains(steps)
    going_on = int(np.argmax(gains[:, -1]))
    first, end = np.unravel_index(int(np.argmax(gains)), gains.shape)
    if gains[first, end] >= gains[going_on, -1] + END_GAIN:
        return _Stretch(float(gains[first, end]), int(first), int(end))
    gain = float(gains[going_on, -1])
    return _Stretch(gain, going_on, len(steps)) if gain > -np.inf else None


def _gains(steps: Sequence[Step]) -> np.ndarray:
    """[first, end] -> twice the log likelihood ratio of two shares against one; -inf where a side is too short."""
    count = len(steps)
    n = np.concatenate(([0.0], np.cumsum([step.traces for step in steps])))
    k = np.concatenate(([0.0], np.cumsum([step.slow for step in steps])))
    firsts, ends = np.meshgrid(np.arange(count + 1), np.arange(count + 1), indexing="ij")
    length = ends - firsts
    allowed = (firsts >= LEAST_STEPS) & (length >= LEAST_STEPS) & (count - length >= LEAST_STEPS)
    n_in, k_in = n[ends] - n[firsts], k[ends] - k[firsts]
    both = _likelihood(k_in, n_in) + _likelihood(k[-1] - k_in, n[-1] - n_in)
    return np.where(allowed, 2 * (both - _likelihood(k[-1:], n[-1:])), -np.inf)


def _likelihood(k: np.ndarray, n: np.ndarray) -> np.ndarray:
    """The logarithm, at the best share."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.clip(np.where(n > 0, k / n, 0.0), 0.0, 1.0)
        yes = np.where(share > 0, k * np.log(share), 0.0)
        no = np.where(share < 1, (n - k) * np.log1p(-share), 0.0)
    return yes + no


def _holds(inside: Sequence[Step], outside: Sequence[Step]) -> bool:
    """Whether the stretch still differs without the two neighbouring steps that say most for it."""
    expected = _share(outside)
    sign = 1 if _share(inside) > expected else -1
    excess = [sign * (step.slow - expected * step.traces) for step in inside]
    at = max(range(len(inside) - 1), key=lambda place: excess[place] + excess[place + 1])
    rest = [*inside[:at], *inside[at + 2 :]]
    sides = [(sum(s.slow for s in side), sum(s.traces for s in side)) for side in (rest, outside)]
    likelihoods = [float(_likelihood(np.array([k]), np.array([n]))[0]) for k, n in (*sides, _added(*sides))]
    gain = 2 * (likelihoods[0] + likelihoods[1] - likelihoods[2])
    return gain >= LEAST_GAIN_OF_REST and sign * (_share(rest) - expected) > 0


def _is_slope(stretch: _Stretch, steps: Sequence[Step]) -> bool:
    """Whether a line is nearer to the levels than two of them are, by squares weighted with traces."""
    levels, weights = np.array([step.level for step in steps]), np.array([step.traces for step in steps], float)
    at = np.arange(len(steps))
    inside = (at >= stretch.first) & (at < stretch.end)
    line = np.polyval(np.polyfit(at, levels, 1, w=np.sqrt(weights)), at)
    two = np.where(inside, *(np.average(levels[side], weights=weights[side]) for side in (inside, ~inside)))
    return bool(np.sum(weights * (levels - line) ** 2) < np.sum(weights * (levels - two) ** 2))


def _added(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return one[0] + other[0], one[1] + other[1]


def _share(steps: Sequence[Step]) -> float:
    traces = sum(step.traces for step in steps)
    return sum(step.slow for step in steps) / traces if traces else 0.0
