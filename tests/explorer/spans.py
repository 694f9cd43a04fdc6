"""Traces for tests, as a sender would build them: few words, real OTLP."""

from __future__ import annotations

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status, TracesData

START_NS = 1_763_559_127_418_000_000
MS = 1_000_000
KINDS = {"INTERNAL": 1, "SERVER": 2, "CLIENT": 3, "PRODUCER": 4, "CONSUMER": 5}


class TraceMaker:
    """`make.span("a", service="shop", name="GET /", at_ms=0, ms=10)`, parent by the short name of another span."""

    def __init__(self, trace_id: str = "7f3a1c0d9be24e5f8a6b52d1c4e90377", start_ns: int = START_NS):
        self.trace_id = trace_id
        self.start_ns = start_ns
        self.data = TracesData()
        self._scopes = {}

    def span(
        self, short: str, name: str = "work", *, service: str = "shop", parent: str = "", at_ms: float = 0,
        ms: float = 1, kind: str = "INTERNAL", error: bool = False, attributes: dict | None = None, **more,
    ) -> Span:  # fmt: skip
        start = self.start_ns + int(at_ms * MS)
        span = self._scope(service).spans.add(
            trace_id=bytes.fromhex(self.trace_id), span_id=span_id(short), name=name, kind=KINDS[kind],
            start_time_unix_nano=start, end_time_unix_nano=start + int(ms * MS),
        )  # fmt: skip
        if parent:
            span.parent_span_id = span_id(parent)
        if error:
            span.status.CopyFrom(Status(code=2, message=more.get("message", "")))
        span.attributes.extend(pairs(attributes or {}))
        return span

    def _scope(self, service: str):
        if service not in self._scopes:
            group = self.data.resource_spans.add()
            group.resource.attributes.extend(pairs({"service.name": service, "service.version": "4.12.0"}))
            scoped = group.scope_spans.add()
            scoped.scope.name, scoped.scope.version = "tests", "1.0"
            self._scopes[service] = scoped
        return self._scopes[service]

    def payload(self) -> bytes:
        return self.data.SerializeToString()


def span_id(short: str) -> bytes:
    """8 bytes for a short name: hex digits are taken as they are, anything else by its characters."""
    if len(short) == 16:
        return bytes.fromhex(short)
    return short.encode()[-8:].rjust(8, b"\x01")


def key_of(short: str) -> str:
    return span_id(short).hex()


def pairs(values: dict) -> list[KeyValue]:
    return [KeyValue(key=key, value=any_value(value)) for key, value in values.items()]


def any_value(value: object) -> AnyValue:
    made = AnyValue()
    if isinstance(value, bool):
        made.bool_value = value
    elif isinstance(value, int):
        made.int_value = value
    elif isinstance(value, float):
        made.double_value = value
    elif isinstance(value, bytes):
        made.bytes_value = value
    elif isinstance(value, list):
        made.array_value.values.extend(any_value(item) for item in value)
        made.array_value.SetInParent()
    elif isinstance(value, dict):
        made.kvlist_value.values.extend(pairs(value))
        made.kvlist_value.SetInParent()
    else:
        made.string_value = value
    return made
