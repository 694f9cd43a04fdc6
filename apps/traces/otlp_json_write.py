"""TracesData as OTLP/JSON: hex ids, 64-bit integers as text, enums as numbers, lowerCamelCase keys."""

from __future__ import annotations

import base64
import math

import orjson
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData


def traces_data_to_json(payload: bytes) -> bytes:
    """Serialised TracesData as OTLP/JSON in UTF-8. Fields at their default are left out, as ProtoJSON does.

    Raises google.protobuf.message.DecodeError when the payload is no TracesData.
    """
    groups = []
    for group in TracesData.FromString(payload).resource_spans:
        parts = []
        for part in group.scope_spans:
            written = {"scope": _scope(part.scope)} if part.HasField("scope") else {}
            parts.append(_set(written, spans=[_span(span) for span in part.spans], schemaUrl=part.schema_url))
        written = {"resource": _resource(group.resource)} if group.HasField("resource") else {}
        groups.append(_set(written, scopeSpans=parts, schemaUrl=group.schema_url))
    return orjson.dumps({"resourceSpans": groups})


def _set(target: dict, **members: object) -> dict:
    """Adds the members that differ from their default."""
    for name, value in members.items():
        if value:
            target[name] = value
    return target


def _wide(number: int) -> str:
    """A 64-bit integer; JavaScript's numbers would round it."""
    return str(number) if number else ""


def _resource(resource: Resource) -> dict:
    entities = [
        _set({}, schemaUrl=e.schema_url, type=e.type, idKeys=list(e.id_keys), descriptionKeys=list(e.description_keys))
        for e in resource.entity_refs
    ]
    return _set(_attributes(resource), entityRefs=entities)


def _scope(scope: InstrumentationScope) -> dict:
    return _set({}, name=scope.name, version=scope.version) | _attributes(scope)


def _attributes(owner) -> dict:
    return _set({}, attributes=_key_values(owner.attributes), droppedAttributesCount=owner.dropped_attributes_count)


def _span(span: Span) -> dict:
    written = _set(
        {},
        traceId=span.trace_id.hex(),
        spanId=span.span_id.hex(),
        parentSpanId=span.parent_span_id.hex(),
        traceState=span.trace_state,
        flags=span.flags,
        name=span.name,
        kind=span.kind,
        startTimeUnixNano=_wide(span.start_time_unix_nano),
        endTimeUnixNano=_wide(span.end_time_unix_nano),
        **_attributes(span),
        events=[_event(event) for event in span.events],
        droppedEventsCount=span.dropped_events_count,
        links=[_link(link) for link in span.links],
        droppedLinksCount=span.dropped_links_count,
    )
    if span.HasField("status"):
        written["status"] = _set({}, message=span.status.message, code=span.status.code)
    return written


def _event(event: Span.Event) -> dict:
    return _set({}, timeUnixNano=_wide(event.time_unix_nano), name=event.name, **_attributes(event))


def _link(link: Span.Link) -> dict:
    ids = {"traceId": link.trace_id.hex(), "spanId": link.span_id.hex()}
    return _set(ids, traceState=link.trace_state, flags=link.flags, **_attributes(link))


def _key_values(pairs) -> list[dict]:
    return [
        {"key": pair.key, "value": _any_value(pair.value)} if pair.HasField("value") else {"key": pair.key}
        for pair in pairs
    ]


def _any_value(value: AnyValue) -> dict:
    """Recursion ends where protobuf's reader does, at 100 messages inside one another."""
    which = value.WhichOneof("value")
    if which == "string_value":
        return {"stringValue": value.string_value}
    if which == "int_value":
        return {"intValue": str(value.int_value)}
    if which == "bool_value":
        return {"boolValue": value.bool_value}
    if which == "double_value":
        return {"doubleValue": _double(value.double_value)}
    if which == "bytes_value":
        return {"bytesValue": base64.b64encode(value.bytes_value).decode("ascii")}
    if which == "array_value":
        return {"arrayValue": {"values": [_any_value(item) for item in value.array_value.values]}}
    if which == "kvlist_value":
        return {"kvlistValue": {"values": _key_values(value.kvlist_value.values)}}
    return {}


def _double(number: float) -> float | str:
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
