"""Tokens of spans as they stand in documents, for sealed traces and for batches alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, repeat
from operator import attrgetter

from apps.traces.failed import is_failed
from apps.traces.tokens import (
    AttributeTokens,
    duration_class,
    duration_tokens,
    error_token,
    name_token,
    service_token,
    text_token,
)

_attributes, _events_and_links = attrgetter("attributes"), attrgetter("events", "links")


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

    def add(self, spans: Sequence, raws: Sequence[bytes], service: str, into: set[int]) -> int:
        """Add what `wire.RawSpan`s of one service, serialised as `raws`, can be found by, their ids apart; how many are
        errors."""
        self.add_attributes(spans, into)
        are_errors = [is_failed(span.status.code, span.kind, raw) for span, raw in zip(spans, raws, strict=True)]
        durations = [span.end_time_unix_nano - span.start_time_unix_nano for span in spans]
        self.add_traits(repeat(service), [span.name for span in spans], durations, are_errors, into)
        return sum(are_errors)

    def add_attributes(self, spans: Sequence, into: set[int]) -> None:
        """Those of the spans, their events and links."""
        self.attributes.add_all(chain.from_iterable(map(_attributes, spans)), into)
        for span, (events, links) in zip(spans, map(_events_and_links, spans), strict=True):
            if events or links:
                self.attributes.add_events_and_links(span, into)

    def add_traits(
        self,
        services: Iterable[str],
        names: Sequence[str],
        durations_ns: Sequence[int],
        are_errors: Iterable[bool],
        into: set[int],
    ) -> None:
        """What spans have besides attributes, an item for each. A duration below 0 counts as 0."""
        classes = [duration_class(duration) if duration > 0 else 0 for duration in durations_ns]
        traits = list(zip(services, names, classes, are_errors, strict=False))
        found = list(map(self._derived.get, traits))
        if None in found:
            found = list(map(self._derive, traits, durations_ns))
        into.update(chain.from_iterable(found))

    def _derive(self, trait: tuple[str, str, int, bool], duration_ns: int) -> tuple[int, ...]:
        found = self._derived.get(trait)
        if found is None:
            if len(self._derived) > 100_000:
                self._derived.clear()
            service, name, _, is_error = trait
            found = (
                service_token(service),
                name_token(service, name),
                *duration_tokens(max(0, duration_ns), service, name),
            )
            if is_error:
                found += (error_token(), error_token(service))
            if self._with_texts:
                found += (text_token(name),)
            self._derived[trait] = found
        return found
