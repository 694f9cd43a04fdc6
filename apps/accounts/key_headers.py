"""The key of a request, wherever clients can put one."""

from __future__ import annotations

import base64
import binascii


def given_key(environ: dict) -> str | None:
    """The key in the headers: `x-tracer-token`, `Authorization: Bearer`, or Basic with the key as password (as user
    name when there is no password). None when there is none, "" when Authorization holds something else."""
    token = environ.get("HTTP_X_TRACER_TOKEN")
    if token is not None:
        return token.strip()
    value = environ.get("HTTP_AUTHORIZATION")
    if value is None:
        return None
    # Some SDKs do not undo the percent-encoding that OTEL_EXPORTER_OTLP_HEADERS asks for.
    scheme, _, rest = value.replace("%20", " ", 1).strip().partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    return _basic_password(rest) if scheme.lower() == "basic" else ""


def _basic_password(encoded: str) -> str:
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        return ""
    return password or user
