"""The fold: takes facts out of the inbox and adds them to the levels, once each.

    digest ──► inbox ──fold──► minute ──when the hour is over──► hour ──when the day is over──► day
                          └──► hour, day too, when those are closed already

A bucket is closed once its level holds it. What comes late for a closed bucket is added to it in the transaction that
takes it from the inbox, so that at every instant a window may be read from any level that is closed for it, with the
inbox, and the sums are the same. A kill leaves all of a transaction or nothing; a lock keeps a second fold out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from django.conf import settings

from apps.insights.facts import READ, Facts, concat, copy_rows, from_rows, in_buckets_of, merge, select
from apps.insights.levels import DAY, HOUR, MINUTE, Level, day_at, ensure_partitions, forget_partitions, minute_at
from apps.store.connection import store_cursor
from apps.traces.deposits import MINUTE_NS

SETTLE_MINUTES = 1
"""A minute is merged into one row a key so long after its end; most of what belongs to it has arrived by then."""
MAX_ROWS = 200_000
"""Taken from the inbox in one transaction."""

LOCK = 0x666F6C64


@dataclass(frozen=True, slots=True)
class Closed:
    """Buckets that end by then (minutes since 1970) are in their level."""

    minutes_at: int
    hours_at: int
    days_at: int


def fold(now_ns: int) -> int:
    """Empty the inbox and close what is over. How many rows were taken; 0 at once when another fold is at it."""
    taken, now = 0, now_ns // MINUTE_NS
    try:
        while (step := _take(now)) is not None:
            taken += step
            if step < MAX_ROWS:
                break
        while _close_next(now):
            pass
    except BaseException:
        forget_partitions()  # Those made in a transaction that is gone are gone, too.
        raise
    return taken


def read_closed(cursor) -> Closed | None:
    """None before the first fold."""
    cursor.execute(
        """
        SELECT (extract(epoch FROM minutes_at) / 60)::int8, (extract(epoch FROM hours_at) / 60)::int8,
               (extract(epoch FROM days_at) / 60)::int8
        FROM rollup_closed
        """
    )
    row = cursor.fetchone()
    return Closed(*row) if row else None


def _take(now: int) -> int | None:
    with store_cursor() as cursor, cursor.connection.transaction():
        if not _lock(cursor):
            return None
        closed = read_closed(cursor) or _begin(cursor, now)
        cursor.execute(
            f"""
            DELETE FROM rollup_inbox WHERE ctid = ANY(ARRAY(SELECT ctid FROM rollup_inbox LIMIT {MAX_ROWS}))
            RETURNING {READ}
            """,
            binary=True,
        )
        rows = cursor.fetchall()
        _add(cursor, merge(from_rows(rows)), closed, now)
    return len(rows)


def _lock(cursor) -> bool:
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
    return cursor.fetchone()[0]


def _begin(cursor, now: int) -> Closed:
    """Everything before now counts as closed."""
    cursor.execute(
        "INSERT INTO rollup_closed (minutes_at, hours_at, days_at) SELECT t, date_trunc('hour', t, 'UTC'), "
        "date_trunc('day', t, 'UTC') FROM (SELECT to_timestamp(%s) AS t) AS now",
        [(now - SETTLE_MINUTES) * 60],
    )
    return read_closed(cursor)


def _add(cursor, facts: Facts, closed: Closed, now: int) -> None:
    oldest = minute_at(day_at(now)) - settings.TRACER_MINUTE_RETENTION_DAYS * DAY.minutes
    _write(cursor, MINUTE, select(facts, (facts.minute >= oldest) | (facts.minute >= closed.hours_at)))
    for level, until in ((HOUR, closed.hours_at), (DAY, closed.days_at)):
        late = select(facts, facts.minute < until)
        _write(cursor, level, in_buckets_of(late, level.minutes))


def _write(cursor, level: Level, facts: Facts) -> None:
    if facts.n:
        ensure_partitions(level, np.unique(facts.minute).tolist())
        copy_rows(cursor, level.table, facts)


def _close_next(now: int) -> bool:
    """Close the next bucket that is over, of the lowest level first. Whether there was one."""
    with store_cursor() as cursor, cursor.connection.transaction():
        if not _lock(cursor):
            return False
        closed = read_closed(cursor)
        over = now - SETTLE_MINUTES
        if closed.minutes_at + 1 <= over:
            return _close_minutes(cursor, closed.minutes_at, over)
        if closed.hours_at + HOUR.minutes <= closed.minutes_at:
            return _close(cursor, HOUR, MINUTE, closed.hours_at, closed.minutes_at)
        if closed.days_at + DAY.minutes <= closed.hours_at:
            return _close(cursor, DAY, HOUR, closed.days_at, closed.hours_at)
    return False


def _close_minutes(cursor, start: int, over: int) -> bool:
    first = _first(cursor, MINUTE, start, over)
    if first is not None:
        _compact(cursor, MINUTE, first, first + 1)
    _say(cursor, "minutes_at", over if first is None else first + 1)
    return True


def _close(cursor, level: Level, below: Level, start: int, until: int) -> bool:
    """The first bucket at or after `start` that has facts becomes closed, and all before it."""
    first = _first(cursor, below, start, until // level.minutes * level.minutes)
    if first is None:
        end = until // level.minutes * level.minutes
    else:
        bucket = first // level.minutes * level.minutes
        end = bucket + level.minutes
        found: Facts | None = None
        # A few at a time: at 20 000 keys an hour's minutes are a million rows.
        for at in range(bucket, end, max(below.minutes, level.minutes // 12)):
            part = in_buckets_of(
                _compact(cursor, below, at, at + max(below.minutes, level.minutes // 12)), level.minutes
            )
            found = part if found is None else merge(concat(found, part))
        _write(cursor, level, found)
    _say(cursor, f"{level.table.removeprefix('rollup_')}s_at", end)
    return True


def _first(cursor, level: Level, start: int, until: int) -> int | None:
    cursor.execute(
        f"""
        SELECT (extract(epoch FROM min(bucket_at)) / 60)::int8 FROM {level.table}
        WHERE bucket_at >= to_timestamp(%s) AND bucket_at < to_timestamp(%s)
        """,
        [start * 60, until * 60],
    )
    return cursor.fetchone()[0]


def _compact(cursor, level: Level, start: int, end: int) -> Facts:
    """The facts of these buckets, one row a key and bucket; written so when they were not."""
    where = f"FROM {level.table} WHERE bucket_at >= to_timestamp(%s) AND bucket_at < to_timestamp(%s)"
    cursor.execute(f"SELECT {READ} {where}", [start * 60, end * 60], binary=True)
    rows = cursor.fetchall()
    facts = merge(from_rows(rows))
    if facts.n < len(rows):
        cursor.execute(f"DELETE {where}", [start * 60, end * 60])
        copy_rows(cursor, level.table, facts)
    return facts


def _say(cursor, column: str, minute: int) -> None:
    cursor.execute(f"UPDATE rollup_closed SET {column} = to_timestamp(%s)", [minute * 60])
