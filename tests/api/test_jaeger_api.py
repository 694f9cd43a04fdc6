"""Jaeger's first API around the search: services, operations, one trace, and what Grafana does with them."""

import json
from urllib.parse import quote

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from apps.store.writer import write_batch
from apps.traces.batch import split_logs
from tests.api.shop import CHECKOUT_ID, OTHER_ID, PAYMENT, checkout, other
from tests.store.shop import some_trace
from tests.storing import digest_all, send
from tests.traces.build import START_NS, SpanSpec, key_values


def test_services_by_name(api):
    assert api.data("/jaeger/api/services") == []
    send(checkout(), other())
    body = api.json("/jaeger/api/services")
    assert body == {"data": ["gateway", "mail/queue", "payment"], "total": 3, "limit": 0, "offset": 0, "errors": None}


def test_operations_of_a_service(api):
    send(checkout(), other())
    digest_all()
    assert api.data("/jaeger/api/services/payment/operations") == ["SELECT", "charge"]
    assert api.data("/jaeger/api/services/nobody/operations") == []
    for name in ("mail/queue", quote("mail/queue", safe="")):
        assert api.data(f"/jaeger/api/services/{name}/operations") == ["send"]


def test_operations_with_their_kind(api):
    send(checkout(), other())
    digest_all()
    operations = "/jaeger/api/operations"
    assert api.data(operations, {"service": "payment"}) == [
        {"name": "SELECT", "spanKind": "client"}, {"name": "charge", "spanKind": "client"},
    ]  # fmt: skip
    assert len(api.data(operations, {"service": "payment", "spanKind": "client"})) == 2
    assert api.data(operations, {"service": "payment", "spanKind": "server"}) == []
    assert api.data(operations, {"service": "payment", "spanKind": "nothing"}) == []
    assert "service" in api.json(operations, status=400)["errors"][0]["msg"]


def test_a_span_name_with_and_without_a_kind_is_one_operation(api):
    first, second = (some_trace(n, [SpanSpec("job", "run", None, 0, 1)]) for n in (5, 6))
    first.resource_spans[0].scope_spans[0].spans[0].kind = 0
    send(first, second)
    digest_all()
    assert api.data("/jaeger/api/operations", {"service": "job"}) == [{"name": "run", "spanKind": "internal"}]


@pytest.mark.parametrize("is_sealed", [False, True], ids=["hot", "sealed"])
def test_a_trace_by_its_id(api, is_sealed):
    send(checkout())
    if is_sealed:
        digest_all()
    (trace,) = api.data(f"/jaeger/api/traces/{CHECKOUT_ID}")
    assert len(trace["spans"]) == 3
    assert api.data(f"/jaeger/api/traces/{CHECKOUT_ID.upper()}") == [trace]
    # Grafana sends milliseconds where Jaeger reads microseconds: hints, which nothing hangs on.
    assert api.data(f"/jaeger/api/traces/{CHECKOUT_ID}", {"start": "1", "end": "2"}) == [trace]


def test_ids_may_have_lost_their_leading_zeros(api):
    document = some_trace(1, [("a", "b", None, 0, 1)])
    document.resource_spans[0].scope_spans[0].spans[0].trace_id = bytes.fromhex("000000000000000000f067aa0ba902b7")
    send(document)
    for written in ("f067aa0ba902b7", "00f067aa0ba902b7", "000000000000000000f067aa0ba902b7"):
        (trace,) = api.data(f"/jaeger/api/traces/{written}")
        assert trace["traceID"] == "000000000000000000f067aa0ba902b7"


def test_an_unknown_trace_is_404_and_a_bad_id_400(api):
    body = api.json(f"/jaeger/api/traces/{OTHER_ID}", status=404)
    assert body["errors"] == [{"code": 404, "msg": "trace not found"}]
    assert set(body) == {"data", "total", "limit", "offset", "errors"}
    for bad in ("zebra", "0" * 32, "1" * 33, "12-34"):
        assert api.json(f"/jaeger/api/traces/{bad}", status=400)["errors"][0]["code"] == 400


def test_what_jaeger_has_and_this_has_not_is_404_in_json(api):
    for address in ("/jaeger/api/metrics/calls", "/jaeger", "/jaeger/x"):
        assert api.json(address, status=404)["errors"][0]["code"] == 404


def test_nothing_is_written(api, client):
    answer = client.post("/jaeger/api/traces")
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert answer.json()["errors"][0]["code"] == 405


def test_log_records_stand_with_their_span_unless_raw(api):
    send(checkout())
    request = ExportLogsServiceRequest()
    group = request.resource_logs.add()
    record = group.scope_logs.add().log_records.add(
        trace_id=bytes.fromhex(CHECKOUT_ID), span_id=bytes.fromhex(PAYMENT), time_unix_nano=START_NS,
        event_name="exception", severity_text="ERROR", attributes=key_values({"exception.message": "no answer"}),
    )  # fmt: skip
    record.body.string_value = "charge failed"
    write_batch(1, split_logs(request))
    charge = api.data(f"/jaeger/api/traces/{CHECKOUT_ID}")[0]["spans"][1]
    fields = [{f["key"]: f["value"] for f in log["fields"]} for log in charge["logs"]]
    assert {
        "event": "exception", "level": "ERROR", "message": "charge failed", "exception.message": "no answer"
    } in fields  # fmt: skip
    assert len(fields) == 2
    raw = api.data(f"/jaeger/api/traces/{CHECKOUT_ID}", {"raw": "true"})[0]["spans"][1]
    assert len(raw["logs"]) == 1


def test_the_calls_of_grafanas_data_source_in_their_order(api):
    """Save & test, the lists of the query editor, a search, and a click on its first row."""
    send(checkout(), other())
    digest_all()
    services = api.data("/jaeger/api/services")
    assert "payment" in services
    assert "charge" in api.data("/jaeger/api/services/payment/operations")
    query = {"limit": "20", "service": "payment", "operation": "charge", "tags": json.dumps({"order.id": "48213"}),
             "minDuration": "100ms", "maxDuration": "1.5s"}  # fmt: skip
    (row,) = api.data("/api/traces", query)
    root = row["spans"][0]
    assert row["processes"][root["processID"]]["serviceName"] == "gateway"
    (trace,) = api.data(f"/jaeger/api/traces/{row['traceID']}", {"start": "1795000000000", "end": "1795000600000"})
    assert trace == row
    children = {s["spanID"]: s["references"] for s in trace["spans"]}
    assert all(not refs or any(r["refType"] == "CHILD_OF" for r in refs) for refs in children.values())
