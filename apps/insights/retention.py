"""Retention of facts: each level loses whole partitions, never one that the next level still has to be made of; and the
keys that no fact can have any longer."""

from __future__ import annotations

from datetime import timedelta

from apps.insights.closed import read_closed
from apps.insights.keys import forget_unseen
from apps.insights.levels import DAY, LEVELS, day_at, drop_before
from apps.store.connection import store_cursor
from apps.traces.moments import MINUTE_NS

A_MONTH = timedelta(days=31)
"""A partition of days goes when all of it may go."""


def drop_expired(now_ns: int) -> None:
    """Days that ended more than the level's days ago."""
    today = day_at(now_ns // MINUTE_NS)
    with store_cursor() as cursor:
        closed = read_closed(cursor)
    if closed is None:
        return
    for level, above in zip(LEVELS, (*LEVELS[1:], None), strict=True):
        needed = day_at(closed[above]) if above else today
        drop_before(level, min(today - timedelta(days=level.kept_days), needed))
    with store_cursor() as cursor:
        forget_unseen(cursor, today - timedelta(days=DAY.kept_days) - A_MONTH)
