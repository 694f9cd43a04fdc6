"""Keys decide the workspace, and nothing else does."""

from __future__ import annotations

import pytest

from apps.accounts.keys import make_key, revoke_key
from apps.accounts.models import IngestKey, Workspace
from apps.ingest import keys
from apps.ingest.refusal import Refusal
from apps.store import queries
from tests.ingest import spans
from tests.ingest.conftest import WORKSPACE_ID
from tests.ingest.wire_http import PROTOBUF, exchange, head


@pytest.fixture
def workspace(db) -> Workspace:
    keys._grants.forget()
    keys._origins.forget()
    return Workspace.objects.create(name="Other", slug="other")


def test_a_key_sends_into_its_own_workspace_whatever_the_spans_say(servers, on_servers_database):
    with on_servers_database():
        other = Workspace.objects.create(name="Other", slug="other")
        key = make_key(workspace=other, name="theirs")
        trace_id = spans.new_trace_id()
        body = spans.protobuf(spans.span(trace_id), service="shop")
        headers = {"Content-Type": PROTOBUF, "Content-Length": str(len(body)), "x-tracer-token": key}
        headers |= {"X-Scope-OrgID": "1", "X-Workspace": "1"}
        assert exchange(servers("keyed").port, head("POST", "/v1/traces", headers), body).status == 200
        assert queries.load_trace(WORKSPACE_ID, trace_id) is None
        assert len(queries.load_trace(other.id, trace_id).trace) == 1


def test_a_revoked_key_is_remembered_for_ten_seconds_at_most(workspace, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(keys.time, "monotonic", lambda: now[0])
    raw = make_key(workspace=workspace, name="k")
    assert keys.grant_for({"HTTP_X_TRACER_TOKEN": raw}, "").workspace_id == workspace.id
    revoke_key(workspace_id=workspace.id, key_id=IngestKey.objects.get().id)
    now[0] += 9.9
    assert keys.grant_for({"HTTP_X_TRACER_TOKEN": raw}, "").workspace_id == workspace.id
    now[0] += 0.2
    with pytest.raises(Refusal) as refused:
        keys.grant_for({"HTTP_X_TRACER_TOKEN": raw}, "")
    assert refused.value.status == 401


def test_a_key_in_use_costs_no_query_between(workspace, django_assert_num_queries):
    environ = {"HTTP_X_TRACER_TOKEN": make_key(workspace=workspace, name="k")}
    keys.grant_for(environ, "")
    with django_assert_num_queries(0):
        for _ in range(5):
            keys.grant_for(environ, "")


def test_a_flood_of_wrong_keys_does_not_grow_memory_without_end(workspace, monkeypatch):
    monkeypatch.setattr(keys, "MAX_REMEMBERED", 10)
    for number in range(50):
        with pytest.raises(Refusal):
            keys.grant_for({"HTTP_X_TRACER_TOKEN": f"wrong {number}"}, "")
        assert len(keys._grants._known) <= 10


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("Bearer trc_a", "trc_a"),
        ("bearer  trc_a ", "trc_a"),
        ("Bearer%20trc_a", "trc_a"),
        ("Basic OnRyY19h", "trc_a"),
        ("Basic dHJjX2E6", "trc_a"),
        ("Basic dHJjX2E=", "trc_a"),
        ("Basic \xff", ""),
        ("Bearer", ""),
        ("trc_a", ""),
        ("", ""),
    ],
)
def test_the_key_is_found_in_authorization(value, found):
    assert keys.given_key({"HTTP_AUTHORIZATION": value}) == found


def test_a_refused_key_is_not_repeated_in_the_answer(workspace):
    with pytest.raises(Refusal) as refused:
        keys.grant_for({"HTTP_X_TRACER_TOKEN": "trc_" + "s" * 43}, "")
    assert "sss" not in refused.value.message
