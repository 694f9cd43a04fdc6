"""Which services have arrived: the new ones by name, for the line that turns green, and all that are connected."""

from __future__ import annotations

from dataclasses import dataclass

from apps.ingest.queries import SenderInfo, recent_senders
from apps.insights.seen import services_seen
from apps.store.queries import has_service_since, list_services
from apps.store.results import ServiceInfo, TraceRow
from apps.store.search import search
from apps.traces.moments import HOUR_NS, MINUTE_NS
from apps.traces.query import SpanPredicate, TraceQuery

RECENT_NS = 15 * MINUTE_NS
"""So long a service is told as new to whoever opens the page: they may come back from starting it."""
SENDS_NS = 3 * MINUTE_NS
"""Rollups are to the minute and lag behind by up to another: who was seen within three sends now."""
MOST_LISTED = 12


@dataclass(frozen=True, slots=True)
class Listening:
    since_ns: int
    """When the newest service was first seen that was known as the page was opened; 0 when there was none."""
    latest_ns: int
    """The same as of now: who has drawn this one need not draw again."""
    connected: int
    """Services there are."""
    new: tuple[ServiceInfo, ...]
    """First seen after `since_ns`, or when the page is just opened, within RECENT_NS; the latest first."""
    newest: TraceRow | None
    """The newest trace of the latest of them, within the last hour."""


@dataclass(frozen=True, slots=True)
class Connected:
    """One service. Its first span was received at `first_ns`; the last one is known to the minute."""

    name: str
    first_ns: int
    last_ns: int
    sends_now: bool


@dataclass(frozen=True, slots=True)
class ConnectedList:
    count: int
    lines: tuple[Connected, ...]
    """MOST_LISTED of them, the latest to arrive first."""
    hues: dict[str, int]
    senders: tuple[SenderInfo, ...]
    """Client programs, the latest first."""


def listening(workspace_id: int, since_ns: int | None, now_ns: int) -> Listening:
    """Who is new in a workspace. `since_ns` comes from an earlier answer, None when the page is opened: moments of
    arrival are compared with each other, all by the database's clock; only the first answer goes by this machine's."""
    services = _latest_first(list_services(workspace_id))
    latest_ns = services[0].first_seen_ns if services else 0
    after_ns = now_ns - RECENT_NS if since_ns is None else since_ns
    new = tuple(service for service in services if service.first_seen_ns > after_ns)
    newest = _newest_trace(workspace_id, new[0].name, now_ns) if new else None
    return Listening(latest_ns if since_ns is None else since_ns, latest_ns, len(services), new, newest)


def has_news(workspace_id: int, latest_ns: int) -> bool:
    """Whether a service was first seen after the one that `latest_ns` of an earlier answer tells."""
    return has_service_since(workspace_id, latest_ns)


def connected_list(workspace_id: int, now_ns: int) -> ConnectedList:
    """The services that are connected, and with what they send."""
    services = _latest_first(list_services(workspace_id))
    minutes: dict[str, int] = {}
    for (name, _), (_, last_ns) in services_seen(workspace_id).items():
        minutes[name] = max(last_ns, minutes.get(name, 0))
    lines = tuple(_connected(service, minutes.get(service.name, 0), now_ns) for service in services[:MOST_LISTED])
    hues = {service.name: service.hue for service in services[:MOST_LISTED]}
    return ConnectedList(len(services), lines, hues, recent_senders(workspace_id, limit=8))


def _latest_first(services: tuple[ServiceInfo, ...]) -> list[ServiceInfo]:
    return sorted(services, key=lambda service: (-service.first_seen_ns, service.name))


def _connected(service: ServiceInfo, minute_ns: int, now_ns: int) -> Connected:
    last_ns = max(service.last_seen_ns, min(minute_ns + MINUTE_NS, now_ns) if minute_ns else 0)
    return Connected(service.name, service.first_seen_ns, last_ns, now_ns - last_ns < SENDS_NS)


def _newest_trace(workspace_id: int, service: str, now_ns: int) -> TraceRow | None:
    # Clocks of senders run ahead at times: look a minute past now.
    window = {"start_ns": now_ns - HOUR_NS, "end_ns": now_ns + MINUTE_NS}
    found = search(workspace_id, TraceQuery(**window, span=SpanPredicate(service=service), limit=1))
    return found.rows[0] if found.rows else None
