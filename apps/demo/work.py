"""A piece of work in a service: one open span and a cursor of virtual time that moves as its steps are done.

Calls are nested `with` blocks. Leaving one ends the span at the cursor and moves the caller's cursor past it, so that
parents enclose their children; a `Fault` raised inside marks every span it passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, set_span_in_context

from apps.demo import conventions
from apps.demo.catalogue import SERVICES, STORES
from apps.demo.conventions import speak
from apps.demo.faults import Fault
from apps.demo.telemetry import Instance

if TYPE_CHECKING:
    from apps.demo.shop import Shop, Visitor

NO_PARENT = Context()
WORK_OF_SYSTEM = {"redis": "cache"}


class Work:
    """One span while it is open. `now_ns` is virtual time; `skew_ns` how far the host's clock is ahead."""

    __slots__ = ("instance", "is_failed", "now_ns", "shop", "skew_ns", "span", "visitor")

    def __init__(self, shop: Shop, instance: Instance, visitor: Visitor | None, at_ns: int):
        self.shop = shop
        self.instance = instance
        self.visitor = visitor
        self.now_ns = at_ns
        self.skew_ns = shop.skew_ns(instance.host, at_ns)
        self.is_failed = False

    def begin(
        self, work: str, name: str, kind: SpanKind, parent: Context, attributes: dict, links: Sequence[Link] = ()
    ) -> Work:
        self.span = self.instance.tracer(work).start_span(
            name, parent, kind, speak(self.instance.service.dialect, attributes), links, self.now_ns + self.skew_ns
        )
        return self

    def end(self) -> None:
        self.span.end(self.now_ns + self.skew_ns)

    # -- what it does by itself

    def spend(self, median_ms: float, sigma: float = 0.25) -> None:
        """Do something that takes about this long."""
        self.now_ns += self.shop.dice.duration_ns(median_ms, sigma)

    def note(self, attributes: dict) -> None:
        self.span.set_attributes(speak(self.instance.service.dialect, attributes))

    def event(self, name: str, attributes: dict | None = None) -> None:
        self.span.add_event(name, attributes, self.now_ns + self.skew_ns)

    def log(self, severity: SeverityNumber, body: str, attributes: dict | None = None) -> None:
        at_ns = self.now_ns + self.skew_ns
        self.instance.logger.emit(
            LogRecord(
                timestamp=at_ns,
                observed_timestamp=at_ns,
                context=set_span_in_context(self.span, NO_PARENT),
                severity_number=severity,
                severity_text=severity.name,
                body=body,
                attributes=attributes,
            )
        )

    def fail(self, fault: Fault) -> None:
        """Mark the span as failed."""
        self.is_failed = True
        self.record(fault)
        self.span.set_status(Status(StatusCode.ERROR, fault.message))

    def record(self, fault: Fault) -> None:
        """The first span that a fault meets gets the exception event."""
        if not fault.is_recorded:
            fault.is_recorded = True
            self.event(
                "exception",
                {
                    "exception.type": fault.kind,
                    "exception.message": fault.message,
                    "exception.stacktrace": fault.stacktrace,
                },
            )
            self.note({"error.type": fault.kind})

    # -- what it asks others to do

    def parallel(self, *steps: Callable[[Work], object]) -> None:
        """All steps at once; goes on when the slowest is done."""
        start_ns = end_ns = self.now_ns
        for step in steps:
            self.now_ns = start_ns
            step(self)
            end_ns = max(end_ns, self.now_ns)
        self.now_ns = end_ns

    @contextmanager
    def child(
        self, work: str, name: str, kind: SpanKind, attributes: dict, links: Sequence[Link] = ()
    ) -> Iterator[Work]:
        """A span below this one in the same instance. Fails with the Fault that leaves it, and lets it pass."""
        inner = Work(self.shop, self.instance, self.visitor, self.now_ns)
        inner.skew_ns = self.skew_ns
        inner.begin(work, name, kind, set_span_in_context(self.span, NO_PARENT), attributes, links)
        try:
            yield inner
        except Fault as fault:
            inner.fail(fault)
            raise
        finally:
            inner.end()
            self.now_ns = inner.now_ns

    def step(self, name: str, attributes: dict | None = None):
        """A piece of the service's own code that somebody instrumented."""
        return self.child("code", name, SpanKind.INTERNAL, {"code.function.name": name, **(attributes or {})})

    def query(self, store: str, statement: str, median_ms: float, attributes: dict | None = None) -> None:
        work = WORK_OF_SYSTEM.get(STORES[store].system, "db")
        with self.child(work, statement, SpanKind.CLIENT, conventions.database(store, statement)) as query:
            if attributes:
                query.note(attributes)
            query.spend(median_ms)

    @contextmanager
    def call(self, callee: str, request: str, **ids: str) -> Iterator[Work]:
        """HTTP to another service: a CLIENT span here, network, a SERVER span there. `request`: "GET /carts/{id}"."""
        method, _, route = request.partition(" ")
        service, path = SERVICES[callee], route.format(**ids)
        name = conventions.client_name(self.instance.service, method, route)
        with self.child("client", name, SpanKind.CLIENT, conventions.http_client(service, method, path)) as client:
            client.spend(0.6)
            remote = Work(self.shop, self.shop.instance(callee, client.now_ns), self.visitor, client.now_ns)
            attributes = conventions.http_server(service, method, route, path) | self.shop.known_of(self.visitor)
            remote.begin(
                "server",
                conventions.server_name(service, method, route),
                SpanKind.SERVER,
                client.remote_context(),
                attributes,
            )
            remote.spend(0.5)
            try:
                yield remote
                remote.spend(0.3)
                client.note({"http.response.status_code": remote.answer(None)})
            except Fault as fault:
                status = remote.answer(fault)
                client.note({"http.response.status_code": status, "error.type": str(status)})
                fault.message = f"{method} {callee} answered {status}" if status >= 400 else fault.message
                raise
            finally:
                remote.end()
                client.now_ns = remote.now_ns
                client.spend(0.5)

    def answer(self, fault: Fault | None, success: int = 200) -> int:
        """The HTTP status a SERVER span answers with; only 5xx make the span itself an error."""
        status = success if fault is None else fault.answers
        self.note({"http.response.status_code": status})
        if fault is None:
            return status
        self.record(fault)
        if status >= 500:
            self.note({"error.type": str(status)})
            self.fail(fault)
        self.is_failed = True
        return status

    @contextmanager
    def external(
        self, peer: str, request: str, attributes: dict | None = None, links: Sequence[Link] = (), **ids: str
    ) -> Iterator[Work]:
        """HTTP to somebody who sends us no spans."""
        method, _, route = request.partition(" ")
        sent = conventions.external_client(peer, method, route.format(**ids)) | (attributes or {})
        name = conventions.client_name(self.instance.service, method, route)
        with self.child("client", name, SpanKind.CLIENT, sent, links) as client:
            try:
                yield client
                client.note({"http.response.status_code": 200})
            except Fault as fault:
                if fault.status is not None:
                    client.note({"http.response.status_code": fault.status, "error.type": str(fault.status)})
                client.record(fault)
                raise

    @contextmanager
    def rpc(self, callee: str, method: str) -> Iterator[Work]:
        """gRPC to another service; `method` fully qualified, "shop.Recommendations/List"."""
        where = {"server.address": f"{callee}.shop.svc.cluster.local", "server.port": SERVICES[callee].port}
        with self.child("rpc", method, SpanKind.CLIENT, conventions.rpc(method) | where) as client:
            client.spend(0.4)
            remote = Work(self.shop, self.shop.instance(callee, client.now_ns), self.visitor, client.now_ns)
            remote.begin("rpc", method, SpanKind.SERVER, client.remote_context(), conventions.rpc(method))
            yield remote
            remote.end()
            client.now_ns = remote.now_ns
            client.spend(0.4)

    def publish(self, queue: str, name: str, message: dict) -> SpanContext:
        """Put a message into a queue. Returns the PRODUCER span's context, for the consumer's link."""
        message_id = f"{self.shop.dice.getrandbits(48):012x}"
        sent = conventions.messaging(queue, "send", message_id, 180 + 40 * len(message)) | message
        with self.child("queue", f"publish {name}", SpanKind.PRODUCER, sent) as producer:
            producer.spend(4.0)
            return producer.span.get_span_context()

    # -- contexts

    def remote_context(self) -> Context:
        """What a callee makes of our `traceparent`."""
        return remote_context(self.span.get_span_context())


def remote_context(sent: SpanContext) -> Context:
    received = SpanContext(sent.trace_id, sent.span_id, True, sent.trace_flags, sent.trace_state)
    return set_span_in_context(NonRecordingSpan(received), NO_PARENT)
