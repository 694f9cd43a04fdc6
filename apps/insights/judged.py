"""A trace with its verdict: the one it was sealed with, or one made now."""

from __future__ import annotations

from dataclasses import dataclass

from apps.insights.usual import usual_at
from apps.traces.contributions import Contributions
from apps.traces.edges import edges_of
from apps.traces.error_origin import trace_reader
from apps.traces.kinship import NONE
from apps.traces.model import Trace
from apps.traces.usual import NOTHING_USUAL, Usual
from apps.traces.verdict.codec import TOO_FEW, unpack
from apps.traces.verdict.facts import Verdict
from apps.traces.verdict.failures import failures_of
from apps.traces.verdict.judge import judge
from apps.traces.verdict.waits import waits_in
from apps.traces.work import Part, by_name


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
    usual = NOTHING_USUAL
    if found.family.parents[main] == NONE:
        at_ns = trace.start_ns or now_ns
        usual = usual_at(workspace_id, columns.service[main], columns.name[main], at_ns, now_ns)
    verdict = None if packed is None or packed.startswith(TOO_FEW) else unpack(packed)
    if verdict is None:
        failures = failures_of(found, trace_reader(trace))
        verdict = judge(found, parts, usual, failures, waits_in(edges_of(found.family).edges))
    return Judged(verdict, usual, found, parts)
