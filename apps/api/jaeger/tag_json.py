"""Attributes as Jaeger's typed tags: {"key", "type", "value"}."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable

from apps.traces.failed import ERROR
from apps.traces.model import Pairs, Span
from apps.traces.values import value_text

MAX_SAFE_INTEGER = 2**53 - 1
"""Beyond it a JavaScript reader would round, so that the number is written as text, as Jaeger does."""

_KIND_TAGS = ("", "internal", "server", "client", "producer", "consumer")
_STATUS_TAGS = ("", "OK", "ERROR")


def tag(key: str, value: object) -> dict:
    """One tag. Lists and maps become JSON text, bytes base64; what JSON has no number for is written as text."""
    if isinstance(value, bool):
        return {"key": key, "type": "bool", "value": value}
    if isinstance(value, int):
        is_safe = -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER
        return {"key": key, "type": "int64", "value": value if is_safe else str(value)}
    if isinstance(value, float):
        return {"key": key, "type": "float64", "value": value if math.isfinite(value) else value_text(value)}
    if isinstance(value, bytes):
        return {"key": key, "type": "binary", "value": base64.b64encode(value).decode("ascii")}
    return {"key": key, "type": "string", "value": value_text(value)}


def tags(pairs: Pairs) -> list[dict]:
    return [tag(key, value) for key, value in pairs]


def span_tags(span: Span) -> list[dict]:
    """The span's attributes, and as tags what OpenTelemetry keeps in fields of its own."""
    own = {(key, value_text(value)) for key, value in span.attributes}
    found = tags(_scope_pairs(span)) + tags(span.attributes)
    found.extend(tag(key, value) for key, value in _synthesised(span) if (key, value_text(value)) not in own)
    return found


def _scope_pairs(span: Span) -> Pairs:
    scope = span.scope
    named = (("otel.scope.name", scope.name), ("otel.scope.version", scope.version))
    return tuple(pair for pair in named if pair[1]) + scope.attributes


def _synthesised(span: Span) -> Iterable[tuple[str, object]]:
    """OpenTelemetry's "Transformation to non-OTLP formats", as Jaeger's exporters do it."""
    pb = span.pb
    if 0 < pb.kind < len(_KIND_TAGS):
        yield "span.kind", _KIND_TAGS[pb.kind]
    if 0 < pb.status.code < len(_STATUS_TAGS):
        yield "otel.status_code", _STATUS_TAGS[pb.status.code]
    if pb.status.code == ERROR:
        yield "error", True
    if pb.status.message:
        yield "otel.status_description", pb.status.message
    if pb.trace_state:
        yield "w3c.tracestate", pb.trace_state
    for name in ("attributes", "events", "links"):
        dropped = getattr(pb, f"dropped_{name}_count")
        if dropped:
            yield f"otel.dropped_{name}_count", dropped
