"""Matching sealed traces, newest first: candidates by token, day by day, checked on their decoded spans."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from apps.store import candidates as sealed
from apps.store.candidates import Asked, Candidate
from apps.store.dictionaries import unpack
from apps.store.hot_search import HotTraces
from apps.store.load import load_draft, sealed_documents
from apps.store.names import are_attribute_keys_cut, are_span_names_cut, listed_name
from apps.store.page_keys import Key
from apps.store.partitions import day_of
from apps.store.results import TraceRow
from apps.store.rows import matches, sealed_row, summarise, summary_row
from apps.store.sealed import is_in_one_row
from apps.store.token_filters import Names
from apps.traces.draft import Draft, raw_scopes
from apps.traces.find import Finder, Matches
from apps.traces.query import TraceQuery

FEW, MANY = 25, 400
"""Candidates fetched with their spans in one statement: few at first, for a page is often full soon."""
NEWEST_ROWS, NEWEST_ROWS_DECODED = (300, 4_000), (60, 600)
"""How many of the newest rows are looked at in one statement, at first and later. Fewer when tokens cannot sort them
out and every one is decoded."""
RARE_BELOW, RARE_BELOW_DECODED = 300, 40
"""Fewer hits than one in so many of the newest rows, and looking on among them is slower than GIN: a row costs 1 µs
(15 when decoded), a hit by GIN 0.5 µs when its page is in shared buffers and 10 when it is not."""
DAYS_AT_ONCE = 9
"""A week that ends now touches eight, and tomorrow's holds traces of clocks that are ahead."""


@dataclass(slots=True)
class Progress:
    """How far a search has come, and when it has to stop."""

    deadline: float
    looked_at: int = 0
    matched: int = 0
    is_rare: bool = False
    """Few of the newest rows were hits: from here on only GIN is asked."""
    floor: Key | None = None
    """Set when time was up: everything newer than this key was looked at, nothing older."""

    def is_up(self, at: Key) -> bool:
        if time.monotonic() > self.deadline:
            self.floor = at if self.floor is None else max(self.floor, at)
        return self.floor is not None


def sealed_rows(
    cursor, asked: Asked, partitions: list[date], finder: Finder, hot: HotTraces, before: Key | None, progress: Progress
) -> Iterator[tuple[Key, TraceRow]]:
    """(key, TraceRow) pairs, newest first, until the window or the time is at its end."""
    if asked.tokens.is_impossible:
        return
    last_ns = asked.query.end_ns - 1 if before is None else min(asked.query.end_ns - 1, before[0] * 1000)
    first_day, last_day = day_of(max(asked.from_us * 1000, 0)), day_of(min(last_ns, (1 << 63) - 1))
    days = [day for day in partitions if first_day <= day <= last_day]
    for at_once in range(0, len(days), DAYS_AT_ONCE):
        for group in _candidate_groups(cursor, asked, days[at_once : at_once + DAYS_AT_ONCE], before, progress):
            for candidate in group:
                keyed_row = _checked(cursor, asked, candidate, finder, hot)
                progress.looked_at += 1
                if keyed_row is not None:
                    progress.matched += 1
                    yield keyed_row
                if progress.is_up(candidate.key):
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


def _candidate_groups(cursor, asked: Asked, days, before: Key | None, progress: Progress) -> Iterator[list[Candidate]]:
    """Lists of candidates, each list older than the one before it. The consumer counts matches in `progress` before it
    asks for the next list: few hits among the newest mean that the rest is left to GIN."""
    is_decoded = asked.tokens.narrow() != asked.tokens
    first_rows, later_rows = NEWEST_ROWS_DECODED if is_decoded else NEWEST_ROWS
    rare_below = RARE_BELOW_DECODED if is_decoded else RARE_BELOW
    looked, hits, most, matched = 0, 0, FEW, progress.matched
    while not progress.is_rare:
        rows = later_rows if looked else first_rows
        found = sealed.newest_candidates(cursor, asked, days, before, rows, rows if is_decoded else most)
        looked, hits = looked + found.rows, hits + len(found.candidates)
        progress.looked_at += found.rows - len(found.candidates)
        yield found.candidates
        before, most = found.end, min(4 * most, MANY)
        if before is None:
            return
        if not asked.tokens.is_empty:
            progress.is_rare = (progress.matched - matched if is_decoded else hits) * rare_below < looked
    most = FEW
    while True:
        days = [day for day in days if before is None or day <= day_of(before[0] * 1000)]
        found, before = sealed.token_candidates(cursor, asked, days, before, most)
        yield found
        if before is None:
            return
        most = min(4 * most, MANY)


def _checked(cursor, asked: Asked, candidate: Candidate, finder: Finder, hot: HotTraces) -> tuple[Key, TraceRow] | None:
    """The candidate's row when it really matches and the hot search has not found it."""
    found = Matches()
    if not finder.predicate.is_empty:
        document = _document(cursor, asked.workspace_id, candidate)
        if not finder.may_be_in(document):
            return None
        found = finder.matches(raw_scopes(document))
        if not found.count:
            return None
    if candidate.trace_id not in hot:
        return candidate.key, sealed_row(candidate, found)
    if _is_found_hot(candidate.trace_id, finder, hot):
        return None
    draft = load_draft(cursor, asked.workspace_id, candidate.trace_id, hot)
    return candidate.key, summary_row(summarise(draft), matches(draft, finder), draft)


def _document(cursor, workspace_id: int, candidate: Candidate) -> bytes:
    if is_in_one_row(candidate.span_count):
        return unpack(cursor, candidate.payload)
    day = day_of(candidate.filed_us * 1000)
    return sealed_documents(cursor, workspace_id, day, [candidate.trace_id])[candidate.trace_id]


def _is_found_hot(trace_id: bytes, finder: Finder, hot: HotTraces) -> bool:
    """Whether the hot search has this trace, or will have it on a later page."""
    draft = Draft(trace_id)
    hot.add_to(draft)
    return finder.predicate.is_empty or matches(draft, finder).count > 0


def known_names(cursor, workspace_id: int, query: TraceQuery) -> Names:
    """What the name tables know of the names and bare values a search asks for. Where not all span names are listed,
    any service may have the one that is wanted: services are few, and all of them are listed."""
    names, span = Names(), query.span
    is_of_any_service = span.name is not None and span.service is None
    if not is_of_any_service and not span.values:
        return names
    services = _services(cursor, workspace_id) if are_span_names_cut(cursor, workspace_id) else []
    if is_of_any_service:
        names.services_of_name = services or _services_of(cursor, workspace_id, span.name)
    if span.values:
        cursor.execute("SELECT key FROM attribute_key WHERE workspace_id = %s", [workspace_id])
        names.attribute_keys = [k for (k,) in cursor.fetchall()]
        names.are_keys_cut = are_attribute_keys_cut(len(names.attribute_keys))
        names.names_of_value = [(service, value) for service in services for value in span.values]
    if span.values and not services:
        cursor.execute(
            "SELECT DISTINCT service, name FROM span_name WHERE workspace_id = %s AND name = ANY(%s)",
            [workspace_id, [listed_name(value) for value in span.values]],
        )
        names.names_of_value = cursor.fetchall()
    return names


def _services(cursor, workspace_id: int) -> list[str]:
    cursor.execute("SELECT name FROM service WHERE workspace_id = %s", [workspace_id])
    return [s for (s,) in cursor.fetchall()]


def _services_of(cursor, workspace_id: int, span_name: str) -> list[str]:
    """Services that have a span of this name; all of them when it is not known."""
    cursor.execute(
        "SELECT DISTINCT service FROM span_name WHERE workspace_id = %s AND name = %s",
        [workspace_id, listed_name(span_name)],
    )
    return [s for (s,) in cursor.fetchall()] or _services(cursor, workspace_id)
