"""Whether a span failed is said alike by everybody who asks: search, counts, digest and pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.traces import wire
from apps.traces.batch import split_batch
from apps.traces.column_readers import ColumnReader, columns_of
from apps.traces.draft import Draft, Summariser, outline, raw_scopes
from apps.traces.find import Finder
from apps.traces.match import span_matches
from apps.traces.otlp import parse_request, read_trace
from apps.traces.packing import decompress
from apps.traces.query import SpanPredicate
from apps.traces.sealing import SealingReader
from apps.traces.tokens import error_token
from apps.traces.why.facts import FactReader
from tests.traces.build import TRACE_ID, SpanSpec, traces_data

WANTED = SpanPredicate(status="ERROR")
HTTP, OLD_HTTP, GRPC = "http.response.status_code", "http.status_code", "rpc.grpc.status_code"


def failed(kind: str, attributes: dict, status: str = "UNSET", events=()) -> bool:
    """As all say it, of a span among others that have nothing to do with it."""
    mine = SpanSpec("shop", "GET /", None, 0, 10, attributes, kind, status, events=events)
    beside = SpanSpec("shop", "GET /a", None, 0, 10, {HTTP: 200}, "SERVER")
    return as_all_say(traces_data([beside, mine]).SerializeToString())


def as_all_say(sent: bytes) -> bool:
    """Whether one of the spans of a request, which are stored as ingest stores them, failed."""
    parts = split_batch(parse_request(sent)[0], sent).parts
    (part,) = parts
    raw = decompress(part.payload)
    trace, draft = read_trace(TRACE_ID, raw), Draft(bytes.fromhex(TRACE_ID))
    draft.add_document(raw)
    summary, (sealed, columns) = Summariser().summarise(draft), SealingReader().read(draft)
    said = {
        any(span.is_error for span in trace.spans),
        any(columns_of(trace).is_error),
        any(ColumnReader().read(draft).is_error),
        any(ColumnReader().read_trace(trace).is_error),
        any(columns.is_error),
        bool(summary.error_count),
        bool(sealed.error_count),
        error_token("shop") in summary.tokens,
        error_token("shop") in sealed.tokens,
        error_token("shop") in part.tokens,
        bool(outline(draft, lambda _: "shop").error_count),
        FactReader().read(raw_scopes(raw)).is_failed,
        any(span_matches(span, WANTED) for span in trace.spans),
        Finder(WANTED).may_be_in(raw) and Finder(WANTED).matches(raw_scopes(raw)).count == 1,
    }
    assert len(said) == 1, said
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
        ("SERVER", {"rpc.response.status_code": "13", "rpc.system": "jsonrpc"}, False),
        ("SERVER", {"otel.status_code": "UNSET"}, False),
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


def field(tag: int, held: bytes) -> bytes:
    return bytes((tag, len(held))) + held


NEW, RPC = field(0x0A, HTTP.encode()), field(0x0A, GRPC.encode())


@pytest.mark.parametrize(
    ("more", "is_so"),
    [
        (field(0x4A, NEW + b"\x12\x03\x18\xc8\x01\x12\x03\x18\xf6\x03"), True),
        (field(0x4A, NEW + b"\x12\x03\x18\xf6\x03\x12\x03\x18\xc8\x01"), False),
        (field(0x4A, RPC + b"\x12\x02\x18\x00\x12\x02\x18\x0e"), True),
        (field(0x4A, b"\x12\x03\x18\xf6\x03" + NEW), True),
        (field(0x4A, b"\x12\x03\x18\xf6\x03" + NEW) + b"\x12\x03\x18\xc8\x01" + field(0x12, b"12345678"), True),
        (field(0x4A, NEW + b"\x12\x04\x18\xf6\x83\x00"), True),
        (field(0x4A, b"\x0a\x85\x00error\x12\x02\x10\x01"), True),
        (field(0x7A, b"\x18\x82\x00"), True),
        (field(0x7A, b"\x18\x82\x80\x80\x80\x10"), True),
    ],
    ids=[
        "a value twice", "a value twice, the other way", "gRPC's twice", "the value first", "and more",
        "a number in more bytes", "a length in more bytes", "a status in more bytes", "in many more",
    ],
)  # fmt: skip
def test_however_protobuf_may_write_it(more, is_so):
    spec = SpanSpec("shop", "GET /", None, 0, 10, {}, "SERVER")
    data = wire.RawTracesData.FromString(traces_data([spec]).SerializeToString())
    spans = data.resource_spans[0].scope_spans[0].spans
    spans[0] += more
    assert as_all_say(data.SerializeToString()) is is_so


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
