"""`/why`, and the part of it that comes by itself."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.accounts.access import current_workspace
from apps.explorer.views.figures import asked_form, figures_context, with_bad_now
from apps.explorer.why.changed_page import changed_page
from apps.explorer.why.form import PATH, WhyForm
from apps.explorer.why.frame import frame_of
from apps.explorer.why.page import attributes_page, why_page
from apps.store.queries import first_span_received_at


@require_safe
def why(request: HttpRequest) -> HttpResponse:
    """`/why?service=&name=…`: the answer, or what there is to ask about. 422 with what is wrong in the address, 404 for
    a service that was never seen."""
    workspace_id = current_workspace(request).id
    form, context = _asked(request, workspace_id)
    if form.errors:
        return render(request, "explorer/why/page.html", context, status=422)
    if form.root_link:
        return HttpResponseRedirect(form.root_link)
    if first_span_received_at(workspace_id) is None:
        return render(request, "explorer/why/first.html", context)
    if not form.is_asked:
        context |= with_bad_now(workspace_id, form, lambda: changed_page(workspace_id, form))
        return render(request, "explorer/why/changed.html", context)
    page = why_page(workspace_id, form)
    context |= {"frame": frame_of(workspace_id, form), "page": page}
    if page.is_well and (service := form.params.get("service")):
        # So that nobody who asks why in the first minutes reads only that all is well over the hour.
        context |= with_bad_now(workspace_id, form, lambda: page, service)
    status = 404 if page.unknown and not page.unknown.name else 200
    return render(request, "explorer/why/page.html", context, status=status)


@require_safe
def why_attributes(request: HttpRequest) -> HttpResponse:
    """`/why/attributes?…`: what the slow ones have in common, as a part or, without htmx, as a page."""
    workspace_id = current_workspace(request).id
    form, context = _asked(request, workspace_id)
    if form.errors or not form.is_asked:
        return render(request, "explorer/why/page.html", context, status=422)
    context["contrast"] = attributes_page(workspace_id, form)
    context["back_link"] = form.link(PATH)
    name = "explorer/why/_attributes.html" if request.htmx else "explorer/why/attributes.html"
    return render(request, name, context)


def _asked(request: HttpRequest, workspace_id: int) -> tuple[WhyForm, dict]:
    form = asked_form(WhyForm, request, workspace_id)
    return form, figures_context(request, workspace_id, form, PATH) | {"nav": "why", "form": form}
