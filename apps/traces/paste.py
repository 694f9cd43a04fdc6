"""What somebody pasted into the search box: an id, a header, a log line, a link, or words to search for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from apps.traces.ids import parse_span_id, parse_trace_id
from apps.traces.known_words import LONGER, SHORTER, as_duration_pair
from apps.traces.logfmt import SENTENCE_ENDS, LogfmtError, parse_logfmt
from apps.traces.paste_ids import id_in_headers, id_in_log_line, word_that_is_an_id
from apps.traces.paste_links import read_link

MAX_CHARS = 10_000
"""More is cut off: nobody reads further than that in a search box, and a log file is no search."""

_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u2060\ufeff]")
_KEY = re.compile(r"[A-Za-z_][\w.:/\-]*", re.ASCII)
_WRAPPERS = (("<", ">"), ("`", "`"), ("'", "'"), ("“", "”"), ("(", ")"))


@dataclass(frozen=True, slots=True)
class Recognised:
    """What was understood. `said` tells the person in a few words.

    - `trace_id`: open that trace. `span_id`, when there, is the span to open it at.
    - `span_id`: 16 hex digits, a span id or a 64-bit trace id; both fields are set, the span id
      as written, the trace id filled to 32 digits. Which one it is only the store knows.
    - `query`: search for `pairs` (attribute key, text) and `values` (text under any key). From links
      to Jaeger's or Zipkin's search come the keys `service.name` and `name`, the span's name.

    Ids keep the text in `values`, because an order's number may look like an id: when no trace or
    span has the id, search for the value.
    """

    kind: str
    said: str
    trace_id: str | None = None
    span_id: str | None = None
    span_said: str = ""
    """Of a link to a trace: what stands there for a span and is no span's id."""
    pairs: tuple[tuple[str, str], ...] = ()
    values: tuple[str, ...] = ()


def recognise(text: str) -> Recognised:
    """Never raises, whatever the text; looks at the first 10 000 characters."""
    cleaned = _clean(text)
    if not cleaned:
        return Recognised("query", "")
    bare = _unwrapped(cleaned)
    # "<https://…>" is how chats write links; other text in such brackets is somebody's markup, and stays as it is.
    text = cleaned if cleaned.startswith("<") else bare
    return _whole_id(bare) or _link(bare) or _id_inside(bare) or _words(text)


def _clean(text: str) -> str:
    return _INVISIBLE.sub("", text[:MAX_CHARS]).strip()


def _unwrapped(cleaned: str) -> str:
    for opening, closing in _WRAPPERS:
        inner = cleaned[1:-1]
        is_whole = cleaned.startswith(opening) and cleaned.endswith(closing) and not {opening, closing} & set(inner)
        if is_whole and inner.strip():
            cleaned = inner.strip()
    return cleaned


def _whole_id(text: str) -> Recognised | None:
    bare = text.strip("\"'[],; ")
    span_id = parse_span_id(bare)
    trace_id = parse_trace_id(bare)
    if span_id:
        return Recognised("span_id", "A span ID or a 64-bit trace ID", trace_id, span_id, values=(bare,))
    return Recognised("trace_id", "A trace ID", trace_id, values=(bare,)) if trace_id else None


def _link(text: str) -> Recognised | None:
    link = read_link(text)
    if not link:
        return None
    if link.trace_id:
        said = "A link to a span" if link.span_id else "A link to a trace"
        return Recognised("trace_id", said, link.trace_id, link.span_id, link.span_said)
    if link.pairs:
        return Recognised("query", "A link to a search", pairs=link.pairs)
    return Recognised("query", "An address, searched for as a value", values=(text,)) if link.is_whole else None


def _id_inside(text: str) -> Recognised | None:
    found = id_in_headers(text) or id_in_log_line(text)
    if not found:
        return None
    if found.trace_id:
        return Recognised("trace_id", found.said, found.trace_id, found.span_id)
    return Recognised("span_id", found.said, found.span_id.rjust(32, "0"), found.span_id)


def _words(text: str) -> Recognised:
    try:
        parsed = parse_logfmt(text)
    except LogfmtError:
        parsed = [("", text)]
    parsed = [_duration_pair(key, value) for key, value in parsed]
    pairs = tuple((key, value) for key, value in parsed if _is_key(key))
    if not pairs:
        trace_id = word_that_is_an_id(text)
        if trace_id:
            return Recognised("trace_id", "A text with a trace ID in it", trace_id, values=(text,))
    # What only looks like a pair, base64 or "=?utf-8?…", is a value.
    values = tuple(f"{key}={value}" if key else _bare(value, text) for key, value in parsed if not _is_key(key))
    values = tuple(value for value in values if value)
    return Recognised("query", _said(len(pairs), len(values)), pairs=pairs, values=values)


def _is_key(key: str) -> bool:
    return bool(key in (LONGER, SHORTER) or _KEY.fullmatch(key))


def _duration_pair(key: str, value: str) -> tuple[str, str]:
    """`duration>300ms` as a pair; whatever else stands there as it is."""
    if key and key.lower() not in (LONGER, SHORTER):
        return key, value
    found = as_duration_pair(f"{key}={value}" if key else value)
    return found or (("", f"{key}={value}") if key else (key, value))


def _bare(value: str, text: str) -> str:
    """A word without the punctuation of the sentence it stood in, unless it was quoted."""
    return value if f'"{value}"' in text else value.rstrip(SENTENCE_ENDS) or value


def _said(pairs: int, values: int) -> str:
    said = []
    if pairs:
        said.append("an attribute" if pairs == 1 else f"{pairs} attributes")
    if values:
        said.append("a value under any key" if values == 1 else f"{values} values under any key")
    return " and ".join(said).capitalize()
