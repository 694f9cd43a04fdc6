"""`/services/<name>`: one service, from the sentence down to the traces."""

from __future__ import annotations

from dataclasses import dataclass

from apps.explorer.change import Mark, duration_mark, error_mark, format_rate, rate_mark
from apps.explorer.map.look import KIND_ICONS, shown_name
from apps.explorer.search.pasted import trace_address
from apps.explorer.services.addresses import map_link, search_link, service_link, why_link
from apps.explorer.services.cells import Cells, Impact, cells, impact
from apps.explorer.services.forms import ServiceForm
from apps.explorer.services.key_figures import KeyFigure, key_figures
from apps.explorer.services.said import ServiceSaid, service_said
from apps.explorer.spark import spark_path
from apps.explorer.verdicts import said_of
from apps.insights.change import UNKNOWN
from apps.insights.one_service import NameLine, Neighbour, OneService, VersionLine, one_service
from apps.insights.queries import NameKey
from apps.store.queries import stored_verdicts
from apps.traces.durations import NONE, duration_text, format_count, format_duration_ns, format_percent
from apps.traces.known_words import KINDS
from apps.traces.moments import second_text, utc_text

ICONS = {"SERVER": "http", "INTERNAL": "code", "CLIENT": "http", "PRODUCER": "queue", "CONSUMER": "queue"}


@dataclass(frozen=True, slots=True)
class NameRow:
    name: str
    icon: str
    peer: str
    kind: str
    link: str
    """A search for these spans."""
    impact: Impact
    cells: Cells
    spark: str


@dataclass(frozen=True, slots=True)
class SlowRow:
    link: str
    duration: str
    width: str
    said: str
    """What the trace's verdict says; else the span's name."""
    at: str
    at_utc: str


@dataclass(frozen=True, slots=True)
class VersionRow:
    version: str
    is_now: bool
    """Its spans are the last that came."""
    first_seen: str
    share: str
    p50: str
    p95: str
    duration: Mark
    errors: str
    error_mark: Mark


@dataclass(frozen=True, slots=True)
class NearRow:
    name: str
    service: str
    """"" for what is no service."""
    icon: str
    link: str
    rate: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class ServicePage:
    name: str
    said: ServiceSaid
    figures: tuple[KeyFigure, ...]
    names: tuple[NameRow, ...]
    more_names: str
    kinds: tuple[str, ...]
    slowest: tuple[SlowRow, ...]
    versions: tuple[VersionRow, ...]
    version: str
    callers: tuple[NearRow, ...]
    callees: tuple[NearRow, ...]
    first_seen: str
    last_seen: str
    map_link: str
    why_link: str
    search_link: str


def service_page(workspace_id: int, name: str, form: ServiceForm) -> ServicePage | None:
    """Of a valid form; None for a service nothing is known of."""
    found = one_service(workspace_id, name, form.period, form.kind_or_none)
    if found is None:
        return None
    now_ns, zone = form.now_ns, form.zone
    latest_ns = max((one.last_seen_ns for one in found.versions), default=0)
    versions = tuple(_version(form, one, one.last_seen_ns == latest_ns) for one in found.versions)
    return ServicePage(
        name=name,
        said=service_said(found, form),
        figures=key_figures(found, form),
        names=tuple(_name(form, name, line) for line in found.names),
        more_names=format_count(found.more_names) if found.more_names else "",
        kinds=KINDS,
        slowest=_slowest(workspace_id, found, form),
        versions=versions,
        version=next((one.version for one in versions if one.is_now), ""),
        callers=tuple(_near(form, one) for one in found.callers),
        callees=tuple(_near(form, one) for one in found.callees),
        first_seen=second_text(found.first_seen_ns, now_ns, zone),
        last_seen=second_text(found.last_seen_ns, now_ns, zone),
        map_link=map_link(form, name),
        why_link=why_link(form, name),
        search_link=search_link(form, service=name),
    )


def _name(form: ServiceForm, service: str, line: NameLine) -> NameRow:
    key, period = line.key, form.period
    return NameRow(
        name=key.span_name,
        icon=icon_of(key),
        peer=key.peer if key.kind in ("CLIENT", "PRODUCER") else "",
        kind=key.kind,
        link=search_link(form, service=service, name=key.span_name),
        impact=impact(line.impact),
        cells=cells(line.now, line.duration, UNKNOWN, line.errors, period),
        spark=spark_path(line.p95s),
    )


def icon_of(key: NameKey) -> str:
    """Of whom it calls, else of its kind."""
    return KIND_ICONS.get(key.peer_kind, ICONS.get(key.kind, "code"))


def _slowest(workspace_id: int, found: OneService, form: ServiceForm) -> tuple[SlowRow, ...]:
    verdicts = stored_verdicts(workspace_id, (example.trace_id for _, example in found.slowest))
    longest = max((example.duration_ns for _, example in found.slowest), default=1)
    return tuple(
        SlowRow(
            trace_address(example.trace_id, example.span_id), format_duration_ns(example.duration_ns),
            f"{example.duration_ns / max(longest, 1) * 100:.1f}%",
            said_of(verdicts.get(example.trace_id)) or key.span_name,
            second_text(example.start_ns, form.now_ns, form.zone), utc_text(example.start_ns),
        )
        for key, example in found.slowest
    )  # fmt: skip


def _version(form: ServiceForm, one: VersionLine, is_now: bool) -> VersionRow:
    against = "all other versions of both periods"
    return VersionRow(
        one.version or "(none)", is_now, second_text(one.first_seen_ns, form.now_ns, form.zone),
        format_percent(one.share), duration_text(one.now.p(0.5)), duration_text(one.now.p(0.95)),
        duration_mark(one.duration, against),
        format_percent(one.now.error_share) if one.now.samples else NONE, error_mark(one.errors, against),
    )  # fmt: skip


def _near(form: ServiceForm, one: Neighbour) -> NearRow:
    is_service = one.node.kind == "service"
    return NearRow(
        shown_name(one.node), one.node.name if is_service else "", KIND_ICONS.get(one.node.kind, "user"),
        service_link(form, one.node.name) if is_service else "",
        f"{format_rate(one.now.calls / form.period.minutes)} a minute" if one.now.samples else "none",
        rate_mark(one.rate, form.period.against_label),
    )  # fmt: skip
