"""Services that are called all day and night and are not any more: nothing of them is slow or fails, and they are not
well.

What rests at night, in the evening or between two runs is left alone: only a pause is told that is out of proportion to
all pauses of the last hours, of a service that had calls all through the day before.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from django.conf import settings

from apps.insights.figures import Figures
from apps.insights.freshness import DIGEST_SECONDS
from apps.insights.map_graph import led_to_among, links_of
from apps.insights.period import Period, Recent, readable_window
from apps.insights.queries import edges, services_called
from apps.insights.series import Series, series
from apps.insights.window import Window
from apps.store.hot import MAX_OPEN_SECONDS
from apps.traces.key_book import SERVICE
from apps.traces.moments import DAY_NS, HOUR_NS, MINUTE_NS, S_NS

HOURS_NS, TOLD_MINUTES = 2 * HOUR_NS, 60
"""What is looked at by the minute; and for how long it is told: then whoever stopped it knows."""
LEAST_EXPECTED = 20.0
"""Calls that would have come in the pause, at the rate of the last minutes before it."""
LEAST_PAUSE, TIMES_PAUSE = 2.0, 3
"""Minutes, and so many times the longest pause before."""
LAST_MINUTES = 10
"""Before the pause: traffic may have been going down."""
TEN_NS, LEAST_FILLED = 10 * MINUTE_NS, 0.95
"""Of ten minutes each of the day before, so many have calls; of a young workspace since it began."""
SOME = 10.0
"""Calls that would have come, before anything is read: of nearly all services some came."""
LED_NS = 20 * MINUTE_NS
"""Before the first of them stopped, in which it is looked who called whom."""
MOST_LOOKED_AT, MOST_OF_ALL = 12, 3
"""Services, the busiest first: where more stopped at once these are enough to see it; the second where none is called
at all. Each takes 5 ms."""
RESTS_NS = (TOLD_MINUTES + 10) * MINUTE_NS
"""What was not called for so long is not told: nobody looks who it was that rests."""
RARELY = 0.99
"""Of its calls so many take no longer than what is waited for: one that hung for hours is no reason to say nothing."""


@dataclass(frozen=True, slots=True)
class Stopped:
    name: str
    since_ns: int
    """End of the last minute with a call."""
    calls_a_minute: float
    """Until then, of the last two hours."""
    is_led_to: bool = False
    """From another one that stopped: then nobody asked for it."""


def may_have_stopped(
    before: Mapping[str, Figures], minutes: float, parts: Sequence[tuple[Recent, Collection[str]]]
) -> list[str]:  # fmt: skip
    """Services of which several calls would have come in one of the last `parts`, at the rate of the day `before` them,
    and none came; the busiest first. `minutes`: of the day, as far as there were any traces."""
    found = [
        name for name, figures in before.items()
        if any(
            name not in called and figures.samples * part.length_ns / MINUTE_NS >= SOME * minutes
            for part, called in parts
        )
    ]  # fmt: skip
    return sorted(found, key=lambda name: (-before[name].samples, name))


def stopped_services(
    workspace_id: int, period: Period, before: Mapping[str, Figures], names: Sequence[str], most: int
) -> tuple[Stopped, ...]:  # fmt: skip
    """Those of the first of `names` that stopped, `most` of them: first those to which no other one of them leads, then
    the busiest. `before`: of the day. Raises StoreUnavailable."""
    if not names or period.began_ns is None:
        return ()
    now_ns = period.now_ns
    hours = readable_window(max(period.began_ns, now_ns - HOURS_NS), now_ns, now_ns)
    if len(names) > most:
        recently = services_called(workspace_id, readable_window(now_ns - RESTS_NS, now_ns, now_ns))
        names = [name for name in names if name in recently][:most]
    names = _steady(workspace_id, period.began_ns, hours.start_ns, now_ns, names)
    minutes = _by_service(workspace_id, hours, names, MINUTE_NS)
    stopped = []
    for (name,), line in minutes.lines.items():
        since = pause_of([figures.samples for figures in line], waits_minutes(before[name].p(RARELY) or 0))
        if since is not None:
            stopped.append(Stopped(name, minutes.steps[since], sum(figures.calls for figures in line) / since))
    stopped = [one for one in stopped if not _is_called(workspace_id, one, now_ns)]
    if len(stopped) > 1:
        end_ns = min(one.since_ns for one in stopped)
        last = readable_window(end_ns - LED_NS, end_ns, now_ns)
        links = links_of(edges(workspace_id, last, histograms=False), [one.name for one in stopped])
        led_to = led_to_among([one.name for one in stopped], links)
        stopped = [replace(one, is_led_to=bool(led_to[one.name])) for one in stopped]
    return tuple(sorted(stopped, key=lambda one: (one.is_led_to, -one.calls_a_minute, one.name)))


def _steady(workspace_id: int, began_ns: int, end_ns: int, now_ns: int, names: Sequence[str]) -> list[str]:
    """Those that were called all through the day before `end_ns`, as far as there were any traces."""
    start_ns = max(began_ns, end_ns - DAY_NS)
    if end_ns - start_ns < 2 * TEN_NS:
        return list(names)
    tens = _by_service(workspace_id, readable_window(start_ns, end_ns, now_ns), names, TEN_NS).lines
    # Of a part of a ten at the beginning nothing is known.
    return [name for name in names if is_steady([figures.samples for figures in tens.get((name,), ())][1:])]


def _is_called(workspace_id: int, one: Stopped, now_ns: int) -> bool:
    """By the clocks of those who call it: its own may be behind, and what it does now then counts as done before."""
    late = readable_window((one.since_ns + now_ns) // 2, now_ns, now_ns)
    found = edges(workspace_id, late, service=one.name, histograms=False)
    return any((key.callee_kind, key.callee) == ("service", one.name) for key in found)


def _by_service(workspace_id: int, window: Window, names: Sequence[str], step_ns: int) -> Series:
    return series(workspace_id, window, SERVICE, (), step_ns, group=1, firsts=names, histograms=False)


def waits_minutes(longest_ns: int) -> float:
    """So long a call may be under way and not counted yet: as long as this one, until its trace is sealed, and to the
    end of the minute that goes on."""
    seconds = settings.TRACER_QUIET_SECONDS + MAX_OPEN_SECONDS + DIGEST_SECONDS
    return 1 + (seconds + longest_ns / S_NS) / 60


def is_steady(tens: Sequence[int]) -> bool:
    """Of calls by ten minutes."""
    return sum(map(bool, tens)) >= LEAST_FILLED * len(tens)


def pause_of(minutes: Sequence[int], waits: float) -> int | None:
    """The first minute of a pause that is out of proportion, of calls by the minute (the last one goes on)."""
    since = next((at + 1 for at in range(len(minutes) - 1, -1, -1) if minutes[at]), 0)
    pause, before = len(minutes) - since, minutes[:since]
    if pause > TOLD_MINUTES or since < TOLD_MINUTES:
        return None
    last = before[-LAST_MINUTES:]
    rate = min(sum(last) / len(last), sum(before) / len(before))
    least = max(LEAST_PAUSE, TIMES_PAUSE * _longest_pause(before), LEAST_EXPECTED / rate)
    return since if pause - waits >= least else None


def _longest_pause(minutes: Sequence[int]) -> int:
    longest = pause = 0
    for calls in minutes:
        pause = 0 if calls else pause + 1
        longest = max(longest, pause)
    return longest
