"""Jaeger's and Zipkin's search addresses, told as ours, so that links in old tickets keep working.

Jaeger: service, operation, tags (a JSON object), tag (key:value, repeated), minDuration, maxDuration, lookback,
start and end (microseconds). Zipkin: serviceName, spanName, annotationQuery (`key=value and word`), minDuration and
maxDuration (microseconds), endTs and lookback (milliseconds). Durations are a span's in both.
"""

from __future__ import annotations

import json

from django.http import QueryDict

from apps.explorer.search.links import search_link
from apps.traces.durations import parse_duration_ns
from apps.traces.known_words import KINDS
from apps.traces.logfmt import format_logfmt, parse_logfmt
from apps.traces.search_window import ALL, CUSTOM, PRESETS

EVERYTHING = ("", "all", "__all_services__", "__all_operations__")
"""What stands for "any" in either."""


def from_jaeger(query: QueryDict) -> str:
    """Our address of Jaeger's `/search?…`. What cannot be read is left out."""
    tags = _json_tags(query.get("tags", ""))
    tags += [tuple(tag.split(":", 1)) for tag in query.getlist("tag") if ":" in tag]
    asked = {
        "service": _name(query.get("service", "")),
        "name": _name(query.get("operation", "")),
        "min": _duration(query.get("minDuration", "")),
        "max": _duration(query.get("maxDuration", "")),
        **_special(tags),
    }
    return search_link(asked | _jaeger_range(query))


def from_zipkin(query: QueryDict) -> str:
    """Our address of Zipkin's `/zipkin/?…`. What cannot be read is left out."""
    pairs = [pair for part in query.get("annotationQuery", "").split(" and ") for pair in _pairs(part)]
    asked = {
        "service": _name(query.get("serviceName", "")),
        "name": _name(query.get("spanName", "")),
        "min": _micros(query.get("minDuration", "")),
        "max": _micros(query.get("maxDuration", "")),
        **_special(pairs),
    }
    return search_link(asked | _zipkin_range(query))


def _name(text: str) -> str:
    return "" if text in EVERYTHING else text


def _json_tags(text: str) -> list[tuple[str, str]]:
    try:
        tags = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return []
    if not isinstance(tags, dict):
        return []
    return [(key, value if isinstance(value, str) else json.dumps(value)) for key, value in tags.items()]


def _special(tags: list[tuple[str, str]]) -> dict[str, str]:
    """Jaeger derives `error` and `span.kind` from status and kind; they are none of the span's attributes here."""
    rest, special = [], {}
    for key, value in tags:
        if key == "error" and value == "true":
            special["status"] = "ERROR"
        elif key == "span.kind" and value.upper() in KINDS:
            special["kind"] = value.upper()
        else:
            rest.append((key, value))
    return {"attrs": format_logfmt(rest), **special}


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_logfmt(text)
    except ValueError:
        return []


def _duration(text: str) -> str:
    try:
        return text if text and parse_duration_ns(text) >= 0 else ""
    except ValueError:
        return _micros(text)


def _micros(text: str) -> str:
    return f"{int(text)}us" if _is_number(text) else ""


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 19


def _jaeger_range(query: QueryDict) -> dict[str, str]:
    """Jaeger writes the ends of the window it searched, relative ones too; those are what the link showed."""
    ends = {name: query.get(name, "") for name in ("start", "end")}
    if all(_is_number(end) for end in ends.values()):
        return {"range": CUSTOM} | {name: end.zfill(16) for name, end in ends.items()}
    return {"range": _preset(_seconds(query.get("lookback", "")))}


def _zipkin_range(query: QueryDict) -> dict[str, str]:
    end, back = query.get("endTs", ""), query.get("lookback", "")
    if _is_number(end):
        reach_ms = int(back) if _is_number(back) else 900_000
        return {"range": CUSTOM, "start": f"{max(0, int(end) - reach_ms):013d}", "end": end.zfill(13)}
    return {"range": _preset(int(back) // 1_000 if _is_number(back) else _seconds(back))}


def _seconds(text: str) -> int:
    try:
        return parse_duration_ns(text) // 1_000_000_000
    except ValueError:
        return 0


def _preset(reach_s: int) -> str:
    """The shortest preset that reaches as far back."""
    if not reach_s:
        return ALL
    return next((name for name, (_, seconds) in PRESETS.items() if seconds >= reach_s), ALL)
