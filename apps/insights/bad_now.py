"""Which services are bad right now, however long a time a page shows: the last minutes against the day before them.

An hour hides an incident of five minutes, and leads with one that is over. Looked at is how many calls fail, and how
many take longer than nearly all of a service's calls did (`apps.insights.bad_shares`): such a share moves at once, and
a day of which a quarter was bad still tells it from a bad minute, where a p95 would not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from apps.insights.bad_calls import BadCalls, bad_calls
from apps.insights.bad_shares import (
    LASTS_NS,
    NEWEST_NS,
    Share,
    chance_of,
    is_more_than_mix,
    may_be_bad,
    share_over,
    shares_of,
)
from apps.insights.bad_since import LOOKED_AT_NS, bad_since, last_hours
from apps.insights.change import MIN_SAMPLES
from apps.insights.entries import works_of
from apps.insights.figures import NO_FIGURES, Figures
from apps.insights.map_graph import Ends, leading_to, links_of
from apps.insights.period import Period, Recent, readable_window
from apps.insights.queries import edges, errors_started, services_called, services_entered, traffic_of
from apps.insights.silence import Silent, all_silent, may_be_silent, silent_services
from apps.insights.window import Window
from apps.store.at_once import at_once
from apps.traces.moments import DAY_NS
from apps.traces.peers import Node

OWN_SHARE = 0.5
"""Of the calls of a service that fail: if so many errors start in it, they are not those of whom it calls."""
MOST_LOOKED_AT = 8
"""Services of which it is asked whether they only do other work: of more that are bad at once it is not that."""


@dataclass(frozen=True, slots=True)
class BadService:
    name: str
    errors: Share | None
    slow: Share | None
    since_ns: int | None = None
    """Start of its first bad minute; None: before what was looked at."""

    @property
    def shares(self) -> tuple[Share, ...]:
        return tuple(share for share in (self.errors, self.slow) if share)

    @property
    def cost(self) -> float:
        """Bad calls on top, for sorting."""
        return sum(share.calls * (share.now - share.before) for share in self.shares)


@dataclass(frozen=True, slots=True)
class BadNow:
    services: tuple[BadService, ...]
    """Those that call no other one of them first, of these those that fail, then what cost most."""
    callers: frozenset[str]
    """Those that lead to another one, and not it to them: who waits is slow, and who is failed fails. Not those in
    which errors start themselves."""
    is_whole_day: bool
    """The day before is known, not only a part."""
    calls: tuple[BadCalls, ...] = ()
    """What the first of them, or the one it is about, calls that is bad, or is called more often; of other services
    that are bad not again."""
    silent: tuple[Silent, ...] = ()
    """Services that were called all the time and are not any more."""
    nothing: Silent | None = None
    """Nothing comes at all, of any service."""

    @property
    def causes(self) -> tuple[BadService, ...]:
        return tuple(one for one in self.services if one.name not in self.callers)

    @property
    def waiting(self) -> tuple[BadService, ...]:
        return tuple(one for one in self.services if one.name in self.callers)


def bad_now(workspace_id: int, period: Period, about: str = "") -> BadNow:
    """Of a period that reaches to now; of another one, or while spans wait to be counted, nothing is said. `about`: the
    service whose calls are told, if it is bad. Raises StoreUnavailable."""
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
    before, now, lately = at_once(
        partial(services_entered, workspace_id, day), partial(services_entered, workspace_id, longest),
        partial(services_called, workspace_id, lasts[0].window),
    )  # fmt: skip
    silent = silent_services(workspace_id, now_ns, may_be_silent(before, lately) if lately else ())
    nothing = None if lately or not before else all_silent(workspace_id, now_ns)
    chance = chance_of(len(now))
    found = _shares(workspace_id, before, now, [newest, *lasts], chance)
    found = _but_other_work(workspace_id, day, lasts, found, chance)
    if not found:
        return BadNow((), frozenset(), is_whole, (), silent, nothing)
    bad = _with_since(workspace_id, now_ns, day_end_ns, found)
    callers = _callers(workspace_id, lasts, bad) if len(bad) > 1 else frozenset()
    bad.sort(key=lambda one: (one.name in callers, one.errors is None, -one.cost, one.name))
    told = next((one for one in bad if one.name == about), bad[0])
    last = next(last for last in lasts if last.length_ns == told.shares[0].within_ns)
    well = _day_before(told.since_ns, now_ns, day_end_ns)
    calls = bad_calls(workspace_id, told.name, well, last, besides=found)
    return BadNow(tuple(bad), callers, is_whole, calls, silent, nothing)


def _day_before(since_ns: int | None, now_ns: int, latest_ns: int) -> Window:
    """That of a trouble: what is bad of it is not told as usual."""
    end_ns = min(latest_ns, now_ns - LOOKED_AT_NS if since_ns is None else since_ns)
    return readable_window(end_ns - DAY_NS, end_ns, now_ns)


def _with_since(
    workspace_id: int, now_ns: int, day_end_ns: int, found: Mapping[str, tuple[Share, ...]]
) -> list[BadService]:  # fmt: skip
    """Since when each is bad, against the day before that: where there was little before the trouble, the trouble is
    much of the day before the last minutes. Of many nothing but what is known is told."""
    hours = last_hours(workspace_id, now_ns, list(found))
    bad = []
    for name, shares in found.items():
        since_ns = bad_since(hours, now_ns, name, shares[0])
        if len(found) <= MOST_LOOKED_AT:
            well = _day_before(since_ns, now_ns, day_end_ns)
            usual = traffic_of(workspace_id, well, (), [name]).services.get(name, NO_FIGURES)
            if usual.samples >= MIN_SAMPLES:
                shares = [replace(share, before=share_over(usual, share.over_ns)) for share in shares]
                since_ns = bad_since(hours, now_ns, name, shares[0])
        errors = next((share for share in shares if share.over_ns is None), None)
        bad.append(BadService(name, errors, next((share for share in shares if share.over_ns), None), since_ns))
    return bad


def _callers(workspace_id: int, lasts: Sequence[Recent], bad: Sequence[BadService]) -> frozenset[str]:
    """Those that lead to another one, but those that fail for reasons of their own."""
    names = [one.name for one in bad]
    callers, own = callers_among(names, links_of(edges(workspace_id, lasts[-1].window), names)), set()
    for last in lasts:
        failing = {
            one.name: one.errors.now * one.errors.samples for one in bad
            if one.name in callers and one.errors and one.errors.within_ns == last.length_ns
        }  # fmt: skip
        started = errors_started(workspace_id, last.window, failing) if failing else {}
        own |= {name for name, failed in failing.items() if started.get(name, 0) >= OWN_SHARE * failed}
    return callers - own


def _shares(
    workspace_id: int, before: Mapping[str, Figures], now: Mapping[str, Figures], lasts: Sequence[Recent],
    chance: float,
) -> dict[str, tuple[Share, ...]]:  # fmt: skip
    """By service, of those of which any is told. `now`: of the longest of the `lasts`."""
    names = [name for name, figures in now.items() if may_be_bad(before.get(name, NO_FIGURES), figures)]
    if not names:
        return {}
    lately = [traffic_of(workspace_id, last.window, (), names).services for last in lasts[:-1]]
    found = {
        name: shares_of(before[name], [
            (last, side.get(name, NO_FIGURES)) for last, side in zip(lasts, (*lately, now), strict=True)
        ], chance)
        for name in names
    }  # fmt: skip
    return {name: shares for name, shares in found.items() if shares}


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


def callers_among(names: Collection[str], links: Collection[Ends]) -> frozenset[str]:
    """Services from which calls lead to another one of them, from which none lead back."""
    above = {
        name: {node.name for node in leading_to({Node("service", name)}, links) if node.kind == "service"}
        for name in names
    }  # fmt: skip
    return frozenset(one for other in names for one in above[other].intersection(names) if other not in above[one])
