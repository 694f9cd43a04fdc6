"""How many of the calls of a service are bad in its last minutes, against the day before them: they fail, or take
longer than nearly all of the day did. All thresholds of that stand here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from apps.insights.change import MIN_SAMPLES
from apps.insights.figures import NO_FIGURES, Figures
from apps.insights.mix import Work
from apps.insights.period import Recent
from apps.traces.histogram import bound_after
from apps.traces.moments import MINUTE_NS
from apps.traces.why.significance import fewer_p

NEWEST_NS = MINUTE_NS
"""Too short to tell of, and long enough to see in a busy service that it is over."""
LASTS_NS = (3 * MINUTE_NS, 5 * MINUTE_NS, 10 * MINUTE_NS)
"""The shortest that is sure is told: in ten minutes of which seven were bad something is bad that is long over."""
SLOW = ((0.75, 1.5), (0.95, 1.2))
"""Slow is what takes so many times longer than that share of the calls of the day: the one stands where up to a quarter
of the day was bad, the other sees what makes a few of many calls slow."""
LEAST_LONGER_NS = 1_000_000
LEAST_BAD = 6
"""Calls: four slow ones in ten minutes are hardly chance, and nothing to be woken for."""
LEAST_SLOW_POINTS, LEAST_ERROR_POINTS = 0.05, 0.02
WORTH = 0.3
"""Of these points in the longest time, before the shorter ones are read: they are that part of it."""
MOST_CHANCE, FALSE = 1e-4, 1e-3
"""So many bad ones come by chance less often than the one, and in less than the other of all looks at all services."""
OVER_CHANCE = 0.02
"""So few bad ones come by chance, while it goes on, less often than that: then a shorter part says that it is over.
What is bad of few calls would come and go with every opening of a page otherwise."""
MOST_USUAL = 0.5
"""Bad, of the calls of a name on any day."""


@dataclass(frozen=True, slots=True)
class Share:
    """How many of the calls of a service are bad."""

    before: float
    now: float
    """0 to 1."""
    calls: float
    """All of them, in the minutes that are told of."""
    samples: int
    """Of them, not weighted."""
    within_ns: int
    """In the last so many."""
    over_ns: int | None = None
    """They take at least so long; None: they fail."""
    typical_ns: float | None = None
    """Half of those that take so long take longer than this; None where they fail."""


def chance_of(services: int) -> float:
    """How seldom so many bad calls must come by chance, of each of so many services."""
    return min(MOST_CHANCE, FALSE / max(services, 1))


def shares_of(before: Figures, parts: Sequence[tuple[Recent, Figures]], chance: float) -> tuple[Share, ...]:
    """What is bad of one service: errors, then durations. `parts`: the shortest first, each within the next;
    `chance`: how seldom so many bad ones must come by chance."""
    if before.samples < MIN_SAMPLES:
        return ()
    slow = [_sure(before, parts, over_ns, chance) for over_ns in dict.fromkeys(_limits(before))]
    most = max(filter(None, slow), key=lambda one: (-one.within_ns, one.now - one.before), default=None)
    return tuple(filter(None, (_sure(before, parts, None, chance), most)))


def share_over(figures: Figures, over_ns: int | None) -> float:
    """Of the calls that are bad, 0 to 1."""
    return figures.error_share if over_ns is None else figures.histogram.share_from(over_ns)


def is_no_chance(bad: float, expected: float, chance: float) -> bool:
    """So many or more come by chance, where so many are expected, less often than that."""
    return 1.0 - fewer_p(bad, expected) < chance


def may_be_bad(before: Figures, longest: Figures) -> bool:
    """Worth to be looked at closely: a part of the longest time that is bad shows in all of it."""
    if min(before.samples, longest.samples) < MIN_SAMPLES:
        return False
    for over_ns in (None, *_limits(before)):
        usual = share_over(before, over_ns)
        more = share_over(longest, over_ns) - usual
        # Beyond one standard deviation, too: what is sure in three minutes of ten is at least that in all of them.
        if more >= WORTH * _least(over_ns) and more >= math.sqrt(usual / longest.samples):
            return True
    return False


def _least(over_ns: int | None) -> float:
    return LEAST_ERROR_POINTS if over_ns is None else LEAST_SLOW_POINTS


def _limits(before: Figures) -> Iterable[int]:
    for rank, times in SLOW:
        usual_ns = before.histogram.quantile(rank)
        if usual_ns is not None:
            yield bound_after(round(max(usual_ns * times, usual_ns + LEAST_LONGER_NS)))


def _sure(
    before: Figures, parts: Sequence[tuple[Recent, Figures]], over_ns: int | None, chance: float
) -> Share | None:  # fmt: skip
    """By the shortest part that is sure of it, unless a shorter one, or the newest minute, is without."""
    usual = share_over(before, over_ns)
    # One more than was seen of before: of few calls nobody knows that none fails.
    expected = (usual * before.samples + 1) / (before.samples + 1)
    shorter: list[tuple[int, float]] = []
    for last, figures in parts:
        share = share_over(figures, over_ns)
        if last.length_ns == NEWEST_NS:
            shorter.append((figures.samples, share))
            continue
        is_enough = figures.samples >= MIN_SAMPLES and share * figures.samples >= LEAST_BAD - 1e-9
        is_bad = is_enough and share - usual >= _least(over_ns)
        if is_bad and is_no_chance(share * figures.samples, expected * figures.samples, chance):
            middle = (usual + share) / 2
            if any(late < middle and _is_less(late, few, share) for few, late in shorter):
                return None
            typical_ns = None if over_ns is None else figures.p(1 - share / 2)
            return Share(usual, share, figures.calls, figures.samples, last.length_ns, over_ns, typical_ns)
        shorter.append((figures.samples, share))
    return None


def _is_less(late: float, samples: int, share: float) -> bool:
    """So few bad ones are no chance where that share of the calls is bad."""
    return fewer_p(round(late * samples) + 1, share * samples) < OVER_CHANCE


def is_more_than_mix(
    before: Mapping[Work, Figures], lately: Mapping[Work, Figures], share: Share, chance: float
) -> bool:  # fmt: skip
    """More calls are bad than would be if each name had its share of before (direct standardisation). Of a name that
    is new nothing is known: it is other work where it takes long, and trouble where it fails. A name most of whose
    calls always are bad tells nothing, and its number would only hide the others. What none of the names is (work that
    nobody asked for, names beyond the busiest) was as bad before as the whole."""
    bad = expected = 0.0
    rest, rest_bad = float(share.samples), share.now * share.samples
    for work, figures in lately.items():
        now = share_over(figures, share.over_ns) * figures.samples
        rest, rest_bad = rest - figures.samples, rest_bad - now
        known = before.get(work, NO_FIGURES)
        if known.samples:
            usual = (share_over(known, share.over_ns) * known.samples + 1) / (known.samples + 1)
        elif share.over_ns is None:
            usual = share.before
        else:
            continue
        if usual <= MOST_USUAL:
            bad, expected = bad + now, expected + usual * figures.samples
    return is_no_chance(bad + max(rest_bad, 0.0), expected + share.before * max(rest, 0.0), chance)
