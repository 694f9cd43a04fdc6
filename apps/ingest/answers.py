"""What OTLP/HTTP senders are told: the four answers of the specification, in the request's encoding.

https://github.com/open-telemetry/opentelemetry-proto/blob/main/docs/specification.md#otlphttp-response
The Content-Type is set by hand: the Collector compares it literally and skips what does not match.
"""

from __future__ import annotations

import json

from django.http import HttpResponse
from google.rpc.status_pb2 import Status

from apps.ingest.refusal import Refusal
from apps.ingest.signals import Signal, Taken

PROTOBUF = "application/x-protobuf"
JSON = "application/json"

MAX_REASONS = 8
MAX_REASON_CHARS = 240

# google.rpc.Code by HTTP status, as the Collector maps them.
_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 405: 12, 411: 3, 413: 8, 415: 3, 429: 8, 500: 13, 503: 14}


def wire_format(content_type: str) -> str | None:
    """PROTOBUF or JSON by the media type, parameters ignored; None for anything else."""
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type if media_type in (PROTOBUF, JSON) else None


def taken_answer(wire: str, signal: Signal, taken: Taken) -> HttpResponse:
    """200. Full success leaves partial_success unset: an empty protobuf body, or `{}`."""
    if not taken.rejected and not taken.problems:
        return _answer(b"" if wire == PROTOBUF else b"{}", wire)
    message = reasons(taken.problems)
    if wire == JSON:
        body = _json({"partialSuccess": {signal.rejected_json: str(taken.rejected), "errorMessage": message}})
    else:
        response = signal.response()
        setattr(response.partial_success, signal.rejected_field, taken.rejected)
        response.partial_success.error_message = message
        body = response.SerializeToString()
    return _answer(body, wire)


def refusal_answer(wire: str | None, refusal: Refusal) -> HttpResponse:
    """The refusal's status with a google.rpc.Status: protobuf for protobuf senders, JSON for everyone else."""
    code = _CODES.get(refusal.status, 2)
    if wire == PROTOBUF:
        body = Status(code=code, message=refusal.message).SerializeToString()
    else:
        wire, body = JSON, _json({"code": code, "message": refusal.message})
    response = _answer(body, wire, refusal.status)
    for name, value in refusal.headers.items():
        response[name] = value
    return response


def reasons(problems: list[str]) -> str:
    """One text of bounded length: at most MAX_REASONS different problems, each said once."""
    different = list(dict.fromkeys(problems))
    said = [p if len(p) <= MAX_REASON_CHARS else p[: MAX_REASON_CHARS - 1] + "…" for p in different[:MAX_REASONS]]
    if len(different) > MAX_REASONS:
        said.append(f"And {len(different) - MAX_REASONS} more.")
    return " ".join(said)


def _answer(body: bytes, content_type: str, status: int = 200) -> HttpResponse:
    # Django's CommonMiddleware would add the length, but the OTLP port runs without any middleware.
    return HttpResponse(body, status=status, content_type=content_type, headers={"Content-Length": str(len(body))})


def _json(value: dict) -> bytes:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode("ascii")
