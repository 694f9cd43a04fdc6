"""Whether a span failed is said alike by everybody who asks: search, counts, digest and pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.traces.column_readers import columns_of
from apps.traces.draft import Draft, Summariser, outline, raw_scopes
from apps.traces.find import Finder
from apps.traces.match import span_matches
from apps.traces.query import SpanPredicate
from apps.traces.tokens import error_token
from tests.traces.build import TRACE_ID, SpanSpec, as_trace, traces_data
from tests.traces.columns_build import read_raw

WANTED = SpanPredicate(status="ERROR")
HTTP, OLD_HTTP, GRPC = "http.response.status_code", "http.status_code", "rpc.grpc.status_code"


def failed(kind: str, attributes: dict, status: str = "UNSET", events=()) -> bool:
    """As all say it, of a span among others that have nothing to do with it."""
    mine = SpanSpec("shop", "GET /", None, 0, 10, attributes, kind, status, events=events)
    beside = SpanSpec("shop", "GET /a", None, 0, 10, {HTTP: 200}, "SERVER")
    data = traces_data([beside, mine])
    raw, trace = data.SerializeToString(), as_trace(data)
    draft = Draft(bytes.fromhex(TRACE_ID))
    draft.add_document(raw)
    summary = Summariser().summarise(draft)
    span = trace.spans[1]
    said = {
        span.is_error,
        any(read_raw(raw).is_error),
        any(columns_of(trace).is_error),
        bool(summary.error_count),
        bool(summary.services["shop"][1]),
        error_token("shop") in summary.tokens,
        bool(outline(draft, lambda _: "shop").error_count),
        span_matches(span, WANTED),
        Finder(WANTED).may_be_in(raw) and Finder(WANTED).matches(raw_scopes(raw)).count == 1,
    }
    assert len(said) == 1, said
    assert not trace.spans[0].is_error
    return said.pop()


@pytest.mark.parametrize(
    ("kind", "attributes", "is_so"),
    [
        ("SERVER", {HTTP: 502}, True),
        ("SERVER", {HTTP: 500}, True),
        ("SERVER", {HTTP: 599}, True),
        ("SERVER", {OLD_HTTP: 503}, True),
        ("SERVER", {HTTP: "504"}, True),
        ("SERVER", {HTTP: 500.0}, True),
        ("CLIENT", {HTTP: 502}, True),
        ("SERVER", {HTTP: 200, OLD_HTTP: 502}, True),
        ("SERVER", {HTTP: 499}, False),
        ("SERVER", {HTTP: 404}, False),
        ("CLIENT", {HTTP: 404}, False),
        ("SERVER", {HTTP: "404"}, False),
        ("SERVER", {HTTP: 600}, False),
        ("SERVER", {HTTP: 5020}, False),
        ("SERVER", {HTTP: "5xx"}, False),
        ("SERVER", {HTTP: True}, False),
        ("INTERNAL", {HTTP: 502}, False),
        ("CONSUMER", {HTTP: 502}, False),
        ("SERVER", {"upstream.status_code": 502}, False),
        ("SERVER", {"db.response.status_code": "57014"}, False),
        ("SERVER", {GRPC: 0}, False),
        ("SERVER", {GRPC: 14}, True),
        ("CLIENT", {GRPC: 4}, True),
        ("SERVER", {GRPC: 5}, False),
        ("SERVER", {"rpc.response.status_code": "UNAVAILABLE"}, True),
        ("SERVER", {"rpc.response.status_code": "NOT_FOUND"}, False),
        ("INTERNAL", {"error": True}, True),
        ("INTERNAL", {"error": ""}, True),
        ("CLIENT", {"error": "no route to host"}, True),
        ("INTERNAL", {"error": "false"}, False),
        ("INTERNAL", {"error": False}, False),
        ("INTERNAL", {"errors": True}, False),
    ],
)
def test_a_span_without_a_status_failed_when_it_says_so_otherwise(kind, attributes, is_so):
    assert failed(kind, attributes) is is_so
    assert failed(kind, attributes, "OK") is False, "who says OK knows better"
    assert failed(kind, attributes, "ERROR") is True


def test_what_an_event_holds_is_not_the_spans():
    assert not failed("CLIENT", {HTTP: 200}, events=((1, "retry", {HTTP: 503, "error": True}),))


VALUES = st.one_of(
    st.integers(-1, 700), st.integers(-(2**63), 2**63 - 1), st.booleans(), st.text(max_size=4), st.floats(),
    st.integers(0, 700).map(str), st.sampled_from(("UNAVAILABLE", "INTERNAL", "OK", "false")),
)  # fmt: skip
KEYS = st.sampled_from(
    (HTTP, OLD_HTTP, GRPC, "rpc.response.status_code", "db.response.status_code", "error", "status_code", "user.id")
)


@given(
    st.dictionaries(KEYS, VALUES, max_size=4),
    st.sampled_from(("INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")),
    st.sampled_from(("UNSET", "OK", "ERROR")),
)
def test_all_say_the_same_of_any_span(attributes, kind, status):
    failed(kind, attributes, status)
