"""Spans in serialised documents that meet a predicate: sieved as bytes, and only what is left decoded."""

from __future__ import annotations

from collections.abc import Container, Iterator

from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource as ResourcePb
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanPb

from apps.traces.draft import raw_trace_id
from apps.traces.match import span_matches
from apps.traces.model import Resource, Scope, Span
from apps.traces.needles import Alternatives, needles, sieve
from apps.traces.query import SpanPredicate


def find_spans(
    scopes, predicate: SpanPredicate, conditions: list[Alternatives] | None = None, besides: Container[bytes] = ()
) -> Iterator[Span]:
    """Matching spans of whatever traces, in the order of `scopes` (`apps.traces.draft.raw_scopes`). `conditions` saves
    making `needles(predicate)` again; traces in `besides` (16-byte ids, may grow meanwhile) are passed over. Their
    `position` counts matches only."""
    read: dict[tuple, tuple[Resource, Scope]] = {}
    found = 0
    for key, raw in sieve(scopes, predicate, needles(predicate) if conditions is None else conditions):
        if besides and raw_trace_id(raw) in besides:
            continue
        if key not in read:
            read[key] = (
                Resource(ResourcePb.FromString(key[0]), key[1]),
                Scope(InstrumentationScope.FromString(key[2]), key[3]),
            )
        span = Span(SpanPb.FromString(raw), *read[key], found)
        if span_matches(span, predicate):
            found += 1
            yield span


def earliest_first(spans) -> list[Span]:
    return sorted(spans, key=lambda s: (s.start_ns, s.position))
