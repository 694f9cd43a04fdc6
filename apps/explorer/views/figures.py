"""What the views of all pages of figures begin with."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, tzinfo
from typing import TypeVar

from django.http import HttpRequest

from apps.explorer.bad_now import bad_now_line, stopped_line
from apps.explorer.fresh import fresh_line
from apps.explorer.period import PeriodForm, period_picker
from apps.insights.bad_now import bad_now
from apps.insights.freshness import Freshness, freshness, held_period
from apps.store.at_once import at_once
from apps.traces.moments import zone_named

Form = TypeVar("Form", bound=PeriodForm)
Page = TypeVar("Page")


def asked_form(form_class: type[Form], request: HttpRequest, workspace_id: int) -> Form:
    """What a query string asks for (its `errors` say what is wrong), as of now, in the viewer's zone (a cookie, else
    UTC). The period of a valid one is read as far as it is held. Raises StoreUnavailable."""
    form = form_class(request.GET, now_ns=time.time_ns(), zone=viewer_zone(request))
    if form.is_valid():
        form.period = held_period(workspace_id, form.period)
    return form


def viewer_zone(request: HttpRequest) -> tzinfo:
    return zone_named(request.COOKIES.get("tz", "")) or UTC


def figures_context(
    request: HttpRequest, workspace_id: int, form: PeriodForm, path: str, fresh: Freshness | None = None
) -> dict:
    """What every page of figures draws: the period picker, and how fresh the figures are. `fresh`: from whoever
    looked already."""
    fresh = fresh or freshness(workspace_id, form.now_ns)
    until_ns = form.period.window.end_ns if form.period.is_behind else None
    against = form.period.against_label if form.period.is_compared_behind else ""
    return {
        "period": period_picker(form, path, viewer_zone(request)),
        "fresh": fresh_line(fresh.fresh_to_ns, fresh.behind_s, form.now_ns, form.zone, until_ns, against),
    }


def with_bad_now(workspace_id: int, form: PeriodForm, made: Callable[[], Page], about: str = "") -> dict:
    """The page that `made` gives, of all services or `about` one, and what is bad right now, which is read beside
    it."""
    page, found = at_once(made, lambda: bad_now(workspace_id, form.period, about))
    return {
        "page": page, "bad_now": bad_now_line(found, form, about), "stopped": stopped_line(found, form, about),
    }  # fmt: skip
