"""`/jaeger/api/traces`: every parameter, with a value that finds the checkout and one that does not."""

import time

import pytest

from tests.api.shop import CHECKOUT_ID, OTHER_ID, checkout, other
from tests.storing import digest_all, send

TRACES = "/jaeger/api/traces"

FINDS = [
    ({}, True),
    ({"service": "payment"}, True),
    ({"service": "pay"}, False),
    ({"operation": "charge"}, True),
    ({"operation": "Charge"}, False),
    ({"service": "gateway", "operation": "charge"}, False),
    ({"minDuration": "500ms", "service": "gateway"}, True),
    ({"minDuration": "500.001ms"}, False),
    ({"maxDuration": "5ms", "service": "payment"}, True),
    ({"maxDuration": "4.999ms", "service": "payment"}, False),
    ({"minDuration": "0.4s", "maxDuration": "400000us", "service": "payment"}, True),
    ({"minDuration": "0", "maxDuration": "0s", "service": "payment"}, True),
    ({"tag": "order.id:48213"}, True),
    ({"tag": "order.id:4821"}, False),
    ({"tag": "note:a:b c"}, True),
    ({"tag": ["order.id:48213", "retry:true"]}, True),
    ({"tag": ["order.id:48213", "user.id:u_1"]}, False),
    ({"tags": '{"order.id":"48213","ratio":"0.5"}'}, True),
    ({"tags": '{"order.id":48213,"retry":true,"ratio":0.5}'}, True),
    ({"tags": '{"order.id":48214}'}, False),
    ({"tags": '{"order.id":"48213"}', "tag": "order.id:1"}, True),
    ({"tags": '{"host.name":"box-1","order.id":"48213"}'}, True),
    ({"tags": '{"service.name":"gateway","order.id":"48213"}'}, False),
    ({"tags": '{"scope.team":"checkout"}'}, True),
    ({"tags": '{"exception.type":"Timeout"}'}, True),
    ({"tags": '{"exception.type":"Timeou"}'}, False),
    ({"tags": '{"why":"retry"}'}, True),
    ({"tags": '{"error":"true"}', "operation": "charge"}, True),
    ({"tags": '{"error":"true"}', "operation": "SELECT"}, False),
    ({"tags": '{"error":"false"}', "operation": "SELECT"}, True),
    ({"tags": '{"error":"false"}', "operation": "charge"}, False),
    ({"tags": '{"span.kind":"server"}', "service": "gateway"}, True),
    ({"tags": '{"span.kind":"server"}', "service": "payment"}, False),
    ({"tags": '{"span.kind":"nothing"}', "service": "gateway"}, False),
    ({"tags": '{"span.status":"Ok"}', "operation": "SELECT"}, True),
    ({"tags": '{"span.status":"Unset"}', "operation": "SELECT"}, False),
    ({"tags": '{"otel.status_code":"ERROR"}', "operation": "charge"}, True),
    ({"tags": '{"otel.status_code":"ERROR"}', "service": "gateway"}, False),
    ({"tags": '{"scope.name":"shop.tracing"}'}, True),
    ({"tags": '{"scope.name":"tracing"}'}, False),
    ({"tags": '{"scope.version":"2.0"}'}, True),
    ({"tags": '{"scope.version":"2.1"}'}, False),
    ({"tags": '{"otel.scope.version":"2.0"}'}, True),
    ({"tags": '{"resource.host.name":"box-1"}'}, True),
    ({"tags": '{"resource.host.name":"box-2"}'}, False),
    ({"tags": '{"resource.order.id":"48213"}'}, False),
    ({"tags": '{"nothing":"x"}'}, False),
    ({"tags": "{}"}, True),
    ({"lookback": "1h"}, True),
    ({"lookback": "59s"}, False),
    ({"lookback": "2d"}, True),
    ({"lookback": "1w"}, True),
    ({"traceID": CHECKOUT_ID}, True),
    ({"traceID": CHECKOUT_ID.upper()}, True),
    ({"traceID": [CHECKOUT_ID, CHECKOUT_ID]}, True),
]  # fmt: skip

REFUSED = [
    ({"tag": [f"a{n}:1" for n in range(33)]}, "too many tags"),
    ({"start": "yesterday"}, "start"),
    ({"end": "1.5"}, "end"),
    ({"start": "20", "end": "10"}, "start time must be before end time"),
    ({"limit": "many"}, "limit"),
    ({"limit": "0"}, "limit"),
    ({"limit": "-1"}, "limit"),
    ({"minDuration": "5"}, "minDuration"),
    ({"minDuration": "-5s"}, "minDuration"),
    ({"maxDuration": "long"}, "maxDuration"),
    ({"minDuration": "2s", "maxDuration": "1s"}, "maxDuration"),
    ({"lookback": "ever"}, "lookback"),
    ({"tag": "novalue"}, "tag"),
    ({"tags": "{"}, "tags"),
    ({"tags": "[1]"}, "tags"),
    ({"tags": '{"a":{"b":1}}'}, "tags"),
    ({"tags": "[" * 100_00}, "tags"),
    ({"traceID": "zebra"}, "trace ID"),
    ({"traceID": "0" * 32}, "trace ID"),
    ({"raw": "perhaps"}, "raw"),
    ({"prettyPrint": "perhaps"}, "prettyPrint"),
    ({"service": "a\0b"}, "NUL"),
]


@pytest.mark.parametrize("is_sealed", [False, True], ids=["hot", "sealed"])
def test_each_parameter_finds_what_it_should_and_nothing_else(api, is_sealed):
    send(checkout())
    if is_sealed:
        assert digest_all() == 1
    for params, is_expected in FINDS:
        found = api.data(TRACES, params)
        assert [trace["traceID"] for trace in found] == [CHECKOUT_ID] * is_expected, params


def test_bad_parameters_are_refused_in_jaegers_shape(api):
    for params, said in REFUSED:
        body = api.json(TRACES, params, status=400)
        (error,) = body["errors"]
        assert error["code"] == 400, params
        assert said in error["msg"], params
        assert body["data"] is None


@pytest.mark.parametrize("is_sealed", [False, True], ids=["hot", "sealed"])
def test_both_ends_of_the_window_belong_to_it(api, is_sealed):
    document = checkout()
    start_us = document.resource_spans[0].scope_spans[0].spans[0].start_time_unix_nano // 1000
    send(document)
    if is_sealed:
        digest_all()
    for start, end, is_expected in ((0, 0, 1), (-5, 5, 1), (1, 5, 0), (-5, -1, 0), (-5, 0, 1), (0, 5, 1)):
        found = api.data(TRACES, {"start": start_us + start, "end": start_us + end})
        assert len(found) == is_expected, (start, end)


def test_a_window_without_an_end_has_the_traces_of_clocks_that_are_ahead(api):
    send(checkout(ago_s=-20 * 3_600))
    digest_all()
    assert len(api.data(TRACES, {"lookback": "1h"})) == 1
    assert api.data(TRACES, {"lookback": "1h", "end": time.time_ns() // 1000}) == []


def test_newest_come_first_and_the_limit_holds(api):
    send(checkout(ago_s=60), other(ago_s=30))
    assert [t["traceID"] for t in api.data(TRACES)] == [OTHER_ID, CHECKOUT_ID]
    assert [t["traceID"] for t in api.data(TRACES, {"limit": 1})] == [OTHER_ID]
    assert len(api.data(TRACES, {"limit": 10**9})) == 2


def test_no_match_is_an_empty_list(api):
    assert api.json(TRACES) == {"data": [], "total": 0, "limit": 0, "offset": 0, "errors": None}


def test_unknown_ids_among_known_ones_are_named_in_errors(api):
    send(checkout())
    body = api.json(TRACES, {"traceID": [CHECKOUT_ID, OTHER_ID], "service": "not looked at"})
    assert [t["traceID"] for t in body["data"]] == [CHECKOUT_ID]
    assert body["errors"] == [{"code": 404, "msg": "trace not found", "traceID": OTHER_ID}]


def test_a_trace_found_by_its_parts_comes_whole(api):
    send(checkout())
    (trace,) = api.data(TRACES, {"operation": "SELECT"})
    assert len(trace["spans"]) == 3


def test_pretty_print_changes_the_layout_and_nothing_else(api):
    send(checkout())
    plain, pretty = api(TRACES), api(TRACES, {"prettyPrint": "true"})
    assert plain.json() == pretty.json()
    assert pretty.content.count(b"\n") > 50


def test_an_answer_that_would_be_too_large_names_what_it_leaves_out(api, monkeypatch):
    monkeypatch.setattr("apps.api.found.MAX_SPANS", 3)
    send(checkout(ago_s=60), other(ago_s=90))
    body = api.json(TRACES)
    assert [t["traceID"] for t in body["data"]] == [CHECKOUT_ID]
    assert body["errors"] == [{"code": 413, "msg": "left out, the answer is full", "traceID": OTHER_ID}]


def test_pages_of_the_store_are_joined_without_gap_or_repetition(api, monkeypatch):
    monkeypatch.setattr("apps.api.found.PAGE_ROWS", 2)
    from tests.store.shop import random_traces

    send(*random_traces(3, 9))
    found = [t["traceID"] for t in api.data(TRACES, {"limit": 7})]
    assert len(found) == len(set(found)) == 7
    assert len(api.data(TRACES)) == 9


def test_half_a_surrogate_pair_in_tags_is_a_value_nobody_has(api):
    send(checkout())
    assert api.data(TRACES, {"tags": '{"order.id":"\\ud800","\\udfff":"x\\u0000"}'}) == []


def test_a_search_over_the_base_address_of_grafana_finds_the_same(api):
    send(checkout())
    assert api.json("/api/traces", {"service": "payment"}) == api.json(TRACES, {"service": "payment"})


def test_times_far_out_of_range_find_nothing_and_break_nothing(api):
    send(checkout())
    assert api.data(TRACES, {"start": "-" + "9" * 18, "end": "-1"}) == []
    assert len(api.data(TRACES, {"start": "0", "end": "9" * 18})) == 1
