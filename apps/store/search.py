"""Search over everything a workspace holds, newest first: hot batches and sealed traces, one exact check.

A search looks until the page is full, the window is covered, or its time is up, and says which.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Iterator
from dataclasses import replace

import psycopg
from django.conf import settings

from apps.store.candidates import Asked
from apps.store.connection import planned_once, store_cursor
from apps.store.hot_batches import HotTrace
from apps.store.hot_cache import hot_cache
from apps.store.hot_search import HotTraces
from apps.store.load import Parts, put_together, sealed_parts
from apps.store.page_keys import Key, read_cursor, write_cursor
from apps.store.partitions import ask_partitions, read_partitions
from apps.store.results import SearchPage, TraceRow
from apps.store.rows import matches, summarise, summary_row
from apps.store.sealed import filed_at
from apps.store.sealed_search import Progress, known_names, sealed_between, sealed_rows
from apps.store.token_filters import hot_filter, token_filter
from apps.traces.find import Finder
from apps.traces.query import SpanPredicate, TraceQuery

FIRST_AT_ONCE = 25
BUDGET_SECONDS = 3.0
"""For what is hot and for what is sealed, each."""


def search(workspace_id: int, query: TraceQuery) -> SearchPage:
    """The newest `query.limit` traces that match. Raises ValueError for a cursor that is not ours, StoreUnavailable
    when the database does not answer."""
    began = time.perf_counter()
    before = read_cursor(query.cursor)
    finder = Finder(query.span)
    with store_cursor() as cursor, planned_once(cursor), psycopg.Cursor(cursor.connection) as beside:
        hot = HotTraces(hot_cache, hot_cache.look(cursor, workspace_id))
        # After what is hot: a day made for a trace sealed in between must be among them. Answered while hot ones match.
        partitions = ask_partitions(beside)
        hot_progress = Progress(time.monotonic() + BUDGET_SECONDS)
        hot_tokens = hot_filter(query)
        matching = hot.matching(finder, hot_tokens, lambda i: _may_last(query, hot.trace(i), hot.may_be_sealed(i)))
        hot_rows = sorted(
            _hot_rows(cursor, workspace_id, query, finder, hot, matching, before, hot_progress), key=_key, reverse=True
        )
        is_rare = before is None and hot.are_without(hot_tokens, query.end_ns)
        progress = Progress(time.monotonic() + BUDGET_SECONDS, is_rare=is_rare)
        names = known_names(cursor, workspace_id, query)
        tokens = token_filter(query, names)
        asked = Asked(workspace_id, query, tokens, _from_us(query, hot_rows))
        rows = sealed_rows(cursor, asked, read_partitions(partitions), finder, hot, before, progress)
        found = _merge(hot_rows, rows, query.limit + 1)
    floors = [p.floor for p in (hot_progress, progress) if p.floor is not None]
    looked_at = hot_progress.looked_at + progress.looked_at
    page = _page(query, found, max(floors, default=None), looked_at, (time.perf_counter() - began) * 1000)
    return replace(page, may_miss_values=names.are_keys_cut)


def _key(keyed_row: tuple[Key, TraceRow]) -> Key:
    return keyed_row[0]


def _from_us(query: TraceQuery, hot_rows: list[tuple[Key, TraceRow]]) -> int:
    """Where the search among sealed traces may end, µs since 1970: where hot ones fill the page, older ones wait."""
    start_us = query.start_ns // 1000
    return max(start_us, hot_rows[query.limit][0][0]) if len(hot_rows) > query.limit else start_us


def _page(query: TraceQuery, found: list[tuple[Key, TraceRow]], floor: Key | None, looked_at, elapsed_ms) -> SearchPage:
    """A page promises that nothing newer than its end was left out, so rows below the floor wait for the next."""
    if floor is not None:
        found = [keyed for keyed in found if keyed[0] >= floor]
    is_full = len(found) > query.limit
    end = found[query.limit - 1][0] if is_full else floor
    return SearchPage(
        rows=tuple(row for _, row in found[: query.limit]),
        next_cursor=write_cursor(end) if end else "",
        elapsed_ms=elapsed_ms,
        looked_at=looked_at,
        looked_back_to_ns=end[0] * 1000 if end else query.start_ns,
        is_complete=end is None,
        ran_out=floor is not None and not is_full,
        filed_ns=tuple(filed_us * 1000 for (filed_us, _), _ in found[: query.limit]),
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


def _hot_rows(
    cursor, workspace_id, query: TraceQuery, finder: Finder, hot: HotTraces, matching, before, progress
) -> Iterator:
    """(key, TraceRow) of matching traces with hot spans: the newest page and one of them, or more."""
    newest: list[int] = []
    last = None
    candidates = _may_be_in_window(cursor, workspace_id, query, hot, matching, before)
    for trace_id, parts in _with_sealed_parts(cursor, workspace_id, candidates, hot):
        trace = hot.trace(trace_id)
        start_us = trace.filed_ns // 1000
        # This and all that follow are filed no later than their hot spans start, but sealed spans may put them far
        # back: only as many traces as a page holds that are filed later than this make a page.
        if (len(newest) > query.limit and newest[0] > start_us) or start_us * 1000 < query.start_ns - 1000:
            return
        # Time is looked at only below the last page's end, so that every page comes further.
        if last and (before is None or last < before) and progress.is_up(last):
            return
        last = (start_us, trace_id)
        progress.looked_at += 1
        if not _may_last(query, trace, may_be_sealed=bool(parts)):
            continue
        draft = put_together(cursor, trace_id, parts, hot)
        summary = summarise(draft)
        filed_ns = filed_at(summary.start_ns, hot.received_ns(trace_id), settings.TRACER_RETENTION_DAYS)
        key = (filed_ns // 1000, trace_id)
        if _in_window(query, key, summary.duration_ns, before):
            heapq.heappush(newest, key[0])
            if len(newest) > query.limit + 1:
                heapq.heappop(newest)
            yield key, summary_row(summary, matches(draft, finder), draft)


def _with_sealed_parts(
    cursor, workspace_id, trace_ids: Iterator[bytes], hot: HotTraces
) -> Iterator[tuple[bytes, Parts]]:
    """Each trace with its sealed rows: asked for many at once, a few first, for a page is often full soon."""
    at_once = FIRST_AT_ONCE
    while chunk := list(itertools.islice(trace_ids, at_once)):
        unknown = [trace_id for trace_id in chunk if hot.may_be_sealed(trace_id)]
        parts = sealed_parts(cursor, workspace_id, unknown) if unknown else {}
        hot.note_unsealed([trace_id for trace_id in unknown if trace_id not in parts])
        yield from ((trace_id, parts.get(trace_id, [])) for trace_id in chunk)
        at_once = min(4 * at_once, 1600)


def _may_last(query: TraceQuery, trace: HotTrace, may_be_sealed: bool) -> bool:
    """Whether a trace may be as long as asked, by the part of it that is hot."""
    shortest, longest = query.min_trace_duration_ns, query.max_trace_duration_ns
    if shortest is None and longest is None:
        return True
    hot_ns = max(0, trace.end_ns - trace.start_ns)
    if longest is not None and hot_ns > longest:
        return False
    return shortest is None or hot_ns >= shortest or may_be_sealed


def _may_be_in_window(cursor, workspace_id, query: TraceQuery, hot: HotTraces, matching, before) -> Iterator[bytes]:
    """Ids of matching hot traces, by their earliest hot start, newest first. Of those whose hot spans all start after
    the window only the ones that have been sealed in it before: at a thousand traces a second the others are many."""
    until_us = -(-query.end_ns // 1000) if before is None else min(-(-query.end_ns // 1000), before[0] + 1)
    later: list[bytes] = []
    for trace_id in matching:
        if hot.trace(trace_id).filed_ns // 1000 < until_us:
            matching = itertools.chain((trace_id,), matching)
            break
        later.append(trace_id)
    if later:
        known = sealed_between(cursor, workspace_id, later, query.start_ns // 1000, until_us)
        yield from (trace_id for trace_id in later if trace_id in known)
    yield from matching


def _in_window(query: TraceQuery, key: Key, duration_ns: int, before: Key | None) -> bool:
    return (
        query.start_ns <= key[0] * 1000 < query.end_ns
        and (before is None or key < before)
        and (query.min_trace_duration_ns is None or duration_ns >= query.min_trace_duration_ns)
        and (query.max_trace_duration_ns is None or duration_ns <= query.max_trace_duration_ns)
    )
