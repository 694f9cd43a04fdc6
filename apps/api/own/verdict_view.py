"""`/api/v1/traces/<trace_id>/verdict`: why a trace took its time or failed, and who took how much of it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from django.http import HttpResponse

from apps.api.base import ApiView, json_answer
from apps.api.own.period import refuse_unknown
from apps.api.trace_ids import stored_trace, whole_trace_id
from apps.insights.judged import judge_trace
from apps.traces.column_readers import ColumnReader
from apps.traces.contributions import contributions_of
from apps.traces.family import Family
from apps.traces.verdict.codec import unpack
from apps.traces.verdict.told import told
from apps.traces.work import Part

MOST_PARTS = 1_000
"""In one answer, largest first; a trace of more has names made up for every call. What is left is one part more."""


class VerdictView(ApiView):
    def get(self, request, trace_id: str) -> HttpResponse:
        trace_id = whole_trace_id(trace_id)
        refuse_unknown(request.GET, ())
        stored = stored_trace(self.workspace_id, trace_id)
        found = contributions_of(Family(ColumnReader().read_trace(stored.trace)))
        judged = judge_trace(self.workspace_id, stored.trace, found, stored.verdict, time.time_ns())
        answer = {"trace_id": trace_id, "is_sealed": stored.is_sealed, **told(judged.verdict)}
        # Verdicts are stored to the microsecond; the parts add up to the nanosecond.
        answer |= {"waited_ns": found.waited_ns, "contributions": _parts(judged.parts)}
        return json_answer(answer)


def _parts(parts: Sequence[Part]) -> list[dict]:
    """Those that take most, and where there are more the rest as one without names: together the whole waited time."""
    told = [
        {
            "service": part.service, "span_name": part.span_name, "kind_of_work": part.kind_of_work,
            "own_ns": part.own_ns, "calls": part.calls, "not_broken_down_ns": part.not_broken_down_ns,
        }
        for part in parts[:MOST_PARTS]
    ]  # fmt: skip
    rest = parts[MOST_PARTS:]
    if rest:
        sums = {name: sum(getattr(part, name) for part in rest) for name in ("own_ns", "calls", "not_broken_down_ns")}
        told.append({"service": None, "span_name": None, "kind_of_work": None, **sums})
    return told


def row_verdict(packed: bytes | None) -> dict | None:
    """What a row says of its trace; null for one that was not judged yet, or could not be."""
    verdict = unpack(packed)
    if verdict is None:
        return None
    said = told(verdict)
    return {name: said[name] for name in ("sentence", "cause", "service", "added_ns", "usual_ns")}
