"""OTLP bodies as a fleet of SDKs would send them, made once and stamped anew for every sending.

A round is 26-span traces over 6 services cut into batches by service, as each service's exporter does. Stamping
writes new trace ids and times into the serialised bytes at remembered places, so that the generator takes little of
the machine it shares with what it measures.
"""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

SERVICES = ("gateway", "checkout", "cart", "inventory", "payment", "order")
NAMES = {
    "gateway": ("POST /checkout", "GET /cart", "GET /products/{id}", "auth.verify_session"),
    "checkout": ("POST /checkout", "validate_address", "POST payment", "POST inventory"),
    "cart": ("GET /carts/{id}", "HGETALL cart", "price_lines", "DEL cart"),
    "inventory": ("POST /reservations", "SELECT shop.warehouse", "SELECT shop.stock", "UPDATE shop.stock"),
    "payment": ("POST /charges", "SELECT payment.customer", "POST /v2/authorisations", "INSERT payment.charge"),
    "order": ("POST /orders", "INSERT orders.order", "INSERT orders.line", "publish order.placed"),
}
TRACE_SPANS = 26
USERS, ORDERS = 20_000, 10_000_000
MS = 1_000_000


@dataclass(slots=True)
class Body:
    """A serialised request and where ids and times stand in it."""

    data: bytearray
    trace_ids: list[int]
    times: list[tuple[int, int]]
    """(offset, ns after the stamp's time)."""
    orders: list[int]
    """Offsets of 7-digit order numbers."""

    @property
    def span_count(self) -> int:
        return len(self.trace_ids)

    def stamped(self, round_number: int, start_ns: int) -> bytes:
        """The body with ids of its own for this round and times after `start_ns`."""
        data, mark = self.data, struct.pack(">I", round_number)
        # Rounds of one connection are a thousand apart: other orders in each.
        order_mark = (round_number + round_number // 1000 * 37) % 1000
        for at in self.trace_ids:
            data[at : at + 4] = mark
        for at, after_ns in self.times:
            struct.pack_into("<Q", data, at, start_ns + after_ns)
        for at in self.orders:
            data[at : at + 3] = b"%03d" % order_mark
        return bytes(data)


def make_bodies(spans: int, batch_spans: int, seed: int = 1, trace_every_ns: int = 200_000) -> list[Body]:
    """About `spans` spans in batches of `batch_spans`; traces start `trace_every_ns` apart."""
    pick = random.Random(seed)
    waiting: dict[str, list[Span]] = {service: [] for service in SERVICES}
    bodies: list[Body] = []
    for number in range(spans // TRACE_SPANS):
        for service, span in _trace(pick, number * trace_every_ns):
            waiting[service].append(span)
            if len(waiting[service]) == batch_spans:
                bodies.append(_body(service, waiting[service]))
                waiting[service] = []
    bodies += [_body(service, left) for service, left in waiting.items() if left]
    return bodies


_BASE_NS = 1 << 50
"""Times are written relative to this while a body is made, so that their bytes can be found again."""


def _trace(pick: random.Random, start_ns: int):
    trace_id = b"\x00\x00\x00\x00" + pick.randbytes(12)
    user, order = f"u_{pick.randrange(USERS)}", f"{pick.randrange(ORDERS):07d}"
    is_slow, is_failed = pick.random() < 0.05, pick.random() < 0.02
    parent, at = b"", start_ns
    for index in range(TRACE_SPANS):
        service = SERVICES[index * len(SERVICES) // TRACE_SPANS]
        duration = int(pick.lognormvariate(2.3, 0.8) * MS * (8 if is_slow and service == "payment" else 1))
        span = Span(
            trace_id=trace_id, span_id=pick.randbytes(8), parent_span_id=parent, flags=0x101,
            name=NAMES[service][index % 4], kind=(2, 1, 3)[index % 3],
            start_time_unix_nano=_BASE_NS + at, end_time_unix_nano=_BASE_NS + at + duration,
        )  # fmt: skip
        _attributes(span, pick, index, user, order)
        if is_failed and index == TRACE_SPANS - 5:
            _fail(span)
        if index % 4 == 0:
            parent = span.span_id
        at += duration // 3
        yield service, span


def _attributes(span: Span, pick: random.Random, index: int, user: str, order: str) -> None:
    values: dict[str, object] = {"thread.id": 140_000 + index % 8, "thread.name": f"worker-{index % 8}"}
    if span.kind == 2:
        values |= {"http.request.method": "POST", "http.route": span.name, "url.scheme": "https",
                   "url.path": "/checkout", "http.response.status_code": 200, "server.address": "shop.example",
                   "server.port": 443, "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64)",
                   "user.id": user, "order.id": order}  # fmt: skip
    elif span.kind == 3:
        values |= {"db.system.name": "postgresql", "db.namespace": "shop",
                   "db.query.text": f"{span.name} WHERE id = $1",
                   "server.address": "db.internal", "server.port": 5432, "db.operation.name": "SELECT"}  # fmt: skip
    else:
        values |= {"code.function.name": "shop.checkout.step", "order.id": order, "cart.lines": pick.randrange(12)}
    for key, value in values.items():
        pair = span.attributes.add(key=key)
        if isinstance(value, int):
            pair.value.int_value = value
        else:
            pair.value.string_value = value


def _fail(span: Span) -> None:
    span.status.code, span.status.message = 2, "bank-api answered 429"
    event = span.events.add(name="exception", time_unix_nano=span.end_time_unix_nano)
    for key, value in (("exception.type", "HTTPError"), ("exception.message", "429 Too Many Requests")):
        event.attributes.add(key=key).value.string_value = value


_RESOURCE = {
    "service.version": "4.12.0", "service.namespace": "shop", "deployment.environment.name": "production",
    "telemetry.sdk.language": "python", "telemetry.sdk.name": "opentelemetry", "telemetry.sdk.version": "1.45.1",
    "host.name": "node-3", "k8s.namespace.name": "shop", "process.runtime.version": "3.11.7",
}  # fmt: skip


def _body(service: str, spans: list[Span]) -> Body:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    for key, value in {"service.name": service, "k8s.pod.name": f"{service}-7d9f4b", **_RESOURCE}.items():
        group.resource.attributes.add(key=key).value.string_value = value
    scoped = group.scope_spans.add()
    scoped.scope.name, scoped.scope.version = "opentelemetry.instrumentation.shop", "0.66b1"
    scoped.spans.extend(spans)
    data = bytearray(request.SerializeToString())
    found = Body(data, [], [], [])
    at = -1
    for span in spans:
        at = data.index(span.trace_id, at + 1)
        found.trace_ids.append(at)
        for tag, time in ((b"\x39", span.start_time_unix_nano), (b"\x41", span.end_time_unix_nano)):
            place = data.index(tag + struct.pack("<Q", time), at) + 1
            found.times.append((place, time - _BASE_NS))
        order = next((p.value.string_value for p in span.attributes if p.key == "order.id"), None)
        if order:
            found.orders.append(data.index(order.encode(), at))
        for event in span.events:
            place = data.index(b"\x09" + struct.pack("<Q", event.time_unix_nano), at) + 1
            found.times.append((place, event.time_unix_nano - _BASE_NS))
    return found
