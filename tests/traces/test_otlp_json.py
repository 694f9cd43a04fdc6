import base64
import json
import math

import orjson
import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData

from apps.traces.otlp_json import logs_from_json, request_from_json, traces_data_to_json
from apps.traces.values import any_value, attribute_pairs
from tests.costs import within
from tests.traces.build import TRACE_ID, random_specs, traces_data

SPAN_ID = "00f067aa0ba902b7"
GOOD = {"traceId": TRACE_ID, "spanId": SPAN_ID, "name": "good", "startTimeUnixNano": "1", "endTimeUnixNano": "2"}


def body_of(*spans, resource=None) -> bytes:
    group = {"scopeSpans": [{"spans": list(spans)}]}
    if resource is not None:
        group["resource"] = resource
    return json.dumps({"resourceSpans": [group]}).encode()


def read(*spans, **rest):
    """The spans that came through, the problems, and how many were refused."""
    request, problems, rejected = request_from_json(body_of(*spans, **rest))
    # Whatever comes out must be readable again: it is stored as protobuf.
    ExportTraceServiceRequest.FromString(request.SerializeToString())
    return list(request.resource_spans[0].scope_spans[0].spans), problems, rejected


def attribute(value: dict) -> object:
    (span,), _, _ = read(GOOD | {"attributes": [{"key": "k", "value": value}]})
    return any_value(span.attributes[0].value)


def test_a_span_as_the_specification_writes_it():
    body = body_of(
        {
            "traceId": TRACE_ID.upper(),
            "spanId": SPAN_ID,
            "parentSpanId": "00f067aa0ba902b8",
            "traceState": "ot=th:8",
            "flags": 257,
            "name": "GET /",
            "kind": 2,
            "startTimeUnixNano": "1795000000000000001",
            "endTimeUnixNano": "1795000000000000002",
            "attributes": [{"key": "order.id", "value": {"stringValue": "48213"}}],
            "droppedAttributesCount": 1,
            "events": [{"timeUnixNano": "5", "name": "e", "attributes": [], "droppedAttributesCount": 2}],
            "droppedEventsCount": 3,
            "droppedLinksCount": 4,
            "status": {"code": 2, "message": "no"},
            "links": [{"traceId": TRACE_ID, "spanId": SPAN_ID, "traceState": "a=b", "flags": 1}],
        },
        resource={
            "attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}],
            "droppedAttributesCount": 5,
            "entityRefs": [{"type": "service", "idKeys": ["service.name"]}],
        },
    )
    request, problems, rejected = request_from_json(body)
    assert (problems, rejected) == ([], 0)
    group = request.resource_spans[0]
    span = group.scope_spans[0].spans[0]
    assert (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()) == (
        TRACE_ID,
        SPAN_ID,
        "00f067aa0ba902b8",
    )
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (1795000000000000001, 1795000000000000002)
    assert (span.kind, span.flags, span.trace_state, span.name) == (2, 257, "ot=th:8", "GET /")
    assert (span.dropped_attributes_count, span.dropped_events_count, span.dropped_links_count) == (1, 3, 4)
    assert (span.status.code, span.status.message) == (2, "no")
    assert (span.events[0].time_unix_nano, span.events[0].name, span.events[0].dropped_attributes_count) == (5, "e", 2)
    assert (span.links[0].trace_id.hex(), span.links[0].trace_state, span.links[0].flags) == (TRACE_ID, "a=b", 1)
    assert attribute_pairs(span.attributes) == (("order.id", "48213"),)
    assert attribute_pairs(group.resource.attributes) == (("service.name", "shop"),)
    assert group.resource.dropped_attributes_count == 5
    assert group.resource.entity_refs[0].id_keys == ["service.name"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"intValue": 5}, 5),
        ({"intValue": "5"}, 5),
        ({"intValue": 5.0}, 5),
        ({"int_value": -7}, -7),
        ({"intValue": "5e2"}, 500),
        ({"intValue": str(2**63 - 1)}, 2**63 - 1),
        ({"intValue": str(2**63)}, str(2**63)),
        ({"intValue": "many"}, "many"),
        ({"doubleValue": 1.5}, 1.5),
        ({"doubleValue": "1.5"}, 1.5),
        ({"doubleValue": 3}, 3.0),
        ({"doubleValue": "Infinity"}, math.inf),
        ({"doubleValue": "-Infinity"}, -math.inf),
        ({"doubleValue": None}, None),
        ({"doubleValue": "x"}, "x"),
        ({"boolValue": True}, True),
        ({"boolValue": "false"}, False),
        ({"stringValue": ""}, ""),
        ({"stringValue": "é🎈"}, "é🎈"),
        ({"stringValue": 7}, "7"),
        ({"bytesValue": base64.b64encode(b"\xff\x00").decode()}, b"\xff\x00"),
        ({"bytesValue": "_w"}, b"\xff"),
        ({"bytesValue": "?"}, "?"),
        ({}, None),
        ({"stringValue": None}, None),
        ({"newKindValue": 1}, None),
        ({"stringValueStrindex": 3}, None),
        ({"arrayValue": {"values": [{"intValue": "1"}, {"stringValue": "a"}, {}]}}, [1, "a", None]),
        ({"arrayValue": {}}, []),
        (
            {"kvlistValue": {"values": [{"key": "a", "value": {"boolValue": True}}, {"key": "b"}]}},
            {"a": True, "b": None},
        ),
        ("bare", "bare"),
        (5, 5),
        (True, True),
        (1.5, 1.5),
    ],
)
def test_values_of_every_dialect(value, expected):
    got = attribute(value)
    assert got == expected
    assert type(got) is type(expected)


def test_nan_is_a_text_in_json():
    assert math.isnan(attribute({"doubleValue": "NaN"}))


def test_snake_case_enum_names_and_numbers_as_times_are_taken():
    (span,), problems, rejected = read(
        {
            "trace_id": TRACE_ID,
            "span_id": SPAN_ID,
            "parent_span_id": None,
            "start_time_unix_nano": 1795000000000000001,
            "end_time_unix_nano": 1.795e18,
            "kind": "SPAN_KIND_CLIENT",
            "status": {"code": "STATUS_CODE_ERROR"},
            "dropped_attributes_count": "3",
            "someday": {"new": []},
            "events": None,
        }
    )
    assert (problems, rejected) == ([], 0)
    assert (span.start_time_unix_nano, span.end_time_unix_nano, span.kind) == (
        1795000000000000001,
        1795000000000000000,
        3,
    )
    assert (span.status.code, span.dropped_attributes_count, span.parent_span_id) == (2, 3, b"")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"traceId": base64.b64encode(bytes.fromhex(TRACE_ID)).decode()}, "traceId is base64"),
        ({"spanId": base64.b64encode(bytes.fromhex(SPAN_ID)).decode()}, "spanId is base64"),
        ({"traceId": "xyz"}, "must have 32 hex digits"),
        ({"traceId": TRACE_ID[:16]}, "must have 32 hex digits"),
        ({"spanId": 7}, "must be a text of 16 hex digits"),
        ({"parentSpanId": "zz"}, "parentSpanId must have 16"),
        ({"startTimeUnixNano": -1}, "startTimeUnixNano is out of range"),
        ({"endTimeUnixNano": str(2**64)}, "endTimeUnixNano is out of range"),
        ({"startTimeUnixNano": "noon"}, "must be an integer"),
        ({"startTimeUnixNano": "1" * 5000}, "must be an integer"),
        ({"flags": 2**32}, "flags is out of range"),
        ({"name": {}}, "text was expected"),
        ({"attributes": "no"}, "attributes must be an array"),
        ({"events": {}}, "events must be an array"),
    ],
)
def test_a_bad_span_is_refused_with_its_reason_and_the_others_stay(change, reason):
    spans, problems, rejected = read(GOOD, GOOD | {"name": "bad"} | change, GOOD)
    assert [span.name for span in spans] == ["good", "good"]
    assert rejected == 1
    assert len(problems) == 1
    assert reason in problems[0]


def test_the_same_trouble_is_said_once_with_its_count():
    _, problems, rejected = read(*[GOOD | {"flags": -1}] * 50)
    assert (problems, rejected) == (["Refused: flags is out of range. (50 times)"], 50)
    _, problems, _ = read(*(GOOD | {"traceId": f"bad {n}"} for n in range(100)))
    assert len(problems) == 20


def test_missing_ids_are_left_to_the_check_that_all_formats_share():
    (span,), problems, rejected = read({"name": "x", "traceId": "", "spanId": None})
    assert (span.trace_id, span.span_id, problems, rejected) == (b"", b"", [], 0)


def test_parts_of_a_span_that_cannot_be_read_are_left_out_and_said():
    span = GOOD | {
        "links": [{"traceId": "bad", "spanId": SPAN_ID}, {"traceId": TRACE_ID, "spanId": SPAN_ID}],
        "attributes": [7],
    }
    (read_span,), problems, rejected = read(span)
    assert (len(read_span.links), len(read_span.attributes), rejected, len(problems)) == (1, 0, 0, 2)


def test_half_surrogate_pairs_are_repaired_and_said_and_nul_is_kept():
    body = body_of(GOOD | {"name": "a\x00b"}, GOOD | {"name": "PLACE"}).replace(b"PLACE", b"c\\ud800d\\ud83c\\udf88")
    request, problems, rejected = request_from_json(body)
    assert [span.name for span in request.resource_spans[0].scope_spans[0].spans] == ["a\x00b", "c\ufffdd🎈"]
    assert rejected == 0
    assert problems == ["Text with half a surrogate pair was repaired (U+FFFD put in)."]


def test_bad_utf_8_a_byte_order_mark_and_bare_nan_do_not_cost_the_batch():
    body = b"\xef\xbb\xbf" + body_of(
        GOOD | {"name": "PLACE", "attributes": [{"key": "n", "value": {"doubleValue": math.nan}}]}
    )
    request, problems, rejected = request_from_json(body.replace(b"PLACE", b"a\xffb"))
    span = request.resource_spans[0].scope_spans[0].spans[0]
    assert (span.name, rejected) == ("a\ufffdb", 0)
    assert math.isnan(span.attributes[0].value.double_value)
    assert problems == ["Text that is not UTF-8 was repaired (U+FFFD put in)."]


def test_what_is_said_of_a_bad_id_can_be_sent_back():
    body = body_of(GOOD | {"traceId": "PLACE"}).replace(b"PLACE", b"\\ud800\\u0000\\n<b>")
    _, problems, rejected = request_from_json(body)
    assert rejected == 1
    assert problems == [r"Refused: traceId must have 32 hex digits, not '\ud800\x00\n<b>'."]


def test_a_body_of_nothing_but_brackets_is_refused_before_it_takes_memory():
    body = b'{"resourceSpans":[{"scopeSpans":[{"spans":[' + b"{}," * 5_000_000 + b"{}]}]}]}"
    within(0.5, lambda: refused(body, "smaller batches"))


def test_the_last_of_duplicate_keys_counts():
    body = body_of(GOOD).replace(b'"name": "good"', b'"name": "first", "name": "last"')
    assert request_from_json(body)[0].resource_spans[0].scope_spans[0].spans[0].name == "last"


def nested(levels: int, opening: str, closing: str) -> str:
    """A text inside that many arrays or maps; spelled by hand, because json.dumps would recurse."""
    return opening * levels + '{"stringValue":"x"}' + closing * levels


ARRAYS = '{"arrayValue":{"values":[', "]}}"
MAPS = '{"kvlistValue":{"values":[{"key":"k","value":', "}]}}"


@pytest.mark.parametrize(
    ("levels", "shape", "refused"),
    [
        (47, ARRAYS, 0),
        (48, ARRAYS, 1),
        (31, MAPS, 0),
        (32, MAPS, 1),
        (90, ARRAYS, 1),
        (400, MAPS, 1),
        (5_000, ARRAYS, 1),
        (100_000, MAPS, 1),
    ],
)
def test_nesting_that_protobuf_cannot_read_refuses_its_span_only(levels, shape, refused):
    deep = GOOD | {"attributes": [{"key": "k", "value": "PLACE"}]}
    body = body_of(GOOD, deep, GOOD).replace(b'"PLACE"', nested(levels, *shape).encode())
    request, problems, rejected = request_from_json(body)
    ExportTraceServiceRequest.FromString(request.SerializeToString())
    assert rejected == refused
    assert len(request.resource_spans[0].scope_spans[0].spans) == 3 - refused
    assert problems == ["Refused: Values are nested too deeply."] * refused


def test_a_deep_resource_attribute_is_left_out_and_the_spans_stay():
    resource = {
        "attributes": [{"key": "deep", "value": "PLACE"}, {"key": "service.name", "value": {"stringValue": "shop"}}]
    }
    body = body_of(GOOD, resource=resource).replace(b'"PLACE"', nested(60, *ARRAYS).encode())
    request, problems, rejected = request_from_json(body)
    assert attribute_pairs(request.resource_spans[0].resource.attributes) == (("service.name", "shop"),)
    assert (rejected, len(problems), len(request.resource_spans[0].scope_spans[0].spans)) == (0, 1, 1)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"7",
        b"{",
        b'{"resourceSpans": {}}',
        b'{"resourceSpans": [7]}',
        b"\xff\xff",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 2_000 + b'"' + b'\\"' * 200_000,
    ],
)
def test_what_is_no_request_is_a_value_error_for_developers(body):
    within(2, lambda: refused(body, "JSON|resourceSpans"))


def refused(body, why):
    with pytest.raises(ValueError, match=why):
        request_from_json(body)


@pytest.mark.parametrize("body", [b"{}", b'{"resourceSpans":[]}', b'{"resourceSpans":null}', b'{"resourceSpans":[{}]}'])
def test_empty_requests_are_fine(body):
    request, problems, rejected = request_from_json(body)
    assert (problems, rejected, sum(len(s.spans) for g in request.resource_spans for s in g.scope_spans)) == ([], 0, 0)


def test_odd_shared_parts_do_not_cost_the_spans():
    body = {
        "resourceSpans": [
            {
                "schemaUrl": {},
                "resource": [],
                "scopeSpans": [{"scope": {"name": [], "version": 2, "attributes": 5}, "spans": [GOOD]}, 5],
            },
            {"resource": {"attributes": {}, "entityRefs": 3}, "scopeSpans": "no"},
            {"scopeSpans": [{"spans": 4}]},
        ]
    }
    request, problems, rejected = request_from_json(json.dumps(body).encode())
    part = request.resource_spans[0].scope_spans[0]
    assert (len(part.spans), part.scope.version, rejected, len(problems)) == (1, "2", 0, 4)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.just(TRACE_ID), st.just(SPAN_ID)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    "resourceSpans",
                    "scopeSpans",
                    "spans",
                    "resource",
                    "scope",
                    "traceId",
                    "spanId",
                    "name",
                    "attributes",
                    "key",
                    "value",
                    "events",
                    "links",
                    "status",
                    "code",
                    "intValue",
                    "doubleValue",
                    "arrayValue",
                    "kvlistValue",
                    "values",
                    "entityRefs",
                    "bytesValue",
                    "boolValue",
                    "flags",
                    "kind",
                    "idKeys",
                ]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=25,
)


@given(json_values, json_values)
def test_no_json_makes_the_reader_fail(span, resource):
    for document in (
        span,
        {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span, GOOD], "scope": resource}]}]},
    ):
        try:
            request, _, _ = request_from_json(json.dumps(document).encode())
            ExportTraceServiceRequest.FromString(request.SerializeToString())
        except ValueError:
            assert document is span


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    st.one_of(
        st.builds(lambda v: AnyValue(string_value=v), texts),
        st.builds(lambda v: AnyValue(bool_value=v), st.booleans()),
        st.builds(lambda v: AnyValue(int_value=v), st.integers(-(2**63), 2**63 - 1)),
        st.builds(lambda v: AnyValue(double_value=v), st.floats(allow_nan=False)),
        st.builds(lambda v: AnyValue(bytes_value=v), st.binary(max_size=8)),
        st.builds(AnyValue),
    ),
    lambda inner: st.one_of(
        st.builds(lambda v: AnyValue(array_value=ArrayValue(values=v)), st.lists(inner, max_size=3)),
        st.builds(
            lambda v: AnyValue(kvlist_value=KeyValueList(values=[KeyValue(key=k, value=x) for k, x in v])),
            st.lists(st.tuples(texts, inner), max_size=3),
        ),
    ),
    max_leaves=8,
)
pairs = st.lists(st.builds(KeyValue, key=texts, value=values), max_size=4)
uint32, uint64 = st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)
trace_ids, span_ids = st.binary(min_size=16, max_size=16), st.binary(min_size=8, max_size=8)
spans = st.builds(
    Span,
    trace_id=trace_ids,
    span_id=span_ids,
    parent_span_id=st.one_of(st.just(b""), span_ids),
    trace_state=texts,
    flags=uint32,
    name=texts,
    kind=st.integers(0, 5),
    start_time_unix_nano=uint64,
    end_time_unix_nano=uint64,
    attributes=pairs,
    dropped_attributes_count=uint32,
    dropped_events_count=uint32,
    dropped_links_count=uint32,
    events=st.lists(
        st.builds(Span.Event, time_unix_nano=uint64, name=texts, attributes=pairs, dropped_attributes_count=uint32),
        max_size=2,
    ),
    links=st.lists(
        st.builds(Span.Link, trace_id=trace_ids, span_id=span_ids, trace_state=texts, flags=uint32, attributes=pairs),
        max_size=2,
    ),
)


@given(st.lists(spans, max_size=3), pairs, texts)
@settings(max_examples=60)
def test_a_document_survives_the_way_to_json_and_back(some, attributes, name):
    data = TracesData()
    group = data.resource_spans.add(schema_url=name)
    group.resource.attributes.extend(attributes)
    part = group.scope_spans.add(schema_url=name)
    part.scope.name = name
    part.spans.extend(some)
    for span in part.spans[:1]:
        span.status.message = name
    request, problems, rejected = request_from_json(traces_data_to_json(data.SerializeToString()))
    assert (problems, rejected) == ([], 0)
    assert request.SerializeToString(deterministic=True) == data.SerializeToString(deterministic=True)


def test_json_out_follows_the_specification():
    data = traces_data(random_specs(7, 40))
    data.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="n").value.double_value = math.nan
    written = orjson.loads(traces_data_to_json(data.SerializeToString()))
    # protobuf's own mapping, but for the three deviations: hex ids, numbers for enums, 64-bit as text (in both).
    expected = MessageToDict(data, use_integers_for_enums=True)
    for group in expected["resourceSpans"]:
        for part in group["scopeSpans"]:
            for span in part["spans"]:
                for key in ("traceId", "spanId", "parentSpanId"):
                    if key in span:
                        span[key] = base64.b64decode(span[key]).hex()
    assert written == expected


def test_logs_are_read_with_their_ids():
    record = {
        "timeUnixNano": "5",
        "observedTimeUnixNano": 6,
        "severityNumber": 17,
        "severityText": "ERROR",
        "eventName": "exception",
        "body": {"stringValue": "boom"},
        "traceId": TRACE_ID,
        "spanId": SPAN_ID,
        "flags": 1,
        "droppedAttributesCount": 2,
        "attributes": [{"key": "exception.type", "value": {"stringValue": "X"}}],
    }
    named = record | {"severityNumber": "SEVERITY_NUMBER_WARN", "traceId": None, "spanId": None}
    body = {
        "resourceLogs": [{"resource": {}, "scopeLogs": [{"logRecords": [record, named, record | {"traceId": "bad"}]}]}]
    }
    request, problems, rejected = logs_from_json(json.dumps(body).encode())
    first, second = request.resource_logs[0].scope_logs[0].log_records
    assert (first.trace_id.hex(), first.span_id.hex(), first.severity_number, first.body.string_value) == (
        TRACE_ID,
        SPAN_ID,
        17,
        "boom",
    )
    assert (first.time_unix_nano, first.observed_time_unix_nano, first.event_name, first.flags) == (
        5,
        6,
        "exception",
        1,
    )
    assert (second.severity_number, second.trace_id) == (13, b"")
    assert (rejected, len(problems)) == (1, 1)


def test_a_batch_is_read_quickly():
    data = traces_data(random_specs(5, 2_000), by_service=True)
    body = traces_data_to_json(data.SerializeToString())
    # 20 µs a span on a quiet core; the bound leaves room for a slower one.
    within(2_000 * 150e-6, lambda: request_from_json(body))
