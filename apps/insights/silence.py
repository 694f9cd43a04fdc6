"""Services that were called all the time and are not any more: nothing of them is slow or fails, and it is not well."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from apps.insights.figures import Figures
from apps.insights.period import readable_window
from apps.insights.queries import edges
from apps.insights.series import series
from apps.traces.deposits import TRACES
from apps.traces.key_book import COVERAGE, SERVICE
from apps.traces.moments import HOUR_NS, MINUTE_NS

LEAST_EXPECTED = 20.0
"""Calls that would have come: none at all of so many is no accident, and no pause between two of a few users."""
WAITS_MINUTES = 0.5
"""What was called in the last half a minute is still waiting to be counted."""
LEAST_MINUTES, LEAST_SHARE = 20, 0.9
"""So many minutes before, and calls in so many of them: what comes once an hour is silent most of the time."""
HOUR_MINUTES = 60
"""It is compared with the hour before, and told for an hour: then whoever stopped it knows."""
MOST_LOOKED_AT = 50
"""Services, the busiest first: of those that have no calls in most minutes nothing can be said anyhow."""
MOST_CALLED = 8
"""Silent services of which it is asked who called them."""


@dataclass(frozen=True, slots=True)
class Silent:
    name: str
    since_ns: int
    """End of the last minute with a call."""
    a_minute: float
    """Calls, in the hour before."""
    is_called: bool = False
    """By another one that is silent: then nobody asked for it."""


def silent_services(workspace_id: int, now_ns: int, names: Sequence[str]) -> tuple[Silent, ...]:
    """Those of `names` that are silent: whom no other one of them calls first, then the busiest. Raises
    StoreUnavailable."""
    if not names:
        return ()
    window = readable_window(now_ns - 2 * HOUR_NS, now_ns, now_ns)
    found = series(workspace_id, window, SERVICE, (), MINUTE_NS, group=1, firsts=names, histograms=False)
    silent = [
        Silent(name, found.steps[since], rate)
        for (name,), line in found.lines.items()
        if (told := fell_silent([figures.samples for figures in line])) is not None
        for since, rate in (told,)
    ]
    called = _called(workspace_id, silent, now_ns) if 1 < len(silent) <= MOST_CALLED else frozenset()
    told = [Silent(one.name, one.since_ns, one.a_minute, one.name in called) for one in silent]
    return tuple(sorted(told, key=lambda one: (one.is_called, -one.a_minute, one.name)))


def all_silent(workspace_id: int, now_ns: int) -> Silent | None:
    """Of all traces, whosever they are: without a name, and in traces a minute. Raises StoreUnavailable."""
    window = readable_window(now_ns - 2 * HOUR_NS, now_ns, now_ns)
    found = series(workspace_id, window, COVERAGE, (TRACES,), MINUTE_NS, histograms=False)
    told = fell_silent([figures.samples for figures in found.lines[()]])
    return Silent("", found.steps[told[0]], told[1]) if told else None


def may_be_silent(before: Mapping[str, Figures], lately: Collection[str]) -> list[str]:
    """Services that had calls enough, and none in the last minutes; the busiest of many."""
    least = LEAST_MINUTES * LEAST_SHARE
    found = [name for name, figures in before.items() if figures.samples >= least and name not in lately]
    return sorted(found, key=lambda name: (-before[name].samples, name))[:MOST_LOOKED_AT]


def fell_silent(minutes: Sequence[int]) -> tuple[int, float] | None:
    """(first minute without calls, calls a minute before) where calls were expected after the last that came. The last
    of `minutes` goes on."""
    since = next((at + 1 for at in range(len(minutes) - 1, -1, -1) if minutes[at]), 0)
    if not 0 < since < len(minutes) or len(minutes) - since > HOUR_MINUTES:
        return None
    hour = minutes[max(0, since - HOUR_MINUTES) : since]
    hour = hour[next(at for at, calls in enumerate(hour) if calls) :]
    rate, filled = sum(hour) / len(hour), sum(map(bool, hour))
    is_regular = len(hour) >= LEAST_MINUTES and filled >= LEAST_SHARE * len(hour)
    expected = rate * (len(minutes) - since - WAITS_MINUTES)
    return (since, rate) if is_regular and expected >= LEAST_EXPECTED else None


def _called(workspace_id: int, silent: Sequence[Silent], now_ns: int) -> frozenset[str]:
    names, window = {one.name for one in silent}, readable_window(now_ns - 2 * HOUR_NS, now_ns, now_ns)
    return frozenset(
        key.callee
        for name in names
        for key in edges(workspace_id, window, name)
        if key.caller_kind == key.callee_kind == "service" and key.caller == name != key.callee and key.callee in names
    )
