"""What stands around the results: the box, the form's choices, the range and the zone, all as ready addresses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

from apps.explorer.search.form import SearchForm
from apps.explorer.search.links import fixed_link, search_link, zone_link
from apps.store.queries import list_services, list_span_names
from apps.store.results import ServiceInfo
from apps.traces.known_words import KINDS
from apps.traces.model import STATUSES
from apps.traces.moments import field_text
from apps.traces.search_window import CUSTOM, Window, preset_names

FORM_FIELDS = ("service", "name", "kind", "status", "min", "max", "attrs", "trace_min", "trace_max")
MAX_NAMES = 500
"""A datalist beyond that only slows the page; typing goes on working for every name."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The two fields of a fixed range: their text, and whether it is a date and time a picker can show."""

    start: str
    end: str
    is_readable: bool


@dataclass(frozen=True, slots=True)
class Frame:
    services: tuple[ServiceInfo, ...]
    span_names: tuple[str, ...]
    kinds: tuple[str, ...]
    statuses: tuple[str, ...]
    window: Window
    window_detail: str
    range_is_usual: bool
    """Nobody chose it: it depends on whether the box says something, and stays out of the address."""
    retention_days: int
    presets: tuple[tuple[str, str], ...]
    ends: Ends
    zone: str
    zones: tuple[tuple[str, str], ...]
    """(name, address of the same search told in it)."""
    form_open: bool
    form_count: int
    """How many of the form's fields say something."""
    hidden: tuple[tuple[str, str], ...]
    """Fields that a closed form carries along."""
    text_link: str
    form_link: str
    first_link: str
    clear_link: str
    live: bool
    live_link: str
    fixed_link: str

    @property
    def hues(self) -> dict[str, int]:
        return {service.name: service.hue for service in self.services}


def frame_of(workspace_id: int, form: SearchForm, viewer_zone: str) -> Frame:
    """The frame of a form, valid or not."""
    params, window, zone = form.params, form.window_or_default(), form.zone
    is_open = bool(params.get("form")) or bool(set(FORM_FIELDS) & set(form.errors))
    filled = [(name, params[name]) for name in FORM_FIELDS if params.get(name)]
    return Frame(
        services=list_services(workspace_id),
        span_names=span_name_choices(workspace_id, params.get("service", "")) if is_open else (),
        kinds=KINDS,
        statuses=STATUSES,
        window=window,
        window_detail=window.detail(zone),
        range_is_usual=not {"range", "start", "end"} & set(params),
        retention_days=form.clock.retention_days,
        presets=tuple(preset_names(form.clock.retention_days).items()),
        ends=_ends(form, window, zone),
        zone=zone_name(zone),
        zones=_zones(params, window, zone_name(zone), viewer_zone),
        form_open=is_open,
        form_count=len(filled),
        hidden=() if is_open else tuple(filled),
        text_link=search_link(params, form=None),
        form_link=search_link(params, form="1"),
        first_link=search_link(params),
        clear_link=search_link({name: params[name] for name in ("tz", "form") if name in params}),
        live=params.get("live") == "1",
        live_link=search_link(params, live=None if params.get("live") else "1"),
        fixed_link=fixed_link(params, window),
    )


def span_name_choices(workspace_id: int, service: str) -> tuple[str, ...]:
    """Span names of a service ("" for all), each once, in order."""
    names = {info.name for info in list_span_names(workspace_id, service=service or None)}
    return tuple(sorted(names)[:MAX_NAMES])


def zone_name(zone: tzinfo) -> str:
    return getattr(zone, "key", "UTC")


def _zones(params: dict, window: Window, current: str, viewer: str) -> tuple[tuple[str, str], ...]:
    names = dict.fromkeys((viewer, "UTC", current))
    return tuple((name, zone_link(params, window, name)) for name in names)


def _ends(form: SearchForm, window: Window, zone: tzinfo) -> Ends:
    if {"start", "end"} & set(form.errors) and form.data.get("range", CUSTOM) == CUSTOM:
        return Ends(form.data.get("start", ""), form.data.get("end", ""), is_readable=False)
    return Ends(field_text(window.start_ns, zone), field_text(window.shown_end_ns, zone), is_readable=True)
