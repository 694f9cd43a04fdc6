"""Calls that failed and were made again."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from itertools import pairwise
from typing import NamedTuple

from apps.traces.contributions import BESIDE, Contributions
from apps.traces.verdict.case import Case, are_more, count_explains, short
from apps.traces.verdict.facts import MORE_CALLS, RETRIES, Finding
from apps.traces.verdict.limits import LOOP_PCT, RETRIES_EXPLAIN_PCT
from apps.traces.verdict.rules import finding
from apps.traces.work import kind_of_work


class Retried(NamedTuple):
    """Calls of one name by one service to one peer, at least one of which failed and was followed by another try."""

    calls: tuple[int, ...]
    """All that were waited for, under whichever parent, by start."""
    failed: tuple[int, ...]
    again: frozenset[int]
    """Those of `failed` that were tried again, by the same parent."""
    lost_ns: int
    """From each failed try's start to the start of the next: the try itself and the pause after it. Of a last try
    that failed, too, the try."""

    @property
    def succeeded(self) -> list[int]:
        failed = set(self.failed)
        return [call for call in self.calls if call not in failed]


def retried(found: Contributions) -> list[Retried]:
    """Those waited for; most time lost first."""
    columns, parents = found.family.columns, found.family.parents
    if True not in columns.is_error:
        return []
    groups: dict[Hashable, dict[int, list[int]]] = {}
    for index, call in enumerate(columns.call):
        if call is not None and parents[index] >= 0 and found.place[index] != BESIDE:
            key = (columns.service[index], columns.name[index], call.peer)
            groups.setdefault(key, {}).setdefault(parents[index], []).append(index)
    made = [_retried(found, by_parent.values()) for by_parent in groups.values()]
    return sorted((r for r in made if r.again), key=lambda r: (-r.lost_ns, r.calls))


def _retried(found: Contributions, series: Iterable[list[int]]) -> Retried:
    """`series`: the calls of each parent, by start."""
    columns, again, lost_ns = found.family.columns, set(), 0
    for calls in series:
        before = len(again)
        for index, following in pairwise(calls):
            if columns.is_error[index] and columns.start[following] >= columns.end[index]:
                again.add(index)
                lost_ns += columns.start[following] - columns.start[index]
        if len(again) > before and columns.is_error[calls[-1]]:
            lost_ns += columns.end[calls[-1]] - columns.start[calls[-1]]
    calls = sorted(call for calls in series for call in calls)
    return Retried(tuple(calls), tuple(c for c in calls if columns.is_error[c]), frozenset(again), lost_ns)


def retries(case: Case) -> Finding | None:
    """Failed tries, and the pauses after them, are most of what is unusual; whoever's time it was."""
    group = _leading(case)
    return _finding(case, group) if group is not None and not _is_loop(case, group) else None


def loop_with_retries(case: Case) -> Finding | None:
    """Retries as in `retries`, in a loop of more calls than usual: also those that went through are more. Says how
    many calls there were; how many of them failed is said beside it (`beside_a_loop`)."""
    group = _leading(case)
    if group is None or case.columns.service[group.calls[0]] != case.service or not _is_loop(case, group):
        return None
    top = max(group.succeeded, key=lambda index: (case.found.own_ns[index], -index))
    parts = case.usual_parts_of(group.calls)
    return finding(
        case, MORE_CALLS, span_name=short(case.columns.name[top]), kind_of_work=kind_of_work(case.found, top),
        peer=short(case.peer_of(top)), calls=len(group.calls), usual_calls=sum(part.calls_p50 for part in parts),
        part_ns=sum(case.found.own_ns[index] for index in group.calls),
        part_usual_ns=sum(part.own_p50_ns for part in parts), origin=case.columns.span_id[top],
    )  # fmt: skip


def beside_a_loop(case: Case) -> Finding | None:
    """The second sentence of a loop: how many of its calls failed, and what they cost. Without a time of the service,
    which the loop's has said."""
    group = _leading(case)
    if group is None or not _is_loop(case, group):
        return None
    return _finding(case, group, added_ns=0, usual_ns=0)


def _leading(case: Case) -> Retried | None:
    """The tries that cost most of those the service has to do with, if they explain what is unusual."""
    for group in retried(case.found):
        if group.lost_ns * 100 < case.excess_ns * RETRIES_EXPLAIN_PCT:
            return None
        if _concerns(case, group):
            return group
    return None


def _is_loop(case: Case, group: Retried) -> bool:
    """As many calls went through as make a loop of their own, and they are worth a word beside the failed ones."""
    columns, own_ns, succeeded = case.columns, case.found.own_ns, group.succeeded
    parts = case.usual_parts_of(group.calls)
    usual_calls = sum(part.calls_p50 for part in parts)
    if not usual_calls or not are_more(len(succeeded), sum(part.calls_p95 for part in parts)):
        return False
    took_ns = sum(columns.end[index] - columns.start[index] for index in succeeded)
    more_ns = took_ns * (len(succeeded) - usual_calls) // len(succeeded)
    if more_ns * 100 < group.lost_ns * LOOP_PCT:
        return False
    succeeded_ns, usual_ns = sum(own_ns[index] for index in succeeded), sum(part.own_p50_ns for part in parts)
    return count_explains(case, succeeded_ns, usual_ns, len(succeeded), usual_calls)


def _concerns(case: Case, group: Retried) -> bool:
    """The service made the calls, or was called, or works on behalf of whoever was."""
    columns, parents = case.columns, case.found.family.parents
    if columns.service[group.calls[0]] == case.service:
        return True
    for entry, _, _ in case.entries:
        above = entry
        while above >= 0:
            if above in group.again:
                return True
            above = parents[above]
    return False


def _finding(case: Case, group: Retried, **facts) -> Finding:
    columns, last = case.columns, group.failed[-1]
    is_called = columns.service[last] != case.service
    callee = case.peer_of(last)
    known = {
        "service": short(case.service),
        "span_name": short(columns.name[last]),
        "kind_of_work": kind_of_work(case.found, last),
        "peer": short(columns.service[last] if is_called else callee),
        "is_called": is_called,
        "added_ns": case.own_ns,
        "usual_ns": case.usual.own_p50_ns,
        "part_ns": group.lost_ns,
        "calls": len(group.calls),
        "failed": len(group.failed),
        "is_recovered": len(group.again) == len(group.failed),
        "origin": columns.span_id[last],
        "before": short(callee) if is_called and callee != case.service else "",
    }
    return Finding(RETRIES, **(known | facts))
