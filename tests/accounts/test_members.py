"""Members and workspaces: roles, joining, and that nothing crosses."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from apps.accounts.models import Membership, Role, Workspace

pytestmark = pytest.mark.django_db


def membership(name: str) -> Membership:
    return Membership.objects.get(user__username=name)


def test_an_owner_gives_roles_and_removes(cast):
    who = membership("viewer")
    cast.owner.post(f"/settings/members/{who.id}/role", {"role": "member"})
    assert membership("viewer").role == Role.MEMBER
    cast.owner.post(f"/settings/members/{who.id}/remove")
    assert not Membership.objects.filter(user__username="viewer").exists()
    assert User.objects.filter(username="viewer").exists()
    assert cast.viewer.get("/settings/keys").status_code == 404


@pytest.mark.parametrize(("who", "status"), [("member", 403), ("viewer", 403), ("stranger", 404)])
def test_others_change_no_member(cast, who, status):
    client, owner = getattr(cast, who), membership("owner")
    assert client.post(f"/settings/members/{owner.id}/role", {"role": "viewer"}).status_code == status
    assert client.post(f"/settings/members/{owner.id}/remove").status_code == status
    assert membership("owner").role == Role.OWNER


def test_a_member_adds_nobody(cast):
    assert cast.member.post("/settings/members/new", {"username": "friend", "role": "owner"}).status_code == 403
    assert not User.objects.filter(username="friend").exists()


@pytest.mark.parametrize("deed", ["role", "remove"])
def test_the_last_owner_stays(cast, deed):
    answer = cast.owner.post(f"/settings/members/{membership('owner').id}/{deed}", {"role": "viewer"}, follow=True)
    assert "needs an owner" in answer.content.decode()
    assert membership("owner").role == Role.OWNER


def test_somebody_new_joins_by_a_link_that_works_once(cast):
    page = cast.owner.post("/settings/members/new", {"username": "jana", "role": "member"}).content.decode()
    link = re.search(r"http://testserver(/join/[^<\s]+)", page).group(1)
    assert "has not joined yet" in page
    jana = Client()
    form = jana.get(link, follow=True)
    chosen = {"new_password1": "correct-horse-9", "new_password2": "correct-horse-9"}
    assert jana.post(form.redirect_chain[-1][0], chosen).status_code == 302
    assert "Shop" in jana.get("/settings/keys").content.decode()
    assert Client().login(username="jana", password="correct-horse-9")
    assert b"This link has been used" in Client().get(link, follow=True).content


def test_a_person_invited_by_two_workspaces_gets_no_link_from_the_second(cast):
    cast.owner.post("/settings/members/new", {"username": "jana", "role": "member"})
    again = cast.owner.post("/settings/members/new", {"username": "jana", "role": "member"})
    assert again.context["join_link"]
    theirs = cast.stranger.post("/settings/members/new", {"username": "jana", "role": "member"}, follow=True)
    assert "/join/" not in theirs.content.decode()


def test_members_of_another_workspace_are_not_listed(cast):
    assert "stranger" not in cast.owner.get("/settings/members").content.decode()
    assert "viewer" not in cast.stranger.get("/settings/members").context["members"][0].username


def test_a_member_of_two_workspaces_switches_and_a_stranger_cannot(cast):
    Membership.objects.create(user=User.objects.get(username="owner"), workspace=cast.other, role=Role.VIEWER)
    assert cast.owner.post("/settings/workspace", {"workspace": cast.other.id}).status_code == 302
    assert cast.owner.get("/settings/keys").context["workspace"] == cast.other
    assert cast.owner.post("/settings/keys/new", {"name": "x"}).status_code == 403
    assert cast.stranger.post("/settings/workspace", {"workspace": cast.shop.id}).status_code == 404
    assert cast.stranger.post("/settings/workspace", {"workspace": "1 OR 1=1"}).status_code == 404


def test_losing_the_chosen_workspace_falls_back_to_another(cast):
    extra = Membership.objects.create(user=User.objects.get(username="owner"), workspace=cast.other)
    cast.owner.post("/settings/workspace", {"workspace": cast.other.id})
    extra.delete()
    assert cast.owner.get("/settings/keys").context["workspace"] == cast.shop


def test_only_an_administrator_makes_workspaces(cast):
    assert cast.owner.post("/settings/workspace/new", {"name": "Mine"}).status_code == 403
    User.objects.filter(username="owner").update(is_superuser=True)
    assert cast.owner.post("/settings/workspace/new", {"name": "Shop"}).status_code == 302
    made = Workspace.objects.latest("id")
    assert made.slug == "shop-2"
    assert cast.owner.get("/settings/members").context["workspace"] == made
