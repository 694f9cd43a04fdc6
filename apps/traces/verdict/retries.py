"""Calls that failed and were made again."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from apps.traces.contributions import BESIDE, Contributions
from apps.traces.verdict.case import Case, short
from apps.traces.verdict.facts import RETRIES, Finding
from apps.traces.verdict.limits import RETRIES_EXPLAIN_PCT
from apps.traces.work import kind_of_work


class Retried(NamedTuple):
    """Calls of one name by one span, at least one of which failed and was followed by another try."""

    calls: tuple[int, ...]
    """By start."""
    failed: tuple[int, ...]
    """Those that were tried again."""
    lost_ns: int
    """From each failed try's start to the start of the next: the try itself and the pause after it."""


def retried(found: Contributions) -> list[Retried]:
    """Those waited for; most time lost first."""
    columns, parents = found.family.columns, found.family.parents
    if True not in columns.is_error:
        return []
    groups: dict[tuple, list[int]] = {}
    for index, call in enumerate(columns.call):
        if call is not None and parents[index] >= 0 and found.place[index] != BESIDE:
            groups.setdefault((parents[index], columns.service[index], columns.name[index], call.peer), []).append(
                index
            )
    made = [_retried(found, calls) for calls in groups.values() if len(calls) > 1]
    return sorted((r for r in made if r.failed), key=lambda r: (-r.lost_ns, r.calls))


def _retried(found: Contributions, calls: list[int]) -> Retried:
    columns, failed, lost_ns = found.family.columns, [], 0
    for index, following in pairwise(calls):
        if columns.is_error[index] and columns.start[following] >= columns.end[index]:
            failed.append(index)
            lost_ns += columns.start[following] - columns.start[index]
    return Retried(tuple(calls), tuple(failed), lost_ns)


def retries(case: Case) -> Finding | None:
    """Failed tries, and the pauses after them, are most of what is unusual; whoever's time it was."""
    for group in retried(case.found):
        if group.lost_ns * 100 < case.excess_ns * RETRIES_EXPLAIN_PCT:
            return None
        if _concerns(case, group):
            return _finding(case, group)
    return None


def _concerns(case: Case, group: Retried) -> bool:
    """The service made the calls, or was called, or works on behalf of whoever was."""
    columns, parents = case.columns, case.found.family.parents
    if columns.service[group.calls[0]] == case.service:
        return True
    calls = set(group.failed)
    for entry, _, _ in case.entries:
        above = entry
        while above >= 0:
            if above in calls:
                return True
            above = parents[above]
    return False


def _finding(case: Case, group: Retried) -> Finding:
    columns, last = case.columns, group.failed[-1]
    is_called = columns.service[last] != case.service
    callee = case.peer_of(last)
    return Finding(
        RETRIES,
        service=short(case.service),
        span_name=short(columns.name[last]),
        kind_of_work=kind_of_work(case.found, last),
        peer=short(columns.service[last] if is_called else callee),
        is_called=is_called,
        added_ns=case.own_ns,
        usual_ns=case.usual.own_p50_ns,
        part_ns=group.lost_ns,
        calls=len(group.failed) + 1,
        failed=len(group.failed),
        origin=columns.span_id[last],
        before=short(callee) if is_called and callee != case.service else "",
    )
