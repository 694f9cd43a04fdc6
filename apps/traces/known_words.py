"""Words that people write as if they were attributes: service, span name, kind, status, duration.

A search keeps them in fields of their own. `service=payment error=true duration>300ms` in the box means those fields;
under `attrs`, and in the box read as text, such a key stays the attribute of that name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from apps.traces.durations import parse_duration_ns
from apps.traces.model import STATUSES

KINDS = ("SERVER", "CLIENT", "PRODUCER", "CONSUMER", "INTERNAL")
LONGER, SHORTER = "duration>", "duration<"
"""`duration>300ms` and `duration>=300ms` are this key and `300ms`; both ends are inclusive."""
FIELDS = ("service", "name", "kind", "status", "min", "max")


@dataclass(frozen=True, slots=True)
class Condition:
    """One of the box's pairs, as written, and what is meant by it."""

    key: str
    """"" for a bare value."""
    text: str
    field: str = ""
    """One of FIELDS, or "" for an attribute or a bare value."""
    value: str | int | None = None
    """Of the field: text, or nanoseconds."""


def conditions_of(pairs: Iterable[tuple[str, str]]) -> tuple[Condition, ...]:
    """Each pair's meaning, in order. A field that is already taken by another value leaves its key an attribute: a
    span has one service, so that such a search finds nothing, as it must."""
    taken: set[str] = set()
    found = []
    for key, text in pairs:
        field, read = _KNOWN.get(key.lower(), ("", str))
        value = read(text) if field and field not in taken else None
        taken.add(field if value is not None else "")
        found.append(Condition(key, text) if value is None else Condition(key, text, field, value))
    return tuple(found)


def is_known_word(key: str, text: str) -> bool:
    """Whether the pair in the box would mean a field, not the attribute `key`."""
    return bool(conditions_of([(key, text)])[0].field)


def as_duration_pair(word: str) -> tuple[str, str] | None:
    """`duration>300ms` -> ("duration>", "300ms"); None for every other word."""
    for key in (LONGER, SHORTER):
        if word.lower().startswith(key):
            text = word[len(key) :].removeprefix("=")
            return (key, text) if _duration(text) is not None else None
    return None


def _text(text: str) -> str | None:
    return text or None


def _one_of(names: tuple[str, ...]) -> Callable[[str], str | None]:
    return lambda text: text.upper() if text.upper() in names else None


def _failed(text: str) -> str | None:
    return "ERROR" if text.lower() == "true" else None


def _duration(text: str) -> int | None:
    try:
        return parse_duration_ns(text)
    except ValueError:
        return None


_KNOWN: dict[str, tuple[str, Callable[[str], str | int | None]]] = {
    "service": ("service", _text), "service.name": ("service", _text),
    "name": ("name", _text), "span.name": ("name", _text),
    "kind": ("kind", _one_of(KINDS)), "span.kind": ("kind", _one_of(KINDS)),
    "status": ("status", _one_of(STATUSES)), "error": ("status", _failed),
    LONGER: ("min", _duration), SHORTER: ("max", _duration),
}  # fmt: skip
