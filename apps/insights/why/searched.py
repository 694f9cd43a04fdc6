"""The traces that a search finds, as a source: the newest of either window, read and measured."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from apps.insights.figures import Figures
from apps.insights.queries import PartKey
from apps.insights.why.sources import Given, Line, family_of
from apps.insights.window import Window
from apps.store.connection import store_cursor
from apps.store.picks import MOST_SPANS as MOST_SPANS_OF_TRACE
from apps.store.picks import Picked, load_drafts
from apps.store.search import search
from apps.traces.draft import Draft
from apps.traces.family import Family
from apps.traces.histogram import Histogram
from apps.traces.query import TraceQuery
from apps.traces.sampling import CALL

NEWEST = 200
"""Traces of either window: what a search finds is in no rollup, so that each has to be read."""
MOST_SPANS = 16_000
BUDGET_SECONDS = 0.8
"""Of either window, besides the search's own."""


@dataclass(frozen=True, slots=True)
class Measured:
    picked: Picked
    start_ns: int
    waited_ns: int
    has_error: bool


class SearchSource:
    def __init__(self, workspace_id: int, query: TraceQuery, windows: Sequence[Window]):
        self.workspace_id, self.query = workspace_id, query
        self.is_all = True
        """False when either window may hold more than was read."""
        self._measured = [one for window in windows for one in self._read(window)]

    def _read(self, window: Window) -> list[Measured]:
        page = search(
            self.workspace_id,
            replace(self.query, start_ns=window.start_ns, end_ns=window.end_ns, limit=NEWEST, cursor=""),
        )
        self.is_all &= page.is_complete
        rows = [row for row in page.rows if row.span_count <= MOST_SPANS_OF_TRACE]
        picked = [Picked(bytes.fromhex(row.trace_id), row.started_ns, row.span_count) for row in rows]
        found, room, deadline = [], MOST_SPANS, time.monotonic() + BUDGET_SECONDS
        with store_cursor() as cursor:
            for one, draft, _ in load_drafts(cursor, self.workspace_id, picked):
                room -= one.span_count
                if room < 0 or time.monotonic() > deadline:
                    self.is_all = False
                    break
                family = family_of(draft)
                columns, main = family.columns, family.main
                if main >= 0 and main not in columns.untimed:
                    waited_ns = columns.end[main] - columns.start[main]
                    found.append(Measured(one, columns.start[main], waited_ns, True in columns.is_error))
        return found

    def figures(self, window: Window) -> Figures:
        return _figures([one for one in self._measured if window.start_ns <= one.start_ns < window.end_ns])

    def line(self, view: Window, step_ns: int) -> Line:
        steps = tuple(range(view.start_ns // step_ns * step_ns, view.end_ns, step_ns))
        by_step: dict[int, list[Measured]] = {}
        for one in self._measured:
            by_step.setdefault(one.start_ns // step_ns * step_ns, []).append(one)
        return steps, tuple(_figures(by_step.get(at, [])) for at in steps)

    def parts(self, window: Window) -> Mapping[PartKey, Figures]:
        return {}

    def draw(self, window: Window, wanted: int, *, min_ns=None, max_ns=None, has_error=False) -> Given:
        fits = [
            one.picked
            for one in self._measured
            if window.start_ns <= one.start_ns < window.end_ns
            and (min_ns is None or one.waited_ns >= min_ns)
            and (max_ns is None or one.waited_ns <= max_ns)
            and (one.has_error or not has_error)
        ]
        return Given(tuple(fits), wanted, has_error)

    def families(self, draft: Draft) -> list[Family]:
        return [family_of(draft)]


def _figures(found: Sequence[Measured]) -> Figures:
    waited = [one.waited_ns for one in found]
    histogram = Histogram()
    for ns in waited:
        histogram.add(ns, CALL)
    errors = sum(one.has_error for one in found)
    return Figures(len(found) * CALL, errors * CALL, len(found), sum(waited), max(waited, default=0), histogram)
