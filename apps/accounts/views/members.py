"""The members of the workspace, and the workspaces of a member."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from apps.accounts import members as people
from apps.accounts.access import SESSION_KEY, current_workspace, may, my_workspaces, needs
from apps.accounts.forms import MemberForm, RoleForm, WorkspaceForm

LAST_OWNER = "A workspace needs an owner: make somebody else owner first."


@never_cache
def members(request: HttpRequest) -> HttpResponse:
    """The list of members, and the form to add one."""
    return _page(request, MemberForm())


@require_POST
@never_cache
@needs("manage_members")
def add(request: HttpRequest) -> HttpResponse:
    """Add a member. A person without an account gets one, and the page shows the link to give them, this once."""
    form = MemberForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    membership, needs_link = people.add_member(workspace=current_workspace(request), **form.cleaned_data)
    if not needs_link:
        messages.success(request, f"{membership.user.username} is a member now.")
        return redirect("members")
    link = request.build_absolute_uri(people.join_path(membership.user))
    return _page(request, MemberForm(), join_link=link, joined=membership.user.username)


@require_POST
@needs("manage_members")
def change(request: HttpRequest, membership_id: int) -> HttpResponse:
    """Give a member another role."""
    form = RoleForm(request.POST)
    if not form.is_valid():
        return _page(request, MemberForm(), status=422)
    role = form.cleaned_data["role"]
    return _done(request, membership_id, lambda **who: people.change_role(role=role, **who), "The role is changed.")


@require_POST
@needs("manage_members")
def remove(request: HttpRequest, membership_id: int) -> HttpResponse:
    return _done(request, membership_id, people.remove_member, "The member is removed. The account stays.")


@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Look at another workspace of the viewer's from now on."""
    wanted = {str(workspace.id): workspace.id for workspace in my_workspaces(request)}.get(
        request.POST.get("workspace")
    )
    if wanted is None:
        raise Http404("No such workspace.")
    request.session[SESSION_KEY] = wanted
    return redirect("/")


def create(request: HttpRequest) -> HttpResponse:
    """Make a workspace and go there. Administrators only, where people log in."""
    if not (settings.TRACER_OPEN or request.user.is_superuser):
        raise PermissionDenied("Only an administrator makes workspaces.")
    form = WorkspaceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        owner = request.user if request.user.is_authenticated else None
        workspace = people.create_workspace(name=form.cleaned_data["name"], owner=owner)
        request.session[SESSION_KEY] = workspace.id
        return redirect("/")
    return render(request, "accounts/workspace.html", {"form": form}, status=422 if form.errors else 200)


def _done(request: HttpRequest, membership_id: int, deed, said: str) -> HttpResponse:
    try:
        if not deed(workspace_id=current_workspace(request).id, membership_id=membership_id):
            raise Http404("No such member.")
        messages.success(request, said)
    except people.LastOwner:
        messages.error(request, LAST_OWNER)
    return redirect("members")


def _page(request: HttpRequest, form: MemberForm, *, status: int = 200, **more) -> HttpResponse:
    rows = people.list_members(current_workspace(request).id, request.user.pk)
    page = {"members": rows, "form": form, "may_change": may(request, "manage_members"), **more}
    return render(request, "accounts/members.html", page, status=status)
