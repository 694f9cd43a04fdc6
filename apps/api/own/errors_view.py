"""`/api/v1/errors`: errors by where they started."""

from __future__ import annotations

from django.http import HttpResponse

from apps.api.base import ApiView, json_answer
from apps.api.own.period import PERIOD_NAMES, period_object, read_period, refuse_unknown
from apps.api.problem import Problem
from apps.insights.error_groups import ErrorGroup, LookedInto, error_groups, look_into
from apps.traces.moments import exact_text

NAMES = (*PERIOD_NAMES, "service", "q", "group")


class ErrorsView(ApiView):
    def get(self, request) -> HttpResponse:
        params = request.GET
        refuse_unknown(params, NAMES)
        period = read_period(self.workspace_id, params)
        found = error_groups(self.workspace_id, period)
        wanted = params.get("group")
        groups = [group for group in found.groups if group.fits(params.get("service", ""), params.get("q", ""))]
        if wanted:
            groups = [group for group in found.groups if group.id == wanted]
            if not groups:
                raise Problem(404, "Neither of the two windows has an error of this group.")
        told = {
            "period": period_object(period),
            "traces": found.traces,
            "error_traces": found.with_error,
            "failed_traces": found.failed,
            "step_seconds": found.step_ns // 10**9,
            "steps_from": exact_text(found.steps[0]) if found.steps else None,
            "groups": [_group(group) for group in groups],
        }
        looked = {"group": _looked(look_into(self.workspace_id, groups[0], period))} if wanted else {"group": None}
        return json_answer(told | looked)


def _group(group: ErrorGroup) -> dict:
    return {
        "id": group.id,
        **group.key._asdict(),
        "change": group.word,
        "errors_before": round(group.before.calls, 3),
        "errors": round(group.after.calls, 3),
        "first_seen_at": exact_text(group.first_seen_ns),
        "last_seen_at": exact_text(group.last_seen_ns),
        "series": [round(value, 3) for value in group.line],
        "examples": [
            {"trace_id": one.trace_id, "span_id": one.span_id, "started_at": exact_text(one.start_ns)}
            for one in group.after.examples
        ],
    }


def _looked(found: LookedInto) -> dict:
    return {
        "traces_read": found.traces,
        "roots": [{"service": service, "name": name, "traces": count} for service, name, count in found.roots],
        "versions": [{"version": version, "errors": count} for version, count in found.versions],
        "messages": list(found.messages),
        "examples": [
            {"trace_id": trace_id, "span_id": span_id, "started_at": exact_text(start_ns)}
            for trace_id, span_id, start_ns in found.examples
        ],
    }
