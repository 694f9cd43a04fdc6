"""Jaeger's third query API, `/jaeger/api/v3/…`: what its own UI calls today."""

from __future__ import annotations

from django.http import HttpResponse

from apps.api.base import ApiView, UnknownView, json_answer
from apps.api.found import Answer, find_rows
from apps.api.jaeger.names import kind_of, operations
from apps.api.jaeger.v3_query import read_v3_search
from apps.api.problem import Problem
from apps.api.trace_ids import filled_trace_id, stored_trace
from apps.store.queries import list_services
from apps.store.results import TraceRow
from apps.traces.otlp_json import traces_data_to_json


class V3View(ApiView):
    def error_body(self, problem: Problem) -> dict:
        return {"error": {"httpCode": problem.status, "message": problem.message}}


class Services(V3View):
    def get(self, request) -> HttpResponse:
        return json_answer({"services": [service.name for service in list_services(self.workspace_id)]})


class Operations(V3View):
    def get(self, request) -> HttpResponse:
        kind = kind_of(request.GET.get("spanKind") or request.GET.get("span_kind") or "")
        return json_answer({"operations": operations(self.workspace_id, request.GET.get("service", ""), kind)})


class Summaries(V3View):
    def get(self, request) -> HttpResponse:
        found = find_rows(self.workspace_id, read_v3_search(request.GET))
        return json_answer({"summaries": [_summary(row) for row in found.rows]})


class Traces(V3View):
    """All traces found stand in one TracesData."""

    def get(self, request) -> HttpResponse:
        answer = Answer(find_rows(self.workspace_id, read_v3_search(request.GET)).rows)
        payloads = [stored.payload for stored in answer.traces(self.workspace_id)]
        if not payloads:
            raise Problem(404, "No traces found")
        if answer.left_out:  # this shape has no place to say so
            raise Problem(413, f"only {len(payloads)} of these traces fit into one answer: lower query.searchDepth")
        return _result(b"".join(payloads))  # serialised messages laid end to end are one message


class Trace(V3View):
    def get(self, request, trace_id: str) -> HttpResponse:
        try:
            stored = stored_trace(self.workspace_id, filled_trace_id(trace_id))
        except Problem as problem:
            raise Problem(404, "No traces found") if problem.status == 404 else problem from problem
        return _result(stored.payload)


class Unknown(UnknownView, V3View):
    pass


def _result(payload: bytes) -> HttpResponse:
    return json_answer(b'{"result":' + traces_data_to_json(payload) + b"}")


def _summary(row: TraceRow) -> dict:
    return {
        "traceId": row.trace_id,
        "rootServiceName": row.root_service,
        "rootOperationName": row.root_name,
        "minStartTimeUnixNano": str(row.started_ns),
        "maxEndTimeUnixNano": str(row.started_ns + row.duration_ns),
        "spanCount": row.span_count,
        "errorSpanCount": row.error_count,
        "orphanSpanCount": row.orphan_count,
        "services": [{"name": s.name, "spanCount": s.spans, "errorSpanCount": s.errors} for s in row.services],
    }
