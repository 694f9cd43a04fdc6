"""Addresses of Jaeger's and Zipkin's pages, redirected to ours: links in old tickets keep working."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_safe

from apps.explorer.search.old_links import from_jaeger, from_zipkin
from apps.explorer.search.pasted import trace_address
from apps.traces.ids import fill_trace_id, parse_span_id


@require_safe
def jaeger_search(request: HttpRequest) -> HttpResponse:
    """`/search?service=…&operation=…&tags={…}&lookback=1h&start=…&end=…`"""
    return HttpResponseRedirect(from_jaeger(request.GET))


@require_safe
def zipkin_search(request: HttpRequest) -> HttpResponse:
    """`/zipkin/?serviceName=…&spanName=…&annotationQuery=…&endTs=…&lookback=…`"""
    return HttpResponseRedirect(from_zipkin(request.GET))


@require_safe
def old_trace(request: HttpRequest, trace_id: str) -> HttpResponse:
    """`/trace/<id>` (Jaeger, with `?uiFind=<span id>`) and `/zipkin/traces/<id>` (`?spanId=`), leading zeros or not."""
    filled = fill_trace_id(trace_id)
    if filled is None:
        raise Http404("This is not a trace ID.")
    span_id = parse_span_id(request.GET.get("uiFind", "") or request.GET.get("spanId", ""))
    return HttpResponseRedirect(trace_address(filled, span_id))
