"""Rollups as Celery tasks: short, idempotent, safe to run twice or at once."""

from __future__ import annotations

import logging
import time

from celery import shared_task

from apps.insights.fold import fold
from apps.insights.retention import drop_expired
from apps.store.connection import StoreUnavailable

_log = logging.getLogger(__name__)


@shared_task(ignore_result=True)
def fold_rollups() -> None:
    try:
        fold(time.time_ns())
    except StoreUnavailable as error:
        _log.warning("Rollups are folded later: the database is not available: %s", error)


@shared_task(ignore_result=True)
def drop_expired_rollups() -> None:
    """Retention: drop the minutes, hours and days that are older than TRACER_…_RETENTION_DAYS say."""
    drop_expired(time.time_ns())
