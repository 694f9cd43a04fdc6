"""Jaeger's third API, which its own UI calls."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.api.shop import CHECKOUT_ID, OTHER_ID, checkout, other
from tests.storing import digest_all, send

V3 = "/jaeger/api/v3"


def window(**more) -> dict:
    now = datetime.now(UTC)
    ends = {"query.startTimeMin": now - timedelta(hours=1), "query.startTimeMax": now + timedelta(minutes=1)}
    return {name: end.isoformat().replace("+00:00", "Z") for name, end in ends.items()} | more


def test_services_and_operations(api):
    assert api.json(f"{V3}/services") == {"services": []}
    send(checkout())
    digest_all()
    assert api.json(f"{V3}/services") == {"services": ["gateway", "payment"]}
    assert api.json(f"{V3}/operations", {"service": "gateway"}) == {
        "operations": [{"name": "POST /checkout", "spanKind": "server"}]
    }
    assert api.json(f"{V3}/operations", {"service": "gateway", "spanKind": "client"}) == {"operations": []}
    assert api.json(f"{V3}/operations", {"service": "gateway", "span_kind": "server"})["operations"]


@pytest.mark.parametrize("is_sealed", [False, True], ids=["hot", "sealed"])
def test_summaries_are_what_the_ui_validates(api, is_sealed):
    send(checkout())
    if is_sealed:
        digest_all()
    (summary,) = api.json(f"{V3}/trace-summaries", window())["summaries"]
    assert re.fullmatch("[0-9a-f]{32}", summary["traceId"])
    start, end = summary.pop("minStartTimeUnixNano"), summary.pop("maxEndTimeUnixNano")
    assert start.isdigit()
    assert int(end) - int(start) == 500_000_000
    assert sorted(summary.pop("services"), key=lambda s: s["name"]) == [
        {"name": "gateway", "spanCount": 1, "errorSpanCount": 0},
        {"name": "payment", "spanCount": 2, "errorSpanCount": 1},
    ]
    assert summary == {
        "traceId": CHECKOUT_ID, "rootServiceName": "gateway", "rootOperationName": "POST /checkout", "spanCount": 3,
        "errorSpanCount": 1, "orphanSpanCount": 0,
    }  # fmt: skip


FINDS = [
    ({"query.serviceName": "payment"}, True),
    ({"query.service_name": "payment"}, True),
    ({"query.serviceName": "mail"}, False),
    ({"query.operationName": "charge"}, True),
    ({"query.operation_name": "refund"}, False),
    ({"query.durationMin": "500ms"}, True),
    ({"query.duration_min": "501ms"}, False),
    ({"query.durationMax": "5ms"}, True),
    ({"query.durationMax": "4ms"}, False),
    ({"query.attributes": '{"order.id":"48213"}'}, True),
    ({"query.attributes": '{"order.id":"1"}'}, False),
    ({"query.searchDepth": "1"}, True),
    ({"query.num_traces": "1"}, True),
]

REFUSED = [
    {},
    {"query.startTimeMin": "2026-11-23T00:00:00Z"},
    window(**{"query.startTimeMin": "soon"}),
    window(**{"query.startTimeMax": "2001-01-01T00:00:00Z"}),
    window(**{"query.searchDepth": "0"}),
    window(**{"query.durationMin": "5"}),
    window(**{"query.durationMin": "5s", "query.durationMax": "4s"}),
    window(**{"query.attributes": "{"}),
]


def test_each_parameter_finds_what_it_should_and_nothing_else(api):
    send(checkout())
    for params, is_expected in FINDS:
        assert len(api.json(f"{V3}/trace-summaries", window(**params))["summaries"]) == is_expected, params


def test_bad_parameters_are_refused_in_this_apis_shape(api):
    for params in REFUSED:
        for path in ("traces", "trace-summaries"):
            body = api.json(f"{V3}/{path}", params, status=400)
            assert body["error"]["httpCode"] == 400
            assert body["error"]["message"]


def test_traces_come_as_one_otlp_document(api):
    send(checkout(), other())
    groups = api.json(f"{V3}/traces", window())["result"]["resourceSpans"]
    spans = [span for group in groups for scoped in group["scopeSpans"] for span in scoped["spans"]]
    assert {span["traceId"] for span in spans} == {CHECKOUT_ID, OTHER_ID}
    assert len(spans) == 4


def test_more_than_one_answer_holds_is_refused_rather_than_cut(api, monkeypatch):
    monkeypatch.setattr("apps.api.found.MAX_SPANS", 3)
    send(checkout(), other())
    assert "searchDepth" in api.json(f"{V3}/traces", window(), status=413)["error"]["message"]
    assert api.json(f"{V3}/traces", window(**{"query.searchDepth": "1"}))["result"]


def test_no_trace_is_404(api):
    nothing = {"error": {"httpCode": 404, "message": "No traces found"}}
    assert api.json(f"{V3}/traces", window(), status=404) == nothing
    assert api.json(f"{V3}/traces/{CHECKOUT_ID}", status=404) == nothing
    assert api.json(f"{V3}/trace-summaries", window()) == {"summaries": []}
    assert api.json(f"{V3}/nothing", status=404)["error"]["httpCode"] == 404
    assert api.json(f"{V3}/traces/zebra", status=400)["error"]["httpCode"] == 400


def test_a_trace_by_its_id(api):
    send(checkout())
    groups = api.json(f"{V3}/traces/{CHECKOUT_ID}", {"startTime": "2020-01-01T00:00:00Z"})["result"]["resourceSpans"]
    assert sum(len(scoped["spans"]) for group in groups for scoped in group["scopeSpans"]) == 3
