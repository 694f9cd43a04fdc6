"""Whether a question that found no trace names anything that ever came, and what is called nearly so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from apps.insights.queries import first_seen
from apps.insights.why.answer import Answer
from apps.store.connection import store_cursor
from apps.store.names import are_span_names_cut, listed_name
from apps.store.queries import list_services, list_span_names
from apps.traces.error_words import one_line
from apps.traces.key_book import NAME

NEAR = 3
MOST_COMPARED, MOST_CHARS = 500, 80
"""Of names, and of each: comparing so many takes 10 ms, and 0.4 s where they hardly differ."""
MAX_NAME = 80
"""In a sentence."""


@dataclass(frozen=True, slots=True)
class Unknown:
    service: str
    name: str
    """Of a span of the service; "" where the service itself is not known."""
    near: tuple[str, ...]
    """Names of services, or of the service's spans, nearest first."""

    @property
    def sentence(self) -> str:
        """`No service gatewya was ever seen.`, `No span POST /chekout of gateway is known.`"""
        service, name = one_line(self.service, MAX_NAME), one_line(self.name, MAX_NAME)
        return f"No span {name} of {service} is known." if self.name else f"No service {service} was ever seen."

    @property
    def near_words(self) -> str:
        """` Similar: gateway, delivery.`, "" without any."""
        return f" Similar: {', '.join(one_line(name, MAX_NAME) for name in self.near)}." if self.near else ""


def unknown_of(workspace_id: int, found: Answer) -> Unknown | None:
    """None where there are traces, or a search was asked about; where service and name are known, or may have come:
    span names are listed when they are digested, and no more beyond 20 000. Raises StoreUnavailable."""
    service, name, judged = found.ask.service, found.ask.name, found.finding.judged
    if judged.before_traces or judged.after_traces or found.ask.query is not None:
        return None
    services = [known.name for known in list_services(workspace_id)]
    if listed_name(service) not in services:
        return Unknown(service, "", _near(service, services))
    names = dict.fromkeys(known.name for known in list_span_names(workspace_id, service))
    is_behind = found.ask.is_behind or found.ask.is_before_behind
    if not name or is_behind or listed_name(name) in names or first_seen(workspace_id, NAME, (service, name)):
        return None
    with store_cursor() as cursor:
        if are_span_names_cut(cursor, workspace_id):
            return None
    return Unknown(service, name, _near(name, names))


def _near(name: str, names: Iterable[str]) -> tuple[str, ...]:
    """By letters, whatever their case."""
    if len(name) > MOST_CHARS:
        return ()
    # Of more names those of about the same length: what is written nearly so is as long.
    nearest = sorted(names, key=lambda known: abs(len(known) - len(name)))
    by_lower = {known.lower(): known for known in nearest[:MOST_COMPARED] if len(known) <= MOST_CHARS}
    return tuple(by_lower[found] for found in get_close_matches(name.lower(), by_lower, NEAR))
