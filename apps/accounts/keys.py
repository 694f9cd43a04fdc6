"""Keys for sending and for reading: making, checking and revoking them."""

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import IngestKey, Workspace
from apps.traces.moments import ago_text

PREFIX = "trc_"
PREFIX_CHARS = 12
"""`trc_` and 8 of the 43 random characters: enough to find the row, and 210 secret bits remain."""
USED_EVERY = timedelta(minutes=1)
"""How often a key in use writes its `last_used_at`; a service sends every few seconds."""
_SHAPE = re.compile(r"trc_[A-Za-z0-9_-]{43}")
_NOBODY = hashlib.sha256(b"").digest()


@dataclass(frozen=True, slots=True)
class KeyGrant:
    """What a valid key allows."""

    workspace_id: int
    can_ingest: bool
    is_public: bool
    origins: tuple[str, ...]
    """Where a public key may be used from, as in a request's Origin header; empty for secret keys."""
    can_read: bool = False
    """The key opens the API. One key either sends or reads, so that neither gives away the other."""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key in the list of a workspace."""

    id: int
    name: str
    prefix: str
    is_public: bool
    can_read: bool
    origins: tuple[str, ...]
    created_by: str
    created_at: datetime
    last_used_at: datetime | None
    used_ago: str
    """"" when it was never used."""
    revoked_at: datetime | None


def make_key(
    *,
    workspace: Workspace,
    name: str,
    created_by: AbstractBaseUser | None = None,
    is_public: bool = False,
    origins: tuple[str, ...] = (),
    can_read: bool = False,
) -> str:
    """Store a new key and return it; it cannot be shown again. ValueError for a public key that could read."""
    if is_public and can_read:
        raise ValueError("A key that everyone can see must not read.")
    raw = PREFIX + secrets.token_urlsafe(32)
    IngestKey.objects.create(
        workspace=workspace,
        name=name,
        prefix=raw[:PREFIX_CHARS],
        digest=_digest(raw),
        is_public=is_public,
        origins=list(origins) if is_public else [],
        can_read=can_read,
        created_by=created_by,
    )
    return raw


def authenticate_key(raw: str) -> KeyGrant | None:
    """The grant of a key, or None when it is unknown or revoked.

    One indexed read. The secret part is compared by digest and in constant time, and an unknown prefix takes the
    same comparison. Raises django.db.Error when the database cannot be asked.
    """
    given = _digest(raw)
    prefix = raw[:PREFIX_CHARS] if _SHAPE.fullmatch(raw) else ""  # a stranger's NUL must not reach the database
    found = None
    for key in IngestKey.objects.filter(prefix=prefix, revoked_at=None):
        if hmac.compare_digest(bytes(key.digest), given):
            found = key
    if found is None:
        hmac.compare_digest(_NOBODY, given)
        return None
    _note_use(found)
    return KeyGrant(
        found.workspace_id, not found.can_read, found.is_public, tuple(found.origins), can_read=found.can_read
    )


def list_keys(workspace_id: int) -> tuple[KeyRow, ...]:
    """Keys of a workspace: the ones in force first, newest first."""
    now_ns = time.time_ns()
    keys = IngestKey.objects.filter(workspace_id=workspace_id).select_related("created_by")
    rows = [
        KeyRow(
            id=key.id,
            name=key.name,
            prefix=key.prefix,
            is_public=key.is_public,
            can_read=key.can_read,
            origins=tuple(key.origins),
            created_by=key.created_by.get_username() if key.created_by else "",
            created_at=key.created_at,
            last_used_at=key.last_used_at,
            used_ago=ago_text(int(key.last_used_at.timestamp() * 1e9), now_ns) if key.last_used_at else "",
            revoked_at=key.revoked_at,
        )
        for key in keys.order_by("-created_at", "-id")
    ]
    return tuple(sorted(rows, key=lambda row: row.revoked_at is not None))


def revoke_key(*, workspace_id: int, key_id: int) -> bool:
    """End a key now. False when the workspace has no such key in force."""
    keys = IngestKey.objects.filter(workspace_id=workspace_id, id=key_id, revoked_at=None)
    return keys.update(revoked_at=timezone.now()) == 1


def _digest(raw: str) -> bytes:
    # A plain hash is enough: the key is 256 random bits, there is nothing to guess.
    return hashlib.sha256(raw.encode("utf-8", "replace")).digest()


def _note_use(key: IngestKey) -> None:
    now = timezone.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USED_EVERY)
    if key.last_used_at is None or key.last_used_at < now - USED_EVERY:
        IngestKey.objects.filter(stale, id=key.id).update(last_used_at=now)
