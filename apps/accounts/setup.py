"""The first administrator of a fresh installation."""

import hmac
import logging
import os
import secrets
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, transaction

from apps.accounts.models import DEFAULT_WORKSPACE_ID, Membership, Role

log = logging.getLogger(__name__)
_LOCK = 7_262_011


def create_admin(*, username: str, password: str) -> User | None:
    """Make the first user, owner of the default workspace. None when there is a user already."""
    with transaction.atomic():
        with connection.cursor() as cursor:  # two people may open the page at once
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        if User.objects.exists():
            return None
        user = User.objects.create_superuser(username=username, password=password)
        Membership.objects.create(user=user, workspace_id=DEFAULT_WORKSPACE_ID, role=Role.OWNER)
    _token_path().unlink(missing_ok=True)
    return user


def announce_token() -> None:
    """Make the setup token if there is none, and write to the server's log where it is used."""
    log.warning("No user exists yet. To make the first one, open /setup and enter this token: %s", _token())


def is_token(given: str) -> bool:
    return hmac.compare_digest(given.strip().encode(), _token().encode())


def _token() -> str:
    # A file, so that every process of this machine means the same one; being local is no proof behind a proxy.
    path = _token_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    token = secrets.token_urlsafe(16)
    with os.fdopen(descriptor, "w") as file:
        file.write(token)
    return token


def _token_path() -> Path:
    return Path(settings.TRACER_DATA_DIR) / "setup-token"
