"""Digest as Celery tasks: short, idempotent, safe to run twice or at once."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from celery import shared_task
from django.conf import settings

from apps.digest.seal import digest_shard as seal_shard
from apps.store.connection import StoreUnavailable
from apps.store.dictionaries import learn, workspaces, workspaces_without_dictionary
from apps.store.partitions import day_of, drop_partitions_before, forget_partitions, make_partitions_ahead

_log = logging.getLogger(__name__)

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
        except StoreUnavailable as error:
            # Nothing of the transaction is left. Beat asks again in two seconds, and goes on asking.
            _log.warning("Shard %d is digested later: the database is not available: %s", shard, error)
            return
        except Exception:
            # Should a partition have been dropped by another process, this one looks again.
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


@shared_task(ignore_result=True)
def learn_first_dictionaries() -> None:
    """Often, and nearly always nothing to do: a new workspace packs its traces well after its first few hundred."""
    for workspace_id in workspaces_without_dictionary():
        learn(workspace_id)


@shared_task(ignore_result=True)
def renew_dictionaries() -> None:
    """Daily: traces change with the software that sends them."""
    for workspace_id in workspaces():
        learn(workspace_id)
