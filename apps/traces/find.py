"""Spans in serialised documents that meet a predicate: sieved as bytes, and only what is left decoded."""

from __future__ import annotations

from collections.abc import Iterator

from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource as ResourcePb
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanPb

from apps.traces.match import span_matches
from apps.traces.model import Resource, Scope, Span
from apps.traces.needles import Alternatives, may_match, needles, raw_may_match
from apps.traces.query import SpanPredicate


class Finder:
    """One search's predicate; resources and scopes, which repeat from trace to trace, are read once. `scopes` are (key,
    serialised spans) pairs as `apps.traces.draft.raw_scopes` gives them."""

    def __init__(self, predicate: SpanPredicate):
        self.predicate = predicate
        self._conditions = needles(predicate)
        self._around: dict[tuple, _Around] = {}

    def may_be_in(self, document: bytes) -> bool:
        """False when no span of the serialised document can match."""
        return may_match(document, self._conditions)

    def sieved(self, scopes) -> Iterator[tuple[tuple, bytes]]:
        """(key, serialised span) of the spans that may match."""
        for key, raws in scopes:
            around = self._read(key)
            if around.is_out:
                continue
            still_open = around.still_open
            for raw in raws:
                if may_match(raw, still_open) and raw_may_match(raw, self.predicate):
                    yield key, raw

    def match(self, key: tuple, raw: bytes, position: int = 0) -> Span | None:
        """The span decoded, when it meets the predicate."""
        around = self._read(key)
        span = Span(SpanPb.FromString(raw), around.resource, around.scope, position)
        return span if span_matches(span, self.predicate) else None

    def spans(self, scopes) -> Iterator[Span]:
        """Matching spans of whatever traces, in the order of `scopes`. Their `position` counts matches only."""
        found = 0
        for key, raw in self.sieved(scopes):
            span = self.match(key, raw, found)
            if span is not None:
                found += 1
                yield span

    def _read(self, key: tuple) -> _Around:
        around = self._around.get(key)
        if around is None:
            around = self._around[key] = _Around(key, self.predicate, self._conditions)
        return around


class _Around:
    """What spans of one resource and scope share."""

    __slots__ = ("is_out", "resource", "scope", "still_open")

    def __init__(self, key: tuple, predicate: SpanPredicate, conditions: list[Alternatives]):
        self.resource = Resource(ResourcePb.FromString(key[0]), key[1])
        self.scope = Scope(InstrumentationScope.FromString(key[2]), key[3])
        self.is_out = predicate.service is not None and self.resource.service != predicate.service
        data = key[0] + key[2]
        self.still_open = [c for c in conditions if not any(needle in data for needle in c)]


def earliest_first(spans) -> list[Span]:
    return sorted(spans, key=lambda s: (s.start_ns, s.position))
