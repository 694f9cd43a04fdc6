"""The web port takes telemetry too, past its sessions, its CSRF checks and its login."""

from __future__ import annotations

import secrets

import pytest

from tests.ingest import real_server, spans
from tests.ingest.wire_http import PROTOBUF, chunked, exchange, head


@pytest.fixture(scope="module")
def web(database_url, keys, tmp_path_factory):
    environment = {"DATABASE_URL": database_url, "TRACER_SECRET_KEY": secrets.token_hex(16), "TRACER_OPEN": "0"}
    server = real_server.start(environment, tmp_path_factory.mktemp("web") / "log", role="web")
    yield server
    server.stop()


def post(port: int, path: str, body: bytes, **headers: str):
    framed = {"Content-Type": PROTOBUF, "Transfer-Encoding": "chunked", "Host": "otel.internal:8000"} | headers
    return exchange(port, head("POST", path, framed).replace(b"Host: localhost\r\n", b""), chunked(body))


@pytest.mark.parametrize("path", ["/v1/traces", "/v1/traces/"])
def test_a_chunked_request_under_a_strange_host_name_is_taken(path, web, keys, stored_spans):
    trace_id = spans.new_trace_id()
    answer = post(web.port, path, spans.protobuf(spans.span(trace_id)), **{"x-tracer-token": keys["secret"]})
    assert (answer.status, answer.content_type, answer.body) == (200, PROTOBUF, b"")
    assert len(stored_spans(trace_id)) == 1


@pytest.mark.parametrize(
    ("path", "status"), [("/v1/traces", 401), ("/v1/trace", 404), ("/ingest/nokey/v1/traces", 401)]
)
def test_refusals_are_otlp_answers_never_pages_nor_redirects(path, status, web):
    answer = post(web.port, path, spans.protobuf())
    assert (answer.status, answer.content_type) == (status, PROTOBUF)
    assert answer.message()
    assert "set-cookie" not in answer.headers
