"""What is slow in a period: the longest spans, and the span names that take more time than before.

A caller's span holds its callees' time, so one slow call makes every span above it slower. Contributions count every
instant once (docs/contributions.md): a name whose own time grew by as much as its spans did is where the time went,
the others waited for it. Its spans may each be as long as before when there are more of them in a trace.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from apps.insights.change import MIN_SAMPLES, MORE, SLOWER, Change, duration_change
from apps.insights.figures import NO_FIGURES, Example, Figures
from apps.insights.map_change import Sides, fan_change
from apps.insights.own_time import NO_OWN, Own, own_of_names
from apps.insights.period import Period
from apps.insights.queries import NameKey, span_names
from apps.traces.sampling import CALL

CANDIDATES = 150
"""Names whose quantiles are compared: those whose spans together took most longer than before."""
LEAST_GROWTH = 0.05
"""Of the mean: a p95 that rises by a tenth moves the mean at least by so much."""
LEAST_OWN_SHARE = 0.5
"""Of what the spans grew by. From there on the time was spent here and not below."""
LEAST_MORE_NS = 1_000_000
"""That more calls add to a trace."""
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
    is_cause: bool
    """It is its own time that grew; else what it calls did."""


@dataclass(frozen=True, slots=True)
class Slow:
    slower: tuple[SlowerName, ...]
    """Those that are the cause first, then by all the time they added."""
    compared: int
    """Names with enough spans in both windows."""
    too_few: int
    """Names that had not."""
    longest: tuple[tuple[NameKey, Example], ...]
    """One a trace, longest first."""
    names: int


def slow(workspace_id: int, period: Period, service: str | None = None, kind: str | None = None) -> Slow:
    """Raises StoreUnavailable."""
    now = _of_kind(span_names(workspace_id, period.window, service=service, histograms=False), kind)
    before = _of_kind(span_names(workspace_id, period.compared, service=service, histograms=False), kind)
    compared = [key for key in now if key in before and _least(now[key], before[key]) >= MIN_SAMPLES]
    return Slow(
        _slower(workspace_id, period, now, before, compared),
        len(compared), len({*now, *before}) - len(compared),
        _longest(workspace_id, period, now), len(now),
    )  # fmt: skip


def _of_kind(found: Mapping[NameKey, Figures], kind: str | None) -> dict[NameKey, Figures]:
    return {key: figures for key, figures in found.items() if kind in (None, key.kind)}


def _least(now: Figures, before: Figures) -> int:
    return min(now.samples, before.samples)


def _grown_ns(now: Figures, before: Figures) -> float:
    """By how much longer than before all its spans together were."""
    return now.sum_ns - before.sum_ns * (now.weight / before.weight)


def _slower(workspace_id: int, period: Period, now, before, compared: list[NameKey]) -> tuple[SlowerName, ...]:
    likely = _likely(now, before, compared, period.minutes / max(period.compared_minutes, 1e-9))
    if not likely:
        return ()
    after = span_names(workspace_id, period.window, keys=likely)
    earlier = span_names(workspace_id, period.compared, keys=likely)
    names = {(key.service, key.span_name) for key in likely}
    own_now, own_before = (own_of_names(workspace_id, window, names) for window in (period.window, period.compared))
    found = []
    for key in likely:
        place = key.service, key.span_name
        own = own_before.get(place, NO_OWN), own_now.get(place, NO_OWN)
        one = _judged(key, earlier.get(key, NO_FIGURES), after.get(key, NO_FIGURES), *own)
        if one is not None:
            found.append(one)
    return tuple(sorted(found, key=lambda one: (not one.is_cause, -one.added_ns * one.now.calls, one.key)))


def _likely(now, before, compared: list[NameKey], longer: float) -> list[NameKey]:
    """Names whose spans are longer on average, and those that take more time because there are more of them."""
    grown = {key: _grown_ns(now[key], before[key]) for key in compared}
    more = {key: now[key].sum_ns - before[key].sum_ns * longer for key in compared}
    slower = [key for key in compared if grown[key] > LEAST_GROWTH * (now[key].sum_ns - grown[key])]
    found = sorted(slower, key=lambda key: -grown[key])[:CANDIDATES]
    found += sorted((key for key in compared if more[key] > 0), key=lambda key: -more[key])[:CANDIDATES]
    return list(dict.fromkeys(found))


def _judged(key: NameKey, before: Figures, now: Figures, own_before: Own, own_now: Own) -> SlowerName | None:
    """None for what is neither slower nor called more often by those who waited for it."""
    if not before.samples or not now.samples:
        return None
    change, grown = duration_change(before, now), _grown_ns(now, before)
    own_grown = _own_grown_ns(own_now, own_before)
    if change.word == SLOWER:
        is_cause = own_grown >= LEAST_OWN_SHARE * grown
        return SlowerName(key, now, before, change, None, round(grown / now.calls), is_cause)
    calls = fan_change(Sides(before, now, _traces(own_before), _traces(own_now)))
    if calls.word != MORE or own_grown / max(own_now.traces, 1.0) < LEAST_MORE_NS:
        return None
    return SlowerName(key, now, before, change, calls, round(own_grown / now.calls), True)


def _traces(own: Own) -> Figures:
    """The traces that waited, as figures: calls are counted for each of them."""
    return replace(NO_FIGURES, weight=round(own.traces * CALL), samples=own.samples)


def _own_grown_ns(now: Own, before: Own) -> float:
    """A name that nobody waited for before has nothing to be compared with: all of its own time is new."""
    return now.sum_ns - (before.sum_ns * now.traces / before.traces if before.traces else 0)


def _longest(workspace_id: int, period: Period, now: Mapping[NameKey, Figures]) -> tuple[tuple[NameKey, Example], ...]:
    keys = sorted(now, key=lambda key: -now[key].max_ns)[:LONGEST_OF]
    found = span_names(workspace_id, period.window, keys=keys) if keys else {}
    every = [(key, example) for key, figures in found.items() for example in figures.examples]
    every.sort(key=lambda pair: (-pair[1].duration_ns, pair[1].trace_id))
    kept: dict[str, tuple[NameKey, Example]] = {}
    for key, example in every:
        kept.setdefault(example.trace_id, (key, example))
    return tuple(kept.values())[:LONGEST]
