"""Traces of a shop, at the times a test wants them."""

from __future__ import annotations

from collections.abc import Iterable

from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from tests.storing import send
from tests.traces.build import START_NS, SpanSpec, draw_specs, traces_data

S_NS = 1_000_000_000


def shifted(specs: Iterable[SpanSpec | tuple] | str, trace_id: str, start_ns: int) -> TracesData:
    """A trace (specs, or a drawing of them) that starts at `start_ns`."""
    data = traces_data(draw_specs(specs) if isinstance(specs, str) else specs, trace_id, by_service=True)
    for group in data.resource_spans:
        for part in group.scope_spans:
            for span in part.spans:
                span.start_time_unix_nano += start_ns - START_NS
                span.end_time_unix_nano += start_ns - START_NS
    return data


def store(specs: Iterable[SpanSpec | tuple] | str, trace_id: str, start_ns: int, workspace_id: int = 1) -> str:
    """Store a trace that starts at `start_ns`, as ingest does; gives its id back."""
    send(shifted(specs, trace_id, start_ns), workspace_id=workspace_id)
    return trace_id


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
