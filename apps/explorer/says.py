"""A sentence made of `apps.traces.why.words`, as pages mark it up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from apps.traces.why.words import STRONG, VERSION, WHERE, Words

ELEMENTS = {STRONG: "b", WHERE: "where", VERSION: "version"}


@dataclass(frozen=True, slots=True)
class Said:
    text: str
    role: str
    """`b`, `where`, `version` or ""."""
    service: str
    link: str
    """Of the service's page; "" on that page itself."""


def said(words: Words, link_of: Callable[[str], str]) -> tuple[Said, ...]:
    """`link_of` gives the address of a service's page."""
    return tuple(
        Said(word.text, ELEMENTS.get(word.role, ""), word.service, link_of(word.service) if word.service else "")
        for word in words
    )
