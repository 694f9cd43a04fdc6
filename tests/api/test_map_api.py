"""The service map as JSON, and the dependencies as Jaeger and Zipkin count them."""

import time

import pytest

from apps.insights.dependencies import Dependency, jaeger_links, zipkin_links
from apps.insights.figures import Figures
from apps.insights.queries import EdgeKey, Entered, NameKey
from tests.api.conftest import make_workspace
from tests.insights.incident import store_incident
from tests.store.shop import some_trace
from tests.storing import digest_all, send
from tests.traces.build import SpanSpec

pytestmark = pytest.mark.django_db(transaction=True)

DAY_MS = 86_400_000
ORDERS = {"messaging.system": "kafka", "messaging.destination.name": "orders"}

# One request through everything: a self-call, a database, a queue read by a child in another service, a library's
# INTERNAL spans, a call that nobody answered.
SPECS = [
    SpanSpec("Web", "GET /", None, 0, 100, {}, "SERVER"),
    SpanSpec("Web", "render", 0, 1, 90, {}, "INTERNAL"),
    SpanSpec("Web", "GET", 1, 2, 50, {"server.address": "stock"}, "CLIENT"),
    SpanSpec("stock", "GET /items", 2, 3, 48, {}, "SERVER", "ERROR"),
    SpanSpec("stock", "SELECT", 3, 5, 10, {"db.system.name": "postgresql", "db.namespace": "stock"}, "CLIENT"),
    SpanSpec("stock", "GET self", 3, 20, 10, {"server.address": "stock"}, "CLIENT"),
    SpanSpec("stock", "GET /prices", 5, 21, 8, {}, "SERVER"),
    SpanSpec("Web", "GET", 1, 60, 10, {"server.address": "10.0.0.7"}, "CLIENT"),
    SpanSpec("Web", "GET", 1, 70, 10, {"server.address": "mail-api"}, "CLIENT", "ERROR"),
    SpanSpec("Web", "send", 1, 80, 2, ORDERS, "PRODUCER"),
    SpanSpec("ship", "process", 9, 95, 5, ORDERS, "CONSUMER"),
]  # fmt: skip


def store_once(times: int = 3) -> None:
    send(*(some_trace(n, SPECS, ago_s=120) for n in range(times)))
    digest_all()


def counted_as_jaeger(times: int) -> dict[tuple[str, str], int]:
    """What Jaeger's query service does: for every span whose parent is there, its parent's service and its own."""
    counts: dict[tuple[str, str], int] = {}
    for spec in SPECS:
        if spec.parent is not None:
            pair = SPECS[spec.parent].service, spec.service
            counts[pair] = counts.get(pair, 0) + times
    return counts


def test_jaeger_counts_parents_and_children(api):
    store_once()
    data = api.data("/jaeger/api/dependencies", {"endTs": str(int(time.time() * 1000) + 60_000), "lookback": "3600000"})
    assert {(link["parent"], link["child"]): link["callCount"] for link in data} == counted_as_jaeger(3)
    only = api.data("/jaeger/api/dependencies", {"service": "ship"})
    assert only == [{"parent": "Web", "child": "ship", "callCount": 3}]


def test_zipkin_counts_the_answering_side_and_calls_that_nobody_answered(api):
    store_once()
    links = api.json("/zipkin/api/v2/dependencies", {"endTs": str(int(time.time() * 1000) + 60_000)})
    assert {(link["parent"], link["child"]): (link["callCount"], link.get("errorCount")) for link in links} == {
        ("web", "stock"): (3, 3),
        ("stock", "stock"): (3, None),
        ("stock", "postgresql · stock"): (3, None),
        ("web", "mail-api"): (3, 3),
        ("web", "kafka:orders"): (3, None),
        ("kafka:orders", "ship"): (3, None),
    }


def test_the_window_is_from_lookback_before_the_end(api):
    store_once()
    long_ago = str(int(time.time() * 1000) - 3 * DAY_MS)
    assert api.data("/jaeger/api/dependencies", {"endTs": long_ago}) == []
    assert api.json("/zipkin/api/v2/dependencies", {"endTs": long_ago, "lookback": "60000"}) == []
    assert len(api.data("/jaeger/api/dependencies", {"lookback": str(365 * DAY_MS)})) == 4
    far = str(4_102_444_800_000)  # the year 2100
    assert len(api.json("/zipkin/api/v2/dependencies", {"endTs": far, "lookback": far})) == 6
    assert api.json("/zipkin/api/v2/dependencies", {"endTs": far}) == []


@pytest.mark.parametrize("params", [{"endTs": "now"}, {"lookback": "-1"}, {"endTs": "9" * 30}, {"lookback": "1h"}])
def test_times_that_are_none_are_refused(api, params):
    assert api("/jaeger/api/dependencies", params).status_code == 400
    assert api("/zipkin/api/v2/dependencies", {"endTs": "1", **params}).status_code == 400


def test_zipkin_asks_for_the_end_and_other_addresses_of_its_api_are_not_there(api):
    assert "endTs" in api.json("/zipkin/api/v2/dependencies", status=400)["error"]
    api.json("/zipkin/api/v2/traces", status=404)


def figures(samples: int, errors: int = 0) -> Figures:
    return Figures(samples * 4_000, errors * 4_000, samples, 0, 0)  # each stands for four calls


def test_a_queue_that_several_put_into_is_divided_as_they_put_in():
    found = {
        EdgeKey("service", "a", "queue", "q", "messaging"): figures(30),
        EdgeKey("service", "b", "queue", "q", "messaging"): figures(10),
        EdgeKey("queue", "q", "service", "c", "messaging"): figures(20),
    }
    assert jaeger_links(found, {}, {}) == [Dependency("a", "c", 15), Dependency("b", "c", 5)]


def test_both_count_spans_whatever_they_stand_for():
    found = {EdgeKey("service", "a", "service", "b", "call"): figures(12, errors=3)}
    names = {NameKey("a", "GET", "CLIENT", "", ""): figures(30)}
    entries = {"a": Entered(figures(10), frozenset({""}))}
    assert jaeger_links(found, entries, names) == [Dependency("a", "a", 20), Dependency("a", "b", 12)]
    assert zipkin_links(found) == [Dependency("a", "b", 12, 3)]


def test_the_map_as_json_says_what_the_page_draws(api):
    store_incident(minutes=120, slow_minutes=55)
    told = api.json("/api/v1/map", {"range": "1h"})
    edges = {(edge["caller"]["name"], edge["callee"]["name"]): edge for edge in told["edges"]}
    assert set(edges) == {
        ("user", "gateway"), ("gateway", "payment"), ("payment", "bank-api"), ("payment", "postgresql · orders"),
    }  # fmt: skip
    bank = edges["payment", "bank-api"]
    assert bank["changes"] == ["more_calls"] and bank["kind"] == "external"
    assert bank["calls_per_call"] == pytest.approx(12, rel=0.1)
    assert bank["calls_per_call_before"] == 1
    assert "slower" in edges["gateway", "payment"]["changes"]
    assert bank["now"]["samples"] == bank["now"]["calls"] > 10 * bank["before"]["calls"]
    assert {node["kind"]: node["name"] for node in told["nodes"]}["database"] == "postgresql · orders"
    assert told["coverage"]["traces"] == pytest.approx(180, abs=6)
    assert told["behind_s"] >= 0


def test_the_map_as_json_around_a_node(api):
    store_incident(minutes=30)
    told = api.json("/api/v1/map", {"range": "1h", "focus": "external:bank-api", "depth": "2"})
    assert {node["name"] for node in told["nodes"]} == {"bank-api", "payment", "gateway"}
    assert len(told["edges"]) == 2
    api.json("/api/v1/map", {"focus": "nobody"}, status=404)
    assert set(api.json("/api/v1/map", {"depth": "0"}, status=400)["fields"]) == {"depth"}
    assert set(api.json("/api/v1/map", {"deph": "1"}, status=400)["fields"]) == {"deph"}


def test_no_other_workspace_shows(api):
    make_workspace(2, "Theirs")
    send(some_trace(7, SPECS), workspace_id=2)
    digest_all()
    assert api.json("/api/v1/map")["edges"] == []
    assert api.data("/jaeger/api/dependencies") == []
    assert api.json("/zipkin/api/v2/dependencies", {"endTs": str(int(time.time() * 1000) + 60_000)}) == []
