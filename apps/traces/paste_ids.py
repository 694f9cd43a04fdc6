"""Trace ids inside headers and log lines, in the spellings that tracers and loggers use."""

from __future__ import annotations

import re
from dataclasses import dataclass

from apps.traces.ids import (
    fill_trace_id,
    parse_span_id,
    parse_trace_id,
    span_id_from_decimal,
    trace_id_from_decimal,
)


@dataclass(frozen=True, slots=True)
class FoundId:
    """At least one of the two is set."""

    said: str
    trace_id: str | None
    span_id: str | None


_ALONE, _END = r"(?<![0-9a-zA-Z-])", r"(?![0-9a-zA-Z])"
_HEADERS = (
    # https://www.w3.org/TR/trace-context/#traceparent-header
    ("A traceparent", _ALONE + r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}" + _END),
    # https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
    ("An X-Ray trace", _ALONE + r"1-([0-9a-f]{8}-[0-9a-f]{24})(?:[^\n]{0,40}?Parent=([0-9a-f]{16}))?" + _END),
    # https://www.jaegertracing.io/docs/1.76/client-libraries/#tracespan-identity
    ("A Jaeger header", _ALONE + r"([0-9a-f]{1,32}):([0-9a-f]{1,16}):[0-9a-f]{1,16}:[0-9a-f]{1,2}" + _END),
    # https://github.com/openzipkin/b3-propagation#single-header, and Sentry's sentry-trace
    ("A b3 header", _ALONE + r"([0-9a-f]{32}|[0-9a-f]{16})-([0-9a-f]{16})(?:-[01d](?:-[0-9a-f]{16})?)?" + _END),
    # https://cloud.google.com/trace/docs/trace-context#legacy-http-header
    ("A Google Cloud trace", r"(?:traces/|X-Cloud-Trace-Context:\s*)([0-9a-f]{32})()" + _END),
    # Spring Cloud Sleuth's [application,trace,span]
    ("A log line", r"\[[^\],\s]{0,100},\s?([0-9a-f]{32}|[0-9a-f]{16}),\s?([0-9a-f]{16})[,\]]"),
)
HEADERS = tuple((said, re.compile(pattern, re.IGNORECASE)) for said, pattern in _HEADERS)

_TRACE_KEY = r"(?:otel|x-b3-|x_b3_|b3\.)?trace[._-]?id"
_SPAN_KEY = r"(?:otel|x-b3-|x_b3_|b3\.)?span[._-]?id"
_BEFORE, _IS = r"(?<![a-z0-9])", r"""\\?["']?\]?\s{0,3}(?::|=>?)\s{0,3}\\?["']?"""
_ID = r"(0x[0-9a-f]{16,32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]+)(?![0-9a-z])"
_LOG_TRACE = re.compile(_BEFORE + _TRACE_KEY + _IS + _ID, re.IGNORECASE)
_LOG_SPAN = re.compile(_BEFORE + _SPAN_KEY + _IS + _ID, re.IGNORECASE)
_NESTED = r"""\\?["']\s{0,3}:\s{0,3}\{\s{0,3}\\?["']id\\?["']\s{0,3}:\s{0,3}\\?["']"""
_ECS_TRACE = re.compile(r"trace" + _NESTED + _ID, re.IGNORECASE)
_ECS_SPAN = re.compile(r"span" + _NESTED + _ID, re.IGNORECASE)
_DATADOG_TRACE = re.compile(r"(?<![a-z0-9])dd[._]trace_?id" + _IS + r"([0-9a-f]{1,32})(?![0-9a-z])", re.IGNORECASE)
_DATADOG_SPAN = re.compile(r"(?<![a-z0-9])dd[._]span_?id" + _IS + r"(\d{1,20})(?![0-9a-z])", re.IGNORECASE)
_WORD = re.compile(r"(?<![\w-])(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![\w-])", re.IGNORECASE)


def id_in_headers(text: str) -> FoundId | None:
    for said, pattern in HEADERS:
        for found in pattern.finditer(text):
            trace_id, span_id = fill_trace_id(found[1].replace("-", "")), found[2] or ""
            if trace_id:
                return FoundId(said, trace_id, parse_span_id(span_id.rjust(16, "0")))
    return None


def id_in_log_line(text: str) -> FoundId | None:
    """The first usable id in the line; loggers write zeros or nothing where no span was active."""
    trace_id = _first(_DATADOG_TRACE, text, trace_id_from_decimal)
    if trace_id:
        return FoundId(
            "A log line with a Datadog trace ID", trace_id, _first(_DATADOG_SPAN, text, span_id_from_decimal)
        )
    trace_id = _first(_LOG_TRACE, text, parse_trace_id) or _first(_ECS_TRACE, text, parse_trace_id)
    span_id = _first(_LOG_SPAN, text, parse_span_id) or _first(_ECS_SPAN, text, parse_span_id)
    if trace_id:
        return FoundId("A text with a trace ID in it", trace_id, span_id)
    return FoundId("A text with a span ID in it", None, span_id) if span_id else None


def word_that_is_an_id(text: str) -> str | None:
    """The first word of 32 hex digits, or in UUID form, in a running text."""
    for word in _WORD.findall(text):
        trace_id = parse_trace_id(word)
        if trace_id:
            return trace_id
    return None


def _first(pattern: re.Pattern, text: str, parse) -> str | None:
    for found in pattern.finditer(text):
        parsed = parse(found[1])
        if parsed:
            return parsed
    return None
