"""Whether one span meets a search's conditions: the exact check behind every result."""

from __future__ import annotations

from collections.abc import Iterator

from apps.traces.model import Span
from apps.traces.query import RESOURCE_PREFIX, SpanPredicate
from apps.traces.values import any_value, value_text


def span_matches(span: Span, wanted: SpanPredicate) -> bool:
    """Every condition on this one span; cheap ones first. Attributes may sit on the span, its resource,
    its scope, its events or its links; they compare as text, and any of several values of a key will do."""
    if wanted.service is not None and span.service != wanted.service:
        return False
    if wanted.name is not None and span.name != wanted.name:
        return False
    if wanted.span_id is not None and span.span_id != wanted.span_id:
        return False
    if wanted.min_duration_ns is not None and span.duration_ns < wanted.min_duration_ns:
        return False
    if wanted.max_duration_ns is not None and span.duration_ns > wanted.max_duration_ns:
        return False
    if wanted.kind is not None and span.kind != wanted.kind:
        return False
    if wanted.status is not None and not _has_status(span, wanted.status):
        return False
    if wanted.is_error is not None and span.is_error is not wanted.is_error:
        return False
    if not wanted.attributes and not wanted.values:
        return True
    if not all(_has_attribute(span, key, text) for key, text in wanted.attributes):
        return False
    return all(value == span.name or _has_value(span, value) for value in wanted.values)


def _has_attribute(span: Span, key: str, text: str) -> bool:
    for pairs in _pairs(span):
        for pair in pairs:  # half the time of any(…)
            if pair.key == key and value_text(any_value(pair.value)) == text:
                return True
    if key in ("otel.scope.name", "otel.scope.version", "event.name") and text in _names(span, key):
        return True
    own = key.removeprefix(RESOURCE_PREFIX)
    return own != key and any(k == own and value_text(v) == text for k, v in span.resource.attributes)


def _has_value(span: Span, text: str) -> bool:
    return any(value_text(any_value(pair.value)) == text for pairs in _pairs(span) for pair in pairs) or any(
        text in _names(span, key) for key in ("otel.scope.name", "otel.scope.version", "event.name")
    )


def _has_status(span: Span, status: str) -> bool:
    return span.is_error if status == "ERROR" else span.status == status and not span.is_error


def _pairs(span: Span) -> Iterator:
    """Lists as protobuf has them: most keys differ from the one asked for, and their values need no reading."""
    pb = span.pb
    yield pb.attributes
    yield span.resource.pb.attributes
    yield span.scope.pb.attributes
    for event in pb.events:
        yield event.attributes
    for link in pb.links:
        yield link.attributes


def _names(span: Span, key: str) -> list[str]:
    """What stands in fields of its own and is found like an attribute."""
    if key == "event.name":
        return [event.name for event in span.pb.events]
    name = span.scope.name if key == "otel.scope.name" else span.scope.version
    return [name] if name else []
