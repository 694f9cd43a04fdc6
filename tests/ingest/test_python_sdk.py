"""The OpenTelemetry SDK for Python, unmodified, through each of its HTTP exporters."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from opentelemetry import trace
from opentelemetry.exporter.otlp.json.http.trace_exporter import OTLPSpanExporter as JsonExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from tests.ingest.compare import differences, kept, made
from tests.ingest.conftest import DATABASE
from tests.ingest.spans import new_trace_id

EXPORTERS: dict[str, Callable[[str], SpanExporter]] = {
    "protobuf": lambda url: OTLPSpanExporter(url, compression=Compression.NoCompression),
    "protobuf, gzip": lambda url: OTLPSpanExporter(url, compression=Compression.Gzip),
    "protobuf, deflate": lambda url: OTLPSpanExporter(url, compression=Compression.Deflate),
    "json": lambda url: JsonExporter(url),
}

EVERY_TYPE = {
    "text": 'Größe 日本 🙂 "quoted" <b>&amp;</b>\n',
    "empty": "",
    "nul": "a\0b",
    "yes": True,
    "no": False,
    "zero": 0,
    "largest": 2**63 - 1,
    "smallest": -(2**63),
    "pi": 3.141592653589793,
    "whole float": 5.0,
    "tiny": 5e-324,
    "nan": math.nan,
    "infinity": math.inf,
    "minus infinity": -math.inf,
    "texts": ["a", "", "c"],
    "ints": [1, -2, 3],
    "floats": [1.0, 2.5],
    "flags": [True, False],
    "none": [],
    "order.id": "48213",
}


def send_everything(url: str, exporter: str) -> list:
    """A trace with one of everything; the finished spans as the SDK has them."""
    memory = InMemorySpanExporter()
    provider = TracerProvider(
        resource=Resource.create({"service.name": "shop", "service.version": "1.2.3", "host.cpus": 2}),
        span_limits=SpanLimits(max_span_attributes=25, max_events=3, max_links=2),
    )
    provider.add_span_processor(SimpleSpanProcessor(memory))
    provider.add_span_processor(BatchSpanProcessor(EXPORTERS[exporter](url)))
    make_spans(provider.get_tracer("shop.orders", "0.9", attributes={"team": "orders"}))
    assert provider.force_flush()
    provider.shutdown()
    return list(memory.get_finished_spans())


def make_spans(tracer: trace.Tracer) -> None:
    elsewhere = SpanContext(0xABCDEF, 0x123456, is_remote=True, trace_flags=TraceFlags(1))
    links = [Link(elsewhere, {"why": "batch", "n": k}) for k in range(4)]
    state = TraceState([("vendor", "a:b"), ("ot", "th:8")])
    caller = SpanContext(int(new_trace_id(), 16), 0x77, True, TraceFlags(1), state)
    remote = trace.set_span_in_context(trace.NonRecordingSpan(caller))
    with tracer.start_as_current_span("GET /orders/{id}", context=remote, kind=SpanKind.SERVER, links=links) as root:
        root.set_attributes(EVERY_TYPE)
        for n in range(5):
            root.add_event(f"step {n}", {"n": n, "share": n / 7})
        for kind in (SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER, SpanKind.INTERNAL):
            with tracer.start_as_current_span(f"call {kind.name}", kind=kind) as child:
                child.set_attributes({f"key {n}": n for n in range(26)})
                child.set_status(Status(StatusCode.OK))
        with pytest.raises(ZeroDivisionError), tracer.start_as_current_span("divide"):
            _ = 1 / 0


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_every_span_arrives_with_every_attribute(exporter, servers, ways_out):
    sent = send_everything(servers("open").url + "/v1/traces", exporter)
    assert len(sent) == 6

    for way, found in ways_out(f"{sent[0].context.trace_id:032x}").items():
        assert differences([kept(span) for span in found], [made(span) for span in sent]) == [], way


def test_the_exporter_hears_that_its_key_is_wrong(servers, caplog):
    exporter = OTLPSpanExporter(servers("keyed").url + "/v1/traces", headers={"x-tracer-token": "mistyped"})
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    provider.get_tracer("t").start_span("s").end()
    assert "401" in caplog.text


def test_spans_sent_while_the_database_is_away_arrive_when_it_is_back(servers, stored_spans):
    """503 makes the exporter keep the batch and try again; after a 500 it would be gone."""
    exporter = OTLPSpanExporter(servers("open").url + "/v1/traces")
    memory = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as admin:
        let_in(admin, False)
        back = threading.Timer(1.2, let_in, (admin, True))
        back.start()
        provider.get_tracer("t").start_span("s").end()
        back.join()
    connection.close()
    (sent,) = memory.get_finished_spans()
    assert len(stored_spans(f"{sent.context.trace_id:032x}")) == 1


def let_in(admin: psycopg.Connection, allowed: bool) -> None:
    admin.execute(f"ALTER DATABASE {DATABASE} WITH ALLOW_CONNECTIONS {allowed}")
    if not allowed:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [DATABASE])
