"""Calls that failed and were made again: the pauses between the tries, and what the tries were answered.

A caller that waits before it tries again sleeps; as its own code, that time would send people to the wrong place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from apps.traces.contributions import Contributions
from apps.traces.error_origin import Read, describe_error
from apps.traces.verdict.retries import Retried, retried

PAUSE = "pause"
"""A kind of work besides those of `apps.traces.work`, known only where traces are read."""


class Pause(NamedTuple):
    caller: int
    call: int
    """Indices of spans: `call` is the one that failed before."""
    own_ns: int
    """Of the caller's own time."""


def pauses_of(found: Contributions) -> list[Pause]:
    """Every nanosecond once, also where two kinds of calls are tried again at a time."""
    columns, parents, shifts = found.family.columns, found.family.parents, found.shifts_ns
    gaps: dict[int, list[tuple[int, int, int]]] = {}
    for group in retried(found):
        by_parent: dict[int, list[int]] = {}
        for call in group.calls:
            by_parent.setdefault(parents[call], []).append(call)
        for caller, calls in by_parent.items():
            for call, following in pairwise(calls):
                if call in group.again:
                    low = columns.end[call] + shifts.get(call, 0)
                    high = columns.start[following] + shifts.get(following, 0)
                    gaps.setdefault(caller, []).append((low, high, call))
    if not gaps:
        return []
    own: dict[int, list[tuple[int, int]]] = {caller: [] for caller in gaps}
    for start, end, span in found.segments:
        if span in own:
            own[span].append((start, end))
    return [
        Pause(caller, call, ns)
        for caller, found_gaps in gaps.items()
        for call, ns in _cut(sorted(found_gaps), own[caller])
        if ns
    ]


def _cut(gaps: Iterable[tuple[int, int, int]], own: Iterable[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    """(call, ns of `own` within its gap), what an earlier gap has left out."""
    own, told_ns = tuple(own), 0
    for start, end, call in gaps:
        low = max(start, told_ns)
        yield call, sum(max(0, min(end, high) - max(low, first)) for first, high in own)
        told_ns = max(told_ns, end)


@dataclass(frozen=True, slots=True)
class Tries:
    """Of one trace, or on average of the `traces` that have any."""

    service: str
    peer: str
    calls: float
    failed: float
    answer: str
    """What failed ones were answered, or threw, most often; "" when they do not say."""
    traces: int = 1


def tries_of(found: Contributions, read: Read) -> tuple[Tries, ...]:
    """One trace; reads one failed span of each kind of call that was tried again."""
    return tuple(_tries(found, group, read) for group in retried(found))


def _tries(found: Contributions, group: Retried, read: Read) -> Tries:
    columns = found.family.columns
    error = describe_error(*read(columns.position[group.failed[-1]]))
    peer = columns.call[group.calls[0]].peer.name
    return Tries(columns.service[group.calls[0]], peer, len(group.calls), len(group.failed), error.answer or error.type)


def all_tries(tried: Iterable[tuple[Tries, ...]]) -> tuple[Tries, ...]:
    """Of many traces, by caller and called: those that most have first."""
    groups: dict[tuple[str, str], list[tuple[int, Tries]]] = {}
    for trace, tries in enumerate(tried):
        for one in tries:
            groups.setdefault((one.service, one.peer), []).append((trace, one))
    return tuple(sorted((_mean(*key, own) for key, own in groups.items()), key=lambda one: (-one.traces, one.peer)))


def _mean(service: str, peer: str, own: list[tuple[int, Tries]]) -> Tries:
    traces = len({trace for trace, _ in own})
    calls, failed = (sum(getattr(one, name) for _, one in own) / traces for name in ("calls", "failed"))
    answers = Counter(one.answer for _, one in own if one.answer)
    return Tries(service, peer, calls, failed, answers.most_common(1)[0][0] if answers else "", traces)
