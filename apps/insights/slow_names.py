"""What is slow in a period: the longest spans, and the span names that take more time than before.

A caller's span holds its callees' time, so one slow call makes every span above it slower. Contributions count every
instant once (docs/contributions.md): a name whose own time grew by as much as its spans did is where the time went,
the others waited for it. Its spans may each be as long as before when there are more of them in a trace.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from apps.insights.change import (
    MIN_SAMPLES,
    MORE,
    SLOWER,
    Change,
    durations_change,
    durations_ending,
)
from apps.insights.figures import NO_FIGURES, Example, Figures, one_a_trace
from apps.insights.keys import listed_parts
from apps.insights.lately import UNSURE_YET, Lately, lately_of
from apps.insights.map_change import Sides, fan_change, fan_ending, is_traded
from apps.insights.own_time import NO_OWN, Own, own_of_names
from apps.insights.period import Period, Recent
from apps.insights.queries import NameKey, span_names
from apps.insights.reading import Asked, Sums, figures_by_key, stretches_of, sums_by_id
from apps.insights.seen import Held, held_of
from apps.store.at_once import at_once
from apps.store.connection import store_cursor
from apps.traces.key_book import NAME
from apps.traces.sampling import CALL
from apps.traces.work import CACHE, DATABASE, QUEUE

CANDIDATES = 80
"""Names whose quantiles are compared: those whose spans together took most longer than before."""
LEAST_GROWTH = 0.05
"""Of the mean: a p95 that rises by a tenth moves the mean at least by so much."""
LEAST_OWN_SHARE = 0.5
"""Of what the spans grew by. From there on the time was spent here and not below."""
LEAST_MORE_NS = 1_000_000
"""That more calls add to a trace."""
OWN, BELOW, BESIDE, UNKNOWN = "own", "below", "beside", "unknown"
"""Where the time that came was spent: here; in what it calls; side by side with other work, or nobody waited; not
known, for no trace whose root arrived waited for it."""
LEAVES = (DATABASE, CACHE, QUEUE)
"""Kinds of peers that have no spans below: what is not their own time is beside what was waited for."""
LONGEST_OF = 60
"""Names whose examples are looked at for the longest spans; each keeps three."""
LONGEST = 15


@dataclass(frozen=True, slots=True)
class SlowerName:
    key: NameKey
    now: Figures
    before: Figures
    duration: Change
    calls: Change | None
    """Its spans are as long as before, but each trace that waits for them has more of them: how many."""
    added_ns: int
    """The time that came, divided among its spans."""
    where: str
    """OWN, BELOW, BESIDE or UNKNOWN."""
    lately: Lately = UNSURE_YET

    @property
    def is_cause(self) -> bool:
        return self.where == OWN


@dataclass(frozen=True, slots=True)
class Slow:
    slower: tuple[SlowerName, ...]
    """Those that are the cause first, then by all the time they added."""
    compared: int
    """Names with enough spans in both windows."""
    too_few: int
    """Names that had not."""
    most_samples: int
    """Of those, the most spans that any has in the window in which it has fewer."""
    longest: tuple[tuple[NameKey, Example], ...]
    """One a trace, longest first."""
    names: int
    held: Held
    """How much of the window compared with is known."""


def slow(workspace_id: int, period: Period, service: str | None = None, kind: str | None = None) -> Slow:
    """Raises StoreUnavailable."""
    windows, held = (period.window, period.compared), held_of(workspace_id, period)
    with store_cursor() as cursor:
        keys = _chosen(cursor, workspace_id, service, kind)
        asked = [Asked(workspace_id, NAME, stretches_of(cursor, window), keys) for window in windows]
    now, before = at_once(*(partial(_read, sums_by_id, one) for one in asked))
    compared = [key for key in now if key in before and _least(now[key], before[key]) >= MIN_SAMPLES]
    few = {*now, *before}.difference(compared)
    most = max((_least(now[key], before[key]) for key in few if key in now and key in before), default=0)
    likely = _likely(now, before, compared, period.minutes / held.minutes)
    longest = sorted(now, key=lambda key: -now[key].max_ns)[:LONGEST_OF]
    wanted = [*(one._replace(keys=likely) for one in asked), asked[0]._replace(keys=longest)]
    after, earlier, long = map(_named, at_once(*(partial(_read, figures_by_key, one) for one in wanted)))
    slower = _slower(workspace_id, period, after, earlier)
    return Slow(slower, len(compared), len(few), most, one_a_trace(long, LONGEST), len(now), held)


def _with_lately(
    workspace_id: int, recents: Sequence[Recent], found: Sequence[tuple[SlowerName, Own, Own]]
) -> list[SlowerName]:  # fmt: skip
    """`found`: with what was waited for each, before and now."""
    by_key = {one.key: (one, *own) for one, *own in found}

    def words_of(recent: Recent, keys: list[NameKey]) -> dict[NameKey, str]:
        figures = span_names(workspace_id, recent.window, keys=keys)
        (own,) = own_of_names(workspace_id, (recent.window,), {_place(key) for key in keys if by_key[key][0].calls})
        return {
            key: _ending(
                *by_key[key], figures.get(key, NO_FIGURES), own.get(_place(key), NO_OWN), is_short=recent.is_short
            )
            for key in keys
        }

    lately = lately_of(by_key, recents, words_of)
    return [replace(one, lately=lately.get(one.key, UNSURE_YET)) for one, *_ in found]


def _place(key: NameKey) -> tuple[str, str]:
    """What own time is kept by: of kinds and peers it knows nothing."""
    return key.service, key.span_name


def _ending(
    one: SlowerName, own_before: Own, own_now: Own, lately: Figures, own_lately: Own, *, is_short: bool
) -> str:  # fmt: skip
    if one.calls is None:
        return durations_ending(one.duration, one.before, one.now, lately, is_short=is_short)
    sides = (one.before, own_before), (one.now, own_now), (lately, own_lately)
    return fan_ending(one.calls, *((side, _traces(own)) for side, own in sides), is_short=is_short)


def _read(read: Callable, asked: Asked) -> dict:
    with store_cursor() as cursor:
        return read(cursor, asked)


def _chosen(cursor, workspace_id: int, service: str | None, kind: str | None) -> list[int] | None:
    """Ids of the names of a service, of a kind of spans; None for all."""
    if service is None and kind is None:
        return None
    cursor.execute(
        f"""
        SELECT id FROM rollup_key WHERE workspace_id = %(workspace)s AND kind = {NAME}
          AND (%(service)s::text IS NULL OR parts[1] = %(service)s) AND (%(kind)s::text IS NULL OR parts[3] = %(kind)s)
        """,
        {"workspace": workspace_id, "service": service and listed_parts((service,))[0], "kind": kind},
    )
    return [id_ for (id_,) in cursor.fetchall()]


def _named(found: Mapping[tuple[str, ...], Figures]) -> dict[NameKey, Figures]:
    return {NameKey(*parts): figures for parts, figures in found.items()}


def _least(now: Sums, before: Sums) -> int:
    return min(now.samples, before.samples)


def _grown_ns(now: Sums | Figures, before: Sums | Figures) -> float:
    """By how much longer than before all its spans together were."""
    return now.sum_ns - before.sum_ns * (now.weight / before.weight)


def _likely(now: Mapping[int, Sums], before: Mapping[int, Sums], compared: list[int], longer: float) -> list[int]:
    """Names whose spans are longer on average, and those that take more time because there are more of them."""
    grown = {key: _grown_ns(now[key], before[key]) for key in compared}
    more = {key: now[key].sum_ns - before[key].sum_ns * longer for key in compared}
    slower = [key for key in compared if grown[key] > LEAST_GROWTH * (now[key].sum_ns - grown[key])]
    found = sorted(slower, key=lambda key: -grown[key])[:CANDIDATES]
    found += sorted((key for key in compared if more[key] > 0), key=lambda key: -more[key])[:CANDIDATES]
    return list(dict.fromkeys(found))


def _slower(
    workspace_id: int, period: Period, after: Mapping[NameKey, Figures], earlier: Mapping[NameKey, Figures]
) -> tuple[SlowerName, ...]:
    """`after` and `earlier`: figures of the likely names in the two windows."""
    names = {_place(key) for key in after}
    own_now, own_before = own_of_names(workspace_id, (period.window, period.compared), names)
    found = []
    for key, now in after.items():
        place = _place(key)
        own = own_before.get(place, NO_OWN), own_now.get(place, NO_OWN)
        one = _judged(key, earlier.get(key, NO_FIGURES), now, *own)
        if one is not None:
            found.append((one, *own))
    told = _with_lately(workspace_id, period.recents, found)
    return tuple(sorted(told, key=lambda one: (not one.is_cause, -one.added_ns * one.now.calls, one.key)))


def _judged(key: NameKey, before: Figures, now: Figures, own_before: Own, own_now: Own) -> SlowerName | None:
    """None for what is neither slower nor called more often by those who waited for it."""
    if not before.samples or not now.samples:
        return None
    sides = Sides(before, now, _traces(own_before), _traces(own_now))
    change, grown = durations_change(before, now), _grown_ns(now, before)
    own_grown = _own_grown_ns(own_now, own_before)
    if change.word == SLOWER and is_traded(sides):
        return None
    if change.word == SLOWER:
        where = OWN if own_grown >= LEAST_OWN_SHARE * grown else _elsewhere(key, own_now)
        return SlowerName(key, now, before, change, None, round(grown / now.calls), where)
    calls = fan_change(sides)
    if calls.word != MORE or own_grown / max(own_now.traces, 1.0) < LEAST_MORE_NS:
        return None
    return SlowerName(key, now, before, change, calls, round(own_grown / now.calls), OWN)


def _elsewhere(key: NameKey, own_now: Own) -> str:
    if not own_now.samples:
        return UNKNOWN
    return BESIDE if key.peer_kind in LEAVES else BELOW


def _traces(own: Own) -> Figures:
    """The traces that waited, as figures: calls are counted for each of them."""
    return NO_FIGURES._replace(weight=round(own.traces * CALL), samples=own.samples)


def _own_grown_ns(now: Own, before: Own) -> float:
    """A name that nobody waited for before has nothing to be compared with: all of its own time is new."""
    return now.sum_ns - (before.sum_ns * now.traces / before.traces if before.traces else 0)
