"""Which services are bad right now, however long a time a page shows: the last minutes against the day before them.

An hour hides an incident of five minutes, and leads with one that is over. Looked at is how many calls fail, and how
many take longer than nearly all of a service's calls did: such a share moves at once, and a day of which a quarter was
bad still tells it from a bad minute, where a p95 would not. All thresholds stand here.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from apps.insights.change import MIN_SAMPLES
from apps.insights.entries import works_of
from apps.insights.figures import NO_FIGURES, Figures
from apps.insights.map_graph import Ends, leading_to, links_of
from apps.insights.mix import Work
from apps.insights.period import Period, Recent, readable_window
from apps.insights.queries import edges, services_entered, traffic_of
from apps.insights.window import Window
from apps.store.at_once import at_once
from apps.traces.histogram import bound_after
from apps.traces.moments import DAY_NS, MINUTE_NS
from apps.traces.peers import Node
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
LEAST_EXPECTED = 3.0
"""Bad ones, before a shorter part without them says that it is over."""
MOST_USUAL = 0.5
"""Bad, of the calls of a name on any day."""
MOST_LOOKED_AT = 8
"""Services of which it is asked whether they only do other work: of more that are bad at once it is not that."""


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


@dataclass(frozen=True, slots=True)
class BadService:
    name: str
    errors: Share | None
    slow: Share | None

    @property
    def cost(self) -> float:
        """Bad calls on top, for sorting."""
        return sum(share.calls * (share.now - share.before) for share in (self.errors, self.slow) if share)


@dataclass(frozen=True, slots=True)
class BadNow:
    services: tuple[BadService, ...]
    """Those that call no other one of them first, of these those that fail, then what cost most."""
    callers: frozenset[str]
    """Those that lead to another one, and not it to them: who waits is slow, and who is failed fails."""
    is_whole_day: bool
    """The day before is known, not only a part."""

    @property
    def causes(self) -> tuple[BadService, ...]:
        return tuple(one for one in self.services if one.name not in self.callers)

    @property
    def waiting(self) -> tuple[BadService, ...]:
        return tuple(one for one in self.services if one.name in self.callers)


def bad_now(workspace_id: int, period: Period) -> BadNow:
    """Of a period that reaches to now; of another one, or while spans wait to be counted, nothing is said. Raises
    StoreUnavailable."""
    now_ns = period.now_ns
    newest, *lasts = (
        Recent(readable_window(now_ns - length_ns, now_ns, now_ns), length_ns) for length_ns in (NEWEST_NS, *LASTS_NS)
    )
    # Up to the shortest: a service that is minutes old has nothing before the longest, and to others it is nothing.
    day_end_ns, longest = lasts[0].window.start_ns, lasts[-1].window
    day = readable_window(day_end_ns - DAY_NS, day_end_ns, now_ns)
    is_whole = period.began_ns is not None and period.began_ns <= day.start_ns
    if not period.reaches_now:
        return BadNow((), frozenset(), is_whole)
    found, chance = _shares(workspace_id, day, [newest, *lasts])
    found = _but_other_work(workspace_id, day, lasts, found, chance)
    bad = [
        BadService(
            name, next((one for one in shares if one.over_ns is None), None),
            next((one for one in shares if one.over_ns is not None), None),
        )
        for name, shares in found.items()
    ]  # fmt: skip
    callers = (
        callers_among(found, links_of(edges(workspace_id, longest), list(found))) if len(found) > 1 else frozenset()
    )
    bad.sort(key=lambda one: (one.name in callers, one.errors is None, -one.cost, one.name))
    return BadNow(tuple(bad), callers, is_whole)


def _shares(
    workspace_id: int, day: Window, lasts: Sequence[Recent]
) -> tuple[dict[str, tuple[Share, ...]], float]:  # fmt: skip
    """By service, of those of which any is told; and how seldom so many come by chance."""
    before, now = at_once(
        partial(services_entered, workspace_id, day), partial(services_entered, workspace_id, lasts[-1].window)
    )
    chance = chance_of(len(now))
    names = [name for name, figures in now.items() if _may_be_bad(before.get(name, NO_FIGURES), figures)]
    if not names:
        return {}, chance
    lately = [traffic_of(workspace_id, last.window, (), names).services for last in lasts[:-1]]
    found = {
        name: shares_of(before[name], [
            (last, side.get(name, NO_FIGURES)) for last, side in zip(lasts, (*lately, now), strict=True)
        ], chance)
        for name in names
    }  # fmt: skip
    return {name: shares for name, shares in found.items() if shares}, chance


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


def _may_be_bad(before: Figures, longest: Figures) -> bool:
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
            is_over = any(few * share >= LEAST_EXPECTED and late < middle for few, late in shorter)
            return None if is_over else Share(usual, share, figures.calls, figures.samples, last.length_ns, over_ns)
        shorter.append((figures.samples, share))
    return None


def _but_other_work(
    workspace_id: int, day: Window, lasts: Sequence[Recent], found: Mapping[str, tuple[Share, ...]], chance: float
) -> dict[str, tuple[Share, ...]]:  # fmt: skip
    """Without what the names that were called explain: a report that always takes long is nothing bad, and neither is
    that it is asked for."""
    if len(found) > MOST_LOOKED_AT:
        return dict(found)
    windows, kept = {last.length_ns: last.window for last in lasts}, {}
    for name, shares in found.items():
        told = list(dict.fromkeys(share.within_ns for share in shares))
        before, *lately = works_of(workspace_id, name, [(day,), *((windows[length_ns],) for length_ns in told)])
        by_length = dict(zip(told, lately, strict=True))
        left = tuple(share for share in shares if is_more_than_mix(before, by_length[share.within_ns], share, chance))
        if left:
            kept[name] = left
    return kept


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


def callers_among(names: Collection[str], links: Collection[Ends]) -> frozenset[str]:
    """Services from which calls lead to another one of them, from which none lead back."""
    above = {
        name: {node.name for node in leading_to({Node("service", name)}, links) if node.kind == "service"}
        for name in names
    }  # fmt: skip
    return frozenset(one for other in names for one in above[other].intersection(names) if other not in above[one])
