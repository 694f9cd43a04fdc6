"""Who sends: the ingest key of a request, wherever it stands, and what it allows."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

from django.conf import settings

from apps.accounts.key_headers import given_key
from apps.accounts.keys import KeyGrant, authenticate_key
from apps.accounts.models import DEFAULT_WORKSPACE_ID, IngestKey
from apps.ingest.refusal import Refusal

REMEMBER_S = 10
"""A revoked key goes on working for at most this long in a process that has just seen it."""
MAX_REMEMBERED = 4096

_OPEN_GRANT = KeyGrant(DEFAULT_WORKSPACE_ID, True, False, ())


def grant_for(environ: dict, path_key: str) -> KeyGrant:
    """The grant of the request's key. Raises Refusal 401 or 403; database errors pass through."""
    raw = path_key or given_key(environ)
    if raw is None:
        if settings.TRACER_OPEN:
            return _OPEN_GRANT
        raise _unauthorized("An ingest key is needed: Authorization: Bearer <key>, or x-tracer-token: <key>.")
    # Keys are remembered by digest, so that a dump of this process's memory does not hand them out.
    grant = _grants.get(hashlib.sha256(raw.encode("utf-8", "replace")).digest(), lambda: authenticate_key(raw))
    if grant is None:
        raise _unauthorized("This ingest key is not valid.")
    if not grant.can_ingest:
        raise Refusal(403, "This key may not send.")
    if path_key and not grant.is_public:
        raise Refusal(403, "Only public keys may stand in the address; send this key in a header.")
    origin = environ.get("HTTP_ORIGIN")
    if origin and grant.is_public and not {origin, "*"} & set(grant.origins):
        raise Refusal(403, "This key may not be used from this origin; add the origin to the key's list.")
    return grant


def listed_origins() -> frozenset[str]:
    """Every origin that some public key in force names."""
    return _origins.get("", _read_origins)


def _read_origins() -> frozenset[str]:
    rows = IngestKey.objects.filter(is_public=True, revoked_at=None).values_list("origins", flat=True)
    return frozenset(origin for origins in rows for origin in origins)


def _unauthorized(message: str) -> Refusal:
    return Refusal(401, message, {"WWW-Authenticate": "Bearer"})


class _Memory:
    """Answers kept for REMEMBER_S, wrong keys too: a sender with a mistyped key does not stop sending it."""

    def __init__(self):
        self._known: dict[object, tuple[float, object]] = {}

    def get(self, name: object, ask: Callable[[], object]):
        now = time.monotonic()
        known = self._known.get(name)
        if known is not None and known[0] > now:
            return known[1]
        answer = ask()
        if len(self._known) >= MAX_REMEMBERED:
            self._known = {}
        self._known[name] = (now + REMEMBER_S, answer)
        return answer

    def forget(self) -> None:
        self._known = {}


_grants = _Memory()
_origins = _Memory()
