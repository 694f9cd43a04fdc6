"""What the views of all pages of figures begin with."""

from __future__ import annotations

import time
from datetime import UTC, tzinfo

from django.http import HttpRequest

from apps.explorer.fresh import fresh_line
from apps.explorer.period import PeriodForm, period_picker
from apps.insights.freshness import Freshness, freshness
from apps.traces.moments import zone_named


def asked_now(request: HttpRequest) -> dict:
    """What a period form needs besides the query string: now, and the viewer's zone (a cookie, else UTC)."""
    return {"now_ns": time.time_ns(), "zone": viewer_zone(request)}


def viewer_zone(request: HttpRequest) -> tzinfo:
    return zone_named(request.COOKIES.get("tz", "")) or UTC


def figures_context(
    request: HttpRequest, workspace_id: int, form: PeriodForm, path: str, fresh: Freshness | None = None
) -> dict:
    """What every page of figures draws: the period picker, and how fresh the figures are. `fresh`: from whoever
    looked already."""
    fresh = fresh or freshness(workspace_id, form.now_ns)
    return {
        "period": period_picker(form, path, viewer_zone(request)),
        "fresh": fresh_line(fresh.fresh_to_ns, fresh.behind_s, form.now_ns, form.zone),
    }
