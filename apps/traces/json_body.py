"""JSON out of a request's body, salvaging what strict parsers refuse as a whole."""

from __future__ import annotations

import json
import re

import orjson

MAX_DEPTH = 300
"""Far more than OTLP can hold and far less than Python's stack; what lies deeper is replaced by TOO_DEEP."""
TOO_DEEP = "\x00nested too deeply\x00"
MAX_PARTS = 4_000_000
"""Objects and arrays in one body. 64 MiB of real spans hold about two million; as `{},{},…` they would be
twenty million and take 2 GB."""
_MAX_DIGITS = 40

# A text that never ends is taken to the end at once, or each of its quotes would be tried again.
_STRUCTURE = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)


def parse_json_body(body: bytes) -> tuple[object, bool]:
    """(what the body says, whether bad UTF-8 was repaired). Of duplicate keys the last one counts.

    Raises ValueError with the place of the error.

    orjson refuses a body for one lone surrogate, `NaN`, byte-order mark or bad UTF-8 byte; the standard
    library takes these. Nesting that neither stands is cut out first and leaves TOO_DEEP in its place.
    """
    if body.count(b"{") + body.count(b"[") > MAX_PARTS:
        raise ValueError(f"The JSON holds more than {MAX_PARTS} objects and arrays; send smaller batches.")
    try:
        return orjson.loads(body), False
    except orjson.JSONDecodeError:
        text, was_repaired = _decoded(body)
    try:
        return _lenient(text), was_repaired
    except RecursionError:
        return _lenient(_without_depths(text)), was_repaired


def _decoded(body: bytes) -> tuple[str, bool]:
    try:
        return body.decode("utf-8-sig"), False
    except UnicodeDecodeError:
        return body.decode("utf-8-sig", "replace"), True


def _lenient(text: str) -> object:
    try:
        return json.loads(text, parse_int=_integer)
    except json.JSONDecodeError as error:
        raise ValueError(f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from None


def _integer(digits: str) -> int | float:
    """Python refuses integers over 4300 digits, after quadratic work; as floats they are infinite."""
    return int(digits) if len(digits) <= _MAX_DIGITS else float(digits)


def _without_depths(text: str) -> str:
    kept: list[str] = []
    depth, copied, cut_at = 0, 0, None
    for found in _STRUCTURE.finditer(text):
        character = found.group()
        if character in "[{":
            depth += 1
            if depth == MAX_DEPTH:
                cut_at = found.start()
        elif character in "]}":
            if depth == MAX_DEPTH and cut_at is not None:
                kept += (text[copied:cut_at], json.dumps(TOO_DEEP))
                copied, cut_at = found.end(), None
            depth -= 1
    if cut_at is not None:
        raise ValueError("The body is not JSON: it ends inside deeply nested values.")
    return "".join([*kept, text[copied:]])
