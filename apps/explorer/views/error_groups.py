"""`/errors`."""

from __future__ import annotations

import time

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.accounts.access import current_workspace
from apps.explorer.errors.detail import group_page
from apps.explorer.errors.form import PATH, ErrorsForm
from apps.explorer.errors.page import errors_page
from apps.explorer.views.figures import asked_form, figures_context, with_bad_now
from apps.insights.error_groups import error_groups
from apps.store.queries import first_span_received_at


@require_safe
def errors(request: HttpRequest) -> HttpResponse:
    """`/errors?…`: groups of errors; with `group=` also one of them. 422 with what is wrong in the address."""
    workspace_id = current_workspace(request).id
    form = asked_form(ErrorsForm, request, workspace_id)
    context = figures_context(request, workspace_id, form, PATH) | {"nav": "errors", "form": form}
    if form.errors:
        return render(request, "explorer/errors/page.html", context, status=422)
    if first_span_received_at(workspace_id) is None:
        return render(request, "explorer/errors/first.html", context)
    context |= with_bad_now(workspace_id, form, lambda: _page(workspace_id, form))
    return render(request, "explorer/errors/page.html", context | context.pop("page"))


def _page(workspace_id: int, form: ErrorsForm) -> dict:
    """The page, the group that is opened, and how long they took."""
    began = time.perf_counter()
    found = error_groups(workspace_id, form.period)
    group = group_page(workspace_id, form, found) if form.params.get("group") else None
    page = errors_page(form, found, group.traces if group else None)
    return {"page": page, "group": group, "elapsed_ms": round((time.perf_counter() - began) * 1000)}
