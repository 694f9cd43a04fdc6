"""Verdicts where traces are sealed: judged with what is usual by then, and again when more is known."""

from __future__ import annotations

from collections.abc import Iterable

from apps.insights.judged import verdict_of
from apps.insights.messages import Paired
from apps.insights.usual import usual
from apps.store.connection import store_cursor
from apps.store.verdicts import Stored, replace_verdict, roots_to_judge_again, sealed_trace, traces_to_judge_again
from apps.traces.analysis import analyse, leaving_out_what_fails
from apps.traces.column_readers import ColumnReader
from apps.traces.verdict.limits import ENOUGH_TRACES, LEAST_QUEUE_WAIT_NS
from apps.traces.verdict.waits import QueueWait, long_wait, queue_wait

_reader = ColumnReader()

DAY_S = 86_400
MOST_ROOTS, MOST_TRACES, MOST_MESSAGES = 50, 1_000, 300
"""Judged in one run. A run of so many traces takes a worker about a second."""


def judge_again(now_ns: int, most: int = MOST_TRACES) -> int:
    """Judge traces of the last day that could not be compared, where by now there is enough; how many were."""
    since_s, left = now_ns / 1e9 - DAY_S, most
    with store_cursor() as cursor:
        for root in roots_to_judge_again(cursor, since_s=since_s, most=MOST_ROOTS):
            if left <= 0:
                break
            if usual(root.workspace_id, root.service, root.name, now_ns).traces < ENOUGH_TRACES:
                continue
            for stored in traces_to_judge_again(cursor, root, since_s=since_s, most=left):
                left -= _judge_anew(cursor, root.workspace_id, stored, now_ns)
    return most - left


def judge_messages(paired: Iterable[Paired], now_ns: int) -> int:
    """Judge traces whose messages, as has just become known, lay long: first those that lay unusually long, and of
    each the longest; how many were."""
    waits: dict[tuple[int, bytes], list[Paired]] = {}
    for one in sorted(paired, key=lambda found: -found.lay_ns):
        if one.root_service is not None and one.lay_ns >= LEAST_QUEUE_WAIT_NS:
            waits.setdefault((one.workspace_id, one.trace_id), []).append(one)
    unusual, long = [], []
    for place, mine in waits.items():
        lay = [QueueWait(one.service, one.queue, one.lay_ns) for one in mine]
        known = usual(mine[0].workspace_id, mine[0].root_service, mine[0].root_name, now_ns)
        if known.traces < ENOUGH_TRACES:
            continue
        if queue_wait(lay, known):
            unusual.append((*place, lay))
        elif long_wait(lay, known):
            long.append((*place, lay))
    judged = 0
    with store_cursor() as cursor:
        for workspace_id, trace_id, lay in (*unusual, *long):
            if judged >= MOST_MESSAGES:
                break
            stored = sealed_trace(cursor, workspace_id, trace_id)
            judged += stored is not None and _judge_anew(cursor, workspace_id, stored, now_ns, lay)
    return judged


def _judge_anew(cursor, workspace_id: int, stored: Stored, now_ns: int, waits: list[QueueWait] | None = None) -> bool:
    if not stored.draft.groups:
        return False
    analysis = None
    with leaving_out_what_fails(stored.draft.trace_id):
        analysis = analyse(stored.draft, _reader.read(stored.draft))
    packed = analysis and verdict_of(workspace_id, stored.draft, analysis, now_ns, waits)
    return packed is not None and replace_verdict(cursor, stored, packed)
