"""Ingest's side of the store: keep a batch durably, or say that there is no room for it now."""

from __future__ import annotations

import threading
import time

from django.conf import settings

from apps.store import copying
from apps.store.connection import StoreUnavailable, store_cursor
from apps.store.names import register_services
from apps.traces.batch import Batch, Part

__all__ = ["BacklogFull", "StoreUnavailable", "write_batch"]

COPY_BATCH = """
    COPY batch (workspace_id, shard, signal, span_count, trace_ids, starts_ns, ends_ns, tokens, payload)
    FROM STDIN (FORMAT BINARY)
"""
BACKLOG_CHECK_SECONDS = 1.0


class BacklogFull(Exception):
    """More unsealed spans are waiting than the store takes on; try again after `retry_after_s` seconds."""

    def __init__(self, retry_after_s: int):
        super().__init__(f"too many spans are waiting to be digested; retry after {retry_after_s} s")
        self.retry_after_s = retry_after_s


def write_batch(workspace_id: int, batch: Batch) -> None:
    """Store every part of `batch`; the data is committed when this returns.

    Raises BacklogFull when digest is too far behind, StoreUnavailable when the database cannot take it now.
    """
    if not batch.parts:
        return
    _check_backlog()
    with store_cursor() as cursor:
        register_services(cursor, workspace_id, batch.services)
        copying.copy_rows(cursor, COPY_BATCH, [_packed(workspace_id, part) for part in batch.parts])


def _packed(workspace_id: int, part: Part) -> bytes:
    return copying.row(
        copying.int4(workspace_id), copying.int2(part.shard), copying.int2(part.signal), copying.int4(part.span_count),
        copying.uuid_array(list(part.starts)), copying.int8_array(list(part.starts.values())),
        copying.int8_array([part.ends[t] for t in part.starts]), copying.int4_set(part.tokens),
        copying.raw(part.payload),
    )  # fmt: skip


_backlog_lock = threading.Lock()
_backlog = {"looked_at": 0.0, "spans": 0}


def _check_backlog() -> None:
    """Looks at most once a second a process: the limit is a brake, not a count."""
    if time.monotonic() - _backlog["looked_at"] > BACKLOG_CHECK_SECONDS and _backlog_lock.acquire(blocking=False):
        try:
            with store_cursor() as cursor:
                cursor.execute("SELECT coalesce(sum(span_count), 0) FROM batch")
                _backlog["spans"] = cursor.fetchone()[0]
            _backlog["looked_at"] = time.monotonic()
        finally:
            _backlog_lock.release()
    if _backlog["spans"] > settings.TRACER_MAX_BACKLOG_SPANS:
        raise BacklogFull(retry_after_s=5)
