"""One checkout, with an attribute in every place that one can stand."""

from __future__ import annotations

from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from tests.store.shop import some_trace, trace_id_of
from tests.traces.build import SpanSpec, key_values

CHECKOUT_ID = trace_id_of(1)
OTHER_ID = trace_id_of(2)
LINKED_TRACE, LINKED_SPAN = "cc" * 16, "dd" * 8
GATEWAY, PAYMENT, SELECT = (f"{n:016x}" for n in (1, 2, 3))

SPANS = [
    SpanSpec("gateway", "POST /checkout", None, 0, 500, {"user.id": "u_1", "http.response.status_code": 200}, "SERVER"),
    SpanSpec("payment", "charge", 0, 10, 400, {"order.id": 48213, "retry": True, "ratio": 0.5, "note": "a:b c"},
             "CLIENT", "ERROR", "the bank said no", events=((21, "exception", {"exception.type": "Timeout"}),)),
    SpanSpec("payment", "SELECT", 1, 20, 5, {"db.system.name": "postgresql"}, "CLIENT", "OK"),
]  # fmt: skip


def checkout(ago_s: float = 60.0) -> TracesData:
    data = some_trace(1, SPANS, ago_s)
    for group in data.resource_spans:
        group.resource.attributes.extend(key_values({"host.name": "box-1"}))
        scope = group.scope_spans[0].scope
        scope.name, scope.version = "shop.tracing", "2.0"
        scope.attributes.extend(key_values({"scope.team": "checkout"}))
    charge = data.resource_spans[1].scope_spans[0].spans[0]
    charge.trace_state = "ot=th:8"
    charge.flags = 0x101
    charge.links.add(
        trace_id=bytes.fromhex(LINKED_TRACE),
        span_id=bytes.fromhex(LINKED_SPAN),
        attributes=key_values({"why": "retry"}),
    )
    return data


def other(ago_s: float = 120.0) -> TracesData:
    return some_trace(2, [SpanSpec("mail/queue", "send", None, 0, 7, {"order.id": 9}, "PRODUCER")], ago_s)
