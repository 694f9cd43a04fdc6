"""Whether a span waited for its child, and where the child belongs on the clock of the span.

The rules are drawn in docs/contributions.md, "Who waits for whom". Everything is integer nanoseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from apps.traces.columns import Columns
from apps.traces.kinship import NONE, top_down
from apps.traces.peers import CLIENT, CONSUMER, PRODUCER, SERVER

SLACK_NS = 1_000_000
"""Clocks of a millisecond's resolution make one span end after what followed it; up to this much is rounding."""
OUTLIVE_SLACK_PCT = 1
"""A child may end after its parent by this share of the parent's duration, if that is more than SLACK_NS."""

CLIMB = 100
"""So many spans above are asked whether they waited for a child that its parent did not wait for."""

QUEUED, LATE, EARLY = "queued", "late", "early"
"""Why nobody waited: it came out of a queue; it began or ended after its parent's end; it was over before its
parent began."""


def waiters(
    columns: Columns, parents: Sequence[int], children: Sequence[Sequence[int]], adopted: dict[int, int], slack_ns: int
) -> list[int]:
    """Who may have waited for a span, instead of its parent: orphans have somebody; spans without usable times are
    passed through; and what outlives its parent was waited for by the first span above, of the same service and up
    to its answer, that still ran (a future, a promise: begun in one span, awaited in another)."""
    up, ends, services, kinds = list(parents), columns.end, columns.service, columns.kind
    for orphan, parent in adopted.items():
        up[orphan] = parent
    if columns.untimed:
        _pass_through(up, columns.untimed, top_down(parents, children))
    for index, parent in enumerate(up):
        if parent >= 0 and ends[index] > ends[parent] and services[index] == services[parent]:
            is_answer = kinds[index] in (SERVER, CONSUMER) and kinds[parent] in (CLIENT, PRODUCER)
            if not is_answer and parent not in columns.untimed:
                up[index] = _who_waited(columns, up, index, parent, slack_ns)
    return up


def _pass_through(up: list[int], untimed: frozenset[int], order: Iterable[int]) -> None:
    for index in order:
        if up[index] in untimed and up[up[index]] >= 0:
            up[index] = up[up[index]]
    for index in untimed:
        if up[index] >= 0:
            up[index] = NONE


def _who_waited(columns: Columns, up: Sequence[int], child: int, parent: int, slack_ns: int) -> int:
    start, end, above = columns.start[child], columns.end[child], parent
    for _ in range(CLIMB):
        if _outside(columns.start[above], columns.end[above], start, end, slack_ns) != LATE:
            return above
        has_answered = columns.kind[above] in (SERVER, CONSUMER)
        if has_answered or up[above] < 0 or columns.service[up[above]] != columns.service[child]:
            break
        above = up[above]
    return parent


def fit(columns: Columns, parent: int, child: int, shift_ns: int, slack_ns: int = SLACK_NS) -> int | str:
    """By how many ns to move the child when its parent moved by `shift_ns`; or why the parent did not wait for it."""
    kinds, kind = columns.kind, columns.kind[child]
    is_far = columns.service[parent] != columns.service[child]
    if _came_from_queue(columns, parent, child, is_far):
        return QUEUED
    low, high = columns.start[parent] + shift_ns, columns.end[parent] + shift_ns
    start, end = columns.start[child], columns.end[child]
    own_shift = shift_ns
    if is_far:
        own_shift = _first_fit(low, high, start, end, shift_ns)
        if kinds[parent] == CLIENT or (kind == SERVER and start < high and end > low):
            answer = _answer(low, high, start + own_shift, end + own_shift, kinds[parent] == CLIENT)
            if answer is not None:
                return answer if isinstance(answer, str) else own_shift + answer
    elif kind == SERVER and kinds[parent] == CLIENT:
        answer = _answer(low, high, start + shift_ns, end + shift_ns, True)
        return answer if isinstance(answer, str) else shift_ns + answer
    return _outside(low, high, start + own_shift, end + own_shift, slack_ns) or own_shift


def _first_fit(low: int, high: int, start: int, end: int, shift_ns: int) -> int:
    """Another service may have another clock: as it stands when that fits, or when moving it as its caller does not."""
    if low <= start and end <= high:
        return 0
    return shift_ns if low <= start + shift_ns and end + shift_ns <= high else 0


def _came_from_queue(columns: Columns, parent: int, child: int, is_far: bool) -> bool:
    if columns.kind[parent] == PRODUCER:
        return is_far or columns.kind[child] == CONSUMER
    if columns.kind[child] != CONSUMER:
        return False
    call = columns.call[parent]
    return is_far or (columns.kind[parent] == CLIENT and call is not None and call.work == "queue")


def _answer(low: int, high: int, start: int, end: int, by_client: bool) -> int | str | None:
    """A server works while its caller waits. One that fits is moved to the middle; one that lasted longer than the
    caller waited keeps its start, and is cut where the caller gave up. None: nothing speaks for waiting."""
    if low <= start and end <= high:
        return 0
    if end - start <= high - low:
        return low + (high - low - (end - start)) // 2 - start
    if not by_client:
        return None
    if start >= high:
        return LATE
    return max(low - start, 0)


def _outside(low: int, high: int, start: int, end: int, slack_ns: int) -> str:
    """Why the parent cannot have waited for all of it; "" when it can."""
    if start >= high and end > high:
        return LATE
    if end <= low and start < low:
        return EARLY
    slack = max(slack_ns, (high - low) * OUTLIVE_SLACK_PCT // 100)
    return LATE if end - high > min(slack, (end - start) // 2) else ""
