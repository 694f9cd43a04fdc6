"""The parameters of Jaeger's third API: `query.serviceName=…`, in camelCase or snake_case."""

from __future__ import annotations

import re
from datetime import UTC

from django.http import QueryDict

from apps.api.jaeger.durations import check_order, read_duration_ns
from apps.api.jaeger.search_query import clamp, read_limit
from apps.api.jaeger.tag_query import read_tags, with_tags
from apps.api.problem import Problem
from apps.traces.moments import parse_moment_ns
from apps.traces.query import SpanPredicate, TraceQuery


def read_v3_search(params: QueryDict) -> TraceQuery:
    """Raises Problem 400. Both ends of the window are needed, and inclusive."""
    start_ns, end_ns = _moment_ns(params, "startTimeMin"), _moment_ns(params, "startTimeMax")
    if start_ns > end_ns:
        raise Problem(400, "query.startTimeMin must be before query.startTimeMax")
    shortest, longest = _duration(params, "durationMin"), _duration(params, "durationMax")
    check_order(shortest, longest, "query.durationMin", "query.durationMax")
    span = SpanPredicate(
        service=_get(params, "serviceName") or None,
        name=_get(params, "operationName") or None,
        min_duration_ns=shortest,
        max_duration_ns=longest,
    )
    span = with_tags(span, read_tags((), [_get(params, "attributes")], map_name="query.attributes"))
    depth = _get(params, "searchDepth") or _get(params, "numTraces")
    return TraceQuery(clamp(start_ns), clamp(end_ns + 1), span, limit=read_limit(depth, "query.searchDepth"))


def _get(params: QueryDict, name: str) -> str:
    snake = re.sub(r"[A-Z]", lambda found: "_" + found.group().lower(), name)
    return params.get(f"query.{name}") or params.get(f"query.{snake}") or ""


def _moment_ns(params: QueryDict, name: str) -> int:
    text = _get(params, name)
    if not text:
        raise Problem(400, "query.startTimeMin and query.startTimeMax are required")
    try:
        return parse_moment_ns(text, UTC)
    except ValueError as error:
        raise Problem(400, f"malformed parameter query.{name}: {error}") from error


def _duration(params: QueryDict, name: str) -> int | None:
    return read_duration_ns(_get(params, name), f"query.{name}")
