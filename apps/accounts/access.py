"""Which workspace a request is about, and what its viewer may do there."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from apps.accounts.models import DEFAULT_WORKSPACE_ID, Role, Workspace

SESSION_KEY = "workspace_id"
RIGHTS = {
    "manage_members": {Role.OWNER},
    "manage_keys": {Role.OWNER, Role.MEMBER},
}


def my_workspaces(request: HttpRequest) -> tuple[Workspace, ...]:
    """The workspaces the viewer may look into, by name. Where nobody logs in: all of them."""
    if not hasattr(request, "_workspaces"):
        workspaces = Workspace.objects.order_by("name", "id")
        if not settings.TRACER_OPEN:
            workspaces = workspaces.filter(memberships__user_id=request.user.pk or 0)
        request._workspaces = tuple(workspaces)
    return request._workspaces


def current_workspace(request: HttpRequest) -> Workspace:
    """The workspace chosen in this session, else the default one or the first. Http404 for members of none."""
    mine = my_workspaces(request)
    if not mine:
        raise Http404("You are not a member of any workspace.")
    by_id = {workspace.id: workspace for workspace in mine}
    chosen = by_id.get(request.session.get(SESSION_KEY)) or by_id.get(DEFAULT_WORKSPACE_ID)
    return chosen or mine[0]


def current_role(request: HttpRequest) -> Role:
    """The viewer's role in the current workspace; owner where nobody logs in."""
    if settings.TRACER_OPEN:
        return Role.OWNER
    return Role(request.user.memberships.get(workspace=current_workspace(request)).role)


def may(request: HttpRequest, right: str) -> bool:
    """Whether the viewer has a right of RIGHTS in the current workspace."""
    return current_role(request) in RIGHTS[right]


def needs(right: str) -> Callable:
    """A view decorator: 403 for members whose role lacks the right, 404 for members of no workspace."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            if not may(request, right):
                raise PermissionDenied("Your role in this workspace does not allow that.")
            return view(request, *args, **kwargs)

        return guarded

    return decorate
