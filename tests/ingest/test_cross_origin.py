"""What browsers ask before they send, and what they need to see afterwards."""

from __future__ import annotations

import pytest

from tests.ingest.wire_http import exchange, head

SHOP = "https://shop.example"


def preflight(port: int, origin: str, path: str = "/v1/traces"):
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST", "Content-Length": "0"}
    return exchange(port, head("OPTIONS", path, headers | {"Access-Control-Request-Headers": "content-type"}))


@pytest.mark.parametrize("path", ["/v1/traces", "/v1/traces/", "/v1/logs", "/v1/metrics", "/ingest/trc_x/v1/traces"])
def test_a_preflight_from_a_listed_origin_is_answered_without_a_key(path, servers):
    answer = preflight(servers("keyed").port, SHOP, path)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert answer.headers["access-control-allow-methods"] == "POST"
    assert answer.headers["access-control-max-age"] == "7200"
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["vary"] == "Origin"
    allowed = set(answer.headers["access-control-allow-headers"].split(", "))
    assert allowed >= {"content-type", "content-encoding", "authorization", "x-tracer-token", "traceparent"}


@pytest.mark.parametrize(
    "origin",
    [
        "https://elsewhere.example",
        "https://shop.example.evil.example",
        "http://shop.example",
        "null",
        "http://localhost",
    ],
)
def test_a_preflight_from_another_origin_allows_nothing(origin, servers):
    answer = preflight(servers("keyed").port, origin)
    assert answer.status == 204
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "origin", ["http://localhost:3000", "http://127.0.0.1", "https://localhost", "http://[::1]:8080"]
)
def test_any_page_of_this_machine_may_send_where_no_key_is_needed(origin, servers):
    assert preflight(servers("open").port, origin).headers["access-control-allow-origin"] == origin


@pytest.mark.parametrize(
    "origin", ["http://localhost.evil.example", "http://127.0.0.1.evil.example", "file://", "http://["]
)
def test_a_page_of_another_machine_may_not(origin, servers):
    assert "access-control-allow-origin" not in preflight(servers("open").port, origin).headers
