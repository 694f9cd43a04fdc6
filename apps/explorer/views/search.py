"""The search page and the parts of it that come by themselves."""

import time
from datetime import UTC

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.accounts.access import current_workspace
from apps.explorer.search.form import Clock, SearchForm
from apps.explorer.search.frame import frame_of, span_name_choices, zone_name
from apps.explorer.search.hints import id_links
from apps.explorer.search.page import chart_page, newer, result_page
from apps.explorer.search.pasted import linked_search, missing_trace, named_trace
from apps.store.queries import first_span_received_at
from apps.traces.moments import zone_named

KEYS = ((("j", "k"), "next, previous trace"), (("Enter",), "open it"), (("o",), "older traces"), (("y",), "copy link"))


def clock_of(request: HttpRequest) -> Clock:
    """Now, the viewer's zone (a cookie their browser sets, else UTC), and how long traces are kept."""
    zone = zone_named(request.COOKIES.get("tz", "")) or UTC
    return Clock(time.time_ns(), zone, settings.TRACER_RETENTION_DAYS)


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """`/`: open what the box names, or search for what it and the form say. 422 with the fields' errors."""
    workspace_id = current_workspace(request).id
    clock = clock_of(request)
    form = SearchForm(request.GET, clock=clock)
    is_valid = form.is_valid()
    is_named = is_valid and "q" in form.params and "cursor" not in form.params
    address = is_named and (named_trace(workspace_id, form.recognised) or linked_search(form, request.get_host()))
    if address:
        return HttpResponseRedirect(address)
    context = _context(workspace_id, form, clock)
    if not is_valid:
        return render(request, "explorer/search.html", context, status=422)
    if first_span_received_at(workspace_id) is None:
        return render(request, "explorer/search_first.html", context)
    missing = missing_trace(form) if is_named else None
    try:
        page = result_page(workspace_id, form) if form.pairs or not missing else None
    except ValueError as error:  # a cursor that was cut in the mail, or is none of ours
        form.add_error("cursor", str(error))
        return render(request, "explorer/search.html", context, status=422)
    if missing and not (page and page.rows):
        return render(request, "explorer/search_missing.html", {**context, "missing": missing}, status=404)
    return render(request, "explorer/search.html", {**context, "missing": missing, "page": page})


def _context(workspace_id: int, form: SearchForm, clock: Clock) -> dict:
    frame = frame_of(workspace_id, form, zone_name(clock.zone))
    links = id_links(form) if "q" in form.errors else ()
    return {"form": form, "frame": frame, "hues": frame.hues, "id_links": links, "nav": "search", "page_keys": KEYS}


@require_safe
def search_chart(request: HttpRequest) -> HttpResponse:
    """`/search/chart?…`: the latency chart of the newest matches, as a part or, without htmx, as a page."""
    workspace_id = current_workspace(request).id
    clock = clock_of(request)
    form = SearchForm(request.GET, clock=clock)
    context = _context(workspace_id, form, clock)
    if not form.is_valid():
        return render(request, "explorer/search.html", context, status=422)
    context["chart"], context["chart_is_all"] = chart_page(workspace_id, form)
    name = "explorer/search_latency.html" if request.htmx else "explorer/search_chart.html"
    return render(request, name, context)


@require_safe
def search_newer(request: HttpRequest) -> HttpResponse:
    """`/search/newer?…&seen=…&under=`: how many matches came since the page was drawn, as a link that shows them."""
    form = SearchForm(request.GET, clock=clock_of(request))
    if not form.is_valid():
        return HttpResponse(status=422)
    seen = set(request.GET.get("seen", "").split(","))
    found = newer(current_workspace(request).id, form, seen, has_under="under" in request.GET)
    return render(request, "explorer/search_newer.html", {"newer": found})


@require_safe
def span_names(request: HttpRequest) -> HttpResponse:
    """`/search/names?service=`: the options of the span name field."""
    service = request.GET.get("service", "").replace("\0", "")
    names = span_name_choices(current_workspace(request).id, service)
    return render(request, "explorer/search_names.html", {"span_names": names})
