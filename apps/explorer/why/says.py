"""A sentence of `apps.traces.why` as a page marks it up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo

from apps.traces.moments import local
from apps.traces.why.words import STRONG, VERSION, WHERE, Words

ELEMENTS = {STRONG: "b", WHERE: "where", VERSION: "version"}


@dataclass(frozen=True, slots=True)
class Said:
    text: str
    role: str
    """`b`, `where`, `version` or ""."""
    service: str
    link: str


def said(words: Words, link_of: Callable[[str], str]) -> tuple[Said, ...]:
    """`link_of` gives the address of a service's page."""
    return tuple(
        Said(word.text, ELEMENTS.get(word.role, ""), word.service, link_of(word.service) if word.service else "")
        for word in words
    )


def clock_in(zone: tzinfo, now_ns: int) -> Callable[[int], str]:
    """`14:05`, and the day where it is not today."""
    today = local(now_ns, zone).date()

    def clock(at_ns: int) -> str:
        at = local(at_ns, zone)
        return f"{at:%H:%M}" if at.date() == today else f"{at.day}\u00a0{at:%b}\u00a0{at:%H:%M}"

    return clock
