"""One service over a period: its calls, its span names, its versions, and who stands around it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from apps.insights.change import (
    MORE,
    QUANTILES,
    UNKNOWN,
    Change,
    durations_change,
    error_change,
)
from apps.insights.entries import works_of
from apps.insights.figures import NO_FIGURES, Example, Figures, one_a_trace, together
from apps.insights.lately import UNSURE_YET, Lately, Worse, services_lately
from apps.insights.mix import Mix, mix_of
from apps.insights.own_time import Own, Place, own_of_service
from apps.insights.period import Period
from apps.insights.queries import NameKey, edges, span_names, versions
from apps.insights.seen import Held, held_of, rate_since, services_seen, where_held
from apps.insights.series import series, step_of
from apps.insights.turn import Turn, joined, summed, turn_of
from apps.insights.why.releases import releases_in
from apps.insights.window import Window
from apps.traces.key_book import NAME, SERVICE
from apps.traces.peers import Node
from apps.traces.why.finding import Release

CHART_POINTS, SPARK_POINTS = 90, 36
SLOWEST = 8
MOST_NAMES = 40
"""Span names with quantiles: those with the most time of their own, then the busiest."""


@dataclass(frozen=True, slots=True)
class NameLine:
    key: NameKey
    now: Figures
    duration: Change
    errors: Change
    impact: float
    """Of the service's own time, 0 to 1; of what nobody waited for nothing is known, and it is 0."""
    p95s: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class VersionLine:
    version: str
    now: Figures
    share: float
    """Of the calls in the window, 0 to 1."""
    first_seen_ns: int
    last_seen_ns: int
    duration: Change
    """Against all other versions in both windows."""
    errors: Change


@dataclass(frozen=True, slots=True)
class Neighbour:
    node: Node
    now: Figures
    rate: Change


@dataclass(frozen=True, slots=True)
class OneService:
    name: str
    now: Figures
    before: Figures
    duration: Change
    rate: Change
    errors: Change
    turn: Turn | None
    """When its durations changed: within the window, or in it and the one before where these are compared."""
    mix: Mix | None
    """Where the turn, or else the change of its durations, is that of what it does, not of how long it takes."""
    releases: tuple[Release, ...]
    steps: tuple[int, ...]
    step_ns: int
    line: tuple[Figures, ...]
    names: tuple[NameLine, ...]
    more_names: int
    slowest: tuple[tuple[NameKey, Example], ...]
    versions: tuple[VersionLine, ...]
    callers: tuple[Neighbour, ...]
    callees: tuple[Neighbour, ...]
    first_seen_ns: int
    last_seen_ns: int
    held: Held
    """How much of the window compared with is known."""
    error_lately: Lately
    """Of errors that got more."""


def one_service(workspace_id: int, name: str, period: Period, kind: str | None = None) -> OneService | None:
    """None when no span of it was ever counted. Raises StoreUnavailable."""
    seen = {parts[1]: span for parts, span in services_seen(workspace_id, name).items()}
    if not seen:
        return None
    now, before = (versions(workspace_id, window, name) for window in (period.window, period.compared))
    whole, whole_before = together(now.values()), together(before.values())
    joins = period.compared if period.touches else None
    step_ns = step_of(period.window, period.now_ns, CHART_POINTS, compared=joins)
    shown = series(workspace_id, period.window, SERVICE, (name,), step_ns, group=1)
    view = shown
    if joins:
        view = joined(series(workspace_id, joins, SERVICE, (name,), step_ns, group=1), shown)
    held = held_of(workspace_id, period)
    names, more, slowest = _names(workspace_id, name, period, kind, held)
    callers, callees = _around(workspace_id, name, period, held)
    duration, turn = durations_change(whole_before, whole), turn_of(view.steps, step_ns, summed(view))
    mix = _mix(workspace_id, name, period, (whole_before, whole), duration, turn)
    errors = error_change(whole_before, whole)
    worse = {(name, MORE): Worse(errors, whole_before, whole)} if errors.is_worse else {}
    return OneService(
        name, whole, whole_before,
        where_held(duration, held),
        rate_since(whole_before, whole, held, period.minutes),
        errors, turn, mix,
        releases_in(view, name, {version: first_ns for version, (first_ns, _) in seen.items()}),
        shown.steps, step_ns, summed(shown), names, more, slowest,
        _versions(now, before, seen), callers, callees,
        min(first for first, _ in seen.values()), max(last for _, last in seen.values()), held,
        services_lately(workspace_id, period.recents, worse).get((name, MORE), UNSURE_YET),
    )  # fmt: skip


def _mix(
    workspace_id: int, name: str, period: Period, whole: tuple[Figures, Figures], duration: Change, turn: Turn | None
) -> Mix | None:  # fmt: skip
    """Of the turn, against what lies around it, or else of the two windows."""
    if turn is None and not (duration.is_change and whole[0].samples and whole[1].samples):
        return None
    if turn is None:
        sides, quantile = ((period.compared,), (period.window,)), duration.quantile
    else:
        first, last = period.compared if period.touches else period.window, period.window
        sides, quantile = turn.windows(Window(first.start_ns, last.end_ns)), turn.quantile
    found = works_of(workspace_id, name, sides)
    calls = sum(one.calls for one in whole[turn is not None and not period.touches :])
    return mix_of(*found, calls, QUANTILES[quantile])


def _names(
    workspace_id: int, name: str, period: Period, kind: str | None, held: Held
) -> tuple[tuple[NameLine, ...], int, tuple[tuple[NameKey, Example], ...]]:
    """(lines, how many more there are, slowest spans as (key, example))."""
    ranked = span_names(workspace_id, period.window, service=name, histograms=False)
    keys = [key for key in ranked if kind in (None, key.kind)]
    shares = _shares(own_of_service(workspace_id, period.window, name), ranked)
    keys.sort(key=lambda key: (-shares.get(key, 0.0), -ranked[key].sum_ns, key))
    shown = keys[:MOST_NAMES]
    now = span_names(workspace_id, period.window, keys=shown) if shown else {}
    before = span_names(workspace_id, period.compared, keys=shown) if shown else {}
    sparks = _sparks(workspace_id, name, period)
    lines = []
    for key in shown:
        after, earlier = now.get(key, ranked[key]), before.get(key, NO_FIGURES)
        lines.append(
            NameLine(key, after, where_held(durations_change(earlier, after), held), error_change(earlier, after),
                     shares.get(key, 0.0), sparks.get(tuple(key)[1:], ()))
        )  # fmt: skip
    return tuple(lines), len(keys) - len(shown), one_a_trace(now, SLOWEST)


def _shares(own: Mapping[Place, Own], ranked: Mapping[NameKey, Figures]) -> dict[NameKey, float]:
    """Each key's share of the service's own time. Contributions know span names only: what several kinds and peers of
    one name (`POST`) contributed is divided as their durations are."""
    waited_ns = sum(one.sum_ns for one in own.values())
    of_name, lasted = Counter(), Counter()
    for place, one in own.items():
        of_name[place.span_name] += one.sum_ns
    for key, figures in ranked.items():
        lasted[key.span_name] += figures.sum_ns
    return {
        key: of_name[key.span_name] / waited_ns * figures.sum_ns / lasted[key.span_name]
        for key, figures in ranked.items()
        if waited_ns and lasted[key.span_name]
    }


def _sparks(workspace_id: int, name: str, period: Period) -> dict[tuple[str, ...], tuple[float | None, ...]]:
    found = series(
        workspace_id, period.window, NAME, (name,), step_of(period.window, period.now_ns, SPARK_POINTS), group=4
    )
    return {line: tuple(point.p(0.95) for point in points) for line, points in found.lines.items()}


def _versions(
    now: Mapping[str, Figures], before: Mapping[str, Figures], seen: Mapping[str, tuple[int, int]]
) -> tuple[VersionLine, ...]:
    """`seen`: first and last, ns, by version. The last one to come first; without names for them there is nothing to
    compare."""
    if set(seen) == {""}:
        return ()
    calls = sum(figures.calls for figures in now.values())
    lines = []
    for version, (first_ns, last_ns) in seen.items():
        mine = now.get(version, NO_FIGURES)
        others = together([f for side in (now, before) for other, f in side.items() if other != version])
        is_both = bool(mine.samples and others.samples)
        changes = (durations_change(others, mine), error_change(others, mine)) if is_both else (UNKNOWN, UNKNOWN)
        lines.append(VersionLine(version, mine, mine.calls / calls if calls else 0.0, first_ns, last_ns, *changes))
    return tuple(sorted(lines, key=lambda one: (-one.first_seen_ns, one.version)))


def _around(
    workspace_id: int, name: str, period: Period, held: Held
) -> tuple[tuple[Neighbour, ...], tuple[Neighbour, ...]]:
    now, before = edges(workspace_id, period.window, name), edges(workspace_id, period.compared, name)
    callers: dict[Node, list[list[Figures]]] = {}
    callees: dict[Node, list[list[Figures]]] = {}
    for at, side in enumerate((before, now)):
        for key, figures in side.items():
            caller, callee = Node(key.caller_kind, key.caller), Node(key.callee_kind, key.callee)
            if callee == ("service", name):
                callers.setdefault(caller, [[], []])[at].append(figures)
            if caller == ("service", name):
                callees.setdefault(callee, [[], []])[at].append(figures)
    return _neighbours(callers, held, period.minutes), _neighbours(callees, held, period.minutes)


def _neighbours(found: dict[Node, list[list[Figures]]], held: Held, minutes: float) -> tuple[Neighbour, ...]:
    lines = []
    for node, (before, now) in found.items():
        earlier, after = together(before), together(now)
        lines.append(Neighbour(node, after, rate_since(earlier, after, held, minutes)))
    return tuple(sorted(lines, key=lambda one: (-one.now.weight, one.node)))
