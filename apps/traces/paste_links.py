"""Links to traces and searches: Jaeger's, Zipkin's, Grafana's, ours, and others that carry an id."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from apps.traces.ids import fill_trace_id, parse_span_id, parse_trace_id, trace_id_from_decimal
from apps.traces.logfmt import LogfmtError, parse_logfmt
from apps.traces.paste_ids import id_in_headers, id_in_log_line, word_that_is_an_id


@dataclass(frozen=True, slots=True)
class Link:
    trace_id: str | None = None
    span_id: str | None = None
    span_said: str = ""
    """What the link has in the place of a span's id, when that is none."""
    pairs: tuple[tuple[str, str], ...] = ()
    is_whole: bool = True
    """False when the link stands in a longer text."""


MAX_SAID = 100
_URL = re.compile(r"https?://[^\s<>\"'`]+", re.IGNORECASE)
_OURS = re.compile(r"/(?:t|trace|traces|zipkin)/\S+")
# Only hex after these paths; a trailing part such as /json or .html does not matter.
_PATH = re.compile(r"/(?:t|traces?|trace-view|traceid)/(0x)?([0-9a-f-]{1,36})(?=[/?#:.;,)\]]|$)", re.IGNORECASE)
_DATADOG = re.compile(r"/apm/trace/([0-9a-f]{1,32})", re.IGNORECASE)
_SPAN_KEYS = ("span", "uiFind", "spanId", "spanID", "span_id", "spanid")
_TRACE_KEYS = ("traceID", "traceId", "trace_id", "traceid", "trace")
# Grafana keeps a TraceQL or id query inside JSON inside the address.
_GRAFANA = re.compile(r'"(?:query|traceId|traceID)"\s*:\s*"([0-9a-f]{15,32})"', re.IGNORECASE)
_ANNOTATION = re.compile(r"\s+and\s+")


def read_link(text: str) -> Link | None:
    """What the first link in the text points to; None when there is no link or it says nothing."""
    found = _URL.search(text)
    address = found.group() if found else text if _OURS.match(text) and " " not in text else ""
    if not address:
        return None
    is_whole = address == text
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    query = parse_qsl(parts.query, max_num_fields=None)
    trace_id, span_id = _trace_in(address, parts, query), _span_in(query)
    if trace_id:
        said = "" if span_id else next((value for key, value in query if key in _SPAN_KEYS and value), "")
        return Link(trace_id, span_id, said[:MAX_SAID], is_whole=is_whole)
    return Link(pairs=_search(parts, query), is_whole=is_whole)


def _trace_in(address: str, parts: SplitResult, query: list[tuple[str, str]]) -> str | None:
    datadog = _DATADOG.search(parts.path)
    if datadog and len(datadog[1]) != 32:
        return trace_id_from_decimal(datadog[1])
    # Some put the page behind the "#", Zipkin's first interface among them.
    for path in (parts.path, parts.fragment):
        found = _PATH.search(path)
        if found and fill_trace_id(found[2]):
            return fill_trace_id(found[2])
    for key, value in query:
        if key in _TRACE_KEYS and parse_trace_id(value):
            return parse_trace_id(value)
    plain = unquote(unquote(address))
    found = _GRAFANA.search(plain)
    if found:
        return fill_trace_id(found[1])
    inside = id_in_headers(plain) or id_in_log_line(plain)
    return (inside and inside.trace_id) or word_that_is_an_id(plain)


def _span_in(query: list[tuple[str, str]]) -> str | None:
    for key, value in query:
        if key in _SPAN_KEYS and parse_span_id(value):
            return parse_span_id(value)
    return None


def _search(parts: SplitResult, query: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """What a link to Jaeger's or Zipkin's search page searches for."""
    if not parts.path.rstrip("/").endswith(("/search", "/api/traces", "/zipkin", "/api/v2/traces")):
        return ()
    pairs: list[tuple[str, str]] = []
    for key, value in query:
        if key in ("service", "serviceName"):
            pairs.append(("service.name", value))
        elif key in ("operation", "spanName") and value != "all":
            pairs.append(("name", value))
        elif key == "tags":
            pairs += _jaeger_tags(value)
        elif key == "tag" and ":" in value:
            pairs.append(tuple(value.split(":", 1)))
        elif key == "annotationQuery":
            pairs += _zipkin_annotations(value)
    return tuple(pairs)


def _jaeger_tags(value: str) -> list[tuple[str, str]]:
    try:
        tags = json.loads(value)
    except (ValueError, RecursionError):
        return []
    return [(key, str(text)) for key, text in tags.items()] if isinstance(tags, dict) else []


def _zipkin_annotations(value: str) -> list[tuple[str, str]]:
    try:
        return [pair for part in _ANNOTATION.split(value) for pair in parse_logfmt(part) if pair[0]]
    except LogfmtError:
        return []
