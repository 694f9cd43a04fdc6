"""Where errors started: drawn traces, `!` marks a failed span."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData

from apps.traces.column_readers import ColumnReader, columns_of
from apps.traces.contributions import contributions_of
from apps.traces.draft import Draft
from apps.traces.error_origin import describe_error, draft_reader, errors_of, lowest_errors, trace_reader
from apps.traces.error_words import MAX_PATTERN, pattern_of
from apps.traces.family import Family
from apps.traces.otlp import read_trace
from apps.traces.status_words import status_in
from tests.traces.build import (
    MS,
    START_NS,
    TRACE_ID,
    SpanSpec,
    any_value,
    draw_specs,
    key_values,
    trace_of,
    traces_data,
)
from tests.traces.columns_build import TOPIC, found_in
from tests.traces.wild import wild


def origins(drawing: str, attributes: dict | None = None) -> list[str]:
    found = found_in(drawing, attributes)
    return [found.family.columns.name[index] for index in lowest_errors(found)]


def test_an_error_started_in_the_lowest_of_the_spans_it_came_up_through():
    drawing = """
        web SERVER root           |[==============] !
          web CLIENT call         | [============] !
            shop SERVER serve     |  [==========] !
              shop CLIENT insert  |   [==] !
              shop CLIENT select  |       [==]
    """
    assert origins(drawing) == ["insert"]


def test_a_span_in_between_may_say_nothing_of_it():
    drawing = """
        web SERVER root           |[==============] !
          web INTERNAL handle     | [============]
            web CLIENT insert     |  [==========] !
    """
    assert origins(drawing) == ["insert"]


def test_errors_side_by_side_all_started_where_they_are():
    drawing = """
        web SERVER root           |[==============] !
          web CLIENT first        | [==] !
          web CLIENT second       |     [==] !
          web CLIENT third        |         [==]
    """
    assert origins(drawing) == ["first", "second"]


def test_a_consumer_fails_by_itself_and_so_does_its_producer():
    drawing = """
        web SERVER root           |[==============] !
          web PRODUCER publish    | [==] !
            mail CONSUMER process |      [======] !
              mail CLIENT send    |       [===] !
    """
    assert origins(drawing, {"publish": TOPIC, "process": TOPIC}) == ["publish", "send"]


def test_what_began_after_a_span_had_failed_does_not_explain_it():
    drawing = """
        web SERVER root           |[======] !
          web INTERNAL cleanup    |           [==] !
    """
    assert origins(drawing) == ["root", "cleanup"]


def test_a_lost_span_in_between_hides_nothing():
    drawing = """
        web SERVER root                   |[==============] !
          web CLIENT call                 | [============] !
        stock SERVER serve parent=ff0a    |   [======] !
    """
    found = found_in(drawing, {"call": {"server.address": "stock"}})
    assert [found.family.columns.name[index] for index in lowest_errors(found)] == ["serve"]


def test_a_trace_without_errors_has_no_origin_and_reads_nothing():
    found = found_in("web SERVER root |[==]")
    assert errors_of(found, lambda position: pytest.fail("read")) == []


@given(st.integers(0, 100_000))
def test_wild_traces_every_failed_span_is_an_origin_or_has_one_below(seed):
    found = contributions_of(Family(wild(seed)))
    columns, parents = found.family.columns, [*found.family.parents]
    for orphan, parent in found.adopted.items():
        parents[orphan] = parent
    above = set()
    for index in lowest_errors(found):
        assert columns.is_error[index]
        while index >= 0:
            above.add(index)
            index = parents[index]
    assert all(index in above for index, is_error in enumerate(columns.is_error) if is_error)


def exception(kind: str, message: str) -> tuple:
    return (5, "exception", {"exception.type": kind, "exception.message": message})


def failed(attributes: dict | None = None, message: str = "", events=(), kind: str = "CLIENT"):
    spec = SpanSpec("shop", "pay", None, 0, 10, attributes or {}, kind, "ERROR", message, events)
    return describe_error(trace_of(spec).spans[0])


def test_an_error_says_type_message_pattern_and_answer():
    said = failed({"http.response.status_code": 429}, "", [exception("httpx.HTTPStatusError", "refused 'x' for 48213")])
    assert said == (
        "httpx.HTTPStatusError", "refused 'x' for 48213", "429 Too Many Requests: refused '…' for {n}",
        "429 Too Many Requests",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("attributes", "message", "kind", "pattern"),
    [
        ({"http.status_code": 404}, "Error '404 Not Found' for 'x'", "CLIENT", "Error '404 Not Found' for '…'"),
        ({"http.status_code": 404}, "", "CLIENT", ""),
        ({"error.type": "E", "http.status_code": 404}, "", "CLIENT", "404 Not Found"),
        ({"error.type": "503", "http.status_code": 503}, "answered 503", "CLIENT", "answered {n}"),
        ({"error.type": "E", "http.status_code": 499}, "it broke", "CLIENT", "HTTP 499: it broke"),
        ({"error.type": "E", "http.status_code": 4711}, "it broke", "CLIENT", "it broke"),
        ({"error.type": "E", "rpc.grpc.status_code": 14}, "to 10.0.0.7", "CLIENT", "UNAVAILABLE: to {n}"),
        ({"error.type": "E", "rpc.grpc.status_code": 14}, "14 UNAVAILABLE: x", "CLIENT", "{n} UNAVAILABLE: x"),
        ({"error.type": "E", "db.response.status_code": "23505"}, "duplicate", "CLIENT", "duplicate"),
        ({"error.type": "E", "http.status_code": 500}, "it broke", "SERVER", "it broke"),
        ({"error.type": "E", "http.status_code": 409}, "it broke", "SERVER", "409 Conflict: it broke"),
    ],
)  # fmt: skip
def test_a_status_stands_in_the_pattern_once(attributes, message, kind, pattern):
    assert failed(attributes, message, kind=kind).pattern == pattern


@given(st.integers(400, 599), st.text(max_size=300), st.sampled_from(("http.status_code", "http.response.status_code")))
def test_a_pattern_with_a_status_is_its_own_pattern_and_bounded(status, message, key):
    pattern = failed({"error.type": "E", key: status}, message).pattern
    assert len(pattern) <= MAX_PATTERN and pattern_of(pattern) == pattern and status_in(pattern)


def test_errors_with_the_same_words_but_another_status_are_others():
    statuses = [{"http.status_code": n} for n in range(400, 600)] + [{"rpc.grpc.status_code": n} for n in range(1, 17)]
    patterns = {failed({"error.type": "E", **status}, "it broke").pattern for status in statuses}
    assert len(patterns) == len(statuses)


@pytest.mark.parametrize(
    ("attributes", "message", "events", "told"),
    [
        ({}, "", [], ("error", "", "")),
        ({}, "it broke", [], ("error", "it broke", "")),
        ({"error.type": "timeout"}, "it broke", [], ("timeout", "it broke", "")),
        ({"http.response.status_code": 503}, "", [], ("503", "", "503 Service Unavailable")),
        ({"http.status_code": 799}, "", [], ("799", "", "799")),
        ({"rpc.grpc.status_code": 14}, "", [], ("UNAVAILABLE", "", "UNAVAILABLE")),
        ({"db.response.status_code": "23505"}, "", [], ("23505", "", "23505")),
        ({"error": "no such host"}, "", [], ("error", "no such host", "")),
        ({}, "status", [exception("A", "first"), exception("B", "last")], ("B", "last", "")),
        ({"exception.type": "E", "exception.message": "on the span"}, "", [], ("E", "on the span", "")),
        ({}, "", [(1, "log", {"event": "error", "error.kind": "K", "message": "old"})], ("K", "old", "")),
    ],
)
def test_an_error_is_read_from_wherever_it_is_said(attributes, message, events, told):
    said = failed(attributes, message, events)
    assert (said.type, said.message, said.answer) == told


def test_what_an_error_says_is_one_bounded_line():
    said = failed({"error.type": "T\n" * 500}, "", [exception("", "a\x00\n\u202eb " * 10_000)])
    assert len(said.type) == 120 and len(said.message) == 300 and len(said.pattern) <= 200
    assert all(text.isprintable() for text in said)


def test_a_server_that_answers_4xx_and_says_why_is_where_the_error_started():
    specs = draw_specs("""
        web SERVER root           |[==============]
          web CLIENT call         | [============] !
            pay SERVER serve      |  [==========]
    """)
    specs[2].events = [exception("CardDeclined", "no funds")]
    [origin] = errors_on_both_ways(specs)
    assert (origin.service, origin.span_name, origin.error.message) == ("pay", "serve", "no funds")


def test_a_call_answered_by_a_server_that_says_nothing_failed_in_the_caller():
    specs = draw_specs("""
        web CLIENT call         |[============] !
          pay SERVER serve      | [==========]
    """)
    assert [origin.span_name for origin in errors_on_both_ways(specs)] == ["call"]


def test_exceptions_reported_as_log_records_count():
    specs = [SpanSpec("shop", "pay", None, 0, 10, status="ERROR")]
    logs = LogsData()
    records = logs.resource_logs.add().scope_logs.add().log_records
    for at_ms, kind in ((7, "Second"), (3, "First")):
        record = records.add(time_unix_nano=START_NS + at_ms * MS, event_name="exception")
        record.trace_id, record.span_id = bytes.fromhex(TRACE_ID), (1).to_bytes(8, "big")
        record.body.CopyFrom(any_value("said"))
        record.attributes.extend(key_values({"exception.type": kind, "exception.message": "no funds"}))
    [origin] = errors_on_both_ways(specs, logs.SerializeToString())
    assert origin.error.type == "Second"


@pytest.mark.parametrize("seed", range(30))
def test_a_page_and_a_worker_see_the_same_errors(seed):
    pick = random.Random(seed)
    specs = [SpanSpec("web", "root", None, 0, 100, kind="SERVER", status="ERROR")]
    for index in range(1, 30):
        parent = specs[pick.randrange(index)]
        start = parent.start_ms + pick.random() * parent.duration_ms
        events = [exception(pick.choice("ABC"), f"no {pick.random()}")] if pick.random() < 0.5 else []
        specs.append(SpanSpec(
            pick.choice(("web", "pay", "stock")), "work", specs.index(parent), start, pick.random() * 20,
            pick.choice(({}, {"http.response.status_code": 500}, {"error": True})), pick.choice(("SERVER", "CLIENT")),
            pick.choice(("ERROR", "UNSET")), pick.choice(("", "said")), events,
        ))  # fmt: skip
    errors_on_both_ways(specs)


def errors_on_both_ways(specs, logs: bytes = b""):
    """From raw spans as digest has them and from a trace as a page has it."""
    payload = traces_data(specs).SerializeToString()
    draft = Draft(bytes.fromhex(TRACE_ID))
    draft.add_document(payload)
    if logs:
        draft.add_logs(logs)
    found = contributions_of(Family(ColumnReader().read(draft)))
    trace = read_trace(TRACE_ID, payload, logs)
    by_worker = errors_of(found, draft_reader(draft))
    assert errors_of(contributions_of(Family(columns_of(trace))), trace_reader(trace)) == by_worker
    return by_worker
