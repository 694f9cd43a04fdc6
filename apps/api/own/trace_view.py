"""`/api/v1/traces/<trace_id>`: a trace as OTLP, as it came."""

from __future__ import annotations

import hashlib

from django.http import HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import http_date

from apps.api.base import JSON, ApiView
from apps.api.own.period import refuse_unknown
from apps.api.problem import Problem
from apps.api.trace_ids import stored_trace, whole_trace_id
from apps.store.results import StoredTrace
from apps.traces.otlp_json import traces_data_to_json

PROTOBUF_TYPES = ("application/x-protobuf", "application/protobuf")


class TraceView(ApiView):
    """JSON (hex ids), or protobuf when Accept asks for it. `?download=1` makes browsers save it."""

    def get(self, request, trace_id: str) -> HttpResponse:
        trace_id = whole_trace_id(trace_id)
        refuse_unknown(request.GET, ("download",))
        stored = stored_trace(self.workspace_id, trace_id)
        wire = wire_format(request._request.META.get("HTTP_ACCEPT", ""))
        etag = f'"{hashlib.sha256(wire.encode() + stored.payload).hexdigest()[:32]}"'
        answer = get_conditional_response(request._request, etag, _last_modified_s(stored), None)
        if answer is None:
            body = traces_data_to_json(stored.payload) if wire == JSON else stored.payload
            answer = HttpResponse(body, content_type=wire)
        if request.GET.get("download", "") not in ("", "0"):
            name = f"trace-{trace_id}.{'json' if wire == JSON else 'pb'}"  # hex digits only: safe in a header
            answer["Content-Disposition"] = f'attachment; filename="{name}"'
        return _with_headers(answer, etag, stored)


def wire_format(accept: str) -> str:
    """JSON, or the protobuf type that stands first in Accept before any JSON or wildcard with the same weight.

    Raises Problem 406 when neither is acceptable."""
    best, best_weight = "", 0.0
    for part in accept.split(",") if accept.strip() else ["*/*"]:
        media, *params = (piece.strip().lower() for piece in part.split(";"))
        offered = media if media in PROTOBUF_TYPES else JSON if media in _JSON_RANGES else ""
        weight = _weight(params)
        if offered and weight > best_weight:
            best, best_weight = offered, weight
    if not best:
        raise Problem(406, f"A trace can be had as {JSON} or {PROTOBUF_TYPES[0]}.")
    return best


_JSON_RANGES = (JSON, "application/*", "*/*")


def _weight(params: list[str]) -> float:
    for param in params:
        name, _, value = param.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def _last_modified_s(stored: StoredTrace) -> int | None:
    """None while spans may still arrive: within one second a second is too coarse a clock."""
    return stored.last_received_ns // 1_000_000_000 if stored.is_sealed else None


def _with_headers(answer: HttpResponse, etag: str, stored: StoredTrace) -> HttpResponse:
    answer["ETag"] = etag
    if stored.is_sealed:
        answer["Last-Modified"] = http_date(_last_modified_s(stored))
    # A trace may always grow by a late span: ask again, and be told that nothing changed.
    answer["Cache-Control"] = "private, no-cache"
    answer["Vary"] = "Accept, Authorization, Cookie"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
