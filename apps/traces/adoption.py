"""Where the work of orphans belongs: a span whose parent is missing still took somebody's time.

A lost span lay between the orphan and some span of the trace that encloses it in time. The best evidence is a call
that nobody answered; then a span of the orphan's own service. A SERVER is called by somebody who waits, so that any
span around it will do; other work of a service nobody called may as well have come from a queue and stays beside. See
docs/contributions.md, "Orphans".
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from heapq import heapify, heappop, heappush

from apps.traces.calls import Calls
from apps.traces.columns import Columns
from apps.traces.kinship import LOST
from apps.traces.peers import CLIENT, CONSUMER, PRODUCER, SERVER

ANY, CALL = "", "\x00call"


class _Enclosing:
    """Spans entered by start; finds the latest-starting one that still runs at a given end. O(log n) each."""

    def __init__(self):
        self._minus_ends: list[int] = []
        self._spans: list[int] = []

    def enter(self, span: int, end_ns: int) -> None:
        # Whoever started earlier and ends no later can never be chosen again.
        while self._minus_ends and -self._minus_ends[-1] <= end_ns:
            self._minus_ends.pop()
            self._spans.pop()
        self._minus_ends.append(-end_ns)
        self._spans.append(span)

    def find(self, end_ns: int) -> int:
        at = bisect_left(self._minus_ends, -end_ns + 1)
        return self._spans[at - 1] if at else -1


def adopt(columns: Columns, parents: Sequence[int], children: Sequence[Sequence[int]], calls: Calls, main: int) -> dict:
    """Orphan -> the span that is taken for its parent, for orphans that ran within the main root's time. O(n log n).

    Spans of an adopted subtree can adopt in turn; nothing outside of the main root's tree can, hence no circles.
    """
    low, high = columns.start[main], columns.end[main]
    orphans = [
        index
        for index, parent in enumerate(parents)
        if parent == LOST and index != main and index not in columns.untimed and columns.kind[index] != CONSUMER
        and columns.start[index] < high and low < columns.end[index]
    ]  # fmt: skip
    if not orphans or main in columns.untimed:
        return {}
    waiting, open_spans, adopted = _below(columns, children, main), {}, {}
    heapify(waiting)
    for orphan in orphans:  # Ascending: earliest first, the longer first.
        while waiting and waiting[0][0] <= columns.start[orphan]:
            _enter(columns, calls, open_spans, heappop(waiting)[1])
        parent = _choose(columns, open_spans, orphan)
        if parent >= 0:
            adopted[orphan] = parent
            for entry in _below(columns, children, orphan):
                heappush(waiting, entry)
    return adopted


def _below(columns: Columns, children: Sequence[Sequence[int]], top: int) -> list[tuple[int, int]]:
    found = [top]
    for index in found:  # It grows while it is read.
        found.extend(children[index])
    return [(columns.start[index], index) for index in found if index not in columns.untimed]


def _enter(columns: Columns, calls: Calls, open_spans: dict[str, _Enclosing], index: int) -> None:
    kind, call = columns.kind[index], columns.call[index]
    if kind == CLIENT:
        is_open = call is not None and call.work == "external" and not calls.answered.get(index)
        places = [CALL] if is_open and index not in calls.is_wrapper else []
    elif kind == PRODUCER or call is not None:
        places = []
    else:
        places = [ANY, "s" + columns.service[index]]
    for place in places:
        open_spans.setdefault(place, _Enclosing()).enter(index, columns.end[index])


def _choose(columns: Columns, open_spans: dict[str, _Enclosing], orphan: int) -> int:
    """-1 when nothing speaks for anybody having waited."""
    end, service = columns.end[orphan], columns.service[orphan]
    call = open_spans[CALL].find(end) if CALL in open_spans else -1
    if call >= 0 and columns.service[call] != service:
        return call
    place = ANY if columns.kind[orphan] == SERVER else "s" + service
    return open_spans[place].find(end) if place in open_spans else -1
