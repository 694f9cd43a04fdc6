"""A trace with its verdict: the one it was sealed with, or one made now, of what has arrived."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from apps.insights.usual import usual, usual_at
from apps.insights.why.sources import reader_of_thread
from apps.store.results import TraceRow
from apps.traces.analysis import Analysis, analyse, leaving_out_what_fails
from apps.traces.contributions import Contributions
from apps.traces.draft import Draft
from apps.traces.edges import edges_of
from apps.traces.error_origin import trace_reader
from apps.traces.kinship import NONE
from apps.traces.trace import Trace
from apps.traces.usual import NOTHING_USUAL, Usual
from apps.traces.verdict.codec import TOO_FEW, pack, unpack
from apps.traces.verdict.facts import Verdict
from apps.traces.verdict.failures import Failures, failures_of
from apps.traces.verdict.judge import judge
from apps.traces.verdict.limits import ENOUGH_TRACES
from apps.traces.verdict.waits import QueueWait, waits_in
from apps.traces.work import Part, by_name

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Judged:
    verdict: Verdict
    usual: Usual
    """When the trace began."""
    found: Contributions
    parts: list[Part]
    """Largest first."""


def judge_trace(workspace_id: int, trace: Trace, found: Contributions, packed: bytes | None, now_ns: int) -> Judged:
    """`found` of this trace; `packed` as it is stored, None for what is still arriving or was stored before there were
    verdicts. That is judged now, as is what came before there was enough to compare with. Raises StoreUnavailable."""
    parts, main, columns = by_name(found), found.family.main, found.family.columns
    known = NOTHING_USUAL
    if found.family.parents[main] == NONE:
        at_ns = trace.start_ns or now_ns
        known = usual_at(workspace_id, columns.service[main], columns.name[main], at_ns, now_ns)
    verdict = stored_verdict(packed)
    if verdict is None:
        failures = failures_of(found, trace_reader(trace))
        # Waits are only ever compared, and a large trace has many edges.
        waits = waits_in(edges_of(found.family).edges) if known.traces >= ENOUGH_TRACES else ()
        verdict = judge(found, parts, known, failures, waits)
    return Judged(verdict, known, found, parts)


def stored_verdict(packed: bytes | None) -> Verdict | None:
    """None where a trace has none, or one from before there was enough to compare with."""
    return None if packed is None or packed.startswith(TOO_FEW) else unpack(packed)


def verdict_of(
    workspace_id: int, draft: Draft, analysis: Analysis, now_ns: int, waits: list[QueueWait] | None = None
) -> bytes | None:
    """Packed; None when judging failed, which keeps nothing from being sealed. `waits`: of messages whose producers
    are in other traces, when they have been paired."""
    try:
        found, columns = analysis.contributions, analysis.family.columns
        main = analysis.family.main
        is_root = analysis.family.parents[main] == NONE
        known = usual(workspace_id, columns.service[main], columns.name[main], now_ns) if is_root else NOTHING_USUAL
        failures = Failures(tuple(analysis.errors), analysis.is_root_failed)
        return pack(judge(found, analysis.parts, known, failures, [*waits_in(analysis.edges.edges), *(waits or ())]))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):  # not what the database says
        _log.exception("Trace %s could not be judged.", draft.trace_id.hex())
        return None


MOST_SPANS, MOST_SPANS_A_TRACE = 3_000, 500
"""Judged for one page of results, at some 12 µs a span; the others wait until digest judges them."""
BUDGET_S = 0.05
"""For all of them: a root span name that this process has not met for a while costs a look-up besides."""


def with_verdicts_so_far(workspace_id: int, rows: Sequence[TraceRow], now_ns: int) -> tuple[TraceRow, ...]:
    """Rows of results, those of traces that still arrive with a verdict of what has come where no parent is missing:
    with many traces a second the newest page has no others."""
    judged, room, until = [], MOST_SPANS, time.monotonic() + BUDGET_S
    for row in rows:
        draft = row.draft
        is_small = 0 < row.span_count <= min(MOST_SPANS_A_TRACE, room)
        if draft is not None and is_small and not row.orphan_count and time.monotonic() < until:
            room -= row.span_count
            analysis = None
            with leaving_out_what_fails(draft.trace_id):
                analysis = analyse(draft, reader_of_thread().read(draft))
            if analysis is not None:
                row = replace(row, verdict=verdict_of(workspace_id, draft, analysis, now_ns))
        judged.append(row)
    return tuple(judged)
