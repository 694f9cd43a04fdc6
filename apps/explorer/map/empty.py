"""Why there is no map, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass

from apps.explorer.map.form import MapForm
from apps.explorer.map.look import shown_name
from apps.explorer.period import custom_range
from apps.insights.freshness import Freshness
from apps.insights.service_map import ServiceMap
from apps.store.queries import first_span_received_at, list_services
from apps.traces.durations import format_count
from apps.traces.moments import clock_text

AROUND_NS = 30 * 60 * 10**9
"""On each side of the newest spans, when the map is moved to them."""


@dataclass(frozen=True, slots=True)
class Empty:
    title: str
    why: str
    links: tuple[tuple[str, str], ...]
    """(words, address) of what to do next."""
    is_waiting: bool = False
    """The page is worth asking for again in a moment."""


def no_traces(workspace_id: int, form: MapForm, fresh: Freshness) -> Empty:
    """Nothing was called in the window."""
    if first_span_received_at(workspace_id) is None:
        return Empty(
            "No span has arrived yet",
            "The map is drawn from the traces that services send.",
            (("Connect a service", "/connect"),),
        )
    if fresh.fresh_to_ns < min(form.now_ns, form.period.end_ns) and fresh.fresh_to_ns <= form.now_ns - 10**9:
        return Empty(
            "Traces have arrived and are being digested",
            "A trace is counted when no span has been added to it for some seconds. The map is drawn as soon as the "
            "first one is.",
            (("Look again", form.here()), ("See the traces that are here", "/")),
            is_waiting=True,
        )
    newest = max((service.last_seen_ns for service in list_services(workspace_id)), default=0)
    links = [("The last 7 days", form.here(range="7d", start=None, end=None))]
    why = "No trace in this time range has been counted."
    if newest:
        why += f" The newest spans came {clock_text(newest, form.now_ns, form.zone)}."
        around = custom_range(newest - AROUND_NS, newest + AROUND_NS)
        links.insert(0, ("The map around then", form.here(tz=None, **around)))
    return Empty("Nothing was called in this time range", why, tuple(links))


def no_edges(found: ServiceMap) -> Empty:
    """Services sent spans, and none of them calls another."""
    names = [shown_name(node) for node in found.nodes]
    who = f"Only {names[0]} sent spans" if len(names) == 1 else f"{format_count(len(names))} services sent spans"
    return Empty(
        f"{who}, and no call between services was seen",
        "An edge is drawn where a CLIENT or PRODUCER span is answered by another service's span in the same trace, or "
        "says whom it calls (server.address, db.system.name, messaging.destination.name). Nodes without edges mostly "
        "mean that the trace context is not passed on, or that clients are not instrumented.",
        (("See the traces", "/"), ("How to connect services", "/connect")),
    )


def no_focus(form: MapForm) -> Empty:
    """The focus names nobody on this map."""
    name = shown_name(form.focus_on)
    return Empty(
        f"There is no {name} on this map",
        "Nothing called it, and it called nothing, in this time range.",
        (("The whole map", form.here(focus=None, depth=None)),
         ("The last 7 days", form.here(range="7d", start=None, end=None))),
    )  # fmt: skip
