"""The keys of the workspace, for sending and for reading."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from apps.accounts.access import current_workspace, may, needs
from apps.accounts.forms import KeyForm
from apps.accounts.keys import list_keys, make_key, revoke_key


@never_cache
def keys(request: HttpRequest) -> HttpResponse:
    """The list of keys, and the form for a new one."""
    return _page(request, KeyForm())


@require_POST
@never_cache
@needs("manage_keys")
def create(request: HttpRequest) -> HttpResponse:
    """Make a key and show it, this once."""
    form = KeyForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    raw = make_key(
        workspace=current_workspace(request),
        name=form.cleaned_data["name"],
        is_public=form.cleaned_data["is_public"],
        origins=form.cleaned_data["origins"],
        can_read=form.cleaned_data["can_read"],
        created_by=request.user if request.user.is_authenticated else None,
    )
    return _page(request, KeyForm(), made=raw, made_name=form.cleaned_data["name"])


@require_POST
@needs("manage_keys")
def revoke(request: HttpRequest, key_id: int) -> HttpResponse:
    if not revoke_key(workspace_id=current_workspace(request).id, key_id=key_id):
        raise Http404("No such key.")
    messages.success(request, "The key is revoked. Whoever still sends with it is refused.")
    return redirect("keys")


def _page(request: HttpRequest, form: KeyForm, *, status: int = 200, **more) -> HttpResponse:
    rows = list_keys(current_workspace(request).id)
    page = {"keys": rows, "form": form, "may_change": may(request, "manage_keys"), **more}
    return render(request, "accounts/keys.html", page, status=status)
