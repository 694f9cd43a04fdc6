"""Contributions: the time somebody waited, divided among spans so that the parts sum to it exactly.

The waited time is the main root span's duration. Every instant of it belongs to one span: from a span's end walk
back along the blocking child that finished last, from that child's start along the next one, and so on; what no
child covers is the span's own. This is the critical path of Uber's CRISP (Zhang et al., USENIX ATC 2022) and of
Jaeger's trace page, iterative and in integers. docs/contributions.md has the definitions and drawings.
"""

from __future__ import annotations

from dataclasses import dataclass

from apps.traces.adoption import adopt
from apps.traces.beside import Beside, describe, find_gaps
from apps.traces.family import Family
from apps.traces.kinship import find_children
from apps.traces.peers import CLIENT, CONSUMER, SERVER
from apps.traces.waiting import SLACK_NS, fit, waiters

BESIDE, PARALLEL, ON_PATH = 0, 1, 2
"""A span nobody waited for; one that was waited for while something else took longer; one that time belongs to."""

Segment = tuple[int, int, int]
"""start_ns, end_ns (half-open, on the main root's clock), span index."""


@dataclass(frozen=True, slots=True)
class Contributions:
    """Lists are by span index in `family.columns`."""

    family: Family
    start_ns: int
    waited_ns: int
    """The main root's duration; 0 for an empty trace or a main root without usable times."""
    own_ns: list[int]
    """Each span's contribution; they sum to `waited_ns`."""
    place: bytearray
    """BESIDE, PARALLEL or ON_PATH."""
    segments: list[Segment]
    """The critical path, ascending, without holes from `start_ns` to `start_ns + waited_ns`."""
    shifts_ns: dict[int, int]
    """By how much spans with another clock were moved to lie within their callers."""
    adopted: dict[int, int]
    """Orphan -> the span taken for its parent."""
    adopters: frozenset[int]
    beside: tuple[Beside, ...]
    gaps: list[tuple[int, int]]
    """[start, end) of the trace outside the waited time in which no span ran."""


def contributions_of(family: Family, slack_ns: int = SLACK_NS) -> Contributions:
    """O(n log n); about 2 µs a span."""
    columns, main = family.columns, family.main
    walk = _Walk(family, slack_ns)
    usable = main >= 0 and main not in columns.untimed
    start = columns.start[main] if usable else 0
    waited = columns.end[main] - start if usable else 0
    if usable:
        walk.run(main)
    beside = describe(family, walk.children, walk.left, walk.place)
    walk.segments.sort()
    return Contributions(
        family, start, waited, walk.own, walk.place, walk.segments, walk.shifts, walk.adopted,
        frozenset(walk.adopted.values()), beside,
        find_gaps(columns, start, start + waited, beside) if beside else [],
    )  # fmt: skip


class _Walk:
    """The walk down from the main root. A visit is (span, its shift, low, high): its part of the waited time."""

    def __init__(self, family: Family, slack_ns: int):
        self.columns, self.slack = family.columns, slack_ns
        self.own = [0] * self.columns.n
        self.place = bytearray(self.columns.n)
        self.segments: list[Segment] = []
        self.shifts: dict[int, int] = {}
        self.left: list[tuple[int, str]] = []
        """(top of a subtree, why nobody waited for it)"""
        self.adopted = (
            adopt(self.columns, family.parents, family.children, family.calls, family.main) if family.main >= 0 else {}
        )
        up = waiters(self.columns, family.parents, family.children, self.adopted, slack_ns)
        self.children = family.children if up == family.parents else find_children(up)

    def run(self, main: int) -> None:
        columns = self.columns
        stack = [(main, 0, columns.start[main], columns.end[main])]
        children, place, own = self.children, self.place, self.own
        place[main] = ON_PATH
        while stack:
            index, shift, low, high = stack.pop()
            place[index] = ON_PATH if high > low else PARALLEL
            if shift:
                self.shifts[index] = shift
            if not children[index]:
                if high > low:
                    own[index] = high - low
                    self.segments.append((low, high, index))
            else:
                waited_for = self._waited_for(index, shift, low, high, stack)
                if high > low:
                    self._divide(index, low, high, waited_for, stack)

    def _waited_for(self, index: int, shift: int, low: int, high: int, stack: list) -> list[tuple]:
        """(-end, start, child, its shift) within [low, high), last end first; children with no part go on the stack."""
        columns, found = self.columns, []
        starts, ends, kinds, service = columns.start, columns.end, columns.kind, columns.service[index]
        first, last, is_client = starts[index] + shift, ends[index] + shift, kinds[index] == CLIENT
        for child in self.children[index]:
            moved, start, end = shift, starts[child] + shift, ends[child] + shift
            # Nearly all children pass here: of the same clock, within their parent.
            if not (
                first <= start and end <= last and kinds[child] != CONSUMER
                and (columns.service[child] == service or (is_client and not shift and kinds[child] == SERVER))
            ):  # fmt: skip
                moved = fit(columns, index, child, shift, self.slack)
                if isinstance(moved, str):
                    self.left.append((child, moved))
                    continue
                start, end = starts[child] + moved, ends[child] + moved
            start, end = max(start, low), min(end, high)
            if start < end:
                found.append((-end, start, child, moved))
            else:
                stack.append((child, moved, 0, 0))
        if len(found) > 1:
            found.sort()
        return found

    def _divide(self, index: int, low: int, high: int, waited_for: list[tuple], stack: list) -> None:
        """Walks back from `high` along the children that finished last; what is left is the span's own."""
        cursor, own, segments = high, 0, self.segments
        for minus_end, start, child, moved in waited_for:
            over = -minus_end - cursor
            if over <= 0 or over <= min(self.slack, (-minus_end - start) // 2):
                end = min(-minus_end, cursor)
                if end < cursor:
                    own += cursor - end
                    segments.append((end, cursor, index))
                stack.append((child, moved, start, end))
                cursor = start
            else:
                stack.append((child, moved, 0, 0))
        if cursor > low:
            own += cursor - low
            segments.append((low, cursor, index))
        self.own[index] = own
