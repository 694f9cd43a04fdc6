"""Spans into the real store and out of it, for tests: `from tests.storing import store` in a conftest.py."""

from __future__ import annotations

import time
from collections.abc import Iterable

import pytest
from django.db import connection
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from apps.digest import seal
from apps.digest.seal import digest_shard
from apps.insights.ledger import forget_books
from apps.insights.usual import forget_usual
from apps.store.dictionaries import forget_dictionaries
from apps.store.hot_cache import hot_cache
from apps.store.names import forget_written
from apps.store.partitions import forget_partitions
from apps.store.writer import write_batch
from apps.traces.batch import SHARDS, split_batch
from apps.traces.query import SpanPredicate, TraceQuery

NS = 10**9
HOUR_NS = 3600 * NS


@pytest.fixture
def store(transactional_db):
    """An empty store; emptied again afterwards, for Django does not know these tables."""
    _empty()
    yield
    _empty()


TABLES = (
    "batch", "refused_batch", "service", "span_name", "attribute_key", "dictionary", "rollup_put", "rollup_taken",
    "rollup_key", "rollup_inbox", "rollup_minute", "rollup_ten", "rollup_hour", "rollup_six", "rollup_day",
    "rollup_closed",
)  # fmt: skip


def filled(cursor, tables: Iterable[str]) -> list[str]:
    """Those with rows: to empty one that has none takes as long as to empty one that has."""
    asked = (f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in tables)
    cursor.execute(" UNION ALL ".join(asked))
    return [table for (table,) in cursor.fetchall()]


def _empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'trace'::regclass")
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP TABLE {name}")
        if tables := filled(cursor, TABLES):
            cursor.execute(f"TRUNCATE {', '.join(tables)}")
    forget_written()
    forget_partitions()
    seal.forget_readers()
    forget_books()
    forget_usual()
    forget_dictionaries()
    hot_cache.__init__()


def send(*documents, workspace_id: int = 1) -> None:
    """Store TracesData messages (`tests.traces.build.traces_data`), one batch each."""
    for document in documents:
        request = ExportTraceServiceRequest.FromString(document.SerializeToString())
        write_batch(workspace_id, split_batch(request))


def digest_all(*, later_s: float = 60.0, retention_days: int = 14) -> int:
    """Seal everything that is there, as if `later_s` had passed; how many traces were written."""
    sealed = 0
    for shard in range(SHARDS):
        while True:
            digested = digest_shard(
                shard, now_ns=time.time_ns() + int(later_s * NS), quiet_seconds=10, retention_days=retention_days
            )
            sealed += digested.sealed
            if not digested.is_more:
                break
    return sealed


def window(**conditions) -> TraceQuery:
    """A query over the last and next day; span conditions by name, the rest as TraceQuery takes it."""
    now = time.time_ns()
    own = {k: conditions.pop(k) for k in list(conditions) if k in ("limit", "cursor") or "_trace_" in k}
    return TraceQuery(now - 24 * HOUR_NS, now + 24 * HOUR_NS, SpanPredicate(**conditions), **own)
