"""Statuses of HTTP and gRPC within what an error says: which one it was tells one failure from another.

They are few enough to be kept: two hundred of HTTP, seventeen of gRPC.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus

from apps.traces.semconv import GRPC_CODES, HTTP_STATUS, error_code, error_phrase, first_of
from apps.traces.values import value_text

_PHRASES = "|".join(re.escape(status.phrase).replace("'", "['’]") for status in HTTPStatus if status >= 400)
_ENDS = r"(?![^\W_]|[.,:/-]\d)"

STATUS = rf"""
      (?<![^\W_])[45]\d\d[ ]\(?(?:{_PHRASES}|(?:Client|Server)[ ]Error)(?![^\W_])  # 404 Not Found
    | (?<![^\W_])(?P<mark>["']?)
      (?:https?(?:/\d(?:\.\d)?)?(?:[ _-]?(?:status|error))?|status|code)(?:[ _-]?code)?  # HTTP/1.1 404, status of 404
      (?P=mark)(?:[ ](?:is|was|of))?[ ]?[:=(#]?[ ]?[45]\d\d{_ENDS}
    | (?<![^\W_])(?P<sign>["']?)(?:status[ _-]?)?code(?P=sign)[ ]?[:=][ ]?(?:1[0-6]|\d){_ENDS}  # code = 14
"""
"""For a verbose expression that ignores case."""

_STATUS = re.compile(STATUS, re.VERBOSE | re.IGNORECASE)
_GRPC = re.compile(rf"(?:{'|'.join(GRPC_CODES[1:])})(?=: |$)")


def is_status(text: str) -> bool:
    """The whole of it: `429 Too Many Requests`."""
    return _STATUS.fullmatch(text) is not None


def status_in(pattern: str) -> str:
    """What a pattern says was answered: `429 Too Many Requests`, `status 503`, `UNAVAILABLE`; "" for nothing."""
    found = _GRPC.match(pattern) or _STATUS.search(pattern)
    return found.group().replace("(", "") if found else ""


def error_named(thrown: str, pattern: str) -> str:
    """For a sentence: `PaymentRefused`, or `httpx.HTTPStatusError (429 Too Many Requests)`."""
    status = status_in(pattern)
    is_told = not status or thrown in status.split()
    return (thrown if is_told else f"{thrown} ({status})") if thrown else pattern or "an error"


def with_status(pattern: str, thrown: str, attributes: Mapping[str, object]) -> str:
    """The pattern of an error of type `thrown`, begun with the status that the span's attributes have, unless either
    says it already."""
    code = error_code(attributes)
    if code not in GRPC_CODES and not _is_http(code, attributes):
        return pattern
    if code == thrown or re.search(rf"(?<!\w){code}(?!\w)", pattern, re.IGNORECASE):
        return pattern
    phrase = error_phrase(attributes, code) or code
    answer = f"HTTP {code}" if phrase == code and code.isdigit() else phrase
    return f"{answer}: {pattern}" if pattern else answer


def _is_http(code: str, attributes: Mapping[str, object]) -> bool:
    return re.fullmatch(r"[45][0-9]{2}", code) is not None and code == value_text(first_of(attributes, HTTP_STATUS))
