"""`/errors`."""

from __future__ import annotations

import time
from datetime import UTC

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.accounts.access import current_workspace
from apps.explorer.errors.detail import group_page
from apps.explorer.errors.form import PATH, ErrorsForm
from apps.explorer.errors.page import errors_page
from apps.explorer.fresh import fresh_line
from apps.explorer.period import period_picker
from apps.insights.queries import freshness
from apps.store.queries import first_span_received_at
from apps.traces.moments import zone_named


@require_safe
def errors(request: HttpRequest) -> HttpResponse:
    """`/errors?…`: groups of errors; with `group=` also one of them. 422 with what is wrong in the address."""
    workspace_id = current_workspace(request).id
    viewer_zone = zone_named(request.COOKIES.get("tz", "")) or UTC
    form = ErrorsForm(request.GET, now_ns=time.time_ns(), zone=viewer_zone)
    is_valid = form.is_valid()
    fresh = freshness(workspace_id, form.now_ns)
    context = {
        "form": form,
        "nav": "errors",
        "period": period_picker(form, PATH, viewer_zone),
        "fresh": fresh_line(fresh.fresh_to_ns, fresh.behind_s, form.now_ns, form.zone),
    }
    if not is_valid:
        return render(request, "explorer/errors/page.html", context, status=422)
    if first_span_received_at(workspace_id) is None:
        return render(request, "explorer/errors/first.html", context)
    began = time.perf_counter()
    page, found = errors_page(workspace_id, form)
    group = group_page(workspace_id, form, found) if form.params.get("group") else None
    context |= {"page": page, "group": group, "elapsed_ms": round((time.perf_counter() - began) * 1000)}
    return render(request, "explorer/errors/page.html", context)
