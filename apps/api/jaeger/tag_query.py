"""Jaeger's tag filters as conditions on one span."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

from apps.api.problem import Problem
from apps.traces.known_words import KINDS
from apps.traces.model import STATUSES
from apps.traces.query import SpanPredicate
from apps.traces.query_string import MAX_CONDITIONS
from apps.traces.values import value_text

_SCOPE_KEYS = {"scope.name": "otel.scope.name", "scope.version": "otel.scope.version"}


def read_tags(pairs: Iterable[str], maps: Iterable[str], *, map_name: str = "tags") -> dict[str, str]:
    """`tag=key:value` parameters and `tags={"key": "value"}` ones; of a key given twice the last counts. Numbers
    and booleans in the JSON count as their text. Raises Problem 400."""
    found: dict[str, str] = {}
    for pair in pairs:
        key, colon, value = pair.partition(":")
        if not colon:
            raise Problem(400, f"malformed 'tag' parameter, expecting key:value, received: {pair[:200]}")
        found[key] = value
    for text in maps:
        found.update(_read_map(text, map_name))
    if len(found) > MAX_CONDITIONS:
        raise Problem(400, f"too many tags: {len(found)}, a search takes {MAX_CONDITIONS}")
    return found


def _read_map(text: str, name: str) -> dict[str, str]:
    try:
        tags = json.loads(text) if text else {}
    except (ValueError, RecursionError) as error:
        raise Problem(400, f"malformed '{name}' parameter, cannot unmarshal JSON: {error}") from error
    if not isinstance(tags, dict) or any(isinstance(v, list | dict) or v is None for v in tags.values()):
        raise Problem(400, f"malformed '{name}' parameter, expecting a JSON map of text to text")
    return {_clean(key): _clean(value_text(value)) for key, value in tags.items()}


def _clean(text: str) -> str:
    """JSON may spell half a surrogate pair, which no stored text contains and nothing can encode."""
    return text.encode("utf-8", "replace").decode()


def with_tags(span: SpanPredicate, tags: dict[str, str]) -> SpanPredicate:
    """`span` with the conditions of `tags` added. Tags that Jaeger derives from other fields (error, span.kind,
    span.status, otel.status_code, scope.name, scope.version) ask for those; all others are attributes."""
    attributes: list[tuple[str, str]] = []
    for key, text in tags.items():
        word = text.strip().upper()
        if key == "error" and word in ("TRUE", "FALSE"):
            span = replace(span, is_error=word == "TRUE")
        elif key == "span.kind" and word in KINDS:
            span = replace(span, kind=word)
        elif key in ("span.status", "otel.status_code") and word in STATUSES:
            span = replace(span, status=word)
        else:
            attributes.append((_SCOPE_KEYS.get(key, key), text))
    return replace(span, attributes=(*span.attributes, *attributes))
