"""The service map: the page, and its panel alone for whoever has the map already."""

import time
from datetime import UTC

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.accounts.access import current_workspace
from apps.explorer.fresh import fresh_line
from apps.explorer.map.form import PATH, MapForm
from apps.explorer.map.page import map_page, map_panel
from apps.explorer.period import period_picker
from apps.insights.queries import freshness
from apps.traces.moments import zone_named

KEYS = (
    (("f",), "find a service"), (("←", "→", "↑", "↓"), "from node to node"), (("Enter",), "show it"),
    (("+", "−"), "full size, fit"), (("y",), "copy link"),
)  # fmt: skip


@require_safe
def service_map(request: HttpRequest) -> HttpResponse:
    """`/map?…`: what calls what. 422 with the fields' errors. With htmx only the side panel of what is chosen."""
    workspace_id = current_workspace(request).id
    zone = zone_named(request.COOKIES.get("tz", "")) or UTC
    form = MapForm(request.GET, now_ns=time.time_ns(), zone=zone)
    context = {"form": form, "nav": "map", "page_keys": KEYS, "period": period_picker(form, PATH, zone)}
    if not form.is_valid():
        return render(request, "explorer/map/page.html", context, status=422)
    if request.htmx:
        context["panel"] = map_panel(workspace_id, form)
        return render(request, "explorer/map/panel.html", context)
    fresh = freshness(workspace_id, form.now_ns)
    context["fresh"] = fresh_line(fresh.fresh_to_ns, fresh.behind_s, form.now_ns, form.zone)
    context["page"] = map_page(workspace_id, form, fresh)
    return render(request, "explorer/map/page.html", context)
