"""Which services are bad right now, however long a time a page shows: the last minutes against the day before them.

An hour hides an incident of five minutes, and leads with one that is over. Looked at is how many calls fail, and how
many take longer than nearly all of a service's calls did (`apps.insights.bad_shares`): such a share moves at once, and
a day of which a quarter was bad still tells it from a bad minute, where a p95 would not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from apps.insights.map_graph import led_to_among, links_of
from apps.insights.period import Period, Recent, readable_window
from apps.insights.queries import edges, errors_started, services_called, services_entered, traffic_of
from apps.insights.stopped import MOST_LOOKED_AT, MOST_OF_ALL, Stopped, may_have_stopped, stopped_services
from apps.insights.window import Window
from apps.store.at_once import at_once
from apps.traces.moments import DAY_NS, MINUTE_NS

OWN_SHARE = 0.5
"""Of the calls of a service that fail: if so many errors start in it, they are not those of whom it calls."""
MOST_DOUBTED = 8
"""Services of which it is asked whether they only do other work: of more that are bad at once it is not that."""


@dataclass(frozen=True, slots=True)
class BadService:
    name: str
    errors: Share | None
    slow: Share | None
    since_ns: int | None = None
    """Start of its first bad minute; None: before what was looked at, or not looked at, of many."""

    @property
    def shares(self) -> tuple[Share, ...]:
        return tuple(share for share in (self.errors, self.slow) if share)

    @property
    def cost(self) -> float:
        """Bad calls on top, for sorting."""
        return sum(share.calls * (share.now - share.before) for share in self.shares)


@dataclass(frozen=True, slots=True)
class BadNow:
    services: tuple[BadService, ...] = ()
    """Those that call no other one of them first, of these those that fail, then what cost most."""
    leads: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """To which of them calls lead from each, and not back: who waits is slow, and who is failed fails."""
    starts: frozenset[str] = frozenset()
    """Those that fail by errors that start in them, wherever they lead to."""
    is_whole_day: bool = False
    """The day before is known, not only a part."""
    calls: tuple[BadCalls, ...] = ()
    """What the first of them, or the one it is about, calls that is bad, or is called more often; of other services
    that are bad not again."""
    stopped: tuple[Stopped, ...] = ()
    """Services that were called all the time and are not any more."""
    is_nothing: bool = False
    """No service at all was called since those stopped."""

    def is_caller(self, one: BadService) -> bool:
        """What is bad of it may be that of whom it calls."""
        return bool(self.leads.get(one.name)) and one.name not in self.starts

    @property
    def causes(self) -> tuple[BadService, ...]:
        return tuple(one for one in self.services if not self.is_caller(one))

    @property
    def waiting(self) -> tuple[BadService, ...]:
        return tuple(one for one in self.services if self.is_caller(one))


def bad_now(workspace_id: int, period: Period, about: str = "") -> BadNow:
    """Of a period that reaches to now; of another one, or while spans wait to be counted, nothing is said. `about`: the
    service whose calls are told, instead of the first. Raises StoreUnavailable."""
    now_ns = period.now_ns
    newest, *lasts = (
        Recent(readable_window(now_ns - length_ns, now_ns, now_ns), length_ns) for length_ns in (NEWEST_NS, *LASTS_NS)
    )
    # Up to the shortest: a service that is minutes old has nothing before the longest, and to others it is nothing.
    day_end_ns = lasts[0].window.start_ns
    day = readable_window(day_end_ns - DAY_NS, day_end_ns, now_ns)
    is_whole = period.began_ns is not None and period.began_ns <= day.start_ns
    if not period.reaches_now:
        return BadNow(is_whole_day=is_whole)
    before, now, lately = at_once(
        partial(services_entered, workspace_id, day), partial(services_entered, workspace_id, lasts[-1].window),
        partial(services_called, workspace_id, lasts[0].window),
    )  # fmt: skip
    minutes = max(1.0, (day_end_ns - max(day.start_ns, period.began_ns or 0)) / MINUTE_NS)
    names = may_have_stopped(before, minutes, [(lasts[0], lately), (lasts[-1], now)])
    most = MOST_LOOKED_AT if lately else MOST_OF_ALL
    stopped = stopped_services(workspace_id, period, before, names, most)
    chance = chance_of(len(now))
    found = _shares(workspace_id, before, now, [newest, *lasts], chance)
    found = _but_other_work(workspace_id, day, lasts, found, chance)
    known = BadNow(
        is_whole_day=is_whole, stopped=stopped,
        is_nothing=bool(stopped) and not lately and not _called_since(workspace_id, stopped, now_ns),
    )  # fmt: skip
    return _told(workspace_id, now_ns, (newest, *lasts), known, found, about) if found else known


def _called_since(workspace_id: int, stopped: Sequence[Stopped], now_ns: int) -> bool:
    """Whether any service was called since the last of them stopped, one that is seldom called among them."""
    since_ns = max(one.since_ns for one in stopped)
    return bool(services_called(workspace_id, readable_window(since_ns, now_ns, now_ns)))


def _told(
    workspace_id: int, now_ns: int, parts: Sequence[Recent], known: BadNow, found: Mapping[str, tuple[Share, ...]],
    about: str,
) -> BadNow:  # fmt: skip
    """With the services that are bad, in their order, and what the one that is told of calls. `parts`: the newest
    minute, then the last ones."""
    newest, *lasts = parts
    known = replace(
        known, services=tuple(_bad_service(name, shares) for name, shares in found.items()),
        leads=_leads(workspace_id, lasts[-1].window, found) if len(found) > 1 else {},
    )  # fmt: skip
    known = replace(known, starts=_starts(workspace_id, lasts, known.waiting))

    def place(one: BadService) -> tuple:
        return known.is_caller(one), one.errors is None, -one.cost, one.name

    order = sorted(known.services, key=lambda one: (one.name != about, *place(one)))
    first, rest = order[:MOST_DOUBTED], order[MOST_DOUBTED:]
    latest_ns = lasts[0].window.start_ns
    services = sorted([*_with_since(workspace_id, now_ns, latest_ns, first), *rest], key=place)
    told = next((one for one in services if about in ("", one.name)), None)
    calls: tuple[BadCalls, ...] = ()
    if told is not None:
        last = next(last for last in lasts if last.length_ns == told.shares[0].within_ns)
        before = _day_before(told, now_ns, latest_ns)
        calls = bad_calls(workspace_id, told.name, before, (newest, last), besides=found)
    return replace(known, services=tuple(services), calls=calls)


def _bad_service(name: str, shares: Sequence[Share], since_ns: int | None = None) -> BadService:
    errors = next((share for share in shares if share.over_ns is None), None)
    return BadService(name, errors, next((share for share in shares if share.over_ns is not None), None), since_ns)


def _day_before(one: BadService, now_ns: int, latest_ns: int) -> Window:
    """That of its trouble: what is bad of it is not told as usual."""
    end_ns = min(latest_ns, now_ns - LOOKED_AT_NS if one.since_ns is None else one.since_ns)
    return readable_window(end_ns - DAY_NS, end_ns, now_ns)


def _with_since(
    workspace_id: int, now_ns: int, latest_ns: int, bad: Sequence[BadService]
) -> list[BadService]:  # fmt: skip
    """Since when each is bad, and against the day before that: where there was little before the trouble, the trouble
    is much of the day before the last minutes."""
    hours = last_hours(workspace_id, now_ns, [one.name for one in bad])
    found = []
    for one in bad:
        one = replace(one, since_ns=bad_since(hours, now_ns, one.name, one.shares[0]))
        well = traffic_of(workspace_id, _day_before(one, now_ns, latest_ns), (), [one.name]).services
        usual = well.get(one.name, NO_FIGURES)
        if usual.samples >= MIN_SAMPLES:
            shares = [replace(s, before=min(s.before, share_over(usual, s.over_ns))) for s in one.shares]
            one = _bad_service(one.name, shares, bad_since(hours, now_ns, one.name, shares[0]))
        found.append(one)
    return found


def _leads(workspace_id: int, window: Window, names: Collection[str]) -> dict[str, frozenset[str]]:
    led_to = led_to_among(names, links_of(edges(workspace_id, window, histograms=False), names))
    return {name: frozenset(other for other in names if name in led_to[other]) for name in names}


def _starts(workspace_id: int, lasts: Sequence[Recent], waiting: Sequence[BadService]) -> frozenset[str]:
    own: set[str] = set()
    for last in lasts:
        failing = {
            one.name: one.errors.now * one.errors.samples
            for one in waiting if one.errors and one.errors.within_ns == last.length_ns
        }  # fmt: skip
        started = errors_started(workspace_id, last.window, failing) if failing else {}
        own |= {name for name, failed in failing.items() if started.get(name, 0) >= OWN_SHARE * failed}
    return frozenset(own)


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
    if len(found) > MOST_DOUBTED:
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
