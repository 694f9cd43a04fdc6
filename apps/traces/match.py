"""Whether one span meets a search's conditions: the exact check behind every result."""

from __future__ import annotations

from collections.abc import Iterator

from apps.traces.model import Span
from apps.traces.query import RESOURCE_PREFIX, SpanPredicate
from apps.traces.values import value_text


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
    if any(k == key and value_text(v) == text for k, v in _all_pairs(span)):
        return True
    own = key.removeprefix(RESOURCE_PREFIX)
    return own != key and any(k == own and value_text(v) == text for k, v in span.resource.attributes)


def _has_value(span: Span, text: str) -> bool:
    return any(value_text(v) == text for _, v in _all_pairs(span))


def _has_status(span: Span, status: str) -> bool:
    return span.is_error if status == "ERROR" else span.status == status and not span.is_error


def _all_pairs(span: Span) -> Iterator[tuple[str, object]]:
    yield from span.attributes
    yield from span.resource.attributes
    yield from span.scope.attributes
    if span.scope.name:
        yield "otel.scope.name", span.scope.name
    if span.scope.version:
        yield "otel.scope.version", span.scope.version
    for event in span.events:
        yield "event.name", event.name
        yield from event.attributes
    for link in span.links:
        yield from link.attributes
