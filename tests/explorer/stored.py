"""Traces put into the real store, as clients' spans would be, and sealed as digest does it."""

from __future__ import annotations

import time
from collections.abc import Iterable

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from apps.digest.seal import digest_shard
from apps.store.partitions import day_of, make_partitions_ahead
from apps.store.writer import write_batch
from apps.traces.batch import SHARDS, split_batch
from tests.traces.build import START_NS, SpanSpec, draw_specs, traces_data

WORKSPACE_ID = 1
S_NS = 1_000_000_000


def store(
    specs: Iterable[SpanSpec | tuple] | str, trace_id: str, start_ns: int, workspace_id: int = WORKSPACE_ID
) -> str:
    """Store a trace (specs, or a drawing of them) that starts at `start_ns`; gives its id back."""
    data = traces_data(draw_specs(specs) if isinstance(specs, str) else specs, trace_id, by_service=True)
    for group in data.resource_spans:
        for part in group.scope_spans:
            for span in part.spans:
                span.start_time_unix_nano += start_ns - START_NS
                span.end_time_unix_nano += start_ns - START_NS
    write_batch(workspace_id, split_batch(ExportTraceServiceRequest(resource_spans=data.resource_spans)))
    return trace_id


def seal_all() -> None:
    """Everything that waits becomes sealed traces."""
    now_ns = time.time_ns()
    make_partitions_ahead(day_of(now_ns))
    for shard in range(SHARDS):
        while digest_shard(shard, now_ns=now_ns + S_NS, quiet_seconds=0, retention_days=14).is_more:
            pass


def order(number: int, *, payment_ms: float = 300, failed: bool = False, user: str = "ada") -> list[SpanSpec]:
    """A checkout over five services; the order's number stands on a span of `order`."""
    status = "ERROR" if failed else "UNSET"
    total = payment_ms + 180
    return [
        SpanSpec("gateway", "POST /checkout", None, 0, total, {"http.request.method": "POST"}, "SERVER", status),
        SpanSpec("checkout", "POST /checkout", 0, 4, total - 8, {"user.id": user}, "SERVER"),
        SpanSpec("order", "create order", 1, 10, 60, {"order.id": number}),
        SpanSpec("order", "INSERT orders", 2, 20, 40, {"db.system.name": "postgresql"}, "CLIENT"),
        SpanSpec("payment", "POST /charges", 1, 80, payment_ms, {"payment.method": "card"}, "SERVER", status),
        SpanSpec("payment", "POST bank-api", 4, 90, payment_ms - 20, {"server.address": "bank-api"}, "CLIENT", status),
        SpanSpec("mail", "send receipt", 1, payment_ms + 100, 40, {"order.id": number}, "PRODUCER"),
    ]
