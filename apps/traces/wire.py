"""OTLP's own messages in four readings of the same wire bytes.

* strict: the published classes (`opentelemetry.proto`), which check UTF-8 and decode everything;
* raw: resource, scope, attributes, events and links stay opaque bytes. Moving a span from one document
  to another costs a tenth of the strict reading, and a dictionary keyed by attribute bytes replaces
  decoding (measured in docs/adr/0002);
* light: raw, but the spans of a document are messages. 50 000 of them are read in 12 ms where the strict reading
  takes 30, and in a third of its memory;
* tolerant: every string is bytes, so that one invalid UTF-8 sequence does not condemn a whole request.

The raw, light and tolerant classes are made from the published descriptors by changing field types to others
with the same wire type, hence every field, also one unknown to us, survives a round trip.
"""

from __future__ import annotations

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

_FILES = (common_pb2, resource_pb2, trace_pb2, logs_pb2)
_FIELD = descriptor_pb2.FieldDescriptorProto

_OPAQUE = {
    "ResourceSpans": ("resource",),
    "ScopeSpans": ("scope", "spans"),
    "Span": ("attributes", "events", "links"),
    "Event": ("attributes",),
    "Link": ("attributes",),
    "Resource": ("attributes",),
    "InstrumentationScope": ("attributes",),
    "ResourceLogs": ("resource",),
    "ScopeLogs": ("scope", "log_records"),
}


def _pool(change) -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    for module in _FILES:
        file = descriptor_pb2.FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(file)
        for message in file.message_type:
            _walk(message, change)
        pool.Add(file)
    return pool


def _walk(message, change) -> None:
    for field in message.field:
        change(message.name, field)
    for nested in message.nested_type:
        _walk(nested, change)


def _to_bytes(field) -> None:
    field.type = _FIELD.TYPE_BYTES
    field.ClearField("type_name")


def _opaque(message_name: str, field) -> None:
    if field.name in _OPAQUE.get(message_name, ()):
        _to_bytes(field)


def _opaque_but_spans(message_name: str, field) -> None:
    if (message_name, field.name) != ("ScopeSpans", "spans"):
        _opaque(message_name, field)


def _stringless(message_name: str, field) -> None:
    if field.type == _FIELD.TYPE_STRING:
        _to_bytes(field)


def _get(pool, name: str):
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"opentelemetry.proto.{name}"))


_raw = _pool(_opaque)
_light = _pool(_opaque_but_spans)
_tolerant = _pool(_stringless)

RawTracesData = _get(_raw, "trace.v1.TracesData")
RawSpan = _get(_raw, "trace.v1.Span")
RawEvent = _get(_raw, "trace.v1.Span.Event")
RawLink = _get(_raw, "trace.v1.Span.Link")
RawResource = _get(_raw, "resource.v1.Resource")
RawScope = _get(_raw, "common.v1.InstrumentationScope")
RawLogsData = _get(_raw, "logs.v1.LogsData")

LightTracesData = _get(_light, "trace.v1.TracesData")

TolerantSpan = _get(_tolerant, "trace.v1.Span")
TolerantResource = _get(_tolerant, "resource.v1.Resource")
TolerantScope = _get(_tolerant, "common.v1.InstrumentationScope")
TolerantTracesData = _get(_tolerant, "trace.v1.TracesData")
TolerantLogsData = _get(_tolerant, "logs.v1.LogsData")
