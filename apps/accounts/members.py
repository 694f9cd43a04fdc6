"""Members of a workspace: who, with which role, and changing that."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.text import slugify

from apps.accounts.models import Membership, Role, Workspace


class LastOwner(Exception):
    """The change would leave the workspace without an owner."""


@dataclass(frozen=True, slots=True)
class MemberRow:
    id: int
    username: str
    role: str
    is_me: bool
    has_joined: bool
    """False until the person has chosen a password."""


def list_members(workspace_id: int, viewer_id: int | None) -> tuple[MemberRow, ...]:
    """Members of a workspace, by user name."""
    memberships = Membership.objects.filter(workspace_id=workspace_id).select_related("user").order_by("user__username")
    return tuple(
        MemberRow(m.id, m.user.username, m.role, m.user_id == viewer_id, m.user.has_usable_password())
        for m in memberships
    )


def add_member(*, workspace: Workspace, username: str, role: str) -> tuple[Membership, bool]:
    """Add a user, making the account when there is none. The flag says whether they need a link to join.

    Only a person this workspace alone has invited gets a link from it: whoever holds the link becomes that person.
    """
    with transaction.atomic():
        user, is_new = User.objects.get_or_create(username=username)
        if is_new:
            user.set_unusable_password()
            user.save(update_fields=["password"])
        is_elsewhere = user.memberships.exclude(workspace=workspace).exists()
        membership, _ = Membership.objects.get_or_create(user=user, workspace=workspace, defaults={"role": role})
    return membership, is_new or not (user.has_usable_password() or is_elsewhere)


def join_path(user: User) -> str:
    """The path on which a new user chooses a password; works once, for as long as Django's password links do."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return reverse("join", args=[uid, default_token_generator.make_token(user)])


def change_role(*, workspace_id: int, membership_id: int, role: str) -> bool:
    """Give a member another role. False when there is no such member here; LastOwner when nobody would be left."""
    with transaction.atomic():
        membership = _locked(workspace_id, membership_id, stays_owner=role == Role.OWNER)
        if membership is None:
            return False
        membership.role = role
        membership.save(update_fields=["role"])
    return True


def remove_member(*, workspace_id: int, membership_id: int) -> bool:
    """Take a member out of the workspace; the account stays. Raises as change_role does."""
    with transaction.atomic():
        membership = _locked(workspace_id, membership_id, stays_owner=False)
        if membership is None:
            return False
        membership.delete()
    return True


def create_workspace(*, name: str, owner: User | None) -> Workspace:
    """A new, empty workspace. Without an owner it is for installations in which nobody logs in."""
    slug = base = slugify(name)[:72] or "workspace"
    with transaction.atomic():
        count = 1
        while Workspace.objects.filter(slug=slug).exists():
            count += 1
            slug = f"{base}-{count}"
        workspace = Workspace.objects.create(name=name, slug=slug)
        if owner is not None:
            Membership.objects.create(user=owner, workspace=workspace, role=Role.OWNER)
    return workspace


def _locked(workspace_id: int, membership_id: int, *, stays_owner: bool) -> Membership | None:
    members = {m.id: m for m in Membership.objects.select_for_update().filter(workspace_id=workspace_id).order_by("id")}
    membership = members.get(membership_id)
    others_own = any(m.role == Role.OWNER for m in members.values() if m.id != membership_id)
    if membership and membership.role == Role.OWNER and not stays_owner and not others_own:
        raise LastOwner
    return membership
