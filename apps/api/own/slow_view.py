"""`/api/v1/slow`: the span names that got slower, and the longest spans."""

from __future__ import annotations

from django.http import HttpResponse

from apps.api.base import ApiView, json_answer
from apps.api.own.figures import figures_object
from apps.api.own.period import PERIOD_NAMES, period_object, read_period, refuse_unknown
from apps.api.own.verdict_view import row_verdict
from apps.api.problem import Problem
from apps.insights.slow_names import slow
from apps.store.queries import stored_verdicts
from apps.traces.known_words import KINDS
from apps.traces.moments import MINUTE_NS, exact_text


class SlowView(ApiView):
    def get(self, request) -> HttpResponse:
        params = request.GET
        refuse_unknown(params, (*PERIOD_NAMES, "service", "kind"))
        kind = params.get("kind") or None
        if kind is not None and kind not in KINDS:
            raise Problem(400, "The address cannot be read.", fields={"kind": f"Choose one of: {', '.join(KINDS)}."})
        period = read_period(self.workspace_id, params)
        found = slow(self.workspace_id, period, params.get("service") or None, kind)
        verdicts = stored_verdicts(self.workspace_id, (example.trace_id for _, example in found.longest))
        return json_answer({
            "period": period_object(period), "compared": found.compared, "too_few": found.too_few,
            "most_samples": found.most_samples,
            "slower": [
                {
                    **one.key._asdict(), "added_ns": one.added_ns, "is_cause": one.is_cause,
                    "time_is": one.where,
                    "change": "more_calls" if one.calls else "slower",
                    "ending": one.lately.word or None,
                    "ending_within_minutes": one.lately.within_ns // MINUTE_NS or None,
                    "now": figures_object(one.now, period.minutes),
                    "before": figures_object(one.before, found.held.minutes),
                    "examples": [{"trace_id": e.trace_id, "span_id": e.span_id, "duration_ns": e.duration_ns}
                                 for e in one.now.examples],
                }
                for one in found.slower
            ],
            "longest": [
                {
                    "service": key.service, "span_name": key.span_name, "kind": key.kind,
                    "duration_ns": example.duration_ns, "trace_id": example.trace_id, "span_id": example.span_id,
                    "started_at": exact_text(example.start_ns), "verdict": row_verdict(verdicts.get(example.trace_id)),
                }
                for key, example in found.longest
            ],
        })  # fmt: skip
