"""Matching sealed traces, newest first: candidates by token, day by day, checked on their decoded spans."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from apps.store import candidates as sealed
from apps.store.hot_search import HotTraces
from apps.store.load import load_draft, sealed_documents
from apps.store.names import listed_name
from apps.store.page_keys import Key
from apps.store.partitions import day_of, existing_partitions
from apps.store.results import TraceRow
from apps.store.rows import matches, sealed_row, summarise, summary_row
from apps.traces.draft import Draft, raw_scopes
from apps.traces.find import earliest_first, find_spans
from apps.traces.model import Span
from apps.traces.needles import needles
from apps.traces.query import TraceQuery

CHECK_AT_ONCE = 25
GIN_ROWS = 400
RARE_BELOW = 40
"""Fewer matches than one in so many of the newest traces, and looking on among them is slower than GIN."""


@dataclass(slots=True)
class Progress:
    """How far a search has come, and when it has to stop."""

    deadline: float
    looked_at: int = 0
    matched: int = 0
    is_rare: bool = False
    """Few of the newest traces matched: from here on only GIN is asked."""
    floor: Key | None = None
    """Set when time was up: everything newer than this key was looked at, nothing older."""

    def is_up(self, at: Key) -> bool:
        if time.monotonic() > self.deadline:
            self.floor = at if self.floor is None else max(self.floor, at)
        return self.floor is not None


def sealed_rows(cursor, workspace_id, query: TraceQuery, tokens, hot: HotTraces, before, progress) -> Iterator:
    """(key, TraceRow) pairs, newest first, until the window or the time is at its end."""
    if tokens.is_impossible:
        return
    first_day, last_day = day_of(max(query.start_ns, 0)), day_of(min(query.end_ns - 1, (1 << 63) - 1))
    for day in existing_partitions(cursor):
        if not first_day <= day <= last_day:
            continue
        for group in _candidate_groups(cursor, workspace_id, day, query, tokens, before, progress):
            for at_once in range(0, len(group), CHECK_AT_ONCE):
                chunk = group[at_once : at_once + CHECK_AT_ONCE]
                for keyed_row in _checked(cursor, workspace_id, day, query, chunk, hot):
                    progress.matched += 1
                    yield keyed_row
                progress.looked_at += len(chunk)
                if progress.is_up(chunk[-1].key):
                    return


def sealed_between(cursor, workspace_id: int, trace_ids: list[bytes], from_us: int, until_us: int) -> set[bytes]:
    """Which of these traces have a row filed in [from_us, until_us), µs since 1970."""
    cursor.execute(
        """
        SELECT uuid_send(trace_id) FROM trace WHERE trace_id = ANY(%s::uuid[]) AND workspace_id = %s
          AND started_at >= to_timestamp(%s / 1e6) AND started_at < to_timestamp(%s / 1e6)
        """,
        [[i.hex() for i in trace_ids], workspace_id, from_us, until_us],
        binary=True,
    )
    return {trace_id for (trace_id,) in cursor.fetchall()}


def _candidate_groups(cursor, workspace_id, day, query, tokens, before, progress: Progress) -> Iterator[list]:
    """Lists of candidates of one day, each list older than the one before it. The consumer counts matches in
    `progress` before it asks for the next list: few among the newest mean that the rest is left to GIN."""
    for rows in () if progress.is_rare else sealed.newest_rows(tokens):
        matched = progress.matched
        found, before, looked = sealed.newest_candidates(
            cursor, workspace_id, day, query, tokens, before=before, rows=rows
        )
        progress.looked_at += looked - len(found)
        yield found
        if before is None:
            return
        if not tokens.is_empty and (progress.matched - matched) * RARE_BELOW < rows:
            progress.is_rare = True
            break
    while True:
        if tokens.is_empty:
            found, before, _ = sealed.newest_candidates(
                cursor, workspace_id, day, query, tokens, before=before, rows=max(sealed.newest_rows(tokens))
            )
        else:
            found = sealed.token_candidates(cursor, workspace_id, day, query, tokens, before=before, rows=GIN_ROWS)
            before = found[-1].key if len(found) == GIN_ROWS else None
        yield found
        if before is None:
            return


def _checked(cursor, workspace_id, day, query, chunk, hot: HotTraces) -> Iterator[tuple[Key, TraceRow]]:
    """The candidates that really match, in their order."""
    documents = {} if query.span.is_empty else sealed_documents(cursor, workspace_id, day, [c.trace_id for c in chunk])
    conditions = needles(query.span)
    for candidate in chunk:
        spans: list[Span] = []
        if not query.span.is_empty:
            document = documents.get(candidate.trace_id, b"")
            spans = earliest_first(find_spans(raw_scopes(document), query.span, conditions))
            if not spans:
                continue
        if candidate.trace_id not in hot:
            yield candidate.key, sealed_row(candidate, spans)
        elif not _is_found_hot(candidate.trace_id, query, hot):
            draft = load_draft(cursor, workspace_id, candidate.trace_id, hot)
            yield candidate.key, summary_row(summarise(draft), matches(draft, query.span))


def _is_found_hot(trace_id: bytes, query: TraceQuery, hot: HotTraces) -> bool:
    """Whether the hot search has this trace, or will have it on a later page."""
    draft = Draft(trace_id)
    hot.add_to(draft)
    return query.span.is_empty or bool(matches(draft, query.span))


def known_names(cursor, workspace_id: int, query: TraceQuery) -> sealed.Names:
    """What the name tables know of the names and bare values a search asks for."""
    names, span = sealed.Names(), query.span
    if span.name is not None and span.service is None:
        cursor.execute(
            "SELECT DISTINCT service FROM span_name WHERE workspace_id = %s AND name = %s",
            [workspace_id, listed_name(span.name)],
        )
        names.services_of_name = [s for (s,) in cursor.fetchall()]
        if not names.services_of_name:  # never seen, or beyond the number of names that are listed
            cursor.execute("SELECT name FROM service WHERE workspace_id = %s", [workspace_id])
            names.services_of_name = [s for (s,) in cursor.fetchall()]
    if span.values:
        cursor.execute("SELECT key FROM attribute_key WHERE workspace_id = %s", [workspace_id])
        names.attribute_keys = [k for (k,) in cursor.fetchall()]
        cursor.execute(
            "SELECT DISTINCT service, name FROM span_name WHERE workspace_id = %s AND name = ANY(%s)",
            [workspace_id, [listed_name(value) for value in span.values]],
        )
        names.names_of_value = cursor.fetchall()
    return names
