"""Sealed traces that may match, newest first, from one day partition: tokens find them, spans decide later.

GIN cannot return rows newest first, and the planner misjudges rare array elements by orders of magnitude, so
each partition is asked in two ways: the newest rows by start, with the tokens as a filter (finds what is common at
once), then all rows by GIN alone (finds what is rare). docs/adr/0003 has the figures.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

from apps.store.partitions import partition_name
from apps.traces.query import RESOURCE_PREFIX, TraceQuery
from apps.traces.tokens import (
    attribute_token,
    duration_choice,
    error_token,
    name_token,
    service_token,
    span_id_token,
    trace_duration_choice,
)

NEWEST_ROWS, NEWEST_ROWS_UNFILTERED = (300, 4_000), (60, 600)
"""How many of the newest rows are looked at before GIN is asked: few first, more when some of the few matched. Fewer
when tokens cannot sort them out and every one is decoded."""
WIDE_CHOICE = 16
"""PostgreSQL compares every token of a row with each of a choice: beyond so many, decoding the trace is cheaper."""
MAX_VALUES = 8
"""Of bare values, the longest: each is looked for under every attribute key, and a pasted text of a thousand words took
16 s for what its few rarest words rule out as well. The spans are held to all of them in any case."""

COLUMNS = """uuid_send(trace_id), (extract(epoch FROM started_at) * 1e6)::int8, start_ns, duration_ns, span_count,
             error_count, orphan_count, root_service, root_name, services, service_counts, verdict"""

IS_TRACE = "part = 0 AND span_count > 0"
"""A row without spans holds log records whose spans have not come: sampled out, sent elsewhere, or late."""


@dataclass(frozen=True, slots=True)
class Candidate:
    trace_id: bytes
    filed_us: int
    """Start as filed, µs since 1970; with trace_id the key that pages are cut by."""
    start_ns: int
    duration_ns: int
    span_count: int
    error_count: int
    orphan_count: int
    root_service: str
    root_name: str
    services: list[str]
    service_counts: list[int]
    verdict: bytes | None

    @property
    def key(self) -> tuple[int, bytes]:
        return self.filed_us, self.trace_id


@dataclass(frozen=True, slots=True)
class TokenFilter:
    """`all_of` must be in a trace's tokens, and one of each set in `any_of`."""

    all_of: tuple[int, ...] = ()
    any_of: tuple[tuple[int, ...], ...] = ()
    is_impossible: bool = False
    """Nothing sealed can match: a name that was never seen."""

    @property
    def is_empty(self) -> bool:
        return not self.all_of and not self.any_of

    def narrow(self) -> TokenFilter:
        """Without the choices too wide to test a row against."""
        return TokenFilter(self.all_of, tuple(c for c in self.any_of if len(c) <= WIDE_CHOICE))

    def may_be_in(self, tokens: frozenset[int]) -> bool:
        """Whether a batch with these tokens may hold a span that matches."""
        return tokens.issuperset(self.all_of) and not any(tokens.isdisjoint(choice) for choice in self.any_of)

    def sql(self) -> tuple[str, list]:
        parts, values = [], []
        if self.all_of:
            parts.append("tokens @> %s::int4[]")
            values.append(list(self.all_of))
        for choice in self.any_of:
            parts.append("tokens && %s::int4[]")
            values.append(list(choice))
        return " AND ".join(parts) or "true", values


@dataclass(slots=True)
class Names:
    """What the name tables know, as far as a search needs it."""

    services_of_name: list[str] = field(default_factory=list)
    """Services that have a span name equal to the predicate's."""
    attribute_keys: list[str] = field(default_factory=list)
    names_of_value: list[tuple[str, str]] = field(default_factory=list)
    """(service, span name) where the span name equals a bare value."""


def token_filter(query: TraceQuery, names: Names) -> TokenFilter:
    """Tokens every trace must have that can match. Never leaves out a match."""
    wanted = query.span
    any_of: list[tuple[int, ...]] = [_attribute_choice(key, text) for key, text in wanted.attributes]
    all_of: list[int] = []
    services = [wanted.service] if wanted.service is not None else names.services_of_name
    if wanted.name is not None:
        if not services:
            return TokenFilter(is_impossible=True)
        any_of.append(tuple(name_token(service, wanted.name) for service in services))
    elif wanted.service is not None:
        all_of.append(service_token(wanted.service))
    if wanted.status == "ERROR" or wanted.is_error:
        all_of.append(error_token(wanted.service or ""))
    if wanted.span_id is not None:
        all_of.append(span_id_token(bytes.fromhex(wanted.span_id)))
    if wanted.min_duration_ns is not None or wanted.max_duration_ns is not None:
        pairs = [(s, wanted.name) for s in services] if wanted.name is not None else []
        any_of.append(duration_choice(wanted.min_duration_ns, wanted.max_duration_ns, pairs))
    if query.min_trace_duration_ns is not None or query.max_trace_duration_ns is not None:
        any_of.append(trace_duration_choice(query.min_trace_duration_ns, query.max_trace_duration_ns))
    for value in sorted(wanted.values, key=len, reverse=True)[:MAX_VALUES]:
        by_key = [attribute_token(key, value) for key in names.attribute_keys]
        by_name = [name_token(s, n) for s, n in names.names_of_value if n == value]
        any_of.append(tuple(by_key + by_name))
    single = [choice[0] for choice in any_of if len(choice) == 1]
    rest = tuple(choice for choice in any_of if len(choice) > 1)
    return TokenFilter(tuple(all_of + single), rest, is_impossible=any(not choice for choice in any_of))


def _attribute_choice(key: str, text: str) -> tuple[int, ...]:
    own = attribute_token(key, text)
    if not key.startswith(RESOURCE_PREFIX):
        return (own,)
    return own, attribute_token(key.removeprefix(RESOURCE_PREFIX), text)


def hot_filter(query: TraceQuery, names: Names) -> TokenFilter:
    """The same for batches. They hold no tokens of span ids and whole traces, and names that are looked up in tables
    become known only when a trace is sealed: these are left to the bytes."""
    name = query.span.name if query.span.service is not None else None
    span = replace(query.span, span_id=None, values=(), name=name)
    return token_filter(replace(query, span=span, min_trace_duration_ns=None, max_trace_duration_ns=None), names)


def newest_rows(tokens: TokenFilter) -> tuple[int, int]:
    return NEWEST_ROWS_UNFILTERED if tokens.narrow() != tokens else NEWEST_ROWS


def newest_candidates(cursor, workspace_id: int, day: date, query: TraceQuery, tokens: TokenFilter, *, before, rows):
    """(candidates, oldest key looked at or None when the partition's end was reached) among the newest `rows` rows
    of the window that come after the key `before` in newest-first order."""
    where, values = _window(query, before)
    token_sql, token_values = tokens.narrow().sql()
    cursor.execute(
        f"""
        SELECT {COLUMNS}, {token_sql} AND {IS_TRACE} AND {_duration_sql(query)}
        FROM (SELECT * FROM {partition_name(day)} WHERE workspace_id = %s AND {where}
              ORDER BY started_at DESC, trace_id DESC LIMIT %s) AS newest
        ORDER BY started_at DESC, trace_id DESC
        """,
        [*token_values, workspace_id, *values, rows],
        binary=True,
    )
    looked_at = cursor.fetchall()
    found = [Candidate(*row[:-1]) for row in looked_at if row[-1]]
    oldest = (looked_at[-1][1], looked_at[-1][0]) if len(looked_at) == rows else None
    return found, oldest, len(looked_at)


def token_candidates(cursor, workspace_id: int, day: date, query: TraceQuery, tokens: TokenFilter, *, before, rows):
    """The newest `rows` candidates by GIN. `workspace_id + 0` and the outer WHERE keep every other index out."""
    where, values = _window(query, before)
    token_sql, token_values = tokens.sql()
    cursor.execute(
        f"""
        WITH hits AS MATERIALIZED (
            SELECT * FROM {partition_name(day)} WHERE {token_sql} AND workspace_id + 0 = %s AND {IS_TRACE}
              AND {_duration_sql(query)}
        )
        SELECT {COLUMNS} FROM hits WHERE {where} ORDER BY started_at DESC, trace_id DESC LIMIT %s
        """,
        [*token_values, workspace_id, *values, rows],
        binary=True,
    )
    return [Candidate(*row) for row in cursor.fetchall()]


def _window(query: TraceQuery, before: tuple[int, bytes] | None) -> tuple[str, list]:
    sql = "started_at >= to_timestamp(%s / 1e6) AND started_at < to_timestamp(%s / 1e6)"
    values: list = [query.start_ns // 1000, -(-query.end_ns // 1000)]
    if before is not None:
        # The plain comparison beside the row comparison lets the index and partition pruning work on it.
        sql += (
            " AND started_at <= to_timestamp(%s / 1e6) AND (started_at, trace_id) < (to_timestamp(%s / 1e6), %s::uuid)"
        )
        values += [before[0], before[0], before[1].hex()]
    return sql, values


def _duration_sql(query: TraceQuery) -> str:
    parts = ["true"]
    if query.min_trace_duration_ns is not None:
        parts.append(f"duration_ns >= {int(query.min_trace_duration_ns)}")
    if query.max_trace_duration_ns is not None:
        parts.append(f"duration_ns <= {int(query.max_trace_duration_ns)}")
    return " AND ".join(parts)
