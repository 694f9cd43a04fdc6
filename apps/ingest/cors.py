"""Cross-origin answers, so that browser SDKs may send and may read what they are told."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse

from apps.ingest import keys

ALLOW_HEADERS = "content-type, content-encoding, authorization, x-tracer-token, traceparent, tracestate, baggage"
MAX_AGE_S = 7200
ANY = "*"


def is_allowed(origin: str) -> bool:
    """Whether a page of this origin may talk to ingest at all; which key it may use is decided with the key."""
    if settings.TRACER_OPEN and _is_loopback(origin):
        return True
    listed = keys.listed_origins()
    return origin in listed or ANY in listed


def add_headers(response: HttpResponse, origin: str) -> None:
    """On every answer, errors too: a page may not even see the status of an answer without them."""
    response["Vary"] = "Origin"
    if not origin or not is_allowed(origin):
        return
    response["Access-Control-Allow-Origin"] = origin
    response["Access-Control-Expose-Headers"] = "Retry-After"
    # Old beacons send credentials always, and ingest never looks at a cookie.
    response["Access-Control-Allow-Credentials"] = "true"


def preflight(origin: str) -> HttpResponse:
    """204, without authentication: a preflight carries none."""
    response = HttpResponse(status=204)
    del response["Content-Type"]
    response["Content-Length"] = "0"
    if origin and is_allowed(origin):
        response["Access-Control-Allow-Methods"] = "POST"
        response["Access-Control-Allow-Headers"] = ALLOW_HEADERS
        response["Access-Control-Max-Age"] = str(MAX_AGE_S)
    return response


def _is_loopback(origin: str) -> bool:
    try:
        parts = urlsplit(origin)
        return parts.scheme in ("http", "https") and parts.hostname in ("localhost", "127.0.0.1", "::1")
    except ValueError:
        return False
