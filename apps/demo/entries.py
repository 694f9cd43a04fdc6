"""Where traces begin: a request from outside, a message taken from a queue, a job started by a timer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry.trace import Link, SpanContext, SpanKind

from apps.demo import conventions
from apps.demo.catalogue import QUEUES, SERVICES
from apps.demo.faults import Fault
from apps.demo.work import NO_PARENT, Work

if TYPE_CHECKING:
    from apps.demo.shop import Shop, Visitor


@contextmanager
def serve(shop: Shop, name: str, request: str, visitor: Visitor | None, **ids: str) -> Iterator[Work]:
    """A trace that starts with a request from a browser, an app or the back office. Faults end here, as an answer."""
    method, _, route = request.partition(" ")
    service, path = SERVICES[name], route.format(**ids)
    attributes = conventions.http_server(service, method, route, path) | shop.known_of(visitor)
    if visitor is not None and visitor.session_id:
        attributes |= {"user_agent.original": visitor.user_agent, "client.address": visitor.address}
    work = Work(shop, shop.instance(name, shop.now_ns), visitor, shop.now_ns)
    work.begin("server", conventions.server_name(service, method, route), SpanKind.SERVER, NO_PARENT, attributes)
    work.spend(0.9)
    try:
        yield work
        work.answer(None)
    except Fault as fault:
        work.answer(fault)
    finally:
        work.end()
        shop.made_trace()


@contextmanager
def consume(
    shop: Shop, name: str, queue: str, event: str, sent: SpanContext, visitor: Visitor | None
) -> Iterator[Work]:
    """A trace that starts with a message: linked to the producer's span, which is in another trace."""
    message_id = f"{sent.span_id & 0xFFFFFFFFFFFF:012x}"
    attributes = conventions.messaging(queue, "process", message_id, 320) | shop.known_of(visitor)
    if QUEUES[queue].system == "kafka":
        attributes["messaging.consumer.group.name"] = name
    work = Work(shop, shop.instance(name, shop.now_ns), visitor, shop.now_ns)
    work.begin("queue", f"consume {event}", SpanKind.CONSUMER, NO_PARENT, attributes, [Link(sent)])
    try:
        yield work
    except Fault as fault:
        work.fail(fault)
    finally:
        work.end()
        shop.made_trace()


@contextmanager
def job(shop: Shop, name: str, title: str, attributes: dict) -> Iterator[Work]:
    """A trace that a timer starts. The caller moves `now_ns` on as virtual time passes."""
    work = Work(shop, shop.instance(name, shop.now_ns), None, shop.now_ns)
    work.begin("code", title, SpanKind.INTERNAL, NO_PARENT, attributes)
    try:
        yield work
    finally:
        work.end()
        shop.made_trace()
