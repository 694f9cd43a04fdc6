"""Digest as Celery tasks: short, idempotent, safe to run twice or at once."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.db import DatabaseError, DataError

from apps.digest.seal import digest_shard as seal_shard
from apps.digest.seal import ripe_until_us
from apps.digest.verdicts import judge_again as judge_traces_again
from apps.digest.verdicts import judge_messages
from apps.insights.messages import pair_messages as pair_ends
from apps.store.connection import StoreUnavailable, later_when_unavailable, store_cursor
from apps.store.dictionaries import learn, workspaces, workspaces_without_dictionary
from apps.store.hot import ripe_shards, set_oldest_aside
from apps.store.partitions import (
    day_of,
    drop_partitions_before,
    forget_partitions,
    make_partitions_ahead,
    sort_in_new_tokens,
)
from apps.traces.batch import SHARDS

_log = logging.getLogger(__name__)

MAX_SECONDS = 20
"""A task gives the worker back after this long; the next beat goes on."""


@shared_task(ignore_result=True)
@later_when_unavailable
def digest() -> None:
    """Ask for every shard in which something is quiet. A shard is a task of its own, so that all of the worker's
    processes share them; where nothing arrives none is asked for, and an idle worker rests."""
    until_us = ripe_until_us(time.time_ns(), settings.TRACER_QUIET_SECONDS)
    with store_cursor() as cursor:
        ripe = ripe_shards(cursor, shards=SHARDS, until_us=until_us)
    for shard in ripe:
        digest_shard.apply_async((shard,), expires=MAX_SECONDS)


@shared_task(ignore_result=True)
def digest_shard(shard: int) -> None:
    """Seal a shard's quiet traces until none is left or the task has had its time.

    A batch that cannot be read must hold up no other: after a failure batches are taken one by one, and the one that
    fails alone is set aside in `refused_batch`. Nothing of it is lost.
    """
    until, one_by_one = time.monotonic() + MAX_SECONDS, False
    while time.monotonic() < until:
        now_ns, quiet_seconds = time.time_ns(), settings.TRACER_QUIET_SECONDS
        try:
            digested = seal_shard(
                shard,
                now_ns=now_ns,
                quiet_seconds=quiet_seconds,
                retention_days=settings.TRACER_RETENTION_DAYS,
                one_by_one=one_by_one,
            )
        except StoreUnavailable as error:
            # Nothing of the transaction is left. It is asked for again in two seconds, and again.
            _log.warning("Shard %d is digested later: the database is not available: %s", shard, error)
            return
        except Exception as error:
            # Should a partition have been dropped by another process, this one looks again.
            forget_partitions()
            if isinstance(error, DatabaseError) and not isinstance(error, DataError):
                raise  # of the schema or the statement, not of what a sender sent
            if one_by_one:
                _set_aside(shard, ripe_until_us(now_ns, quiet_seconds), error)
            one_by_one = True
            continue
        if not digested.is_more:
            return


def _set_aside(shard: int, until_us: int, error: Exception) -> None:
    reason = f"{type(error).__name__}: {error}"
    with store_cursor() as cursor:
        batch_id = set_oldest_aside(cursor, shard=shard, until_us=until_us, reason=reason)
    _log.error(
        "Batch %s of shard %d could not be digested and was set aside: %s", batch_id, shard, reason, exc_info=error
    )


@shared_task(ignore_result=True)
@later_when_unavailable
def judge_again() -> None:
    """Traces that came before there was enough to compare them with."""
    judge_traces_again(time.time_ns())


@shared_task(ignore_result=True)
@later_when_unavailable
def pair_messages() -> None:
    """How long messages lay in queues between traces; the traces whose messages lay long are judged again."""
    judge_messages(pair_ends(), time.time_ns())


@shared_task(ignore_result=True)
@later_when_unavailable
def make_partitions() -> None:
    make_partitions_ahead(day_of(time.time_ns()))


@shared_task(ignore_result=True)
@later_when_unavailable
def sort_in_tokens() -> None:
    """Keeps searches fast while traces are sealed."""
    sort_in_new_tokens(day_of(time.time_ns()))


@shared_task(ignore_result=True)
@later_when_unavailable
def drop_expired() -> None:
    """Retention: drop the days that ended more than TRACER_RETENTION_DAYS ago."""
    drop_partitions_before(day_of(time.time_ns()) - timedelta(days=settings.TRACER_RETENTION_DAYS))


@shared_task(ignore_result=True)
@later_when_unavailable
def learn_first_dictionaries() -> None:
    """Often, and nearly always nothing to do: a new workspace packs its traces well after its first few hundred."""
    for workspace_id in workspaces_without_dictionary():
        learn(workspace_id)


@shared_task(ignore_result=True)
@later_when_unavailable
def renew_dictionaries() -> None:
    """Daily: traces change with the software that sends them."""
    for workspace_id in workspaces():
        learn(workspace_id)
