"""Rollups as Celery tasks: short, idempotent, safe to run twice or at once."""

from __future__ import annotations

import time

from celery import shared_task

from apps.insights.fold import fold
from apps.insights.retention import drop_expired
from apps.store.connection import later_when_unavailable


@shared_task(ignore_result=True)
@later_when_unavailable
def fold_rollups() -> None:
    fold(time.time_ns())


@shared_task(ignore_result=True)
@later_when_unavailable
def drop_expired_rollups() -> None:
    """Retention: drop the buckets of each level that are older than TRACER_…_RETENTION_DAYS say."""
    drop_expired(time.time_ns())
