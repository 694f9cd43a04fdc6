"""The workspace that a command is told by name."""

from __future__ import annotations

from django.core.management.base import CommandError

from apps.accounts.models import DEFAULT_WORKSPACE_ID, Workspace


def workspace_named(slug: str | None) -> int:
    """The id of the workspace; of the default one without a slug. Raises CommandError when there is none."""
    if slug is None:
        return DEFAULT_WORKSPACE_ID
    found = Workspace.objects.filter(slug=slug).values_list("id", flat=True).first()
    if found is None:
        raise CommandError(f"There is no workspace {slug}.")
    return found
