"""How fresh the rollups are, and how far they reach: they hold what digest has sealed.

When a trace arrived says nothing of when it began: what is told of the past arrives now, and is missing in windows of
long ago until it is sealed.
"""

from __future__ import annotations

from dataclasses import dataclass

from apps.insights.figures import NO_FIGURES
from apps.insights.period import Period
from apps.insights.series import series, step_of
from apps.insights.window import Window
from apps.store.connection import store_cursor
from apps.traces.deposits import TRACES
from apps.traces.key_book import COVERAGE
from apps.traces.moments import S_NS

USUAL_NS = 30 * S_NS
"""Traces that began so short a time ago wait for the rest of their spans; nothing is behind for that."""


@dataclass(frozen=True, slots=True)
class Freshness:
    fresh_to_ns: int
    """Everything received before that is in the rollups."""
    now_ns: int

    @property
    def behind_s(self) -> float:
        return max(0.0, (self.now_ns - self.fresh_to_ns) / S_NS)


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
    """Read as far as it is held: past that, nothing came because nothing was looked at. Raises StoreUnavailable."""
    return period.up_to(held_end(workspace_id, period.window, period.now_ns))


def held_end(workspace_id: int, window: Window, now_ns: int) -> int:
    """Up to when the traces of a window are in the rollups, ns: to its end, unless of those that began at some time or
    later more wait to be sealed than are. One that goes on for an hour, or comes late, is outweighed by all others
    since; history that is being told, or a queue that is worked off, is not."""
    step_ns = step_of(window, now_ns)
    waiting = _waiting(workspace_id, window, min(window.end_ns, now_ns - USUAL_NS), step_ns)
    if not waiting:
        return window.end_ns
    found = series(workspace_id, window, COVERAGE, (TRACES,), step_ns, histograms=False)
    line = found.lines.get((), (NO_FIGURES,) * len(found.steps))
    sealed = {at: figures.samples for at, figures in zip(found.steps, line, strict=True)}
    end_ns, wait, held = window.end_ns, 0, 0
    for at in sorted({*waiting, *sealed}, reverse=True):
        wait, held = wait + waiting.get(at, 0), held + sealed.get(at, 0)
        if waiting.get(at) and wait > held:
            end_ns = at
    return end_ns


def _waiting(workspace_id: int, window: Window, until_ns: int, step_ns: int) -> dict[int, int]:
    """Start of a step -> how many traces began in it that are not sealed, in the first step those from before it, too:
    where history is told in turn, all that follows is missing."""
    with store_cursor() as cursor:
        cursor.execute(
            """
            SELECT greatest(start_ns, %(first)s) / %(step)s * %(step)s, count(*) FROM (
                SELECT min(start_ns) AS start_ns FROM batch, unnest(trace_ids, starts_ns) AS waits (trace_id, start_ns)
                WHERE workspace_id = %(workspace)s AND span_count > 0 AND start_ns < %(until)s GROUP BY trace_id
            ) AS traces GROUP BY 1
            """,
            {"workspace": workspace_id, "first": window.start_ns, "step": step_ns, "until": until_ns},
        )
        return dict(cursor.fetchall())
