"""OTLP/JSON in and out (specification, "JSON Protobuf Encoding").

Written by hand because protobuf's own JSON reader takes hex ids for base64, and because one bad span must not
cost the batch. Three dialects are in the wild (JavaScript, Python, the Collector): integers as numbers or as
text, null for absent, enum names, snake_case keys; all are taken, unknown fields are passed over.
"""

from __future__ import annotations

from collections.abc import Callable

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, SeverityNumber
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from apps.traces.json_body import parse_json_body
from apps.traces.otlp_json_values import (
    UINT32,
    UINT64,
    Problems,
    Refused,
    any_value,
    count,
    enumerated,
    get,
    identifier,
    integer,
    key_values,
    members,
    text,
)
from apps.traces.otlp_json_write import traces_data_to_json

__all__ = ["logs_from_json", "request_from_json", "traces_data_to_json"]

_KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
_CODES = ("UNSET", "OK", "ERROR")
_SEVERITIES = tuple(name.removeprefix("SEVERITY_NUMBER_") for name in SeverityNumber.DESCRIPTOR.values_by_name)


def request_from_json(body: bytes) -> tuple[ExportTraceServiceRequest, list[str], int]:
    """(request, problems in English, spans refused). Raises ValueError, for developers, when nothing can be read."""
    request, problems = ExportTraceServiceRequest(), Problems()
    for group in _groups(body, "resourceSpans", "resource_spans", problems):
        target = request.resource_spans.add(schema_url=_shared_text(get(group, "schemaUrl", "schema_url"), problems))
        _read_resource(group.get("resource"), target.resource, problems)
        for part in _parts(group, "scopeSpans", "scope_spans", problems):
            inner = target.scope_spans.add(schema_url=_shared_text(get(part, "schemaUrl", "schema_url"), problems))
            _read_scope(part.get("scope"), inner.scope, problems)
            _read_each(part, "spans", "spans", _span, inner.spans, problems)
    return request, problems.messages(), problems.rejected


def logs_from_json(body: bytes) -> tuple[ExportLogsServiceRequest, list[str], int]:
    """(request, problems in English, log records refused). Raises ValueError as `request_from_json`."""
    request, problems = ExportLogsServiceRequest(), Problems()
    for group in _groups(body, "resourceLogs", "resource_logs", problems):
        target = request.resource_logs.add(schema_url=_shared_text(get(group, "schemaUrl", "schema_url"), problems))
        _read_resource(group.get("resource"), target.resource, problems)
        for part in _parts(group, "scopeLogs", "scope_logs", problems):
            inner = target.scope_logs.add(schema_url=_shared_text(get(part, "schemaUrl", "schema_url"), problems))
            _read_scope(part.get("scope"), inner.scope, problems)
            _read_each(part, "logRecords", "log_records", _log_record, inner.log_records, problems)
    return request, problems.messages(), problems.rejected


def _groups(body: bytes, camel: str, snake: str, problems: Problems) -> list[dict]:
    document, was_repaired = parse_json_body(body)
    if was_repaired:
        problems.add("Text that is not UTF-8 was repaired (U+FFFD put in).")
    if not isinstance(document, dict):
        raise ValueError(f"The body must be a JSON object with {camel}.")
    try:
        groups = members(document, camel, snake)
    except Refused as refused:
        raise ValueError(str(refused)) from None
    if not all(isinstance(group, dict) for group in groups):
        raise ValueError(f"Every member of {camel} must be an object.")
    return groups


def _parts(group: dict, camel: str, snake: str, problems: Problems) -> list[dict]:
    try:
        parts = members(group, camel, snake)
    except Refused as refused:
        problems.add(str(refused))
        return []
    for part in parts:
        if not isinstance(part, dict):
            problems.add(f"A member of {camel} that is no object was left out.")
    return [part for part in parts if isinstance(part, dict)]


def _read_each(part: dict, camel: str, snake: str, read: Callable, target, problems: Problems) -> None:
    try:
        items = members(part, camel, snake)
    except Refused as refused:
        problems.add(str(refused))
        return
    for item in items:
        try:
            if not isinstance(item, dict):
                raise Refused(f"A member of {camel} is no object.")
            target.append(read(item, problems))
        except Refused as refused:
            problems.rejected += 1
            problems.add(f"Refused: {refused}")


def _read_resource(value: object, target: Resource, problems: Problems) -> None:
    if not isinstance(value, dict):
        return
    target.SetInParent()
    _read_shared_attributes(value, target, problems)
    entities = get(value, "entityRefs", "entity_refs")
    for entity in entities if isinstance(entities, list) else ():
        if isinstance(entity, dict):
            try:
                _read_entity(entity, target, problems)
            except Refused as refused:
                problems.add(f"An entityRef was left out: {refused}")


def _read_entity(entity: dict, target: Resource, problems: Problems) -> None:
    ids = [text(key, problems) for key in members(entity, "idKeys", "id_keys")]
    described = [text(key, problems) for key in members(entity, "descriptionKeys", "description_keys")]
    schema_url, kind = text(get(entity, "schemaUrl", "schema_url"), problems), text(entity.get("type"), problems)
    target.entity_refs.add(schema_url=schema_url, type=kind, id_keys=ids, description_keys=described)


def _read_scope(value: object, target: InstrumentationScope, problems: Problems) -> None:
    if not isinstance(value, dict):
        return
    target.SetInParent()
    target.name = _shared_text(value.get("name"), problems)
    target.version = _shared_text(value.get("version"), problems)
    _read_shared_attributes(value, target, problems)


def _shared_text(value: object, problems: Problems) -> str:
    """A text that many spans share: no span is refused for one."""
    try:
        return text(value, problems)
    except Refused:
        problems.add("A schemaUrl, or a scope's name or version, that is no text was left out.")
        return ""


def _read_shared_attributes(value: dict, target: Resource | InstrumentationScope, problems: Problems) -> None:
    """Attributes that many spans share: a bad one is left out and said, the spans stay."""
    target.dropped_attributes_count = count(get(value, "droppedAttributesCount", "dropped_attributes_count"))
    attributes = value.get("attributes")
    for pair in attributes if isinstance(attributes, list) else ():
        try:
            target.attributes.extend(key_values([pair], problems, 4))
        except Refused as refused:
            problems.add(f"An attribute of a resource or scope was left out: {refused}")


def _attributes(owner: dict, problems: Problems, depth: int) -> dict:
    return {
        "attributes": key_values(members(owner, "attributes", "attributes"), problems, depth),
        "dropped_attributes_count": count(get(owner, "droppedAttributesCount", "dropped_attributes_count")),
    }


def _time(owner: dict, camel: str, snake: str) -> int:
    return integer(get(owner, camel, snake), UINT64, camel)


def _span(item: dict, problems: Problems) -> Span:
    built = Span(
        trace_id=identifier(get(item, "traceId", "trace_id"), 32, "traceId"),
        span_id=identifier(get(item, "spanId", "span_id"), 16, "spanId"),
        parent_span_id=identifier(get(item, "parentSpanId", "parent_span_id"), 16, "parentSpanId"),
        trace_state=text(get(item, "traceState", "trace_state"), problems),
        flags=integer(item.get("flags"), UINT32, "flags"),
        name=text(item.get("name"), problems),
        kind=enumerated(item.get("kind"), _KINDS, "SPAN_KIND_"),
        start_time_unix_nano=_time(item, "startTimeUnixNano", "start_time_unix_nano"),
        end_time_unix_nano=_time(item, "endTimeUnixNano", "end_time_unix_nano"),
        dropped_events_count=count(get(item, "droppedEventsCount", "dropped_events_count")),
        dropped_links_count=count(get(item, "droppedLinksCount", "dropped_links_count")),
        **_attributes(item, problems, 4),
    )
    for event in members(item, "events", "events"):
        if isinstance(event, dict):
            built.events.append(_event(event, problems))
    for link in members(item, "links", "links"):
        if isinstance(link, dict):
            _read_link(link, built, problems)
    status = item.get("status")
    if isinstance(status, dict):
        built.status.SetInParent()
        built.status.code = enumerated(status.get("code"), _CODES, "STATUS_CODE_")
        built.status.message = text(status.get("message"), problems)
    return built


def _event(event: dict, problems: Problems) -> Span.Event:
    return Span.Event(
        time_unix_nano=_time(event, "timeUnixNano", "time_unix_nano"),
        name=text(event.get("name"), problems),
        **_attributes(event, problems, 5),
    )


def _read_link(link: dict, built: Span, problems: Problems) -> None:
    try:
        trace_id = identifier(get(link, "traceId", "trace_id"), 32, "traceId")
        span_id = identifier(get(link, "spanId", "span_id"), 16, "spanId")
    except Refused as refused:
        problems.add(f"A link was left out: {refused}")
        return
    built.links.add(
        trace_id=trace_id,
        span_id=span_id,
        trace_state=text(get(link, "traceState", "trace_state"), problems),
        flags=integer(link.get("flags"), UINT32, "flags"),
        **_attributes(link, problems, 5),
    )


def _log_record(item: dict, problems: Problems) -> LogRecord:
    built = LogRecord(
        time_unix_nano=_time(item, "timeUnixNano", "time_unix_nano"),
        observed_time_unix_nano=_time(item, "observedTimeUnixNano", "observed_time_unix_nano"),
        severity_number=enumerated(get(item, "severityNumber", "severity_number"), _SEVERITIES, "SEVERITY_NUMBER_"),
        severity_text=text(get(item, "severityText", "severity_text"), problems),
        flags=integer(item.get("flags"), UINT32, "flags"),
        trace_id=identifier(get(item, "traceId", "trace_id"), 32, "traceId"),
        span_id=identifier(get(item, "spanId", "span_id"), 16, "spanId"),
        event_name=text(get(item, "eventName", "event_name"), problems),
        **_attributes(item, problems, 4),
    )
    if item.get("body") is not None:
        built.body.CopyFrom(any_value(item["body"], problems, 5))
    return built
