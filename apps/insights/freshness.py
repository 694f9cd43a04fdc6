"""How fresh the rollups are, and how far they reach: they hold what digest has sealed.

When a trace arrived says nothing of when it began: what is told of the past arrives now, and is missing in windows of
long ago until it is sealed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from django.conf import settings

from apps.insights.figures import NO_FIGURES
from apps.insights.period import Period
from apps.insights.queries import coverage
from apps.insights.seen import first_trace_ns
from apps.insights.series import series, step_of
from apps.insights.window import Window
from apps.store.connection import store_cursor
from apps.store.hot import MAX_OPEN_SECONDS
from apps.traces.deposits import TRACES
from apps.traces.key_book import COVERAGE
from apps.traces.moments import DAY_NS, MINUTE_NS, S_NS

DIGEST_SECONDS = 20
"""Until digest comes round to what is ripe. Traces that began a shorter time ago than that, the quiet time and the time
for which a trace is kept open wait as they always do; nothing is behind for them."""
LEAST_WAITING = 5
"""Fewer may wait for a reason of their own."""
LITTLE = 10
"""So many times more that wait from before a window make of what is sealed in it next to nothing."""
MOST_BATCHES = 500
"""Of more batches a sample is looked at."""


@dataclass(frozen=True, slots=True)
class Freshness:
    fresh_to_ns: int
    """Everything received before that is in the rollups."""
    now_ns: int

    @property
    def behind_s(self) -> float:
        return max(0.0, (self.now_ns - self.fresh_to_ns) / S_NS)


class Waiting(NamedTuple):
    """Traces that should be sealed and are not."""

    traces: dict[int, int]
    """Start of a minute -> how many of those looked at began in it."""
    one_of: int
    """So many batches are as the one that was looked at. A trace that came in several may then count several times: a
    window is rather cut too early than too late."""


def freshness(workspace_id: int, now_ns: int) -> Freshness:
    """By the oldest span that is not sealed yet; spans of a trace still arriving wait for the rest of it."""
    with store_cursor() as cursor:
        cursor.execute(
            """
            SELECT (extract(epoch FROM min(first_received_at)) * 1e6)::int8 * 1000 FROM batch
            WHERE workspace_id = %s AND span_count > 0
            """,
            [workspace_id],
        )
        (oldest_ns,) = cursor.fetchone()
    return Freshness(min(oldest_ns or now_ns, now_ns), now_ns)


def held_period(workspace_id: int, period: Period) -> Period:
    """Read as far as it is held: past that, nothing came because nothing was looked at; and with the time of the first
    trace, before which there are no minutes to divide by. Raises StoreUnavailable."""
    period = replace(period, began_ns=first_trace_ns(workspace_id))
    waiting = _waiting(workspace_id, period.now_ns)
    if not waiting.traces:
        return period
    held, compared = (
        _held_end(workspace_id, window, period.now_ns, waiting) for window in (period.window, period.compared)
    )
    return period.up_to(held).compared_up_to(compared)


def _held_end(workspace_id: int, window: Window, now_ns: int, waiting: Waiting) -> int:
    """Up to when the traces of a window are in the rollups, ns: to its end, unless of those that began at some time or
    later more wait to be sealed than are. One that goes on for an hour, or comes late, is outweighed by all others
    since; history that is being told, or a queue that is worked off, is not. Where next to nothing in it is sealed, and
    traces from before it wait, it is not held at all: history is told in turn."""
    waiting_ns = {at: traces for at, traces in waiting.traces.items() if window.start_ns <= at < window.end_ns}
    earlier = sum(traces for at, traces in waiting.traces.items() if at < window.start_ns)
    every = waiting.one_of
    if (sum(waiting_ns.values()) + earlier) * every < LEAST_WAITING:
        return window.end_ns
    if earlier > 1 and earlier * every >= LEAST_WAITING:
        tried_out = coverage(workspace_id, window).traces
        if tried_out < LEAST_WAITING and tried_out * LITTLE <= earlier * every:
            return window.start_ns
    if not waiting_ns:
        return window.end_ns
    # From the first that waits on: a day's step of a month would outweigh it by the hours that are sealed before it.
    tail = Window(min(waiting_ns), window.end_ns)
    step_ns = step_of(tail, now_ns)
    inside: dict[int, int] = {}
    for at, traces in waiting_ns.items():
        step_at = at // step_ns * step_ns
        inside[step_at] = inside.get(step_at, 0) + traces
    found = series(workspace_id, tail, COVERAGE, (TRACES,), step_ns, histograms=False)
    line = found.lines.get((), (NO_FIGURES,) * len(found.steps))
    sealed = {at: figures.samples for at, figures in zip(found.steps, line, strict=True)}
    end_ns, wait, held = window.end_ns, 0, 0
    for at in sorted({*inside, *sealed}, reverse=True):
        wait, held = wait + inside.get(at, 0), held + sealed.get(at, 0)
        if inside.get(at) and wait * every > held and wait * every >= LEAST_WAITING and wait > 1:
            end_ns = max(at, window.start_ns)
    return end_ns


def _waiting(workspace_id: int, now_ns: int) -> Waiting:
    """What should be sealed and is not: nearly always nothing, which takes a look at one array a batch."""
    usual_ns = (settings.TRACER_QUIET_SECONDS + MAX_OPEN_SECONDS + DIGEST_SECONDS) * S_NS
    with store_cursor() as cursor:
        cursor.execute(
            """
            WITH waits AS (
                SELECT id, trace_ids, starts_ns FROM batch
                WHERE workspace_id = %(workspace)s AND span_count > 0 AND %(until)s > ANY (starts_ns)
            ), sample AS (SELECT (count(*) - 1) / %(most)s + 1 AS one_of FROM waits)
            SELECT one_of, start_ns / %(minute)s * %(minute)s, count(*) FROM sample, (
                SELECT min(start_ns) AS start_ns FROM waits, unnest(trace_ids, starts_ns) AS trace (trace_id, start_ns)
                WHERE (hashint8(id) & 2147483647) %% (SELECT one_of FROM sample) = 0
                    AND start_ns < %(until)s AND start_ns >= %(first)s
                GROUP BY trace_id
            ) AS traces GROUP BY 1, 2
            """,
            {
                "workspace": workspace_id, "most": MOST_BATCHES, "minute": MINUTE_NS, "until": now_ns - usual_ns,
                "first": now_ns - settings.TRACER_RETENTION_DAYS * DAY_NS,
            },
        )  # fmt: skip
        rows = cursor.fetchall()
    return Waiting({minute_ns: traces for _, minute_ns, traces in rows}, rows[0][0] if rows else 1)
