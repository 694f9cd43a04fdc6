"""Who may read, and that nobody reads another workspace."""

from base64 import b64encode

import pytest
from django.contrib.auth.models import User

from apps.accounts.keys import authenticate_key, make_key, revoke_key
from apps.accounts.models import IngestKey, Membership, Workspace
from tests.api.conftest import make_workspace
from tests.api.shop import CHECKOUT_ID, checkout
from tests.store.shop import some_trace
from tests.storing import digest_all, send

ADDRESSES = [
    f"/api/v1/traces/{CHECKOUT_ID}", "/api/v1/traces", "/api/v1/services", "/api/v1/services/payment/span-names",
    "/jaeger/api/services", "/jaeger/api/services/payment/operations", "/jaeger/api/operations?service=payment",
    "/jaeger/api/traces", f"/jaeger/api/traces/{CHECKOUT_ID}", "/api/traces", "/jaeger/api/v3/services",
    "/jaeger/api/v3/operations?service=payment", f"/jaeger/api/v3/traces/{CHECKOUT_ID}",
    "/jaeger/api/v3/traces?query.startTimeMin=2020-01-01T00:00:00Z&query.startTimeMax=2099-01-01T00:00:00Z",
    "/jaeger/api/v3/trace-summaries?query.startTimeMin=2020-01-01T00:00:00Z&query.startTimeMax=2099-01-01T00:00:00Z",
]  # fmt: skip


@pytest.fixture
def closed(api, settings) -> Workspace:
    settings.TRACER_OPEN = False
    return Workspace.objects.get(id=1)


def bearer(key: str) -> dict:
    return {"authorization": f"Bearer {key}"}


def basic(user: str, password: str) -> dict:
    return {"authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


def test_every_address_asks_who_reads(api, closed):
    User.objects.create_user("somebody")
    for address in ADDRESSES:
        answer = api(address)
        assert answer.status_code == 401, address
        assert answer["WWW-Authenticate"] == "Bearer"
        assert answer["Content-Type"] == "application/json"


def test_a_read_key_opens_every_address_in_every_form(api, closed):
    send(checkout())
    digest_all()
    key = make_key(workspace=closed, name="grafana", can_read=True)
    for headers in (bearer(key), basic("grafana", key), basic(key, ""), {"x-tracer-token": key}):
        for address in ADDRESSES:
            assert api(address, **headers).status_code == 200, (address, headers)


def test_a_key_for_sending_cannot_read_and_a_read_key_cannot_send(api, closed, client):
    sending = make_key(workspace=closed, name="shop")
    public = make_key(workspace=closed, name="page", is_public=True, origins=("https://shop.example",))
    reading = make_key(workspace=closed, name="grafana", can_read=True)
    for key in (sending, public):
        assert api("/api/v1/services", **bearer(key)).status_code == 403
        assert authenticate_key(key).can_ingest
    assert not authenticate_key(reading).can_ingest
    answer = client.post("/v1/traces", b"", "application/x-protobuf", headers=bearer(reading))
    assert answer.status_code == 403


def test_a_public_key_never_reads(closed):
    with pytest.raises(ValueError, match="must not read"):
        make_key(workspace=closed, name="both", is_public=True, can_read=True)


def test_wrong_and_revoked_keys_are_refused_even_with_a_login(api, closed, client):
    client.force_login(member_of(closed))
    key = make_key(workspace=closed, name="old", can_read=True)
    assert api("/api/v1/services", **bearer(key)).status_code == 200
    revoke_key(workspace_id=1, key_id=IngestKey.objects.get().id)
    for raw in (key, key[:-1] + "x", "trc_"):
        assert api("/api/v1/services", **bearer(raw)).status_code == 401


def test_a_login_reads_and_the_password_of_a_proxy_in_front_is_not_ours(api, closed, client):
    client.force_login(member_of(closed))
    assert api("/api/v1/services").status_code == 200
    assert api("/api/v1/services", **basic("proxy", "secret")).status_code == 200
    client.logout()
    assert api("/api/v1/services", **basic("proxy", "secret")).status_code == 401


def test_a_member_of_no_workspace_reads_nothing(api, closed, client):
    client.force_login(User.objects.create_user("stranger"))
    assert api("/api/v1/services").status_code == 404
    assert api("/jaeger/api/services").json()["errors"][0]["code"] == 404


def test_nobody_needs_a_key_where_everything_is_open(api):
    send(checkout())
    for address in ADDRESSES[:3]:
        assert api(address).status_code == 200
        assert api(address, **bearer("trc_wrong")).status_code == 401


@pytest.mark.parametrize("is_sealed", [False, True], ids=["hot", "sealed"])
def test_nothing_crosses_workspaces_not_even_under_one_trace_id(api, closed, client, is_sealed):
    theirs = make_workspace(2, "Theirs")
    send(checkout(), workspace_id=1)
    send(some_trace(1, [("their-service", "their-span", None, 0, 9, {"their.key": "x"})]), workspace_id=2)
    if is_sealed:
        digest_all()
    keys = {name: make_key(workspace=w, name=name, can_read=True) for name, w in (("ours", closed), ("theirs", theirs))}
    client.force_login(member_of(theirs))
    readers = {"ours": [bearer(keys["ours"])], "theirs": [bearer(keys["theirs"]), {}]}
    for address in ADDRESSES:
        for headers in readers["ours"]:
            answer = api(address, **headers)
            assert answer.status_code == 200
            assert b"their" not in answer.content, address
        for headers in readers["theirs"]:
            answer = api(address, **headers)
            if "payment/" in address and address.startswith("/api/"):
                assert answer.status_code == 404
            for word in (b"gateway", b"charge", b"48213"):
                assert word not in answer.content, address
            if CHECKOUT_ID in address:
                assert b"their-span" in answer.content


def member_of(workspace: Workspace) -> User:
    user = User.objects.create_user(f"member-{workspace.id}")
    Membership.objects.create(user=user, workspace=workspace)
    return user


def test_the_page_of_keys_makes_a_key_that_reads(api, closed, client):
    user = member_of(closed)
    client.force_login(user)
    made = client.post("/settings/keys/new", {"name": "grafana", "can_read": "on"})
    assert made.status_code == 200
    key = made.context["made"]
    assert authenticate_key(key).can_read
    assert "to read, kept secret" in client.get("/settings/keys").content.decode()
    refused = client.post(
        "/settings/keys/new", {"name": "both", "can_read": "on", "is_public": "on", "origins": "https://a.example"}
    )
    assert refused.status_code == 422
    assert "cannot read" in refused.content.decode()
