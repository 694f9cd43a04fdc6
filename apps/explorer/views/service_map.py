"""The service map: the page, and its panel alone for whoever has the map already."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.accounts.access import current_workspace
from apps.explorer.map.form import PATH, MapForm
from apps.explorer.map.page import map_page, map_panel
from apps.explorer.views.figures import asked_form, figures_context, with_bad_now
from apps.insights.freshness import freshness

KEYS = (
    (("f",), "find a service"), (("←", "→", "↑", "↓"), "from node to node"), (("Enter",), "show it"),
    (("+", "−"), "full size, fit"), (("y",), "copy link"),
)  # fmt: skip


@require_safe
def service_map(request: HttpRequest) -> HttpResponse:
    """`/map?…`: what calls what. 422 with the fields' errors. With htmx only the side panel of what is chosen."""
    workspace_id = current_workspace(request).id
    form = asked_form(MapForm, request, workspace_id)
    if not form.errors and request.htmx:
        return render(request, "explorer/map/panel.html", {"form": form, "panel": map_panel(workspace_id, form)})
    fresh = freshness(workspace_id, form.now_ns)
    context = figures_context(request, workspace_id, form, PATH, fresh)
    context |= {"form": form, "nav": "map", "page_keys": KEYS}
    if form.errors:
        return render(request, "explorer/map/page.html", context, status=422)
    context |= with_bad_now(workspace_id, form, lambda: map_page(workspace_id, form, fresh))
    return render(request, "explorer/map/page.html", context)
