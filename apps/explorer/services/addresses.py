"""Addresses between the pages of figures."""

from __future__ import annotations

from urllib.parse import quote

from apps.explorer.period import PeriodForm, link_with


def service_link(form: PeriodForm | None, name: str) -> str:
    """The page of a service, over the same period. A name that an address cannot hold as its path (a browser folds
    `a/../b`, and `.` ends at a line break) goes into the query string."""
    period = form.period_params() if form else {}
    is_plain = name.isprintable() and not {"", ".", ".."} & set(name.split("/"))
    return (
        link_with(f"/services/{quote(name)}", period) if is_plain else link_with("/services", {"name": name, **period})
    )


def search_link(form: PeriodForm, **conditions: str) -> str:
    """The search for spans of the same window, both ends written out."""
    return link_with("/", {**conditions, **form.fixed_params()})


def map_link(form: PeriodForm, service: str) -> str:
    return link_with("/map", {**form.period_params(), "focus": f"service:{service}"})


def why_link(form: PeriodForm, service: str, name: str = "") -> str:
    return link_with("/why", {**form.period_params(), "service": service, "name": name})
