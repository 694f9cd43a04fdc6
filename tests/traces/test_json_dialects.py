"""What real exporters write: Python's JSON exporter over HTTP, and the shape JavaScript's sends."""

import json
import math
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.exporter.otlp.json.http.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

from apps.traces.otlp_json import request_from_json
from apps.traces.values import any_value, attribute_pairs


@pytest.fixture
def receiver():
    """(address, bodies received)"""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1/traces", bodies
    server.shutdown()
    thread.join()
    server.server_close()


def recorded_spans():
    memory = InMemorySpanExporter()
    provider = TracerProvider(
        resource=Resource({"service.name": "shop", "host.cpus": 8}, schema_url="https://x/1.44.0")
    )
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = provider.get_tracer("checkout", "1.2", attributes={"scope.kind": "web"})
    with tracer.start_as_current_span("POST /checkout", kind=SpanKind.SERVER) as root:
        root.set_attributes({
            "order.id": "48213", "items": 3, "big": 2**62, "ratio": 0.25, "whole": 2.0, "nan": math.nan,
            "inf": math.inf, "vip": True, "tags": ["a", "b"], "raw": b"\xff\x00", "nested": {"a": [1, None, "x"]},
            "text": "é 🎈 \u0001",
        })  # fmt: skip
        with tracer.start_as_current_span(
            "charge", kind=SpanKind.CLIENT, links=[Link(root.get_span_context(), {"n": 1})]
        ):
            pass
        root.add_event("retry", {"attempt": 2})
        root.record_exception(ValueError("no money"))
        root.set_status(Status(StatusCode.ERROR, "declined"))
    return memory.get_finished_spans()


def test_pythons_json_exporter_says_the_same_as_its_protobuf_exporter(receiver):
    address, bodies = receiver
    spans = recorded_spans()
    exporter = OTLPSpanExporter(endpoint=address)
    assert exporter.export(spans) is SpanExportResult.SUCCESS
    exporter.shutdown()
    request, problems, rejected = request_from_json(bodies[0])
    assert (problems, rejected) == ([], 0)
    expected = encode_spans(spans)
    assert request.SerializeToString(deterministic=True) == expected.SerializeToString(deterministic=True)


JAVASCRIPT = {
    "resourceSpans": [{
        "resource": {
            "attributes": [{"key": "service.name", "value": {"stringValue": "web"}}],
            "droppedAttributesCount": 0,
        },
        "scopeSpans": [{
            "scope": {"name": "tests", "version": ""},
            "spans": [{
                "traceId": "7f3a1c0d9be24e5f8a6b52d1c4e90377", "spanId": "00f067aa0ba902b7", "name": "click", "kind": 1,
                "startTimeUnixNano": "1795000000123000000", "endTimeUnixNano": "1795000000123456789",
                "attributes": [
                    {"key": "n", "value": {"intValue": 3}}, {"key": "x", "value": {"doubleValue": None}},
                    {"key": "list", "value": {"arrayValue": {"values": [{"intValue": 1}, {"doubleValue": 1.5}]}}},
                ],
                "droppedAttributesCount": 0, "events": [], "droppedEventsCount": 0, "status": {"code": 0},
                "links": [], "droppedLinksCount": 0, "flags": 257,
            }],
            "schemaUrl": "",
        }],
    }],
}  # fmt: skip


def test_javascripts_numbers_nulls_and_empty_arrays_are_taken():
    request, problems, rejected = request_from_json(json.dumps(JAVASCRIPT).encode())
    assert (problems, rejected) == ([], 0)
    span = request.resource_spans[0].scope_spans[0].spans[0]
    assert attribute_pairs(span.attributes) == (("n", 3), ("x", None), ("list", [1, 1.5]))
    assert (span.flags, span.status.code, span.parent_span_id, span.kind) == (257, 0, b"", 1)
    assert span.end_time_unix_nano == 1795000000123456789
    assert any_value(span.attributes[0].value) == 3
