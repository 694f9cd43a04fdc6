"""Rollups made anew from sealed traces: the same rows as before, however often.

Everything happens in one transaction that shuts out digest and fold; pages go on reading the old facts until it
commits. A kill leaves the old ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from apps.digest.shards import all_shards_locked
from apps.insights.erase import erase_from
from apps.insights.fold import lock as lock_fold
from apps.insights.ledger import Ledger, forget_books
from apps.insights.levels import minute_at
from apps.store.connection import store_cursor
from apps.store.partitions import day_of, existing_partitions
from apps.store.sealed import read_day

OBSERVATIONS_AT_ONCE = 200_000


@dataclass(frozen=True, slots=True)
class Rebuilt:
    first_day: date | None
    """Facts from the start of that day (UTC) on were replaced; older ones stay. None without any traces."""
    traces: int = 0
    spans: int = 0


def rebuild(*, now_ns: int, retention_days: int, workspace_id: int | None = None) -> Rebuilt:
    """Replace the facts of one workspace, or all, as far as sealed traces reach back. Waits for digest and fold."""
    try:
        return _rebuild(now_ns, retention_days, workspace_id)
    except BaseException:
        forget_books()  # Keys registered in a transaction that is gone are gone, too.
        raise


def _rebuild(now_ns: int, retention_days: int, workspace_id: int | None) -> Rebuilt:
    with store_cursor() as cursor, all_shards_locked(cursor), cursor.connection.transaction():
        lock_fold(cursor, wait=True)
        days = existing_partitions(cursor)[::-1]
        if not days:
            return Rebuilt(None)
        first = _first_whole_day(days[0], day_of(now_ns) - timedelta(days=retention_days))
        erase_from(cursor, minute_at(first), workspace_id)
        ledger, traces, spans = Ledger(minute_at(first)), 0, 0
        for day in days:
            for owner, filed_ns, draft in read_day(cursor.connection, day, workspace_id):
                ledger.add(owner, draft, filed_ns)
                traces, spans = traces + bool(draft.groups), spans + draft.span_count
                if ledger.size >= OBSERVATIONS_AT_ONCE:
                    ledger = _written(cursor, ledger)
        _written(cursor, ledger)
    return Rebuilt(first, traces, spans)


def _first_whole_day(oldest: date, last_dropped: date) -> date:
    """Spans count in their own minute, up to a day from where their trace is filed. Where the day before the oldest one
    was dropped, the oldest lacks its part of that."""
    return oldest + timedelta(days=1) if oldest <= last_dropped + timedelta(days=1) else oldest - timedelta(days=1)


def _written(cursor, ledger: Ledger) -> Ledger:
    ledger.register(cursor)
    ledger.write(cursor)
    return Ledger(ledger.first_minute)
