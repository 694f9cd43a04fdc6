"""`/services` and `/services/<name>`."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.accounts.access import current_workspace
from apps.explorer.services.addresses import service_link
from apps.explorer.services.all_page import PATH, services_page
from apps.explorer.services.forms import ServiceForm, ServicesForm
from apps.explorer.services.one_page import service_page
from apps.explorer.views.figures import asked_form, figures_context, with_bad_now
from apps.store.queries import first_span_received_at


@require_safe
def services(request: HttpRequest) -> HttpResponse:
    """`/services?…`. 422 with what is wrong when the address cannot be read. With `name=` that service, for names that
    an address cannot hold as its path."""
    if request.GET.get("name"):
        return service(request, request.GET["name"])
    workspace_id = current_workspace(request).id
    form = asked_form(ServicesForm, request, workspace_id)
    context = figures_context(request, workspace_id, form, PATH) | {"nav": "services", "form": form}
    if form.errors:
        return render(request, "explorer/services/all.html", context, status=422)
    if first_span_received_at(workspace_id) is None:
        return render(request, "explorer/services/first.html", context)
    context |= with_bad_now(workspace_id, form, lambda: services_page(workspace_id, form))
    return render(request, "explorer/services/all.html", context)


@require_safe
def service(request: HttpRequest, name: str) -> HttpResponse:
    """`/services/<name>?…`. 404 for a service nothing is known of."""
    workspace_id = current_workspace(request).id
    form = asked_form(ServiceForm, request, workspace_id)
    path = service_link(None, name)
    context = figures_context(request, workspace_id, form, path) | {"nav": "services", "form": form, "name": name}
    if form.errors:
        return render(request, "explorer/services/one.html", context | {"path": path}, status=422)
    known = name.replace("\0", "")
    context |= with_bad_now(workspace_id, form, lambda: service_page(workspace_id, known, form), known)
    if context["page"] is None:
        return render(request, "explorer/services/missing.html", context, status=404)
    return render(request, "explorer/services/one.html", context | {"path": path})
