"""Log records that name a trace are kept with it: new instrumentations report exceptions that way."""

from __future__ import annotations

import json

from apps.store import queries
from tests.ingest import spans
from tests.ingest.conftest import WORKSPACE_ID
from tests.ingest.wire_http import JSON, PROTOBUF, exchange, head

SPAN_ID = "00f067aa0ba902b7"


def post(port: int, path: str, body: bytes, content_type: str = PROTOBUF):
    headers = {"Content-Type": content_type, "Content-Length": str(len(body))}
    return exchange(port, head("POST", path, headers), body)


def test_a_record_is_kept_with_the_span_it_names(servers, stored_spans):
    trace_id = spans.new_trace_id()
    port = servers("open").port
    assert post(port, "/v1/traces", spans.protobuf(spans.span(trace_id))).status == 200
    answer = post(port, "/v1/logs", spans.log_request(trace_id, SPAN_ID))
    assert (answer.status, answer.body) == (200, b"")
    assert post(port, "/v1/logs", spans.log_request(trace_id, "", "no span named")).status == 200

    logs = queries.load_trace(WORKSPACE_ID, trace_id).trace.logs

    assert {span_id: [record.body for record in records] for span_id, records in logs.items()} == {
        SPAN_ID: ["card declined"],
        "": ["no span named"],
    }


def test_a_record_sent_as_json_is_kept_too(servers, stored_spans):
    trace_id = spans.new_trace_id()
    port = servers("open").port
    post(port, "/v1/traces", spans.protobuf(spans.span(trace_id)))
    record = {"timeUnixNano": "1", "traceId": trace_id, "spanId": SPAN_ID, "body": {"stringValue": "disk full"}}
    body = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode()
    answer = post(port, "/v1/logs", body, JSON)
    assert (answer.status, answer.body) == (200, b"{}")
    logs = queries.load_trace(WORKSPACE_ID, trace_id).trace.logs
    assert [record.body for record in logs[SPAN_ID]] == ["disk full"]
