"""What every page says about its viewer."""

from django.conf import settings
from django.http import Http404, HttpRequest
from django.utils.functional import SimpleLazyObject

from apps.accounts.access import current_role, current_workspace, my_workspaces


def viewer(request: HttpRequest) -> dict:
    """workspace (or None), workspaces (all of the viewer's) and role, read from the database when first used."""

    def known() -> bool:
        return settings.TRACER_OPEN or (hasattr(request, "user") and request.user.is_authenticated)

    def workspace():
        try:
            return current_workspace(request) if known() else None
        except Http404:
            return None

    return {
        "workspace": SimpleLazyObject(workspace),
        "workspaces": SimpleLazyObject(lambda: my_workspaces(request) if known() else ()),
        "role": SimpleLazyObject(lambda: current_role(request) if workspace() else ""),
    }
