"""`/slow`."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.accounts.access import current_workspace
from apps.explorer.services.forms import SlowForm
from apps.explorer.slow.page import PATH, slow_page
from apps.explorer.views.figures import asked_form, figures_context, with_bad_now
from apps.insights.freshness import held_period
from apps.insights.period import YESTERDAY
from apps.insights.queries import coverage
from apps.store.queries import first_span_received_at


@require_safe
def slow(request: HttpRequest) -> HttpResponse:
    """`/slow?…`. 422 with what is wrong when the address cannot be read."""
    workspace_id = current_workspace(request).id
    form = asked_form(SlowForm, request, workspace_id)
    period = form.period
    nobody_said = not form.errors and period.against == YESTERDAY and not form.params.get("against")
    if nobody_said and not period.is_compared_behind and not coverage(workspace_id, period.compared).traces:
        form.fall_back()
        form.period = held_period(workspace_id, form.period)
    context = figures_context(request, workspace_id, form, PATH) | {"nav": "slow", "form": form}
    if form.errors:
        return render(request, "explorer/slow/page.html", context, status=422)
    if first_span_received_at(workspace_id) is None:
        return render(request, "explorer/slow/first.html", context)
    context |= with_bad_now(workspace_id, form, lambda: slow_page(workspace_id, form))
    return render(request, "explorer/slow/page.html", context)
