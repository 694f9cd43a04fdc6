"""Trace and span ids in the forms people and programs write them, as lower-case hex."""

from __future__ import annotations

import base64
import binascii
import re

_HEX = re.compile(r"[0-9a-f]+", re.ASCII)
_UUID = re.compile(r"\{?([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})\}?", re.ASCII)
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/_-]{22}==|[A-Za-z0-9+/_-]{11}=)", re.ASCII)


def parse_trace_id(text: str) -> str | None:
    """The 32 digits of a trace id, or None.

    Takes 32 hex digits in any case, with `0x` or as a UUID; 16 hex digits, a 64-bit id, filled with
    zeros on the left; and base64 of 16 or 8 bytes with its padding. All zeros is no id.
    """
    digits = _hex_digits(text)
    return digits.rjust(32, "0") if digits and len(digits) in (16, 32) and digits.strip("0") else None


def parse_span_id(text: str) -> str | None:
    """The 16 digits of a span id (16 hex digits in any case, with `0x`, or base64 of 8 bytes), or None."""
    digits = _hex_digits(text)
    return digits if digits and len(digits) == 16 and digits.strip("0") else None


def fill_trace_id(text: str) -> str | None:
    """As `parse_trace_id`, but for a place where only an id can stand: Jaeger's and Zipkin's links leave
    leading zeros away, so 1 to 32 hex digits are taken."""
    digits = _hex_digits(text)
    return digits.rjust(32, "0") if digits and len(digits) <= 32 and digits.strip("0") else None


def trace_id_from_decimal(text: str) -> str | None:
    """Datadog writes 64-bit trace ids as decimal numbers; newer ones as 32 hex digits."""
    if len(text) == 32:
        return parse_trace_id(text)
    return _from_decimal(text, 32)


def span_id_from_decimal(text: str) -> str | None:
    return _from_decimal(text, 16)


def _from_decimal(text: str, width: int) -> str | None:
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        return None
    number = int(text)
    return f"{number:0{width}x}" if 0 < number < 1 << 64 else None


def _hex_digits(text: str) -> str | None:
    if len(text) > 100:
        return None
    text = text.strip()
    lowered = text.lower()
    uuid = _UUID.fullmatch(lowered)
    if uuid:
        return "".join(uuid.groups())
    digits = lowered.removeprefix("0x")
    if _HEX.fullmatch(digits):
        return digits
    if _BASE64.fullmatch(text):
        return _base64_digits(text)
    return None


def _base64_digits(text: str) -> str | None:
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True).hex()
    except binascii.Error:
        return None
