"""The parameters of `/jaeger/api/traces`, as typed values. All of them optional, as is the service."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import QueryDict

from apps.api.jaeger.durations import check_order, read_duration_ns
from apps.api.jaeger.tag_query import read_tags, with_tags
from apps.api.problem import Problem
from apps.api.trace_ids import filled_trace_id
from apps.traces.query import SpanPredicate, TraceQuery
from apps.traces.search_window import CLOCK_AHEAD_NS

US, S = 1_000, 1_000_000_000
DEFAULT_LIMIT = 100
DEFAULT_LOOKBACK_NS = 2 * 86_400 * S
LATEST_NS = 2**63 - 1
_WEEK_NS = 7 * 86_400 * S
_TRUE, _FALSE = ("1", "t", "T", "true", "TRUE", "True"), ("", "0", "f", "F", "false", "FALSE", "False")


@dataclass(frozen=True, slots=True)
class JaegerSearch:
    query: TraceQuery
    """Its limit is as asked for: it may be more than the store answers at once."""
    trace_ids: tuple[str, ...] = ()
    """When there are any, they are wanted and nothing else."""
    is_raw: bool = False


def read_search(params: QueryDict, now_ns: int) -> JaegerSearch:
    """Raises Problem 400."""
    start_ns, end_ns = _window(params, now_ns)
    shortest = read_duration_ns(params.get("minDuration", ""), "minDuration")
    longest = read_duration_ns(params.get("maxDuration", ""), "maxDuration")
    check_order(shortest, longest, "minDuration", "maxDuration")
    span = SpanPredicate(
        service=params.get("service") or None,
        name=params.get("operation") or None,
        min_duration_ns=shortest,
        max_duration_ns=longest,
    )
    span = with_tags(span, read_tags(params.getlist("tag"), params.getlist("tags")))
    return JaegerSearch(
        query=TraceQuery(start_ns, end_ns, span, limit=read_limit(params.get("limit", ""), "limit")),
        trace_ids=tuple(dict.fromkeys(filled_trace_id(text) for text in params.getlist("traceID"))),
        is_raw=read_flag(params.get("raw", ""), "raw"),
    )


def read_limit(text: str, name: str) -> int:
    if not text:
        return DEFAULT_LIMIT
    limit = read_integer(text, name)
    if limit < 1:
        raise Problem(400, f"invalid parameter: {name} must be greater than 0")
    return limit


def read_flag(text: str, name: str) -> bool:
    if text not in _TRUE and text not in _FALSE:
        raise Problem(400, f"unable to parse param '{name}': {text[:80]!r} is neither true nor false")
    return text in _TRUE


def read_integer(text: str, name: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 19):
        raise Problem(400, f"unable to parse param '{name}': {text[:80]!r} is not a number")
    return int(text)


def _window(params: QueryDict, now_ns: int) -> tuple[int, int]:
    """[start, end) in ns. Both ends are inclusive microseconds, so that the last microsecond is added."""
    start, end = params.get("start", ""), params.get("end", "")
    end_ns = (read_integer(end, "end") + 1) * US if end else now_ns + CLOCK_AHEAD_NS
    if start:
        start_ns = read_integer(start, "start") * US
    else:
        start_ns = (end_ns - US if end else now_ns) - (_lookback_ns(params.get("lookback", "")) or DEFAULT_LOOKBACK_NS)
    if start_ns >= end_ns:
        raise Problem(400, "invalid parameter: start time must be before end time")
    return clamp(start_ns), clamp(end_ns)


def clamp(time_ns: int) -> int:
    return min(max(time_ns, 0), LATEST_NS)


def _lookback_ns(text: str) -> int | None:
    """`1h`, `2d`, `3w`; `custom` stands where the ends are given."""
    if text.endswith("w") and text[:-1].isascii() and text[:-1].isdigit() and len(text) < 6:
        return int(text[:-1]) * _WEEK_NS
    return None if text == "custom" else read_duration_ns(text, "lookback")
