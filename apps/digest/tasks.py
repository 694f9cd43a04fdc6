"""Digest as Celery tasks: short, idempotent, safe to run twice or at once."""

from __future__ import annotations

import time
from datetime import timedelta

from celery import shared_task
from django.conf import settings

from apps.digest.seal import digest_shard as seal_shard
from apps.store.connection import StoreUnavailable
from apps.store.partitions import day_of, drop_partitions_before, forget_partitions, make_partitions_ahead

MAX_SECONDS = 20
"""A task gives the worker back after this long; the next beat goes on."""


@shared_task(ignore_result=True)
def digest_shard(shard: int) -> None:
    """Seal a shard's quiet traces until none is left or the task has had its time."""
    until = time.monotonic() + MAX_SECONDS
    while time.monotonic() < until:
        try:
            digested = seal_shard(
                shard,
                now_ns=time.time_ns(),
                quiet_seconds=settings.TRACER_QUIET_SECONDS,
                retention_days=settings.TRACER_RETENTION_DAYS,
            )
        except StoreUnavailable:
            forget_partitions()
            raise
        if not digested.is_more:
            return


@shared_task(ignore_result=True)
def make_partitions() -> None:
    make_partitions_ahead(day_of(time.time_ns()))


@shared_task(ignore_result=True)
def drop_expired() -> None:
    """Retention: drop the days that ended more than TRACER_RETENTION_DAYS ago."""
    drop_partitions_before(day_of(time.time_ns()) - timedelta(days=settings.TRACER_RETENTION_DAYS))
