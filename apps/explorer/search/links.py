"""Addresses of searches: the query string is the whole state."""

from __future__ import annotations

from urllib.parse import urlencode

from apps.explorer.search.form import ORDER
from apps.traces.moments import is_from_now, utc_text
from apps.traces.search_window import CUSTOM, Window

HERE = "/"


def search_link(params: dict[str, str], *, path: str = HERE, **changes: str | None) -> str:
    """The address of the search `params` with `changes` (None or "" removes). The cursor goes: pages start anew."""
    wanted = {**params, "cursor": "", **changes}
    pairs = [(name, wanted[name]) for name in ORDER if wanted.get(name)]
    return f"{path}?{urlencode(pairs)}" if pairs else path


def fixed_link(params: dict[str, str], window: Window) -> str:
    """The same search with its ends written out, in UTC: it means the same to everybody, tomorrow too."""
    ends = {"range": CUSTOM, "start": utc_text(window.start_ns), "end": utc_text(window.fixed_end_ns)}
    return search_link(params, **ends, live=None, tz=None, form=None)


def zone_link(params: dict[str, str], window: Window, zone_name: str) -> str:
    """The same instants told in another zone: ends written without a zone would move with it, those counted from now
    do not."""
    if window.is_relative:
        return search_link(params, tz=zone_name)
    ends = {"start": utc_text(window.start_ns), "end": utc_text(window.end_ns)}
    fixed = {name: at for name, at in ends.items() if params.get(name) and not is_from_now(params[name])}
    return search_link(params, tz=zone_name, **fixed)
