"""Search over everything a workspace holds, newest first: hot batches and sealed traces, one exact check.

Pages are cut by the key (filed start in µs, trace id). A search looks until the page is full, the window is
covered, or its time budget is spent, and says which.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings

from apps.store import candidates as sealed
from apps.store.connection import store_cursor
from apps.store.hot_cache import hot_cache
from apps.store.hot_search import HotTraces
from apps.store.load import load_draft, sealed_documents
from apps.store.partitions import day_of, existing_partitions
from apps.store.results import MatchedSpan, SearchPage, ServiceCount, TraceRow
from apps.store.sealed import filed_at
from apps.traces.draft import Draft, Summariser, Summary
from apps.traces.match import matching_spans
from apps.traces.model import Span
from apps.traces.otlp import read_trace
from apps.traces.query import SpanPredicate, TraceQuery

BUDGET_SECONDS = 3.0
CHECK_AT_ONCE = 25
GIN_ROWS = 400

Key = tuple[int, bytes]


@dataclass(slots=True)
class _Progress:
    """How far a search has come."""

    deadline: float
    looked_at: int = 0
    oldest: Key | None = None
    ran_out: bool = False

    def is_spent(self) -> bool:
        self.ran_out = self.ran_out or time.monotonic() > self.deadline
        return self.ran_out


def search(workspace_id: int, query: TraceQuery) -> SearchPage:
    """The newest `query.limit` traces that match. Raises ValueError for a cursor that is not ours, StoreUnavailable
    when the database does not answer."""
    began = time.perf_counter()
    before = _read_cursor(query.cursor)
    progress = _Progress(time.monotonic() + BUDGET_SECONDS)
    with store_cursor() as cursor, cursor.connection.transaction():
        # Without this the planner walks whole partitions for choices among many tokens.
        cursor.execute("SET LOCAL enable_seqscan = off")
        hot = HotTraces(hot_cache, hot_cache.batches(cursor, workspace_id))
        hot_rows = sorted(
            _hot_rows(cursor, workspace_id, query, hot, before, progress), key=lambda r: r[0], reverse=True
        )
        found = _merge(hot_rows, _sealed_rows(cursor, workspace_id, query, hot, before, progress), query.limit + 1)
    rows = [row for _, row in found[: query.limit]]
    is_full = len(found) > query.limit
    last = found[query.limit - 1][0] if is_full else progress.oldest
    return SearchPage(
        rows=tuple(rows),
        next_cursor=_write_cursor(last) if last and (is_full or progress.ran_out) else "",
        elapsed_ms=(time.perf_counter() - began) * 1000,
        looked_at=progress.looked_at,
        looked_back_to_ns=last[0] * 1000 if last and (is_full or progress.ran_out) else query.start_ns,
        is_complete=not is_full and not progress.ran_out,
        ran_out=progress.ran_out and not is_full,
    )


def find_span(workspace_id: int, span_id: str) -> str | None:
    """The id of the newest trace with a span of this id (16 hex digits), or None."""
    window_end = time.time_ns() + 2 * 86_400 * 10**9
    page = search(workspace_id, TraceQuery(0, window_end, SpanPredicate(span_id=span_id), limit=1))
    return page.rows[0].trace_id if page.rows else None


def _merge(hot_rows, sealed_rows: Iterator, limit: int) -> list[tuple[Key, TraceRow]]:
    """Both newest first into one, taking no more sealed rows than needed."""
    merged: list[tuple[Key, TraceRow]] = []
    waiting = list(reversed(hot_rows))
    while len(merged) < limit:
        if not waiting:
            merged.extend(row for row, _ in zip(sealed_rows, range(limit - len(merged)), strict=False))
            break
        nxt = next(sealed_rows, None)
        while waiting and (nxt is None or waiting[-1][0] > nxt[0]):
            merged.append(waiting.pop())
        if nxt is not None:
            merged.append(nxt)
    return merged[:limit]


def _hot_rows(cursor, workspace_id, query, hot: HotTraces, before, progress) -> Iterator[tuple[Key, TraceRow]]:
    """Matching traces with hot spans, newest first, at most a page and one of them."""
    progress.looked_at += len(hot.starts)
    kept = 0
    for trace_id in hot.matching(query.span):
        if kept > query.limit or progress.is_spent():
            return
        draft = load_draft(cursor, workspace_id, trace_id, hot)
        summary = _summariser.summarise(draft)
        filed_us = filed_at(summary.start_ns, hot.received_ns(trace_id), settings.TRACER_RETENTION_DAYS) // 1000
        key = (filed_us, trace_id)
        if not _in_window(query, key, summary.duration_ns, before):
            continue
        kept += 1
        yield key, _row(summary, _matches(draft, query))


_summariser = Summariser()


def _in_window(query: TraceQuery, key: Key, duration_ns: int, before: Key | None) -> bool:
    return (
        query.start_ns <= key[0] * 1000 < query.end_ns
        and (before is None or key < before)
        and (query.min_trace_duration_ns is None or duration_ns >= query.min_trace_duration_ns)
        and (query.max_trace_duration_ns is None or duration_ns <= query.max_trace_duration_ns)
    )


def _matches(draft: Draft, query: TraceQuery) -> list[Span]:
    if query.span.is_empty:
        return []
    return matching_spans(read_trace(draft.trace_id.hex(), b"".join(draft.documents())), query.span)


def _row(summary: Summary, spans: list[Span]) -> TraceRow:
    return TraceRow(
        trace_id=summary.trace_id.hex(),
        started_ns=summary.start_ns,
        duration_ns=summary.duration_ns,
        root_service=summary.root_service,
        root_name=summary.root_name,
        span_count=summary.span_count,
        error_count=summary.error_count,
        orphan_count=summary.orphan_count,
        services=tuple(ServiceCount(name, *counts) for name, counts in summary.services.items()),
        matched=_matched(spans),
        matched_count=len(spans),
        is_sealed=False,
    )


def _matched(spans) -> MatchedSpan | None:
    if not spans:
        return None
    first = spans[0]
    return MatchedSpan(first.span_id, first.service, first.name, first.duration_ns)


def _sealed_rows(cursor, workspace_id, query, hot: HotTraces, before, progress) -> Iterator[tuple[Key, TraceRow]]:
    """Matching sealed traces, newest first."""
    names = _names(cursor, workspace_id, query)
    tokens = sealed.token_filter(query.span, names)
    if tokens.is_impossible:
        return
    first_day, last_day = day_of(max(query.start_ns, 0)), day_of(min(query.end_ns - 1, (1 << 63) - 1))
    for day in existing_partitions(cursor):
        if not first_day <= day <= last_day:
            continue
        at = before
        for group in _candidate_groups(cursor, workspace_id, day, query, tokens, before, progress):
            for at_once in range(0, len(group), CHECK_AT_ONCE):
                chunk = group[at_once : at_once + CHECK_AT_ONCE]
                yield from _checked(cursor, workspace_id, day, query, chunk, hot)
                progress.looked_at += len(chunk)
                if chunk:
                    at = progress.oldest = chunk[-1].key
                if progress.is_spent():
                    return
        before = at if at is before else before


def _candidate_groups(cursor, workspace_id, day, query, tokens, before, progress):
    """Lists of candidates of one day, each list older than the one before it."""
    for rows in sealed.RECENT_ROWS:
        found, oldest, looked = sealed.newest_candidates(
            cursor, workspace_id, day, query, tokens, before=before, rows=rows
        )
        progress.looked_at += looked - len(found)
        yield found
        if oldest is None:
            return
        before = oldest
        if not tokens.is_empty and (len(found) * 40 < rows or tokens.has_wide_choice):
            break
    while True:
        if tokens.is_empty:
            found, oldest, looked = sealed.newest_candidates(
                cursor, workspace_id, day, query, tokens, before=before, rows=sealed.RECENT_ROWS[-1]
            )
        else:
            found = sealed.token_candidates(cursor, workspace_id, day, query, tokens, before=before, rows=GIN_ROWS)
            oldest = found[-1].key if len(found) == GIN_ROWS else None
        yield found
        if oldest is None:
            return
        before = oldest


def _checked(cursor, workspace_id, day, query, chunk, hot: HotTraces) -> Iterator[tuple[Key, TraceRow]]:
    """The candidates that really match, in their order."""
    documents = {} if query.span.is_empty else sealed_documents(cursor, workspace_id, day, [c.trace_id for c in chunk])
    for candidate in chunk:
        spans = []
        if not query.span.is_empty:
            document = documents.get(candidate.trace_id)
            spans = matching_spans(read_trace(candidate.trace_id.hex(), document), query.span) if document else []
            if not spans:
                continue
        if candidate.trace_id not in hot.starts:
            yield candidate.key, _sealed_row(candidate, spans)
        elif not _is_found_hot(candidate.trace_id, query, hot):
            draft = load_draft(cursor, workspace_id, candidate.trace_id, hot)
            yield candidate.key, _row(_summariser.summarise(draft), _matches(draft, query))


def _is_found_hot(trace_id: bytes, query: TraceQuery, hot: HotTraces) -> bool:
    """Whether `_hot_rows` has this trace, or will have it on a later page."""
    draft = Draft(trace_id)
    hot.add_to(draft)
    return query.span.is_empty or bool(_matches(draft, query))


def _sealed_row(c: sealed.Candidate, spans) -> TraceRow:
    counts = c.service_counts
    return TraceRow(
        trace_id=c.trace_id.hex(),
        started_ns=c.start_ns,
        duration_ns=c.duration_ns,
        root_service=c.root_service,
        root_name=c.root_name,
        span_count=c.span_count,
        error_count=c.error_count,
        orphan_count=c.orphan_count,
        services=tuple(ServiceCount(s, counts[2 * i], counts[2 * i + 1]) for i, s in enumerate(c.services)),
        matched=_matched(spans),
        matched_count=len(spans),
    )


def _names(cursor, workspace_id: int, query: TraceQuery) -> sealed.Names:
    names = sealed.Names()
    span = query.span
    if span.name is not None and span.service is None:
        cursor.execute(
            "SELECT DISTINCT service FROM span_name WHERE workspace_id = %s AND name = %s",
            [workspace_id, _listed(span.name)],
        )
        names.services_of_name = [s for (s,) in cursor.fetchall()]
    if span.values:
        cursor.execute("SELECT key FROM attribute_key WHERE workspace_id = %s", [workspace_id])
        names.attribute_keys = [k for (k,) in cursor.fetchall()]
        cursor.execute(
            "SELECT DISTINCT service, name FROM span_name WHERE workspace_id = %s AND name = ANY(%s)",
            [workspace_id, [_listed(value) for value in span.values]],
        )
        names.names_of_value = cursor.fetchall()
    return names


def _listed(name: str) -> str:
    """A name as `names.py` lists it: PostgreSQL's text cannot hold U+0000."""
    return name.replace("\0", "\ufffd")


def _write_cursor(key: Key) -> str:
    return base64.urlsafe_b64encode(key[0].to_bytes(8, "big", signed=True) + key[1]).decode().rstrip("=")


def _read_cursor(text: str) -> Key | None:
    if not text:
        return None
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        data = b""
    if len(data) != 24:
        raise ValueError("This cursor was not made by this search.")
    return int.from_bytes(data[:8], "big", signed=True), data[8:]
