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
        Said(
            _closed(word.text), ELEMENTS.get(word.role, ""), word.service, link_of(word.service) if word.service else ""
        )
        for word in words
    )


def _closed(text: str) -> str:
    """With what a name leaves open: an isolate (U+2066 to U+2068) would take the end of its element for its own, and
    turn the rest of the sentence round."""
    is_open = 0
    for character in text:
        if character in "\u2066\u2067\u2068":
            is_open += 1
        elif character == "\u2069":
            is_open = max(0, is_open - 1)
    return text + "\u2069" * is_open
