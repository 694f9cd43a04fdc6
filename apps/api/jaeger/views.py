"""Jaeger's first query API, `/jaeger/api/…`: what Grafana's data source and scripts call."""

from __future__ import annotations

import time

import orjson
from django.http import HttpResponse

from apps.api.base import ApiView, UnknownView, json_answer
from apps.api.found import Answer, find_rows
from apps.api.jaeger.names import kind_of, operations
from apps.api.jaeger.search_query import JaegerSearch, read_flag, read_search
from apps.api.jaeger.trace_json import trace_json
from apps.api.problem import Problem
from apps.api.trace_ids import filled_trace_id, stored_trace
from apps.store.queries import list_services, list_span_names, load_traces


class JaegerView(ApiView):
    """Every answer stands in one envelope; `limit` and `offset` are always 0 in Jaeger too."""

    is_pretty = False

    def initial(self, request, *args, **kwargs) -> None:
        super().initial(request, *args, **kwargs)
        self.is_pretty = read_flag(request.GET.get("prettyPrint", ""), "prettyPrint")

    def error_body(self, problem: Problem) -> dict:
        return envelope(None, errors=[{"code": problem.status, "msg": problem.message}])

    def answer(self, data: list, total: int = 0) -> HttpResponse:
        return json_answer(envelope(data, total), pretty=self.is_pretty)

    def answer_traces(self, traces: list[bytes], errors: list[dict]) -> HttpResponse:
        """Traces are encoded one by one; the envelope is put around them."""
        rest = orjson.dumps(envelope([], errors=errors or None))
        return json_answer(rest.replace(b'"data":[]', b'"data":[' + b",".join(traces) + b"]", 1))


class Unknown(UnknownView, JaegerView):
    pass


def envelope(data: list | None, total: int = 0, errors: list[dict] | None = None) -> dict:
    return {"data": data, "total": total, "limit": 0, "offset": 0, "errors": errors}


class Services(JaegerView):
    def get(self, request) -> HttpResponse:
        names = [service.name for service in list_services(self.workspace_id)]
        return self.answer(names, len(names))


class ServiceOperations(JaegerView):
    def get(self, request, service: str) -> HttpResponse:
        names = sorted({found.name for found in list_span_names(self.workspace_id, service)})
        return self.answer(names, len(names))


class Operations(JaegerView):
    def get(self, request) -> HttpResponse:
        service = request.GET.get("service", "")
        if not service:
            raise Problem(400, "parameter 'service' is required")
        found = operations(self.workspace_id, service, kind_of(request.GET.get("spanKind", "")))
        return self.answer(found, len(found))


class Traces(JaegerView):
    """Search, or with `traceID` (repeated) the traces named."""

    def get(self, request) -> HttpResponse:
        asked = read_search(request.GET, time.time_ns())
        return self._named(asked) if asked.trace_ids else self._found(asked)

    def _named(self, asked: JaegerSearch) -> HttpResponse:
        found = {
            stored.trace.trace_id: self._encode(stored.trace, asked)
            for stored in load_traces(self.workspace_id, asked.trace_ids)
        }
        missing = [trace_id for trace_id in asked.trace_ids if trace_id not in found]
        errors = [{"code": 404, "msg": "trace not found", "traceID": trace_id} for trace_id in missing]
        return self.answer_traces(list(found.values()), errors)

    def _found(self, asked: JaegerSearch) -> HttpResponse:
        found = find_rows(self.workspace_id, asked.query)
        answer = Answer(found.rows)
        traces = [self._encode(stored.trace, asked) for stored in answer.traces(self.workspace_id)]
        errors = [
            {"code": 413, "msg": "left out, the answer is full", "traceID": row.trace_id} for row in answer.left_out
        ]
        if found.ran_out:
            errors.append({"code": 504, "msg": "the search ran out of time: older traces may match too"})
        return self.answer_traces(traces, errors)

    def _encode(self, trace, asked: JaegerSearch) -> bytes:
        return trace_json(trace, is_raw=asked.is_raw, pretty=self.is_pretty)


class Trace(JaegerView):
    """`start` and `end` are only hints in Jaeger, and Grafana sends them in the wrong unit: they are not read."""

    def get(self, request, trace_id: str) -> HttpResponse:
        is_raw = read_flag(request.GET.get("raw", ""), "raw")
        stored = stored_trace(self.workspace_id, filled_trace_id(trace_id))
        return self.answer_traces([trace_json(stored.trace, is_raw=is_raw, pretty=self.is_pretty)], [])
