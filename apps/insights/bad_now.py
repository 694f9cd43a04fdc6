"""Which services are bad right now, whatever time a page shows: the last minutes against the day before them.

An hour hides an incident of five minutes, and leads with one that is over. Looked at is how many calls fail, and how
many take longer than nearly all of a service's calls did: such a share moves at once, and a day of which a quarter was
bad still tells it from a bad minute, where a p95 would not. All thresholds stand here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from apps.insights.change import MIN_SAMPLES
from apps.insights.entries import works_of
from apps.insights.figures import NO_FIGURES, Figures
from apps.insights.map_graph import leading_to, links_of
from apps.insights.mix import Work
from apps.insights.period import Period, Recent, readable_window
from apps.insights.queries import Entered, edges, entered
from apps.insights.window import Window
from apps.store.at_once import at_once
from apps.traces.histogram import bound_after
from apps.traces.moments import DAY_NS, MINUTE_NS
from apps.traces.peers import Node

LASTS_NS = (3 * MINUTE_NS, 5 * MINUTE_NS, 10 * MINUTE_NS)
"""The shortest that is sure is told: in ten minutes of which seven were bad something is bad that is long over."""
SLOW = ((0.75, 1.5), (0.95, 1.2))
"""Slow is what takes so many times longer than that share of the calls of the day: the one stands where up to a quarter
of the day was bad, the other sees what makes a few of many calls slow."""
LEAST_LONGER_NS = 1_000_000
LEAST_SLOW_POINTS, LEAST_ERROR_POINTS = 0.05, 0.02
CHANCE = 1e-5
"""Of so many by chance, each comparison: a page makes hundreds of them, all day."""
LEAST_EXPECTED = 3.0
"""Bad ones, before a shorter part without them says that it is over."""
MOST_USUAL = 0.5
MOST_LOOKED_AT = 8
"""Services of which it is asked whether they only do other work: of more that are bad at once it is not that."""


@dataclass(frozen=True, slots=True)
class Share:
    """How many of the calls of a service are bad."""

    before: float
    now: float
    """0 to 1."""
    within_ns: int
    """In the last so many."""
    over_ns: int | None = None
    """They take at least so long; None: they fail."""


@dataclass(frozen=True, slots=True)
class BadService:
    name: str
    errors: Share | None
    slow: Share | None
    calls: float
    """In the minutes that are told of."""

    @property
    def cost(self) -> float:
        """Bad calls on top, for sorting."""
        return self.calls * sum(share.now - share.before for share in (self.errors, self.slow) if share)


@dataclass(frozen=True, slots=True)
class BadNow:
    services: tuple[BadService, ...]
    """Those that call no other one of them first, then what cost most."""
    callers: frozenset[str]
    """Those that lead to another one: who waits is slow, and who is failed fails."""
    is_whole_day: bool
    """The day before is known, not only a part."""

    @property
    def causes(self) -> tuple[BadService, ...]:
        return tuple(one for one in self.services if one.name not in self.callers)

    @property
    def waiting(self) -> tuple[BadService, ...]:
        return tuple(one for one in self.services if one.name in self.callers)


NOTHING_BAD = BadNow((), frozenset(), True)


def bad_now(workspace_id: int, period: Period) -> BadNow:
    """Of a period that reaches to now; of another one, or while spans wait to be counted, nothing is said. Raises
    StoreUnavailable."""
    if not period.reaches_now:
        return NOTHING_BAD
    now_ns = period.now_ns
    lasts = [Recent(readable_window(now_ns - length_ns, now_ns, now_ns), length_ns) for length_ns in LASTS_NS]
    longest = lasts[-1].window
    day = readable_window(longest.start_ns - DAY_NS, longest.start_ns, now_ns)
    before, *lately = at_once(*(partial(entered, workspace_id, one) for one in (day, *(part.window for part in lasts))))
    found = {}
    for name in lately[-1]:
        parts = [(last, _figures(side, name)) for last, side in zip(lasts, lately, strict=True)]
        shares = shares_of(_figures(before, name), parts)
        if shares:
            found[name] = shares
    found = _but_other_work(workspace_id, day, {last.length_ns: last.window for last in lasts}, found)
    bad = [
        BadService(
            name, next((one for one in shares if one.over_ns is None), None),
            next((one for one in shares if one.over_ns is not None), None),
            _figures(lately[LASTS_NS.index(shares[0].within_ns)], name).calls,
        )
        for name, shares in found.items()
    ]  # fmt: skip
    callers = _callers(workspace_id, longest, bad)
    bad.sort(key=lambda one: (one.name in callers, -one.cost, one.name))
    return BadNow(tuple(bad), callers, period.began_ns is not None and period.began_ns <= day.start_ns)


def shares_of(before: Figures, parts: Sequence[tuple[Recent, Figures]]) -> tuple[Share, ...]:
    """What is bad of one service: errors, then durations. `parts`: the shortest first, each within the next."""
    if before.samples < MIN_SAMPLES:
        return ()
    slow = [_sure(before, parts, over_ns) for over_ns in dict.fromkeys(_limits(before))]
    most = max(filter(None, slow), key=lambda one: (-one.within_ns, one.now - one.before), default=None)
    return tuple(filter(None, (_sure(before, parts, None), most)))


def share_over(figures: Figures, over_ns: int | None) -> float:
    """Of the calls that are bad, 0 to 1."""
    return figures.error_share if over_ns is None else figures.histogram.share_from(over_ns)


def is_no_chance(bad: float, expected: float) -> bool:
    """So many or more come by chance, where so many are expected, less often than CHANCE (Poisson)."""
    some = math.exp(-expected)
    fewer = 0.0
    for count in range(math.ceil(bad - 1e-9)):
        fewer += some
        some *= expected / (count + 1)
    return 1.0 - fewer < CHANCE


def _figures(side: Mapping[str, Entered], name: str) -> Figures:
    return side[name].figures if name in side else NO_FIGURES


def _limits(before: Figures) -> Iterable[int]:
    for rank, times in SLOW:
        usual_ns = before.histogram.quantile(rank)
        if usual_ns is not None:
            yield bound_after(round(max(usual_ns * times, usual_ns + LEAST_LONGER_NS)))


def _sure(before: Figures, parts: Sequence[tuple[Recent, Figures]], over_ns: int | None) -> Share | None:
    """By the shortest part that is sure of it, unless a shorter one is without."""
    usual = share_over(before, over_ns)
    # One more than was seen of before: of few calls nobody knows that none fails.
    expected = (usual * before.samples + 1) / (before.samples + 1)
    least = LEAST_ERROR_POINTS if over_ns is None else LEAST_SLOW_POINTS
    shorter: list[tuple[int, float]] = []
    for last, figures in parts:
        share = share_over(figures, over_ns)
        is_bad = figures.samples >= MIN_SAMPLES and share - usual >= least
        if is_bad and is_no_chance(share * figures.samples, expected * figures.samples):
            middle = (usual + share) / 2
            is_over = any(few * share >= LEAST_EXPECTED and late < middle for few, late in shorter)
            return None if is_over else Share(usual, share, last.length_ns, over_ns)
        shorter.append((figures.samples, share))
    return None


def _but_other_work(
    workspace_id: int, day: Window, windows: Mapping[int, Window], found: Mapping[str, tuple[Share, ...]]
) -> dict[str, tuple[Share, ...]]:  # fmt: skip
    """Without what the names that were called explain: a report that always takes long is nothing bad, and neither is
    that it is asked for. `windows`: by length."""
    if len(found) > MOST_LOOKED_AT:
        return dict(found)
    kept = {}
    for name, shares in found.items():
        lasts = list(dict.fromkeys(share.within_ns for share in shares))
        before, *lately = works_of(workspace_id, name, [(day,), *((windows[last],) for last in lasts)])
        by_last = dict(zip(lasts, lately, strict=True))
        left = tuple(share for share in shares if is_more_than_mix(before, by_last[share.within_ns], share))
        if left:
            kept[name] = left
    return kept


def is_more_than_mix(before: Mapping[Work, Figures], lately: Mapping[Work, Figures], share: Share) -> bool:
    """More calls are bad than would be if each name had its share of before (direct standardisation). Of a name that
    is new nothing is known: it is other work where it takes long, and trouble where it fails. A name most of whose
    calls always are bad tells nothing, and its number would only hide the others."""
    bad = expected = 0.0
    for work, figures in lately.items():
        now = share_over(figures, share.over_ns) * figures.samples
        known = before.get(work, NO_FIGURES)
        if known.samples:
            usual = (share_over(known, share.over_ns) * known.samples + 1) / (known.samples + 1)
        elif share.over_ns is None:
            usual = share.before
        else:
            continue
        if usual <= MOST_USUAL:
            bad, expected = bad + now, expected + usual * figures.samples
    return not lately or is_no_chance(bad, expected)


def _callers(workspace_id: int, window: Window, bad: Sequence[BadService]) -> frozenset[str]:
    """Of the bad ones those from which calls lead to another one. Where each of them does none is told apart."""
    if len(bad) < 2:
        return frozenset()
    names = {one.name for one in bad}
    links = links_of(edges(workspace_id, window), names)
    callers: set[str] = set()
    for name in names:
        above = leading_to({Node("service", name)}, links) - {Node("service", name)}
        callers |= {node.name for node in above if node.kind == "service"} & names
    return frozenset(callers if callers != names else ())
