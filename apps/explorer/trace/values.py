"""Attribute values as the span panel shows them: in full where possible, JSON laid out, a search one click away."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import quote

from apps.traces.known_words import is_known_word
from apps.traces.logfmt import format_logfmt
from apps.traces.model import Pairs
from apps.traces.values import value_text

SHOWN_CHARS = 65_536
"""Of one value; the download has it all."""
LONG_CHARS = 400
JSON_CHARS = 65_536
LINK_CHARS = 512
"""Longer values make no sensible search and no sensible address."""
SHOWN_PAIRS = 500

_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if code not in (9, 10)}


@dataclass(frozen=True, slots=True)
class Attribute:
    key: str
    text: str
    note: str
    """What the text does not say: its type, or how much was cut."""
    is_json: bool
    is_long: bool
    is_hot: bool
    find_href: str
    """Search for traces with this value; "" when it is too long for one."""


def attributes(pairs: Pairs, hot: frozenset[str] = frozenset()) -> tuple[Attribute, ...]:
    """The first SHOWN_PAIRS of a span's (or resource's, event's, …) attributes, sorted by key."""
    ordered = sorted(pairs, key=lambda pair: pair[0])[:SHOWN_PAIRS]
    return tuple(_attribute(key, value, key in hot) for key, value in ordered)


def visible(text: str) -> str:
    """The text with control characters written out (`\\x00`), so that a NUL is seen and harms nothing."""
    return text.translate(_CONTROLS)


def value_search(key: str, text: str) -> str:
    """Address of the search for traces where `key` has this value."""
    if is_known_word(key, text):  # in the box it would mean the span's own field
        return "/?range=all&attrs=" + quote(format_logfmt([(key, text)]), safe="")
    return "/?q=" + quote(format_logfmt([(key, text)]), safe="")


def _attribute(key: str, value: object, is_hot: bool) -> Attribute:
    raw = value_text(value)
    pretty = _laid_out(value, raw)
    text = pretty if pretty is not None else raw
    cut = len(text) - SHOWN_CHARS
    return Attribute(
        key=visible(key),
        text=visible(text[:SHOWN_CHARS]),
        note=_note(value) + (f"{cut} characters more in the download" if cut > 0 else ""),
        is_json=pretty is not None,
        is_long=len(text) > LONG_CHARS,
        is_hot=is_hot,
        find_href=value_search(key, raw) if key and raw and len(raw) <= LINK_CHARS else "",
    )


def _note(value: object) -> str:
    if value is None:
        return "no value"
    if value == "":
        return "empty text"
    return "bytes, base64" if isinstance(value, bytes) else ""


def _laid_out(value: object, raw: str) -> str | None:
    """Indented JSON of a list, a map or a text that is JSON itself; None for everything else."""
    is_text = isinstance(value, str)
    if not (isinstance(value, list | dict) or (is_text and raw[:1] in "{[" and raw[-1:] in "}]" and len(raw) > 2)):
        return None
    if len(raw) > JSON_CHARS:
        return None
    try:
        parsed = json.loads(raw)
        short = json.dumps(parsed, ensure_ascii=False)
        return json.dumps(parsed, ensure_ascii=False, indent=2) if is_text or len(short) > 40 else short
    except (ValueError, RecursionError):
        return None
