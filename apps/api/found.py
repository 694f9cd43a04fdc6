"""Searches that an API answers in one piece: as many pages as the limit takes, within a time budget."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from apps.store.queries import load_trace
from apps.store.results import StoredTrace, TraceRow
from apps.store.search import search
from apps.traces.query import TraceQuery

PAGE_ROWS = 500
BUDGET_SECONDS = 8.0
"""Jaeger's UI gives up after 10 s."""
MAX_SPANS = 100_000
"""In one answer, about 150 MB of JSON; one trace is always given whole."""


@dataclass(frozen=True, slots=True)
class Found:
    rows: tuple[TraceRow, ...]
    """Newest first."""
    ran_out: bool
    """The time budget ended the search; older traces may match too."""


def find_rows(workspace_id: int, query: TraceQuery) -> Found:
    """Up to `query.limit` rows, however large the limit."""
    deadline = time.monotonic() + BUDGET_SECONDS
    rows: list[TraceRow] = []
    cursor = query.cursor
    while True:
        limit = min(PAGE_ROWS, query.limit - len(rows))
        page = search(workspace_id, replace(query, limit=limit, cursor=cursor))
        rows.extend(page.rows)
        cursor = page.next_cursor
        if not cursor or len(rows) >= query.limit:
            return Found(tuple(rows), ran_out=False)
        if time.monotonic() > deadline:
            return Found(tuple(rows), ran_out=True)


def load_rows(workspace_id: int, rows: tuple[TraceRow, ...]) -> Iterator[tuple[TraceRow, StoredTrace | None]]:
    """The traces of `rows`, one at a time; None for those that no longer fit into one answer."""
    room = MAX_SPANS
    for number, row in enumerate(rows):
        room -= row.span_count
        if number and room < 0:
            yield row, None
            continue
        stored = load_trace(workspace_id, row.trace_id)
        if stored is not None:  # dropped by retention between the search and now
            yield row, stored
