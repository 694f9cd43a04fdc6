"""The cast: an owner, a member and a viewer of one workspace, and a stranger who owns another."""

from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.test import Client

from apps.accounts.models import Membership, Role, Workspace


@pytest.fixture(autouse=True)
def _people_log_in(settings) -> None:
    settings.TRACER_OPEN = False
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # slow on purpose in earnest


@pytest.fixture
def cast(db) -> SimpleNamespace:
    """`cast.owner` and the others are logged-in clients; `cast.shop` and `cast.other` the two workspaces."""
    shop = Workspace.objects.create(name="Shop", slug="shop")
    other = Workspace.objects.create(name="Other", slug="other")
    people = {"owner": shop, "member": shop, "viewer": shop, "stranger": other}
    clients = {}
    for name, workspace in people.items():
        user = User.objects.create_user(name, password=f"{name}-knows-this")
        role = Role.OWNER if name == "stranger" else Role(name)
        Membership.objects.create(user=user, workspace=workspace, role=role)
        clients[name] = Client()
        clients[name].force_login(user)
    return SimpleNamespace(shop=shop, other=other, anybody=Client(), **clients)
