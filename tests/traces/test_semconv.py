import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.traces.attribute_groups import ORDER, group_attributes, is_business_key
from apps.traces.semconv import error_summary, peer_name, work_in
from apps.traces.trace import LogRecord
from tests.traces.build import SpanSpec, trace_of


def span(attributes=(), kind="CLIENT", **rest):
    return trace_of(SpanSpec("shop", "x", None, 0, 5, dict(attributes), kind, **rest)).spans[0]


@pytest.mark.parametrize(
    ("kind", "attributes", "work"),
    [
        ("CLIENT", {"db.system.name": "postgresql"}, "db"),
        ("CLIENT", {"db.system": "mysql"}, "db"),
        ("CLIENT", {"db.system": "Redis"}, "cache"),
        ("PRODUCER", {}, "queue"),
        ("CLIENT", {"messaging.system": "kafka"}, "queue"),
        ("INTERNAL", {"celery.task_name": "t"}, "queue"),
        ("SERVER", {"rpc.system": "grpc"}, "rpc"),
        ("CLIENT", {"http.request.method": "GET"}, "http"),
        ("SERVER", {"http.method": "GET"}, "http"),
        ("SERVER", {}, "http"),
        ("INTERNAL", {}, "code"),
        ("INTERNAL", {"db.system": ""}, "code"),
    ],
)
def test_the_icon_tells_the_kind_of_work(kind, attributes, work):
    assert work_in(kind, attributes) == work


@pytest.mark.parametrize(
    ("attributes", "peer"),
    [
        ({"service.peer.name": "bank", "peer.service": "old", "server.address": "h"}, "bank"),
        ({"peer.service": "bank-api"}, "bank-api"),
        ({"rpc.service": "shop.Cart", "server.address": "h"}, "shop.Cart"),
        ({"rpc.method": "shop.Cart/Add"}, "shop.Cart"),
        ({"server.address": "api.bank.example", "server.port": 443}, "api.bank.example"),
        ({"server.address": "db", "server.port": 5432}, "db:5432"),
        ({"http.host": "h:8080", "net.peer.port": 8080}, "h:8080"),
        ({"http.url": "https://user:pw@api.bank.example:8443/x"}, "api.bank.example:8443"),
        ({"url.full": "http://[bad"}, ""),
        ({"net.peer.name": "old"}, "old"),
        ({"network.peer.address": "10.0.0.7"}, "10.0.0.7"),
        ({"db.name": "orders"}, "orders"),
        ({"messaging.destination.name": "order.placed"}, "order.placed"),
        ({}, ""),
    ],
)
def test_the_peer_is_named_by_the_best_name_a_client_gives(attributes, peer):
    assert peer_name(span(attributes)) == peer


def test_a_server_has_no_peer():
    assert peer_name(span({"server.address": "me"}, "SERVER")) == ""


@pytest.mark.parametrize(
    ("attributes", "label", "title"),
    [
        ({"http.response.status_code": 429}, "429", "429 Too Many Requests"),
        ({"http.status_code": "503"}, "503", "503 Service Unavailable"),
        ({"http.status_code": 799}, "799", "799"),
        ({"http.status_code": 200}, "error", "error"),
        ({"db.response.status_code": "23505"}, "23505", "23505"),
        ({"rpc.grpc.status_code": 14}, "UNAVAILABLE", "UNAVAILABLE"),
        (
            {"rpc.grpc.status_code": 0, "error.type": "java.net.ConnectException"},
            "ConnectException",
            "java.net.ConnectException",
        ),
        ({"http.status_code": "9" * 5000}, "9" * 5000, "9" * 5000),
    ],
)
def test_an_error_is_summed_up_by_its_code(attributes, label, title):
    summary = error_summary(span(attributes, status="ERROR", message="no"))
    assert (summary.label, summary.title, summary.message) == (label, title, "no")


def test_an_error_is_summed_up_by_its_last_exception():
    events = (
        (1, "exception", {"exception.type": "a.B", "exception.message": "first"}),
        (
            2,
            "exception",
            {
                "exception.type": "httpx.HTTPStatusError",
                "exception.message": "429 again",
                "exception.stacktrace": "at x",
            },
        ),
        (3, "retry", {}),
    )
    summary = error_summary(span(status="ERROR", events=events))
    assert (summary.label, summary.title, summary.message, summary.stack) == (
        "HTTPStatusError",
        "httpx.HTTPStatusError",
        "429 again",
        "at x",
    )


def test_an_exception_may_come_as_a_log_record():
    pairs = (("exception.type", "app.NoMoney"), ("exception.message", "declined"), ("exception.stacktrace", "at z"))
    record = LogRecord(5, "exception", "ERROR", None, pairs, "shop")
    summary = error_summary(span(status="ERROR"), [record, LogRecord(6, "", "INFO", "bye", (), "shop")])
    assert (summary.label, summary.message, summary.stack) == ("NoMoney", "declined", "at z")


def test_zipkin_and_opentracing_errors_are_summed_up():
    assert error_summary(span({"error": "connection refused"})).message == "connection refused"
    events = ((1, "log", {"event": "error", "error.kind": "Timeout", "message": "late", "stack": "at y"}),)
    summary = error_summary(span({"error": True}, events=events))
    assert (summary.label, summary.message, summary.stack) == ("Timeout", "late", "at y")


def test_a_span_without_error_has_no_summary():
    assert error_summary(span({"http.response.status_code": 404})) is None
    assert error_summary(span({"error": "false"})) is None


def test_attributes_are_grouped_with_business_first_and_the_network_beside_its_call():
    keys = (
        "thread.name",
        "http.request.method",
        "server.address",
        "order.id",
        "payment.line",
        "error.type",
        "custom",
        "url.full",
        "network.protocol.version",
        "http.response.header.retry-after",
    )
    groups = {
        group.name: [key for key, _ in group.pairs] for group in group_attributes(tuple((key, 1) for key in keys))
    }
    assert groups == {
        "Business": ["order.id", "payment.line"],
        "HTTP": [
            "http.request.method",
            "server.address",
            "url.full",
            "network.protocol.version",
            "http.response.header.retry-after",
        ],
        "Exception": ["error.type"],
        "Code": ["thread.name"],
        "Other": ["custom"],
    }
    assert [group.name for group in group_attributes((("net.peer.name", "x"), ("z", 1)))] == ["Network", "Other"]
    assert group_attributes((("x.y", 1),), business_keys={"x.y"})[0].name == "Business"


@pytest.mark.parametrize(
    "key", ["user.id", "app.order.id", "user_id", "orderId", "customer-number", "session.id", "enduser.id"]
)
def test_business_keys_are_known_in_every_spelling(key):
    assert is_business_key(key)


@pytest.mark.parametrize(
    "key", ["user_agent.original", "user_agent", "db.user", "http.user", "id", "", "userinfo", "orders"]
)
def test_technical_keys_are_no_business(key):
    assert not is_business_key(key)


@given(
    st.lists(
        st.tuples(st.one_of(st.text(), st.sampled_from(["http.x", "db.y", "net.z", "user.id", "error"])), st.integers())
    )
)
def test_grouping_keeps_every_pair_once(pairs):
    groups = group_attributes(tuple(pairs))
    assert sorted(pair for group in groups for pair in group.pairs) == sorted(pairs)
    assert [group.name for group in groups] == [name for name in ORDER if name in {group.name for group in groups}]
