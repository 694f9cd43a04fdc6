"""Whether a span waited for its child, and where the child belongs on the clock of the span.

The rules are drawn in docs/contributions.md, "Who waits for whom". Everything is integer nanoseconds.
"""

from __future__ import annotations

from apps.traces.columns import Columns
from apps.traces.peers import CLIENT, CONSUMER, PRODUCER, SERVER

SLACK_NS = 1_000_000
"""Clocks of a millisecond's resolution make one span end after what followed it; up to this much is rounding."""
OUTLIVE_SLACK_PCT = 1
"""A child may end after its parent by this share of the parent's duration, if that is more than SLACK_NS."""

QUEUED, LATE, EARLY = "queued", "late", "early"
"""Why nobody waited: it came out of a queue; it began or ended after its parent's end; it was over before its
parent began."""


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
