"""A trace in Jaeger's JSON: each part of a span where Jaeger's readers look for it."""

import json
import math

from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from apps.api.jaeger.trace_json import trace_json
from apps.traces.otlp import read_trace
from tests.api.shop import CHECKOUT_ID, GATEWAY, LINKED_SPAN, LINKED_TRACE, PAYMENT, SELECT, checkout
from tests.traces.build import MS, START_NS, TRACE_ID, SpanSpec, key_values, traces_data


def as_jaeger(data: TracesData, trace_id: str = TRACE_ID, **options) -> dict:
    return json.loads(trace_json(read_trace(trace_id, data.SerializeToString()), **options))


def one_span(**fields) -> TracesData:
    data = traces_data([SpanSpec("shop", "GET /", None, 0, 10)])
    span = data.resource_spans[0].scope_spans[0].spans[0]
    for name, value in fields.items():
        if isinstance(value, list):
            getattr(span, name).extend(value)
        else:
            setattr(span, name, value)
    return data


def tags_of(span: dict) -> dict:
    return {tag["key"]: (tag["type"], tag["value"]) for tag in span["tags"]}


def test_the_shape_is_jaegers():
    trace = as_jaeger(checkout(), CHECKOUT_ID)
    assert set(trace) == {"traceID", "spans", "processes", "warnings"}
    assert trace["traceID"] == CHECKOUT_ID
    assert trace["warnings"] is None
    for span in trace["spans"]:
        assert set(span) == {
            "traceID", "spanID", "flags", "operationName", "references", "startTime", "duration", "tags", "logs",
            "processID", "warnings",
        }  # fmt: skip
        assert span["traceID"] == CHECKOUT_ID
        assert span["processID"] in trace["processes"]
        assert span["warnings"] is None
    assert [span["spanID"] for span in trace["spans"]] == [GATEWAY, PAYMENT, SELECT]


def test_times_are_whole_microseconds():
    (span,) = as_jaeger(one_span(start_time_unix_nano=START_NS + 1999, end_time_unix_nano=START_NS + 5001))["spans"]
    assert span["startTime"] == START_NS // 1000 + 1
    assert span["duration"] == 3


def test_processes_are_the_different_resources():
    trace = as_jaeger(checkout(), CHECKOUT_ID)
    host = {"key": "host.name", "type": "string", "value": "box-1"}
    assert trace["processes"] == {
        "p1": {"serviceName": "gateway", "tags": [host]},
        "p2": {"serviceName": "payment", "tags": [host]},
    }
    assert [span["processID"] for span in trace["spans"]] == ["p1", "p2", "p2"]


def test_a_resource_without_a_name_is_an_unknown_service():
    data = one_span()
    del data.resource_spans[0].resource.attributes[:]
    assert as_jaeger(data)["processes"]["p1"] == {"serviceName": "unknown_service", "tags": []}


def test_fields_of_opentelemetry_become_tags():
    charge = as_jaeger(checkout(), CHECKOUT_ID)["spans"][1]
    assert tags_of(charge) == {
        "otel.scope.name": ("string", "shop.tracing"),
        "otel.scope.version": ("string", "2.0"),
        "scope.team": ("string", "checkout"),
        "order.id": ("int64", 48213),
        "retry": ("bool", True),
        "ratio": ("float64", 0.5),
        "note": ("string", "a:b c"),
        "span.kind": ("string", "client"),
        "otel.status_code": ("string", "ERROR"),
        "error": ("bool", True),
        "otel.status_description": ("string", "the bank said no"),
        "w3c.tracestate": ("string", "ot=th:8"),
    }
    assert charge["flags"] == 0x101


def test_a_span_without_them_gets_none_of_these_tags():
    data = one_span(kind=0)
    data.resource_spans[0].scope_spans[0].scope.Clear()
    assert as_jaeger(data)["spans"][0]["tags"] == []


def test_kinds_and_status_in_jaegers_words():
    words = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}
    for number, word in words.items():
        assert tags_of(as_jaeger(one_span(kind=number))["spans"][0])["span.kind"] == ("string", word)
    data = one_span()
    data.resource_spans[0].scope_spans[0].spans[0].status.code = 1
    tags = tags_of(as_jaeger(data)["spans"][0])
    assert tags["otel.status_code"] == ("string", "OK")
    assert "error" not in tags


def test_an_attribute_that_says_the_same_is_not_said_twice():
    data = one_span(kind=2, attributes=key_values({"span.kind": "server", "error": "yes"}))
    data.resource_spans[0].scope_spans[0].spans[0].status.code = 2
    found = [(tag["key"], tag["value"]) for tag in as_jaeger(data)["spans"][0]["tags"]]
    assert found.count(("span.kind", "server")) == 1
    assert ("error", "yes") in found
    assert ("error", True) in found


def test_values_of_every_type():
    values = {
        "text": "a", "true": True, "int": 7, "largest safe": 2**53 - 1, "large": 2**53, "least": -(2**63),
        "float": 1.5, "whole float": 2.0, "nan": math.nan, "inf": -math.inf, "bytes": b"\x00\xff",
        "list": [1, "b", [True]],
        "map": {"a": {"b": math.nan}}, "none": None, "empty": "",
    }  # fmt: skip
    pairs = key_values({k: v for k, v in values.items() if v is not None})
    data = one_span(attributes=pairs)
    data.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="none", value=AnyValue())
    tags = tags_of(as_jaeger(data)["spans"][0])
    assert {key: tags[key] for key in values} == {
        "text": ("string", "a"), "true": ("bool", True), "int": ("int64", 7), "largest safe": ("int64", 2**53 - 1),
        "large": ("int64", str(2**53)), "least": ("int64", str(-(2**63))), "float": ("float64", 1.5),
        "whole float": ("float64", 2.0), "nan": ("float64", "NaN"), "inf": ("float64", "-Infinity"),
        "bytes": ("binary", "AP8="), "list": ("string", '[1,"b",[true]]'), "map": ("string", '{"a":{"b":"NaN"}}'),
        "none": ("string", ""), "empty": ("string", ""),
    }  # fmt: skip


def test_events_become_logs_with_their_name_as_field():
    charge = as_jaeger(checkout(), CHECKOUT_ID)["spans"][1]
    assert [log["fields"] for log in charge["logs"]] == [
        [
            {"key": "event", "type": "string", "value": "exception"},
            {"key": "exception.type", "type": "string", "value": "Timeout"},
        ]
    ]
    assert charge["logs"][0]["timestamp"] == charge["startTime"] + 11_000


def test_an_event_that_has_such_a_field_keeps_it():
    data = one_span()
    span = data.resource_spans[0].scope_spans[0].spans[0]
    span.events.add(name="log", time_unix_nano=START_NS, attributes=key_values({"event": "error"}))
    (log,) = as_jaeger(data)["spans"][0]["logs"]
    assert [(f["key"], f["value"]) for f in log["fields"]] == [("event", "error")]


def test_parents_and_links_become_references():
    gateway, charge, _ = as_jaeger(checkout(), CHECKOUT_ID)["spans"]
    assert gateway["references"] == []
    assert charge["references"] == [
        {"refType": "CHILD_OF", "traceID": CHECKOUT_ID, "spanID": GATEWAY},
        {"refType": "FOLLOWS_FROM", "traceID": LINKED_TRACE, "spanID": LINKED_SPAN},
    ]


def test_a_link_of_an_opentracing_bridge_keeps_its_type():
    data = one_span()
    link = data.resource_spans[0].scope_spans[0].spans[0].links.add(trace_id=b"\1" * 16, span_id=b"\2" * 8)
    link.attributes.extend(key_values({"opentracing.ref_type": "child_of"}))
    (reference,) = as_jaeger(data)["spans"][0]["references"]
    assert reference["refType"] == "CHILD_OF"


def test_a_link_without_ids_is_left_out_with_a_warning_and_kept_when_raw():
    data = one_span()
    data.resource_spans[0].scope_spans[0].spans[0].links.add(trace_id=bytes(16), span_id=b"\2" * 8)
    (span,) = as_jaeger(data)["spans"]
    assert span["references"] == []
    assert span["warnings"] == ["1 links without a trace or span id left out"]
    (span,) = as_jaeger(data, is_raw=True)["spans"]
    assert [reference["traceID"] for reference in span["references"]] == ["0" * 32]
    assert span["warnings"] is None


def test_a_span_that_ends_before_it_starts_lasts_nothing_and_says_so():
    (span,) = as_jaeger(one_span(end_time_unix_nano=START_NS - 3 * MS))["spans"]
    assert span["duration"] == 0
    assert "3000 µs before" in span["warnings"][0]


def test_what_a_client_dropped_is_counted():
    data = one_span(dropped_attributes_count=3, dropped_events_count=2, dropped_links_count=1)
    tags = tags_of(as_jaeger(data)["spans"][0])
    assert [tags[f"otel.dropped_{n}_count"][1] for n in ("attributes", "events", "links")] == [3, 2, 1]


def test_duplicate_span_ids_and_orphans_are_all_there():
    specs = [SpanSpec("a", "x", None, 0, 5, span_id="aa" * 8), SpanSpec("b", "x", None, 0, 5, span_id="aa" * 8)]
    spans = as_jaeger(traces_data([*specs, ("c", "y", "ee" * 8, 1, 2)]))["spans"]
    assert [span["spanID"] for span in spans] == ["aa" * 8, "aa" * 8, f"{3:016x}"]
    assert spans[2]["references"][0]["spanID"] == "ee" * 8
