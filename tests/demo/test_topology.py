"""The declared topology is the one its spans show."""

from opentelemetry.trace import SpanKind

from apps.demo.catalogue import EXTERNALS, QUEUES, SERVICES, STORES
from apps.demo.topology import EDGES, USERS, Edge
from tests.demo.conftest import attribute, service

STORE_BY_HOST = {store.host: store for store in STORES.values()}
PEER_BY_HOST = {host: name for name, host in EXTERNALS.items()}
STORE_KINDS = {"redis": "cache", "opensearch": "search"}


def edge_of(span, parent):
    """The edge this span is one end of, if it is: read from kinds, parents and attributes only."""
    host = attribute(span, "server.address", "net.peer.name")
    if span.kind is SpanKind.CLIENT and host in STORE_BY_HOST:
        store = STORE_BY_HOST[host]
        return Edge(service(span), store.name, STORE_KINDS.get(store.system, "db"))
    if span.kind is SpanKind.CLIENT and host in PEER_BY_HOST:
        return Edge(service(span), PEER_BY_HOST[host], "external")
    queue = attribute(span, "messaging.destination.name", "messaging.destination")
    if span.kind is SpanKind.PRODUCER:
        return Edge(service(span), queue, "publish")
    if span.kind is SpanKind.CONSUMER:
        return Edge(queue, service(span), "consume")
    if span.kind is SpanKind.SERVER:
        kind = "rpc" if attribute(span, "rpc.system.name", "rpc.system") else "http"
        return Edge(service(parent) if parent else USERS, service(span), kind)
    return None


def test_two_hours_of_spans_show_the_declared_edges_and_no_others(day):
    by_id = {(span.context.trace_id, span.context.span_id): span for span in day.spans}
    seen = set()
    for span in day.spans:
        parent = by_id.get((span.context.trace_id, span.parent.span_id)) if span.parent else None
        seen.add(edge_of(span, parent))
    assert seen - {None} == EDGES


def test_edges_join_only_what_the_catalogue_knows():
    known = {USERS, *SERVICES, *STORES, *QUEUES, *EXTERNALS}
    assert {end for edge in EDGES for end in edge[:2]} == known
