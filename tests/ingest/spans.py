"""OTLP messages for the tests: one span by default, the rest as the test says."""

from __future__ import annotations

import json
import secrets
import time

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


def new_trace_id() -> str:
    return secrets.token_hex(16)


def span(trace_id: str, span_id: str = "00f067aa0ba902b7", name: str = "GET /orders", **fields) -> Span:
    now_ns = time.time_ns()
    times = {"start_time_unix_nano": now_ns - 5_000_000, "end_time_unix_nano": now_ns}
    return Span(trace_id=bytes.fromhex(trace_id), span_id=bytes.fromhex(span_id), name=name, kind=2, **(times | fields))


def request(*spans: Span, service: str = "shop") -> ExportTraceServiceRequest:
    message = ExportTraceServiceRequest()
    group = message.resource_spans.add()
    group.resource.attributes.add(key="service.name").value.string_value = service
    group.scope_spans.add().spans.extend(spans)
    return message


def protobuf(*spans: Span, service: str = "shop") -> bytes:
    return request(*spans, service=service).SerializeToString()


def with_text(trace_id: str, text: bytes) -> bytes:
    """A request whose one span has the attribute `note` with this text, UTF-8 or not."""
    marked = span(trace_id)
    marked.attributes.add(key="note").value.string_value = "#" * len(text)
    return protobuf(marked).replace(b"#" * len(text), text)


def with_nested(trace_id: str, depth: int) -> bytes:
    """A good span, and one whose attribute is arrays inside arrays, written byte by byte: protobuf's own
    library refuses to build it."""
    value = b"\x18\x01"  # AnyValue{int_value: 1}
    for _ in range(depth):
        value = _field(5, _field(1, value))  # AnyValue{array_value: ArrayValue{values: [...]}}
    attribute = _field(1, b"deep") + _field(2, value)
    deep = span(trace_id, "00f067aa0ba902b8", name="deep").SerializeToString() + _field(9, attribute)
    return protobuf(span(trace_id)) + _field(1, _field(2, _field(2, deep)))


def hollow(count: int) -> bytes:
    """A request of so many spans without any content, two bytes each."""
    return _field(1, _field(2, b"\x12\x00" * count))


def _field(number: int, content: bytes) -> bytes:
    """A length-delimited protobuf field."""
    size, length = len(content), bytearray()
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    length.append(size)
    return bytes([number << 3 | 2]) + bytes(length) + content


def json_span(trace_id: str, **fields) -> dict:
    now_ns = time.time_ns()
    return {
        "traceId": trace_id, "spanId": "00f067aa0ba902b7", "name": "GET /orders", "kind": 2,
        "startTimeUnixNano": str(now_ns - 5_000_000), "endTimeUnixNano": str(now_ns),
    } | fields  # fmt: skip


def json_request(*spans: dict) -> bytes:
    service = {"key": "service.name", "value": {"stringValue": "shop"}}
    group = {"resource": {"attributes": [service]}, "scopeSpans": [{"spans": list(spans)}]}
    return json.dumps({"resourceSpans": [group]}).encode()


def log_request(trace_id: str = "", span_id: str = "", body: str = "card declined") -> bytes:
    message = ExportLogsServiceRequest()
    group = message.resource_logs.add()
    group.resource.attributes.add(key="service.name").value.string_value = "shop"
    record = group.scope_logs.add().log_records.add(
        time_unix_nano=time.time_ns(), trace_id=bytes.fromhex(trace_id), span_id=bytes.fromhex(span_id)
    )
    record.body.string_value = body
    return message.SerializeToString()
