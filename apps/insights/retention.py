"""Retention of facts: each level loses whole partitions, never one that the next level still has to be made of."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from apps.insights.fold import read_closed
from apps.insights.levels import DAY, HOUR, MINUTE, day_at, drop_before
from apps.store.connection import store_cursor
from apps.traces.deposits import MINUTE_NS


def drop_expired(now_ns: int) -> None:
    today = day_at(now_ns // MINUTE_NS)
    with store_cursor() as cursor:
        closed = read_closed(cursor)
    if closed is None:
        return
    for level, days, needed in (
        (MINUTE, settings.TRACER_MINUTE_RETENTION_DAYS, day_at(closed.hours_at)),
        (HOUR, settings.TRACER_HOUR_RETENTION_DAYS, day_at(closed.days_at)),
        (DAY, settings.TRACER_DAY_RETENTION_DAYS, today),
    ):
        drop_before(level, min(today - timedelta(days=days), needed))
