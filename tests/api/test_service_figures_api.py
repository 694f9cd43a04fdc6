import time

import pytest

from tests.api.conftest import make_workspace
from tests.insights.incident import store_incident
from tests.store.shop import now_shifted
from tests.storing import digest_all, send
from tests.traces.build import SpanSpec, traces_data

LIST, ONE = "/api/v1/service-figures", "/api/v1/service-figures/payment"


@pytest.fixture
def incident(api):
    return store_incident(minutes=100, slow_minutes=30)


def test_all_services_what_changed_first(api, incident):
    first, second = api.json(LIST, {"range": "1h"})["services"]
    assert (first["service"], first["version"], first["changes"]["duration"]) == ("payment", "4.12.0", "slower")
    assert first["own_share"] > second["own_share"]
    assert first["now"]["p95_ns"] > 5 * first["before"]["p95_ns"]


def test_one_service_whole(api, incident):
    told = api.json(ONE, {"range": "1h"})
    assert told["since"] and told["changes"]["duration"] == "slower" and told["other_work"] is None
    assert sum(step["samples"] for step in told["series"]) == told["now"]["samples"]
    assert told["span_names"][0]["span_name"] == "POST /v2/authorisations"
    assert [one["version"] for one in told["versions"]] == ["4.12.0", "4.11.3"]
    assert [one["name"] for one in told["callers"]] == ["gateway"]
    assert {one["name"] for one in told["callees"]} == {"bank-api", "postgresql · orders"}
    assert len(told["slowest"][0]["trace_id"]) == 32


def test_what_cannot_be_read_or_is_unknown(api, incident):
    assert "kind" in api.json(ONE, {"kind": "SIDEWAYS"}, status=400)["fields"]
    assert "servise" in api.json(LIST, {"servise": "x"}, status=400)["fields"]
    api.json("/api/v1/service-figures/nobody", status=404)


def test_nothing_crosses_workspaces(api):
    make_workspace(2, "Other")
    spans = traces_data([SpanSpec("secret", "GET /", None, 0, 5, {}, "SERVER")])
    send(now_shifted(spans, time.time_ns() - 10**9), workspace_id=2)
    digest_all()
    assert api.json(LIST)["services"] == []
    api.json("/api/v1/service-figures/secret", status=404)
