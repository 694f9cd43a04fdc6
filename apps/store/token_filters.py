"""What a search asks for, as tokens: those a sealed trace must have, and those a hot batch must have."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from apps.traces.query import RESOURCE_PREFIX, TraceQuery
from apps.traces.tokens import (
    attribute_token,
    duration_choice,
    error_token,
    name_token,
    service_token,
    span_id_token,
    text_token,
    trace_duration_choice,
)

WIDE_CHOICE = 16
"""PostgreSQL compares every token of a row with each of a choice: beyond so many, decoding the trace is cheaper."""
MAX_VALUES = 8
"""Of bare values, the longest: each is looked for under every attribute key, and a pasted text of a thousand words took
16 s for what its few rarest words rule out as well. The spans are held to all of them in any case."""


@dataclass(frozen=True, slots=True)
class TokenFilter:
    """`all_of` must be in a trace's tokens, and one of each set in `any_of`."""

    all_of: tuple[int, ...] = ()
    any_of: tuple[tuple[int, ...], ...] = ()
    implied: tuple[tuple[int, ...], ...] = ()
    """Choices that follow from those in `any_of`: GIN would read their long lists for nothing."""
    is_impossible: bool = False
    """Nothing sealed can match: a name that was never seen."""

    @property
    def is_empty(self) -> bool:
        return not self.all_of and not self.any_of

    def narrow(self) -> TokenFilter:
        """Without the choices too wide to test a row against, but with what follows from them."""
        narrow = tuple(c for c in self.any_of if len(c) <= WIDE_CHOICE)
        if len(narrow) < len(self.any_of):
            narrow += tuple(c for c in self.implied if len(c) <= WIDE_CHOICE)
        return TokenFilter(self.all_of, narrow)

    def may_be_in(self, tokens: frozenset[int]) -> bool:
        """Whether a batch with these tokens may hold a span that matches."""
        return tokens.issuperset(self.all_of) and not any(
            tokens.isdisjoint(choice) for choice in (*self.implied, *self.any_of)
        )

    def sql(self) -> tuple[str, dict[str, list[int]]]:
        """A condition on the column `tokens`, and the values of its placeholders."""
        parts, values = [], {}
        if self.all_of:
            parts.append("tokens @> %(all_of)s::int4[]")
            values["all_of"] = list(self.all_of)
        for n, choice in enumerate(self.any_of):
            parts.append(f"tokens && %(any_of_{n})s::int4[]")
            values[f"any_of_{n}"] = list(choice)
        return " AND ".join(parts) or "true", values


@dataclass(slots=True)
class Names:
    """What the name tables know, as far as a search needs it."""

    services_of_name: list[str] = field(default_factory=list)
    """Services that have a span name equal to the predicate's."""
    attribute_keys: list[str] = field(default_factory=list)
    are_keys_cut: bool = False
    """There may be more: a value under one of those is found in what is hot, not in what is sealed."""
    names_of_value: list[tuple[str, str]] = field(default_factory=list)
    """(service, span name) where the span name equals a bare value, or may."""


def token_filter(query: TraceQuery, names: Names) -> TokenFilter:
    """Tokens every trace must have that can match. Never leaves out a match."""
    wanted = query.span
    any_of: list[tuple[int, ...]] = [_attribute_choice(key, text) for key, text in wanted.attributes]
    all_of: list[int] = []
    implied: list[tuple[int, ...]] = []
    services = [wanted.service] if wanted.service is not None else names.services_of_name
    has_duration = wanted.min_duration_ns is not None or wanted.max_duration_ns is not None
    if wanted.name is not None:
        if not services:
            return TokenFilter(is_impossible=True)
        by_name = tuple(name_token(service, wanted.name) for service in services)
        (implied if has_duration else any_of).append(by_name)
    elif wanted.service is not None:
        all_of.append(service_token(wanted.service))
    if wanted.is_for_errors:
        all_of.append(error_token(wanted.service or ""))
    if wanted.span_id is not None:
        all_of.append(span_id_token(bytes.fromhex(wanted.span_id)))
    if has_duration:
        pairs = [(s, wanted.name) for s in services] if wanted.name is not None else []
        any_of.append(duration_choice(wanted.min_duration_ns, wanted.max_duration_ns, pairs))
    if query.min_trace_duration_ns is not None or query.max_trace_duration_ns is not None:
        any_of.append(trace_duration_choice(query.min_trace_duration_ns, query.max_trace_duration_ns))
    for value in _looked_for(wanted.values):
        by_key = [attribute_token(key, value) for key in names.attribute_keys]
        by_name = [name_token(s, n) for s, n in names.names_of_value if n == value]
        any_of.append(tuple(by_key + by_name))
    single = [choice[0] for choice in any_of if len(choice) == 1]
    rest = tuple(choice for choice in any_of if len(choice) > 1)
    return TokenFilter(tuple(all_of + single), rest, tuple(implied), any(not choice for choice in any_of))


def _looked_for(values: tuple[str, ...]) -> list[str]:
    return sorted(values, key=len, reverse=True)[:MAX_VALUES]


def _attribute_choice(key: str, text: str) -> tuple[int, ...]:
    own = attribute_token(key, text)
    if not key.startswith(RESOURCE_PREFIX):
        return (own,)
    return own, attribute_token(key.removeprefix(RESOURCE_PREFIX), text)


def hot_filter(query: TraceQuery) -> TokenFilter:
    """The same for batches. They hold no tokens of span ids and whole traces, but those of bare texts: names that are
    looked up in tables become known only when a trace is sealed."""
    name = query.span.name if query.span.service is not None else None
    span = replace(query.span, span_id=None, values=(), name=name)
    found = token_filter(replace(query, span=span, min_trace_duration_ns=None, max_trace_duration_ns=None), Names())
    texts = _looked_for(query.span.values)
    if query.span.name is not None and name is None:
        texts.append(query.span.name)
    return replace(found, all_of=found.all_of + tuple(map(text_token, texts)))
