"""Searches that an API answers in one piece: as many pages as the limit takes, within a time budget."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from apps.store.queries import load_traces
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


@dataclass(slots=True)
class Answer:
    """Whole traces, as many as fit into one answer."""

    rows: tuple[TraceRow, ...]
    left_out: tuple[TraceRow, ...] = ()
    """Known when all traces have been taken."""

    def traces(self, workspace_id: int) -> Iterator[StoredTrace]:
        """The traces of the rows, each loaded when it is asked for."""
        return load_traces(workspace_id, self._fitting())

    def _fitting(self) -> Iterator[str]:
        deadline, room = time.monotonic() + BUDGET_SECONDS, MAX_SPANS
        for number, row in enumerate(self.rows):
            room -= row.span_count
            if number and (room < 0 or time.monotonic() > deadline):
                self.left_out = self.rows[number:]
                return
            yield row.trace_id
