"""What the box was given: the trace it names, or a search."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from django.core.exceptions import TooManyFieldsSent
from django.http import QueryDict

from apps.explorer.search.form import ORDER, SearchForm
from apps.explorer.search.links import search_link
from apps.explorer.search.old_links import from_jaeger, from_zipkin
from apps.store.queries import has_trace
from apps.store.search import find_span
from apps.traces.paste import Recognised
from apps.traces.search_window import ALL

LINK_TO_SEARCH = "A link to a search"


def trace_address(trace_id: str, span_id: str | None = None, back: str = "") -> str:
    """Address of a trace page, opened at a span; `back` is the query string of the search one came from."""
    query = {name: value for name, value in (("span", span_id), ("back", back)) if value}
    return f"/t/{quote(trace_id)}" + (f"?{urlencode(query)}" if query else "")


def named_trace(workspace_id: int, found: Recognised) -> str | None:
    """Address of the stored trace or span that the text names, or None."""
    if found.trace_id and has_trace(workspace_id, found.trace_id):
        # A 64-bit trace id is also read as the id of a span, which is then not meant.
        # What a link has for a span and cannot be read goes along: the trace's page tells it.
        span = (found.span_id or found.span_said) if found.kind == "trace_id" else None
        return trace_address(found.trace_id, span)
    if found.kind == "span_id" and found.span_id:
        trace_id = find_span(workspace_id, found.span_id)
        if trace_id:
            return trace_address(trace_id, found.span_id)
    return None


@dataclass(frozen=True, slots=True)
class Missing:
    """An ID was read out of the box, and nothing stored has it."""

    said: str
    what: str
    id: str
    as_text: str
    """Address of the search for the text itself, under any attribute."""


def missing_trace(form: SearchForm) -> Missing | None:
    """What to tell when `named_trace` found nothing although the text names an ID."""
    found = form.recognised
    if found.kind == "query":
        return None
    is_span = found.kind == "span_id"
    return Missing(
        said=found.said,
        what="span or trace" if is_span else "trace",
        id=found.span_id if is_span else found.trace_id,
        as_text=search_link(form.params, **{"as": "text", "range": ALL, "start": None, "end": None}),
    )


def linked_search(form: SearchForm, host: str) -> str | None:
    """Our address for a pasted link to a search of ours, Jaeger's or Zipkin's; None for anything else."""
    text = form.params.get("q", "").strip()
    if form.as_text or not text.lower().startswith(("http://", "https://")) or " " in text:
        return None
    try:
        parts = urlsplit(text)
        query = QueryDict(parts.query)
    except (ValueError, UnicodeError, TooManyFieldsSent):
        return None
    if parts.netloc == host and parts.path in ("", "/") and query:
        return search_link({name: query[name] for name in ORDER if name in query and name != "cursor"})
    if form.recognised.said != LINK_TO_SEARCH:
        return None
    return from_zipkin(query) if {"serviceName", "spanName", "annotationQuery"} & set(query) else from_jaeger(query)
