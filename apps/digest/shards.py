"""Who works on a shard: session locks, so that names and partitions can commit on their own before the one transaction
that moves spans. They go when the connection goes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from apps.traces.batch import SHARDS

_LOCK_CLASS = 0x74726163


@contextmanager
def shard_locked(cursor, shard: int) -> Iterator[bool]:
    """Whether the shard is ours; it is not when another digest is at it."""
    cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK_CLASS, shard])
    is_mine = cursor.fetchone()[0]
    try:
        yield is_mine
    finally:
        if is_mine:
            _unlock(cursor, shard)


@contextmanager
def all_shards_locked(cursor) -> Iterator[None]:
    """Waits for every digest to finish what it has in hand, and keeps all of them out."""
    locked = []
    try:
        for shard in range(SHARDS):
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [_LOCK_CLASS, shard])
            locked.append(shard)
        yield
    finally:
        for shard in locked:
            _unlock(cursor, shard)


def _unlock(cursor, shard: int) -> None:
    if not cursor.connection.closed:
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK_CLASS, shard])
