"""`/api/v1/service-figures`: all services with their figures, and one of them whole."""

from __future__ import annotations

from django.http import HttpResponse

from apps.api.base import ApiView, json_answer
from apps.api.own.figures import change_words, figures_object
from apps.api.own.period import PERIOD_NAMES, period_object, read_period, refuse_unknown
from apps.api.problem import Problem
from apps.insights.mix import Mix
from apps.insights.one_service import Neighbour, one_service
from apps.insights.service_lines import service_lines, sorted_lines
from apps.traces.known_words import KINDS
from apps.traces.moments import exact_text


class ServiceFiguresView(ApiView):
    def get(self, request) -> HttpResponse:
        refuse_unknown(request.GET, PERIOD_NAMES)
        period = read_period(self.workspace_id, request.GET)
        found = service_lines(self.workspace_id, period)
        return json_answer({"period": period_object(period), "services": [
            {
                "service": line.name, "version": line.version, "own_share": round(line.own_share, 4),
                "first_seen_at": exact_text(line.first_seen_ns), "last_seen_at": exact_text(line.last_seen_ns),
                "changes": change_words(duration=line.duration, rate=line.rate, errors=line.errors),
                "now": figures_object(line.now, period.minutes),
                "before": figures_object(line.before, found.held.minutes),
            }
            for line in sorted_lines(found.lines, "change")
        ]})  # fmt: skip


class OneServiceView(ApiView):
    def get(self, request, service: str) -> HttpResponse:
        refuse_unknown(request.GET, (*PERIOD_NAMES, "kind"))
        kind = request.GET.get("kind") or None
        if kind is not None and kind not in KINDS:
            raise Problem(400, "The address cannot be read.", fields={"kind": f"Choose one of: {', '.join(KINDS)}."})
        period = read_period(self.workspace_id, request.GET)
        found = one_service(self.workspace_id, service, period, kind)
        if found is None:
            raise Problem(404, "No span of this service was ever counted.")
        minutes = period.minutes
        return json_answer({
            "period": period_object(period), "service": found.name,
            "first_seen_at": exact_text(found.first_seen_ns), "last_seen_at": exact_text(found.last_seen_ns),
            "changes": change_words(duration=found.duration, rate=found.rate, errors=found.errors),
            "since": exact_text(found.turn.start_ns) if found.turn else None,
            "until": exact_text(found.turn.end_ns) if found.turn and found.turn.end_ns is not None else None,
            "ending": found.turn.ending.word if found.turn and found.turn.ending else None,
            "other_work": _other_work(found.mix),
            "now": figures_object(found.now, minutes),
            "before": figures_object(found.before, found.held.minutes),
            "step_seconds": found.step_ns // 10**9,
            "series": [{"at": exact_text(at), **figures_object(one, found.step_ns / 60e9)}
                       for at, one in zip(found.steps, found.line, strict=True)],
            "span_names": [
                {
                    **line.key._asdict(), "own_share": round(line.impact, 4), **figures_object(line.now, minutes),
                    "changes": change_words(duration=line.duration, errors=line.errors),
                }
                for line in found.names
            ],
            "more_span_names": found.more_names,
            "slowest": [
                {"span_name": key.span_name, "duration_ns": example.duration_ns, "trace_id": example.trace_id,
                 "span_id": example.span_id, "started_at": exact_text(example.start_ns)}
                for key, example in found.slowest
            ],
            "versions": [
                {"version": one.version, "first_seen_at": exact_text(one.first_seen_ns), "share": round(one.share, 4),
                 "changes": change_words(duration=one.duration, errors=one.errors), **figures_object(one.now, minutes)}
                for one in found.versions
            ],
            "callers": [_neighbour(one, minutes) for one in found.callers],
            "callees": [_neighbour(one, minutes) for one in found.callees],
        })  # fmt: skip


def _neighbour(one: Neighbour, minutes: float) -> dict:
    return {**one.node._asdict(), "changes": change_words(rate=one.rate), **figures_object(one.now, minutes)}


def _other_work(mix: Mix | None) -> dict | None:
    if mix is None:
        return None
    shares = {"share": round(mix.after, 4), "share_before": round(mix.before, 4)}
    return {**mix.work._asdict(), **shares, "same_work_ns": round(mix.same_ns)}
