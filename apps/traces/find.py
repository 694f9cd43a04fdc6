"""Spans in serialised documents that meet a predicate: sieved as bytes, and only what is left decoded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource as ResourcePb
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanPb

from apps.traces.failed import may_have_failed
from apps.traces.match import span_matches
from apps.traces.model import Resource, Scope, Span
from apps.traces.needles import Alternatives, may_match, needles, raw_may_match
from apps.traces.query import SpanPredicate
from apps.traces.wire import RawSpan


class Matches(NamedTuple):
    """Of one trace."""

    count: int = 0
    first: Span | None = None
    """The earliest; of several that start together, the first in the document."""


class Finder:
    """One search's predicate; resources and scopes, which repeat from trace to trace, are read once. `scopes` are (key,
    serialised spans) pairs as `apps.traces.draft.raw_scopes` gives them."""

    def __init__(self, predicate: SpanPredicate):
        self.predicate = predicate
        self._conditions = needles(predicate)
        self._around: dict[tuple, _Around] = {}
        self._whole = _whole_attributes(predicate)

    def may_be_in(self, document: bytes) -> bool:
        """False when no span of the serialised document can match."""
        return may_match(document, self._conditions) and (not self.predicate.is_for_errors or may_have_failed(document))

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

    def match(self, key: tuple, raw: bytes) -> Span | None:
        """The span decoded, when it meets the predicate."""
        around = self._read(key)
        span = Span(SpanPb.FromString(raw), around.resource, around.scope, 0)
        return span if span_matches(span, self.predicate) else None

    def matches(self, scopes) -> Matches:
        """How many spans of whatever traces match, and the earliest of them."""
        count, first = 0, None
        for key, raw in self.sieved(scopes):
            start_ns = self._start_of_match(key, raw)
            if start_ns is not None:
                count += 1
                if first is None or start_ns < first[0]:
                    first = start_ns, key, raw
        return Matches(count, self.match(*first[1:]) if first else None)

    def _start_of_match(self, key: tuple, raw: bytes) -> int | None:
        """In ns; None when the span does not match."""
        if self._whole:
            # The sieve has held name and duration to the letter, and an attribute as clients write it is the whole of
            # its condition: a span read like this takes 2 µs less than one decoded.
            span = RawSpan.FromString(raw)
            held = span.attributes
            if all(one in held for one in self._whole):
                return span.start_time_unix_nano
        found = self.match(key, raw)
        return None if found is None else found.start_ns

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


def _whole_attributes(predicate: SpanPredicate) -> tuple[bytes, ...]:
    """The attributes asked for, serialised as text values; () when something else is asked that needs decoding."""
    rest = (predicate.kind, predicate.status, predicate.is_error, predicate.span_id)
    if predicate.values or rest != (None,) * len(rest):
        return ()
    try:
        return tuple(
            KeyValue(key=key, value=AnyValue(string_value=text)).SerializeToString()
            for key, text in predicate.attributes
        )
    except UnicodeEncodeError:  # half a character: no attribute is that
        return ()
