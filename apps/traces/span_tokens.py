"""Tokens of spans as they stand in documents, for sealed traces and for batches alike."""

from __future__ import annotations

from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from apps.traces.tokens import (
    AttributeTokens,
    duration_class,
    duration_tokens,
    error_token,
    name_token,
    service_token,
    text_token,
)
from apps.traces.values import any_value, marks_error

ERROR, OK = 2, 1


def is_error(span, raw: bytes) -> bool:
    """Whether a `wire.RawSpan`, serialised as `raw`, failed: as `SpanTokens.add_span` says, without reading all of its
    attributes."""
    code = span.status.code
    if code in (ERROR, OK) or b"error" not in raw:
        return code == ERROR
    pairs = [KeyValue.FromString(pair) for pair in span.attributes if b"error" in pair]
    return any(pair.key == "error" and marks_error(any_value(pair.value)) for pair in pairs)


class SpanTokens:
    """Keeps what repeats from span to span; one a thread. `with_texts` also finds spans by a text under whatever key:
    `texts_of` what was added."""

    def __init__(self, *, with_texts: bool = False):
        self.attributes = AttributeTokens(with_texts=with_texts)
        self._with_texts = with_texts
        self._derived: dict[tuple, tuple[int, ...]] = {}

    def add_scope(self, resource: bytes, scope: bytes, into: set[int]) -> str:
        """Add what a serialised resource and scope hold; the service they name."""
        tokens, service = self.attributes.of_resource(resource)
        into |= tokens
        into |= self.attributes.of_scope(scope)
        return service

    def add_span(self, span, service: str, into: set[int]) -> bool:
        """Add what a `wire.RawSpan` can be found by, its id apart; whether it is an error."""
        raws = span.attributes
        self.attributes.add_all(raws, into)
        if span.events or span.links:
            self.attributes.add_events_and_links(span, into)
        code = span.status.code
        is_error = code == ERROR or (
            code != OK and bool(self.attributes.error_pairs) and any(r in self.attributes.error_pairs for r in raws)
        )
        duration_ns = max(0, span.end_time_unix_nano - span.start_time_unix_nano)
        into.update(self._derive(service, span.name, duration_ns, is_error))
        return is_error

    def _derive(self, service: str, name: str, duration_ns: int, is_error: bool) -> tuple[int, ...]:
        key = (service, name, duration_class(duration_ns), is_error)
        found = self._derived.get(key)
        if found is None:
            if len(self._derived) > 100_000:
                self._derived.clear()
            found = (service_token(service), name_token(service, name), *duration_tokens(duration_ns, service, name))
            if is_error:
                found += (error_token(), error_token(service))
            if self._with_texts:
                found += (text_token(name),)
            self._derived[key] = found
        return found
