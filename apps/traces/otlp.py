"""OTLP protobuf in: requests, with what is bad in them repaired or refused; and traces out of payloads."""

from __future__ import annotations

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData
from opentelemetry.proto.resource.v1.resource_pb2 import Resource as ResourcePb
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanPb
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from apps.traces import wire
from apps.traces.failed import ERROR_KEY, may_tell_fault
from apps.traces.model import Resource, Scope, Span
from apps.traces.trace import LogRecord, Trace
from apps.traces.values import any_value, attribute_pairs


def read_trace(trace_id: str, payload: bytes, logs: bytes = b"") -> Trace:
    """The spans of `trace_id` (32 hex digits) in a serialised TracesData, with its log records in a serialised
    LogsData; others in them are passed over."""
    wanted = bytes.fromhex(trace_id)
    hints = ERROR_KEY in payload, may_tell_fault(payload)
    spans: list[Span] = []
    for group in wire.LightTracesData.FromString(payload).resource_spans:
        resource = Resource(ResourcePb.FromString(group.resource), group.schema_url)
        for scoped in group.scope_spans:
            scope = Scope(InstrumentationScope.FromString(scoped.scope), scoped.schema_url, *hints)
            for message in scoped.spans:
                if message.trace_id == wanted:
                    spans.append(Span(message, resource, scope, len(spans)))
    trace = Trace(trace_id, spans)
    if logs:
        trace.logs = _read_logs(trace, logs)
    return trace


def _read_logs(trace: Trace, payload: bytes) -> dict[str, tuple[LogRecord, ...]]:
    wanted = bytes.fromhex(trace.trace_id)
    found: dict[str, list[LogRecord]] = {}
    for group in LogsData.FromString(payload).resource_logs:
        service = Resource(group.resource).service
        for pb in (record for scoped in group.scope_logs for record in scoped.log_records):
            if pb.trace_id == wanted:
                span_id = pb.span_id.hex()
                found.setdefault(span_id if span_id in trace.by_id else "", []).append(log_record(pb, service))
    return {span_id: tuple(sorted(records, key=lambda r: r.time_ns)) for span_id, records in found.items()}


def log_record(pb, service: str = "") -> LogRecord:
    return LogRecord(
        time_ns=pb.time_unix_nano or pb.observed_time_unix_nano,
        event_name=pb.event_name,
        severity=pb.severity_text,
        body=any_value(pb.body),
        attributes=attribute_pairs(pb.attributes),
        service=service,
    )


def parse_request(body: bytes) -> tuple[ExportTraceServiceRequest, list[str], int]:
    """(request, problems in English, spans refused) of a protobuf ExportTraceServiceRequest.

    One string that is not UTF-8 makes the published classes refuse the whole request, and nesting
    beyond their limit does the same; then every span is read on its own: bad UTF-8 becomes
    U+FFFD, a span that cannot be read is refused, the others stay. Raises ValueError when nothing can be read.
    """
    try:
        return ExportTraceServiceRequest.FromString(body), [], 0
    except DecodeError:
        pass
    try:
        raw = wire.RawTracesData.FromString(body)
    except DecodeError as error:
        raise ValueError("The body is not an ExportTraceServiceRequest in protobuf encoding.") from error
    return _salvage(raw)


def parse_logs_request(body: bytes) -> tuple[ExportLogsServiceRequest, list[str]]:
    """(request, problems) of a protobuf ExportLogsServiceRequest; bad UTF-8 is repaired. Raises ValueError."""
    try:
        return ExportLogsServiceRequest.FromString(body), []
    except DecodeError:
        pass
    try:
        tolerant = wire.TolerantLogsData.FromString(body)
        _repair(tolerant)
        request = ExportLogsServiceRequest.FromString(tolerant.SerializeToString())
    except DecodeError as error:
        raise ValueError("The body is not an ExportLogsServiceRequest in protobuf encoding.") from error
    return request, ["Text that is not UTF-8 was repaired."]


def _salvage(raw) -> tuple[ExportTraceServiceRequest, list[str], int]:
    request = ExportTraceServiceRequest()
    repaired = refused = 0
    for group in raw.resource_spans:
        target = request.resource_spans.add(schema_url=group.schema_url)
        resource, changed = _readable(group.resource, ResourcePb, wire.TolerantResource)
        repaired += changed
        target.resource.CopyFrom(resource or ResourcePb())
        for scoped in group.scope_spans:
            inner = target.scope_spans.add(schema_url=scoped.schema_url)
            scope, changed = _readable(scoped.scope, InstrumentationScope, wire.TolerantScope)
            repaired += changed
            inner.scope.CopyFrom(scope or InstrumentationScope())
            for raw_span in scoped.spans:
                span, changed = _readable(raw_span, SpanPb, wire.TolerantSpan)
                if span is None or not _fits_in_document(span):
                    refused += 1
                else:
                    repaired += changed
                    inner.spans.append(span)
    problems = []
    if refused:
        problems.append(f"{refused} spans could not be read: attribute values nested too deeply, or broken protobuf.")
    if repaired:
        problems.append(f"Text that is not UTF-8 was repaired in {repaired} places (U+FFFD put in).")
    return request, problems, refused


def _readable(raw: bytes, strict, tolerant):
    """(message or None, 1 if it had to be repaired)."""
    try:
        return strict.FromString(raw), 0
    except DecodeError:
        pass
    try:
        message = tolerant.FromString(raw)
        _repair(message)
        return strict.FromString(message.SerializeToString()), 1
    except DecodeError:
        return None, 0


def _fits_in_document(span) -> bool:
    """Whether the span can still be read inside TracesData, three messages deeper than on its own."""
    document = TracesData()
    try:
        document.resource_spans.add().scope_spans.add().spans.append(span)
        TracesData.FromString(document.SerializeToString())
    except (DecodeError, ValueError):
        return False
    return True


def _repair(message) -> None:
    """Make every text of a tolerant message UTF-8, in place. Ids stay as they are: they are no text."""
    stack = [message]
    while stack:
        current = stack.pop()
        for field, value in current.ListFields():
            if field.message_type is not None:
                stack.extend(value if field.is_repeated else [value])
            elif field.type == field.TYPE_BYTES and field.name not in _BINARY_FIELDS:
                if field.is_repeated:
                    value[:] = [_utf8(v) for v in value]
                else:
                    setattr(current, field.name, _utf8(value))


_BINARY_FIELDS = {"trace_id", "span_id", "parent_span_id", "bytes_value"}


def _utf8(value: bytes) -> bytes:
    return value.decode("utf-8", "replace").encode("utf-8")
