"""Whose traces a request may read: those of one workspace, by a read key or by being logged in."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest

from apps.accounts.access import current_workspace
from apps.accounts.key_headers import given_key
from apps.accounts.keys import PREFIX, authenticate_key
from apps.api.problem import Problem


def readable_workspace_id(request: HttpRequest) -> int:
    """The workspace of the request's read key, else the viewer's current one. Raises Problem 401, 403 or 404."""
    raw = given_key(request.META)
    is_known = settings.TRACER_OPEN or request.user.is_authenticated
    # A proxy in front may ask for a password of its own; browsers then send that along to us.
    if raw is not None and (raw.startswith(PREFIX) or not is_known):
        return _workspace_of_key(raw)
    if not is_known:
        raise _unauthorized("Reading needs a read key (Authorization: Bearer <key>, or as Basic password), or a login.")
    try:
        return current_workspace(request).id
    except Http404 as error:
        raise Problem(404, "You are not a member of any workspace.") from error


def _workspace_of_key(raw: str) -> int:
    grant = authenticate_key(raw)
    if grant is None:
        raise _unauthorized("This key is not valid.")
    if not grant.can_read:
        raise Problem(403, "This key is for sending. Reading needs a read key, made under Keys.")
    return grant.workspace_id


def _unauthorized(message: str) -> Problem:
    return Problem(401, message, headers={"WWW-Authenticate": "Bearer"})
