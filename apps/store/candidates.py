"""Sealed traces that may match, newest first: tokens find them, spans decide later.

GIN cannot return rows newest first, and the planner misjudges rare array elements by orders of magnitude, so days are
asked in two ways: the newest rows by start, with the tokens as a filter (finds what is common at once), then all rows
by GIN alone (finds what is rare). Each way asks several days in one statement, newest day first; PostgreSQL does not
go on to the next day when it has enough. docs/adr/0003 has the figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from apps.store.page_keys import Key
from apps.store.partitions import partition_name
from apps.store.token_filters import TokenFilter
from apps.traces.query import TraceQuery

_STORED = """trace_id, started_at, start_ns, duration_ns, span_count, error_count, orphan_count, root_service,
             root_name, services, service_counts, verdict"""
_SENT = """uuid_send(trace_id), (extract(epoch FROM started_at) * 1e6)::int8, start_ns, duration_ns, span_count,
           error_count, orphan_count, root_service, root_name, services, service_counts, verdict, payload"""

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
    payload: bytes | None
    """The spans of its first row; None when the search asks nothing of spans."""

    @property
    def key(self) -> Key:
        return self.filed_us, self.trace_id


@dataclass(frozen=True, slots=True)
class Asked:
    """What is the same in every statement of one search."""

    workspace_id: int
    query: TraceQuery
    tokens: TokenFilter
    from_us: int
    """Start of the window, µs since 1970: the query's, or later when hot traces fill the page."""

    @property
    def payload(self) -> str:
        return "NULL::bytea AS payload" if self.query.span.is_empty else "payload"


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of a look at the newest rows."""

    candidates: list[Candidate]
    rows: int
    """How many were looked at."""
    end: Key | None
    """The oldest of them; None when there are no more in the window."""


def newest_candidates(cursor, asked: Asked, days: list[date], before: Key | None, rows: int, most: int) -> Looked:
    """Those among the newest `rows` rows of `days` (newest first) after the key `before`, up to `most` of them."""
    where, values = _window(asked, before)
    is_match, token_values = asked.tokens.narrow().sql()
    newest = " UNION ALL ".join(
        f"""(SELECT {_STORED}, {asked.payload}, {is_match} AND {IS_TRACE} AND {_duration_sql(asked.query)} AS is_match
             FROM {partition_name(day)} WHERE workspace_id = %(workspace)s AND {where}
             ORDER BY started_at DESC, trace_id DESC LIMIT {rows:d})"""
        for day in days
    )
    cursor.execute(
        f"""
        SELECT {_SENT}, is_match, number, is_last FROM (
            SELECT *, row_number() OVER () AS number, lead(true) OVER () IS NULL AS is_last
            FROM (SELECT * FROM ({newest}) AS days LIMIT {rows:d}) AS newest
        ) AS numbered WHERE is_match OR is_last LIMIT {most:d}
        """,
        values | token_values,
        binary=True,
        prepare=True,
    )
    sent = cursor.fetchall()
    if not sent:
        return Looked([], 0, None)
    *_, number, is_last = sent[-1]
    end = None if is_last and number < rows else (sent[-1][1], sent[-1][0])
    return Looked([Candidate(*row[:-3]) for row in sent if row[-3]], number, end)


def token_candidates(
    cursor, asked: Asked, days: list[date], before: Key | None, most: int
) -> tuple[list[Candidate], Key | None]:
    """The newest `most` by GIN, and the oldest key when there may be more. `workspace_id + 0` and OFFSET keep every
    other index out: under OFFSET no condition of the window moves inwards."""
    where, values = _window(asked, before)
    token_sql, token_values = asked.tokens.sql()
    hits = " UNION ALL ".join(
        f"""(SELECT {_SENT} FROM (
                SELECT {_STORED}, {asked.payload} FROM {partition_name(day)} WHERE {token_sql}
                AND workspace_id + 0 = %(workspace)s AND {IS_TRACE} AND {_duration_sql(asked.query)} OFFSET 0
             ) AS hits WHERE {where} ORDER BY started_at DESC, trace_id DESC LIMIT {most:d})"""
        for day in days
    )
    cursor.execute(f"SELECT * FROM ({hits}) AS days LIMIT {most:d}", values | token_values, binary=True, prepare=True)
    found = [Candidate(*row) for row in cursor.fetchall()]
    return found, found[-1].key if len(found) == most else None


def _window(asked: Asked, before: Key | None) -> tuple[str, dict]:
    sql = "started_at >= to_timestamp(%(from_us)s / 1e6) AND started_at < to_timestamp(%(until_us)s / 1e6)"
    query = asked.query
    values = {
        "workspace": asked.workspace_id, "from_us": asked.from_us, "until_us": -(-query.end_ns // 1000),
        "shortest": query.min_trace_duration_ns, "longest": query.max_trace_duration_ns,
    }  # fmt: skip
    if before is not None:
        # The plain comparison beside the row comparison lets the index work on it.
        sql += """ AND started_at <= to_timestamp(%(before_us)s / 1e6)
                   AND (started_at, trace_id) < (to_timestamp(%(before_us)s / 1e6), %(before_id)s::uuid)"""
        values |= {"before_us": before[0], "before_id": before[1].hex()}
    return sql, values


def _duration_sql(query: TraceQuery) -> str:
    parts = ["true"]
    if query.min_trace_duration_ns is not None:
        parts.append("duration_ns >= %(shortest)s::int8")
    if query.max_trace_duration_ns is not None:
        parts.append("duration_ns <= %(longest)s::int8")
    return " AND ".join(parts)
