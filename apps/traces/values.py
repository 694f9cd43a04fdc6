"""OTLP's AnyValue as Python values, and as the text that search compares and pages show."""

from __future__ import annotations

import base64
import json
import math

MAX_DEPTH = 64
"""Nesting beyond this is cut to None (common/README, AttributeValueDepthLimit)."""


def attribute_pairs(key_values) -> tuple[tuple[str, object], ...]:
    """(key, value) pairs of a repeated KeyValue, in the order sent, duplicates kept."""
    return tuple((kv.key, any_value(kv.value)) for kv in key_values)


def any_value(pb, depth: int = 0) -> object:
    """The Python value of an AnyValue: str, bool, int, float, bytes, list, dict, or None when unset."""
    which = pb.WhichOneof("value")
    if which == "string_value":
        return pb.string_value
    if which == "int_value":
        return pb.int_value
    if which == "bool_value":
        return pb.bool_value
    if which == "double_value":
        return pb.double_value
    if which == "bytes_value":
        return pb.bytes_value
    if which == "array_value":
        if depth >= MAX_DEPTH:
            return None
        return [any_value(v, depth + 1) for v in pb.array_value.values]
    if which == "kvlist_value":
        if depth >= MAX_DEPTH:
            return None
        return {kv.key: any_value(kv.value, depth + 1) for kv in pb.kvlist_value.values}
    return None


def marks_error(value: object) -> bool:
    """Whether an attribute `error` of this value says that its span failed: Zipkin and OpenTracing set it to
    anything but false, to an empty text too."""
    return value is not None and value is not False and value != "false"


def value_text(value: object) -> str:
    """The string form of a value, for search, display and CSV (common/README, "AnyValue
    representation for non-OTLP"): bare text, `true`, `12`, `NaN`, base64 bytes, JSON for the rest.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return json.dumps(_jsonable(value), ensure_ascii=False, separators=(",", ":"))


def _float_text(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _jsonable(value: object) -> object:
    if isinstance(value, list):
        return [_jsonable(v) for v in value]
    if isinstance(value, dict):
        return {k: _jsonable(v) for k, v in value.items()}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, float) and not math.isfinite(value):
        return _float_text(value)
    return value
