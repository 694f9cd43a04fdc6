"""Ingest keys: checked in constant shape, shown once, never across workspaces."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.keys import PREFIX_CHARS, KeyGrant, authenticate_key, list_keys, make_key, revoke_key
from apps.accounts.models import IngestKey

pytestmark = pytest.mark.django_db


def test_a_key_grants_its_workspace_and_its_text_is_not_stored(cast):
    raw = make_key(workspace=cast.shop, name="checkout")
    assert raw.startswith("trc_")
    assert len(raw) == 4 + 43
    assert authenticate_key(raw) == KeyGrant(cast.shop.id, can_ingest=True, is_public=False, origins=())
    row = IngestKey.objects.values().get()
    stored = [bytes(value) if isinstance(value, memoryview) else value for value in row.values()]
    assert raw[PREFIX_CHARS:] not in repr(stored)
    assert sum(isinstance(value, bytes) and len(value) == 32 for value in stored) == 1


@pytest.mark.parametrize("spoil", [
    lambda raw: raw[:-1] + ("A" if raw[-1] != "A" else "B"),
    lambda raw: raw[:PREFIX_CHARS],
    lambda raw: raw + "A",
    lambda raw: raw[:-1] + "\0",
    lambda raw: raw.upper(),
    lambda _: "",
    lambda _: "trc_\ud800" + "x" * 42,
])  # fmt: skip
def test_anything_but_the_whole_key_is_nobody(cast, spoil):
    raw = make_key(workspace=cast.shop, name="checkout")
    assert authenticate_key(spoil(raw)) is None


def test_two_keys_with_one_prefix_are_told_apart(cast):
    first = make_key(workspace=cast.shop, name="first")
    second = make_key(workspace=cast.other, name="second")
    IngestKey.objects.filter(name="second").update(prefix=first[:PREFIX_CHARS])
    assert authenticate_key(first).workspace_id == cast.shop.id
    assert authenticate_key(second) is None


def test_a_revoked_key_is_nobody(cast):
    raw = make_key(workspace=cast.shop, name="checkout")
    [key] = list_keys(cast.shop.id)
    assert not revoke_key(workspace_id=cast.other.id, key_id=key.id)
    assert authenticate_key(raw) is not None
    assert revoke_key(workspace_id=cast.shop.id, key_id=key.id)
    assert authenticate_key(raw) is None
    assert not revoke_key(workspace_id=cast.shop.id, key_id=key.id)


def test_last_use_is_written_once_a_minute(cast, django_assert_num_queries):
    raw = make_key(workspace=cast.shop, name="checkout")
    with django_assert_num_queries(2):
        authenticate_key(raw)
    with django_assert_num_queries(1):
        authenticate_key(raw)
    IngestKey.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))
    with django_assert_num_queries(2):
        authenticate_key(raw)
    assert timezone.now() - list_keys(cast.shop.id)[0].last_used_at < timedelta(seconds=10)


def test_a_public_key_carries_its_origins_and_a_secret_one_never(cast):
    public = make_key(workspace=cast.shop, name="web", is_public=True, origins=("https://shop.example",))
    secret = make_key(workspace=cast.shop, name="api", origins=("https://shop.example",))
    assert authenticate_key(public).origins == ("https://shop.example",)
    assert authenticate_key(secret).origins == ()


def test_a_new_key_is_shown_once_and_works(cast):
    answer = cast.member.post("/settings/keys/new", {"name": "checkout, production"})
    raw = answer.context["made"]
    assert raw in answer.content.decode()
    assert authenticate_key(raw).workspace_id == cast.shop.id
    assert "no-store" in answer["Cache-Control"]
    again = cast.member.get("/settings/keys").content.decode()
    assert raw not in again
    assert raw[:PREFIX_CHARS] in again


@pytest.mark.parametrize(("entered", "message"), [
    ({"name": ""}, "This field is required"),
    ({"name": "web", "is_public": "on"}, "at least one origin"),
    ({"name": "web", "is_public": "on", "origins": "shop.example"}, "is not an origin"),
    ({"name": "web", "is_public": "on", "origins": "https://shop.example/path"}, "is not an origin"),
    ({"name": "web", "is_public": "on", "origins": "https://[::1"}, "is not an origin"),
    ({"name": "web", "is_public": "on", "origins": f"https://{'a' * 250}.example"}, "is not an origin"),
])  # fmt: skip
def test_a_bad_key_form_says_what_is_wrong_and_makes_nothing(cast, entered, message):
    answer = cast.owner.post("/settings/keys/new", entered)
    assert answer.status_code == 422
    assert message in answer.content.decode()
    assert not IngestKey.objects.exists()


def test_origins_are_kept_as_browsers_send_them(cast):
    entered = {"name": "web", "is_public": "on", "origins": "HTTPS://Shop.example/, http://localhost:3000"}
    cast.owner.post("/settings/keys/new", entered)
    assert list_keys(cast.shop.id)[0].origins == ("https://shop.example", "http://localhost:3000")


def test_a_viewer_sees_keys_but_makes_and_revokes_none(cast):
    make_key(workspace=cast.shop, name="checkout")
    [key] = list_keys(cast.shop.id)
    page = cast.viewer.get("/settings/keys")
    assert page.status_code == 200
    assert b"Make the key" not in page.content
    assert b"Revoke" not in page.content
    assert cast.viewer.post("/settings/keys/new", {"name": "mine"}).status_code == 403
    assert cast.viewer.post(f"/settings/keys/{key.id}/revoke").status_code == 403
    assert cast.viewer.post("/connect").status_code == 403
    assert [row.name for row in list_keys(cast.shop.id) if row.revoked_at is None] == ["checkout"]


def test_a_stranger_neither_sees_nor_revokes_a_key(cast):
    raw = make_key(workspace=cast.shop, name="checkout")
    [key] = list_keys(cast.shop.id)
    assert raw[:PREFIX_CHARS] not in cast.stranger.get("/settings/keys").content.decode()
    assert cast.stranger.post(f"/settings/keys/{key.id}/revoke").status_code == 404
    assert authenticate_key(raw) is not None


def test_names_of_keys_are_text_and_never_markup(cast):
    cast.owner.post("/settings/keys/new", {"name": "<img src=x onerror=alert(1)>"})
    page = cast.owner.get("/settings/keys").content.decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page
