"""Whether a figure of a set changed, and whether there is enough to say so. All thresholds of that stand here."""

from __future__ import annotations

import math
from dataclasses import dataclass

from apps.traces.durations import MS
from apps.traces.histogram import Histogram
from apps.traces.why.significance import two_sided_p

ROSE, FELL, AS_BEFORE, UNCLEAR, TOO_FEW, NEW, FIRST, GONE, NOTHING, SELECTED = WORDS = (
    "rose", "fell", "as_before", "unclear", "too_few", "new", "first", "gone", "nothing", "selected",
)  # fmt: skip
"""`unclear`: the figures differ, but so few traces differ as much by chance. `new`, `gone`: one side has none;
`first`: before, there were no traces at all.
`selected`: traces that somebody chose, against the rest; that they differ is why they were chosen."""

SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
ERRORS = "errors"
LOOKS = (*SHARES, ERRORS)

LEAST_BEYOND = 1
"""Traces that must be expected beyond the quantile on either side: n = 20 for p95, 100 for p99."""
LEAST_TRACES = 20
"""On either side, whatever is looked at."""
LEAST_CHANGE_PCT = 10
"""Histograms are within 5 % on either side."""
LEAST_CHANGE_NS = 1 * MS
LEAST_ERRORS_PT = 0.5
"""Percentage points by which the share of failed traces must differ."""
SURE_P = 0.01
SURE_Z = 2.3
"""Half the width of the interval of ranks that a side's quantile may lie at, in standard errors. Of two alike sets
about 1 in 100 have intervals that do not touch (measured by a test)."""


@dataclass(frozen=True, slots=True)
class Judged:
    """`before` and `after`: ns, or shares of failed traces (0 to 1); None where there is nothing to measure."""

    word: str
    look: str
    before: float | None
    after: float | None
    before_traces: int
    after_traces: int

    @property
    def is_change(self) -> bool:
        return self.word in (ROSE, FELL)

    @property
    def needed(self) -> int:
        return needed_traces(self.look)


def needed_traces(look: str) -> int:
    """On either side, for a comparison."""
    return max(LEAST_TRACES, math.ceil(LEAST_BEYOND / (1 - SHARES[look]) - 1e-9)) if look in SHARES else LEAST_TRACES


def judge_durations(look: str, before: Histogram, after: Histogram, before_traces: int, after_traces: int) -> Judged:
    """Of `p50`, `p95` or `p99`; counts of traces are unweighted, histograms may be weighted."""
    share = SHARES[look]
    values = before.quantile(share), after.quantile(share)
    word = _without_figures(look, before_traces, after_traces)
    if not word:
        word = _direction(*values)
        if word in (ROSE, FELL):
            low, high = (before, after) if word == ROSE else (after, before)
            low_n, high_n = (before_traces, after_traces) if word == ROSE else (after_traces, before_traces)
            if _interval(low, share, low_n)[1] >= _interval(high, share, high_n)[0]:
                word = UNCLEAR
    return Judged(word, look, *values, before_traces, after_traces)


def judge_errors(before_failed: int, before_traces: int, after_failed: int, after_traces: int) -> Judged:
    """Of the share of failed traces; all counts unweighted."""
    before = before_failed / before_traces if before_traces else None
    after = after_failed / after_traces if after_traces else None
    word = _without_figures(ERRORS, before_traces, after_traces)
    if not word:
        word = AS_BEFORE
        if abs(after - before) * 100 >= LEAST_ERRORS_PT:
            sure = two_sided_p(after_failed, after_traces, before_failed, before_traces) < SURE_P
            word = UNCLEAR if not sure else ROSE if after > before else FELL
    return Judged(word, ERRORS, before, after, before_traces, after_traces)


def _without_figures(look: str, before_traces: int, after_traces: int) -> str:
    """The word where there is not enough on a side, else ""."""
    needed = needed_traces(look)
    if not before_traces and not after_traces:
        return NOTHING
    if not before_traces and after_traces >= needed:
        return NEW
    if not after_traces and before_traces >= needed:
        return GONE
    return TOO_FEW if min(before_traces, after_traces) < needed else ""


def _direction(before: float, after: float) -> str:
    change = after - before
    if abs(change) < LEAST_CHANGE_NS or abs(change) * 100 < LEAST_CHANGE_PCT * before:
        return AS_BEFORE
    return ROSE if change > 0 else FELL


def _interval(histogram: Histogram, share: float, traces: int) -> tuple[float, float]:
    """The durations at the ranks between which the true quantile lies: ranks are binomial. Where the upper one is past
    the slowest trace, the interval reaches as far up as it does down, by factor."""
    off = SURE_Z * math.sqrt(share * (1 - share) / traces)
    low, middle = histogram.quantile(max(0.0, share - off)), histogram.quantile(share)
    high = histogram.quantile(min(1.0, share + off))
    if share + off >= 1.0 and low:
        high = max(high, middle * middle / low)
    return low, high
