"""`/why`, and the part of it that comes by itself."""

from __future__ import annotations

import time
from datetime import UTC

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.accounts.access import current_workspace
from apps.explorer.fresh import fresh_line
from apps.explorer.period import period_picker
from apps.explorer.why.changed_page import changed_page
from apps.explorer.why.form import PATH, WhyForm
from apps.explorer.why.frame import frame_of
from apps.explorer.why.page import attributes_page, why_page
from apps.insights.queries import freshness
from apps.store.queries import first_span_received_at
from apps.traces.moments import zone_named


@require_safe
def why(request: HttpRequest) -> HttpResponse:
    """`/why?service=&name=…`: the answer, or what there is to ask about. 422 with what is wrong in the address."""
    workspace_id = current_workspace(request).id
    form, context = _asked(request, workspace_id)
    if not form.is_valid():
        return render(request, "explorer/why/page.html", context, status=422)
    if form.root_link:
        return HttpResponseRedirect(form.root_link)
    if first_span_received_at(workspace_id) is None:
        return render(request, "explorer/why/first.html", context)
    if not form.is_asked:
        return render(request, "explorer/why/changed.html", context | {"page": changed_page(workspace_id, form)})
    frame, page = frame_of(workspace_id, form), why_page(workspace_id, form)
    return render(request, "explorer/why/page.html", context | {"frame": frame, "page": page})


@require_safe
def why_attributes(request: HttpRequest) -> HttpResponse:
    """`/why/attributes?…`: what the slow ones have in common, as a part or, without htmx, as a page."""
    workspace_id = current_workspace(request).id
    form, context = _asked(request, workspace_id)
    if not form.is_valid() or not form.is_asked:
        return render(request, "explorer/why/page.html", context, status=422)
    context["contrast"] = attributes_page(workspace_id, form)
    context["back_link"] = form.link(PATH)
    name = "explorer/why/_attributes.html" if request.htmx else "explorer/why/attributes.html"
    return render(request, name, context)


def _asked(request: HttpRequest, workspace_id: int) -> tuple[WhyForm, dict]:
    viewer_zone = zone_named(request.COOKIES.get("tz", "")) or UTC
    form = WhyForm(request.GET, now_ns=time.time_ns(), zone=viewer_zone)
    form.is_valid()
    fresh = freshness(workspace_id, form.now_ns)
    return form, {
        "form": form,
        "nav": "why",
        "period": period_picker(form, PATH, viewer_zone),
        "fresh": fresh_line(fresh.fresh_to_ns, fresh.behind_s, form.now_ns, form.zone),
    }
