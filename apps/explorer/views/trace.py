"""The page of one trace, and the parts of it that the browser asks for by themselves."""

from __future__ import annotations

import time
from datetime import UTC

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from apps.accounts.access import current_workspace
from apps.explorer.trace.loaded import Loaded, open_trace
from apps.explorer.trace.page import TracePage
from apps.explorer.trace.state import read_state
from apps.traces.ids import parse_trace_id
from apps.traces.moments import zone_named


@require_safe
def trace(request: HttpRequest, trace_id: str) -> HttpResponse:
    """`/t/<trace_id>`: any way of writing the id leads to the one with 32 lower-case digits."""
    known = parse_trace_id(trace_id)
    if known and known != trace_id:
        query = request.META.get("QUERY_STRING", "")
        return HttpResponsePermanentRedirect(reverse("trace", args=[known]) + (f"?{query}" if query else ""))
    loaded = open_trace(current_workspace(request).id, known) if known else None
    if loaded is None:
        return _missing(request, trace_id)
    return render(request, "explorer/trace.html", _page(request, loaded).whole())


@require_safe
def trace_rows(request: HttpRequest, trace_id: str) -> HttpResponse:
    """More rows, `first` and `count`, of the version `v` of the trace."""
    return render(request, "explorer/_trace_rows.html", _page(request, _asked(request, trace_id)).rows())


@require_safe
def trace_waterfall(request: HttpRequest, trace_id: str) -> HttpResponse:
    """The waterfall anew, with `count` rows from the one with the key `around`."""
    page = _page(request, _asked(request, trace_id, fresh="v" not in request.GET))
    return render(request, "explorer/_trace_waterfall.html", page.waterfall())


@require_safe
def trace_span(request: HttpRequest, trace_id: str) -> HttpResponse:
    """The panel of the span `span`, and the tools whose links depend on it."""
    context = _page(request, _asked(request, trace_id)).span()
    if context["panel"] is None:
        raise Http404("There is no such span in this trace.")
    return render(request, "explorer/_span_part.html", context)


@require_safe
def trace_live(request: HttpRequest, trace_id: str) -> HttpResponse:
    """Asked every two seconds while spans may still arrive: 204 while nothing is new. With `pending`: asked by a page
    that came before who took the time."""
    loaded = _asked(request, trace_id, fresh=True)
    if loaded.version == request.GET.get("v") and not loaded.is_sealed and "pending" not in request.GET:
        return HttpResponse(status=204)
    loaded.analyse()
    response = render(request, "explorer/_trace_live.html", _page(request, loaded).head())
    response["HX-Trigger-After-Settle"] = "trace:grown"
    return response


def _asked(request: HttpRequest, trace_id: str, *, fresh: bool = False) -> Loaded:
    version = "" if fresh else request.GET.get("v", "")
    known = parse_trace_id(trace_id)
    loaded = open_trace(current_workspace(request).id, known, version) if known else None
    if loaded is None:
        raise Http404("This trace is not stored any more.")
    return loaded


def _page(request: HttpRequest, loaded: Loaded) -> TracePage:
    return TracePage(
        loaded,
        read_state(request.GET),
        request.GET,
        workspace_id=current_workspace(request).id,
        zone=zone_named(request.COOKIES.get("tz", "")) or UTC,
        retention_days=settings.TRACER_RETENTION_DAYS,
        quiet_s=settings.TRACER_QUIET_SECONDS,
        now_ns=time.time_ns(),
    )


def _missing(request: HttpRequest, asked: str) -> HttpResponse:
    context = {"asked": asked[:200], "is_id": parse_trace_id(asked) is not None, "days": settings.TRACER_RETENTION_DAYS}
    return render(request, "explorer/trace_missing.html", context, status=404)
