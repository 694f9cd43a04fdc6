"""Before and after: whether a figure changed, by how much, or whether there is too little to say.

What is compared are samples of what could have been, so a difference counts when it is large enough to matter and
too large for chance. All thresholds stand here.
"""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

from apps.traces.why.ending import GOES_ON, OVER

MIN_SAMPLES = 20
"""On each side. Of fewer, the second slowest already is the p95."""
SAME_FACTOR = 1.1
"""Durations nearer than this are the same: both are read off buckets that are up to 5 % off."""
SAME_RATE_FACTOR = 1.25
"""Traffic breathes."""
SAME_ERROR_POINTS = 0.005
"""Half a percent of the calls."""
NEAR_FACTOR = 1.2
"""What differs by so much and may all the same be chance is unclear: nobody calls 1.64 s "the same" as 1.23 s."""
SHIFTED_FACTOR = 1.5
"""Of the p75 and the median, which move with the mix of requests."""
CERTAIN = 2.6
"""Standard deviations: a service has dozens of names, each with several figures, and a page cries wolf once in
hundreds of comparisons."""
LEAST_ABSENT, LEAST_MISSED = 2.99, 1.5
"""Bad ones that would be expected in a few minutes: of the one none comes by chance once in twenty times, of the other
in five, which is too often to say that it is over, and too seldom to say that it goes on."""
SLOW_RANKS = (0.25, 0.5, 0.7, 0.8, 0.85, 0.9)
"""At which it is looked how many are slow: a figure too few of them is on the safe side."""
MAY_BE_OVER = "may_be_over"
"""Of a few minutes: what came is nearer to before than to now, in so little that this may be chance."""
RANK_CERTAIN = 2.3
"""Standard deviations of a quantile's rank, on either side, before two bands that do not touch are a change. Measured
on the p95 of lognormal durations (sigma 0.4): of 20 against 20 equal ones 0.8 % are called changed, of 60 none; twice
as slow is seen in 69 % of 20 against 20 and in 82 % of 60, half as slow again in 96 % of 300."""

SLOWER, FASTER, MORE, FEWER, SAME, NEW, GONE, UNCLEAR, UNSURE = CHANGES = (
    "slower", "faster", "more", "fewer", "same", "new", "gone", "unclear", "unsure",
)  # fmt: skip
"""`unclear`: the figures differ, but no more than they do by chance. `unsure`: there are too few samples to compare."""
QUANTILES = {"p95": 0.95, "p75": 0.75, "p50": 0.5}


class Measured(Protocol):
    """What `apps.insights.figures.Figures` has, as far as it is needed here."""

    samples: int

    @property
    def calls(self) -> float: ...
    @property
    def error_share(self) -> float: ...
    def p(self, share: float) -> float | None: ...


class Change(NamedTuple):
    word: str
    """One of CHANGES."""
    before: float | None = None
    """ns, calls a minute, or a share 0..1. None when there was nothing."""
    after: float | None = None
    samples: int = 0
    """The smaller number of samples, which the comparison rests on."""
    quantile: str = "p95"
    """Of durations: one of QUANTILES."""

    @property
    def factor(self) -> float | None:
        """after / before; None without either, or when it grew from 0."""
        return self.after / self.before if self.before and self.after is not None else None

    @property
    def is_change(self) -> bool:
        return self.word not in (SAME, UNCLEAR, UNSURE)

    @property
    def is_worse(self) -> bool:
        return self.word in (SLOWER, MORE)

    @property
    def weight(self) -> float:
        """For sorting by what changed: how far from the same, in either direction; new and gone are large."""
        if not self.is_change:
            return 0.0
        factor = self.factor
        return abs(math.log(factor)) if factor else 3.0


UNKNOWN = Change(UNSURE)


def durations_change(before: Measured, after: Measured) -> Change:
    """Of the p95; where that did not change, of the p75 or the median if it did. A few bad minutes in the one window
    and a bad hour in the other have the same p95."""
    found = duration_change(before, after)
    if found.word in (SAME, UNCLEAR):
        for quantile in ("p75", "p50"):
            share = QUANTILES[quantile]
            low, high = sorted((before.p(share) or 0.0, after.p(share) or 0.0))
            # Bands are looked at where the figures differ so much: a map has thousands of edges that did not change.
            if high >= low * SHIFTED_FACTOR and (other := duration_change(before, after, share)).is_change:
                return other._replace(quantile=quantile)
    return found


def duration_change(before: Measured, after: Measured, share: float = 0.95) -> Change:
    """Of the quantile at `share`: slower or faster when the bands that the quantiles lie in do not touch."""
    gone_or_new = _presence(before, after)
    old, new = before.p(share), after.p(share)
    if gone_or_new:
        return Change(gone_or_new, old, new, min(before.samples, after.samples))
    samples = min(before.samples, after.samples)
    if samples < MIN_SAMPLES or old is None or new is None:
        return Change(UNSURE, old, new, samples)
    word = _near(old, new)
    if new >= old * SAME_FACTOR and _band(after, share)[0] > _band(before, share)[1]:
        word = SLOWER
    elif old >= new * SAME_FACTOR and _band(before, share)[0] > _band(after, share)[1]:
        word = FASTER
    return Change(word, old, new, samples)


def rate_change(before: Measured, after: Measured, before_minutes: float, after_minutes: float) -> Change:
    """Of the calls a minute."""
    old, new = before.calls / before_minutes, after.calls / after_minutes
    gone_or_new = _presence(before, after)
    samples = min(before.samples, after.samples)
    if gone_or_new:
        return Change(gone_or_new, old or None, new or None, samples)
    if before.samples + after.samples < 2 * MIN_SAMPLES or not samples:
        return Change(UNSURE, old or None, new or None, samples)
    # Calls come one by one: a count of n is off by about sqrt(n), whatever a call weighs.
    noise = math.sqrt(old * old / before.samples + new * new / after.samples)
    is_near = max(old, new) < min(old, new) * SAME_RATE_FACTOR or abs(new - old) < CERTAIN * noise
    return Change(_near(old, new) if is_near else MORE if new > old else FEWER, old, new, samples)


def error_change(before: Measured, after: Measured) -> Change:
    """Of the share of calls that failed; MORE and FEWER are told in points, not in factors."""
    old, new = before.error_share, after.error_share
    samples = min(before.samples, after.samples)
    if samples < MIN_SAMPLES:
        return Change(UNSURE, old if before.samples else None, new if after.samples else None, samples)
    all_samples = before.samples + after.samples
    pooled = (old * before.samples + new * after.samples) / all_samples
    noise = math.sqrt(pooled * (1 - pooled) * (1 / before.samples + 1 / after.samples))
    if abs(new - old) < SAME_ERROR_POINTS:
        return Change(SAME, old, new, samples)
    word = UNCLEAR if abs(new - old) < CERTAIN * noise else MORE if new > old else FEWER
    return Change(word, old, new, samples)


def ending_word(change: Change, lately: Change, since: Change) -> str:
    """GOES_ON or OVER of a change for the worse. `lately`: the last minutes against the same time before; `since`:
    against the whole window, from which they must differ, too, for what comes seldom is away by chance. "" when that
    is unsure, or they are nearer to what was before. What is unclear and no worse than before is over as well."""
    if lately.word in (SLOWER, MORE):
        return GOES_ON if (lately.after or 0.0) >= middle_of(change) else ""
    is_as_before = lately.word in (SAME, FASTER, FEWER) or (
        lately.word == UNCLEAR and (lately.after or 0.0) <= (lately.before or 0.0)
    )
    return OVER if is_as_before and since.word in (FASTER, FEWER) else ""


def durations_ending(
    change: Change, before: Measured, now: Measured, lately: Measured, *, is_short: bool = False
) -> str:  # fmt: skip
    """`ending_word` of a change from `before` to `now`, by the quantile that it is told by. `is_short`: of a few
    minutes, which say that it is over where some that are slow would have come among so many, if it went on; else
    MAY_BE_OVER where none came."""
    share, middle = QUANTILES[change.quantile], middle_of(change)
    word = ending_word(change, duration_change(before, lately, share), duration_change(now, lately, share))
    if not is_short or word == GOES_ON:
        return word
    # From the first rank on that is slow; that at which it is told is.
    slow = next((1 - rank for rank in SLOW_RANKS if rank < share and (now.p(rank) or 0.0) > middle), 1 - share)
    if word == OVER and lately.samples * slow >= LEAST_ABSENT:
        return OVER
    is_missed = lately.samples * slow >= LEAST_MISSED and (lately.p(share) or 0.0) < middle
    return MAY_BE_OVER if is_missed else ""


def errors_ending(
    change: Change, before: Measured, now: Measured, lately: Measured, *, is_short: bool = False
) -> str:  # fmt: skip
    """The same of the share that failed."""
    word = ending_word(change, error_change(before, lately), error_change(now, lately))
    is_missed = lately.samples * now.error_share >= LEAST_MISSED and lately.error_share < middle_of(change)
    return MAY_BE_OVER if is_short and not word and is_missed else word


def middle_of(change: Change) -> float:
    """What is beyond it is nearer to now than to before."""
    return ((change.before or 0.0) + (change.after or 0.0)) / 2


def _near(old: float, new: float) -> str:
    """The word for figures that are not known to differ."""
    return SAME if max(old, new) < min(old, new) * NEAR_FACTOR or old == new else UNCLEAR


def _presence(before: Measured, after: Measured) -> str:
    """NEW, GONE or UNSURE when one side is empty, "" when both hold something. What comes once in a while is neither
    new nor gone when it did not come this time."""
    if before.samples and after.samples:
        return ""
    if max(before.samples, after.samples) < MIN_SAMPLES:
        return UNSURE
    return NEW if after.samples else GONE


def _band(figures: Measured, share: float) -> tuple[float, float]:
    """The durations at the ranks between which the true quantile lies: ranks of a quantile are binomial. Where the
    upper rank is past the slowest one seen, the band reaches as far up as it does down, by factor."""
    off = RANK_CERTAIN * math.sqrt(share * (1 - share) / figures.samples)
    low, middle = figures.p(max(0.0, share - off)) or 0.0, figures.p(share) or 0.0
    high = figures.p(min(1.0, share + off)) or 0.0
    if share + off >= 1.0 and low:
        high = max(high, middle * middle / low)
    return low, high
