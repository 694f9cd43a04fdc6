"""The fold: takes facts out of the inbox and adds them to the levels, once each.

    digest ──► inbox ──fold──► minute ──when ten are over──► ten ──when an hour is over──► hour ──► six ──► day
                          └──► ten, hour, six, day too, as far as those are closed already

A bucket is closed once its level holds it. What comes late for a closed bucket is added to it in the transaction that
takes it from the inbox, so that at every instant a window may be read from any level that is closed for it, with the
inbox, and the sums are the same. A kill leaves all of a transaction or nothing; a lock keeps a second fold out.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from apps.insights.closed import Closed, begin, close, read_closed
from apps.insights.facts import READ, Facts, concat, copy_rows, from_rows, in_buckets_of, merge, select
from apps.insights.levels import DAY, LEVELS, MINUTE, Level, day_at, ensure_partitions, forget_partitions, minute_at
from apps.store.connection import store_cursor
from apps.traces.moments import MINUTE_NS

SETTLE_MINUTES = 1
"""A minute is merged into one row a key so long after its end; most of what belongs to it has arrived by then."""
MAX_ROWS = 200_000
"""Taken from the inbox in one transaction."""

LOCK = 0x666F6C64


def fold(now_ns: int) -> int:
    """Empty the inbox and close what is over. How many rows were taken; 0 at once when another fold is at it."""
    taken, now = 0, now_ns // MINUTE_NS
    try:
        while (step := _take(now)) is not None:
            taken += step
            # One bucket at a time: the inbox does not wait for weeks of a level that is new.
            if step < MAX_ROWS and not _close_next(now - SETTLE_MINUTES):
                break
    except BaseException:
        forget_partitions()  # Those made in a transaction that is gone are gone, too.
        raise
    return taken


def lock(cursor, *, wait: bool = False) -> bool:
    """Until the transaction ends, nobody else changes the levels. False when somebody else is at it."""
    if wait:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        return True
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
    return cursor.fetchone()[0]


def _take(now: int) -> int | None:
    with store_cursor() as cursor, cursor.connection.transaction():
        if not lock(cursor):
            return None
        closed = read_closed(cursor) or begin(cursor, now - SETTLE_MINUTES)
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


def _add(cursor, facts: Facts, closed: Closed, now: int) -> None:
    """To the minutes, and to every level above that is closed for them; not to what has expired."""
    midnight = minute_at(day_at(now))
    for level, above in zip(LEVELS, (*LEVELS[1:], None), strict=True):
        wanted = facts.minute >= midnight - level.kept_days * DAY.minutes
        if above is not None:
            wanted |= facts.minute >= closed[above]
        if level is not MINUTE:
            wanted &= facts.minute < closed[level]
        _write(cursor, level, in_buckets_of(select(facts, wanted), level.minutes))


def _write(cursor, level: Level, facts: Facts) -> None:
    if facts.n:
        ensure_partitions(level, np.unique(facts.minute).tolist())
        copy_rows(cursor, level.table, facts)


def _close_next(over: int) -> bool:
    """Close the next bucket that ended by `over`, of the lowest level first. Whether there was one."""
    with store_cursor() as cursor, cursor.connection.transaction():
        if not lock(cursor):
            return False
        closed = read_closed(cursor)
        if closed[MINUTE] < over:
            return _close_minute(cursor, closed[MINUTE], over)
        for below, level in pairwise(LEVELS):
            until = closed[below] // level.minutes * level.minutes
            if closed[level] < until:
                return _close(cursor, level, below, closed[level], until)
    return False


def _close_minute(cursor, start: int, over: int) -> bool:
    first = _first(cursor, MINUTE, start, over)
    if first is not None:
        _compact(cursor, MINUTE, first, first + 1)
    close(cursor, MINUTE, over if first is None else first + 1)
    return True


def _close(cursor, level: Level, below: Level, start: int, until: int) -> bool:
    """Of the buckets in [start, until) the first that has facts, with the empty ones before it."""
    # A partition at a time: no index tells the first of all.
    until = min(until, minute_at(below.end_of(day_at(start))))
    first = _first(cursor, below, start, until)
    if first is None:
        close(cursor, level, until)
        return True
    bucket, found = first // level.minutes * level.minutes, None
    # Bucket by bucket: at 20 000 keys ten minutes are 200 000 rows.
    for at in range(bucket, bucket + level.minutes, below.minutes):
        part = in_buckets_of(_compact(cursor, below, at, at + below.minutes), level.minutes)
        found = part if found is None else merge(concat(found, part))
    _write(cursor, level, found)
    close(cursor, level, bucket + level.minutes)
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
