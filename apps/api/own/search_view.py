"""`/api/v1/traces?…`: the search page's answer as JSON."""

from __future__ import annotations

import time
from dataclasses import replace

from django.conf import settings
from django.http import HttpResponse

from apps.api.base import ApiView, json_answer
from apps.api.own.verdict_view import row_verdict
from apps.api.problem import Problem
from apps.insights.judged import with_verdicts_so_far
from apps.store.queries import has_trace
from apps.store.results import SearchPage, TraceRow
from apps.store.search import find_span, search
from apps.traces.moments import exact_text
from apps.traces.paste import Recognised
from apps.traces.query_string import BadQuery, Search, box_pairs, read_query_string

DEFAULT_ROWS = 20
MAX_ROWS = 1000


class SearchView(ApiView):
    def get(self, request) -> HttpResponse:
        began = time.perf_counter()
        asked = _read(request.GET)
        named = named_trace(self.workspace_id, asked.box)
        if named is not None or is_only_named(asked.box):
            elapsed_ms = (time.perf_counter() - began) * 1000
            return json_answer({"named": named, **page_object(_nothing(asked, elapsed_ms))})
        try:
            found = search(self.workspace_id, asked.query)
        except ValueError as error:
            raise Problem(400, str(error), fields={"cursor": str(error)}) from error
        rows = with_verdicts_so_far(self.workspace_id, found.rows, time.time_ns())
        return json_answer({"named": None, **page_object(replace(found, rows=rows))})


def _nothing(asked: Search, elapsed_ms: float) -> SearchPage:
    """What stands beside a trace that was named, stored or not: nobody searched."""
    return SearchPage((), "", elapsed_ms, 0, asked.query.start_ns, is_complete=True)


def _read(params) -> Search:
    pairs = [(name, value) for name, values in params.lists() for value in values]
    try:
        return read_query_string(
            pairs, now_ns=time.time_ns(), retention_days=settings.TRACER_RETENTION_DAYS,
            default_limit=DEFAULT_ROWS, most=MAX_ROWS,
        )  # fmt: skip
    except BadQuery as error:
        raise Problem(400, "The search cannot be read.", fields=error.fields) from error


def named_trace(workspace_id: int, box: Recognised) -> dict | None:
    """The stored trace that `q` names by its id or by a span's, where the page would open it; None otherwise."""
    if box.trace_id and has_trace(workspace_id, box.trace_id):
        # A 64-bit trace id is also read as the id of a span, which is then not meant.
        return _named(box.trace_id, box.span_id if box.kind == "trace_id" else None)
    if box.kind == "span_id" and box.span_id:
        trace_id = find_span(workspace_id, box.span_id)
        return _named(trace_id, box.span_id) if trace_id else None
    return None


def is_only_named(box: Recognised) -> bool:
    """`q` names a trace or a span and says nothing to search for: when that is not stored, nothing else is meant."""
    return box.kind != "query" and not box_pairs(box)


def _named(trace_id: str, span_id: str | None) -> dict:
    return {"trace_id": trace_id, "span_id": span_id, "url": _url(trace_id, span_id)}


def _url(trace_id: str, span_id: str | None) -> str:
    return f"/t/{trace_id}" + (f"?span={span_id}" if span_id else "")


def page_object(found: SearchPage) -> dict:
    return {
        "rows": [row_object(row) for row in found.rows],
        "next_cursor": found.next_cursor,
        "looked_back_to": exact_text(found.looked_back_to_ns),
        "elapsed_ms": round(found.elapsed_ms, 3),
        "looked_at": found.looked_at,
        "is_complete": found.is_complete,
        "ran_out": found.ran_out,
        "may_miss_values": found.may_miss_values,
    }


def row_object(row: TraceRow) -> dict:
    matched = row.matched
    return {
        "trace_id": row.trace_id,
        "url": _url(row.trace_id, matched.span_id if matched else None),
        "started_at": exact_text(row.started_ns),
        "start_time_unix_nano": str(row.started_ns),  # text, as in OTLP/JSON: beyond what a JavaScript number holds
        "duration_ns": row.duration_ns,
        "root_service": row.root_service,
        "root_name": row.root_name,
        "span_count": row.span_count,
        "error_count": row.error_count,
        "orphan_count": row.orphan_count,
        "services": [{"name": s.name, "span_count": s.spans, "error_count": s.errors} for s in row.services],
        "matched": matched and {
            "span_id": matched.span_id,
            "service": matched.service,
            "name": matched.name,
            "duration_ns": matched.duration_ns,
        },
        "matched_count": row.matched_count,
        "is_sealed": row.is_sealed,
        "verdict": row_verdict(row.verdict),
    }  # fmt: skip
