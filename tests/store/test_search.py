"""What a search finds, on hot batches and on sealed traces alike, against brute force over all spans."""

import random
import threading
import time
from dataclasses import replace

import pytest
from django.db import connection

from apps.store.queries import list_services, list_span_names, load_trace
from apps.store.search import find_span, search
from apps.traces.match import span_matches
from apps.traces.otlp import read_trace
from apps.traces.query import SpanPredicate
from tests.store.shop import cut, random_traces, some_trace, trace_id_of
from tests.storing import NS, digest_all, send, window
from tests.traces.build import SpanSpec

pytestmark = pytest.mark.usefixtures("store")

CHECKOUT = [
    SpanSpec("gateway", "POST /checkout", None, 0, 500, {"user.id": "u_1", "http.response.status_code": 200}, "SERVER"),
    SpanSpec("payment", "charge", 0, 10, 400, {"order.id": 48213, "retry": True, "ratio": 0.5}, "CLIENT", "ERROR"),
    SpanSpec("payment", "SELECT", 1, 20, 5, {"db.system.name": "postgresql", "tags": ["a", "b"],
                                             "resource.name": "orders"}, "CLIENT",
             events=((21, "exception", {"exception.type": "Timeout"}),)),
]  # fmt: skip

CONDITIONS = [
    ({"service": "payment"}, True),
    ({"service": "gate"}, False),
    ({"name": "charge"}, True),
    ({"service": "gateway", "name": "charge"}, False),
    ({"kind": "SERVER"}, True),
    ({"kind": "PRODUCER"}, False),
    ({"status": "ERROR"}, True),
    ({"status": "OK"}, False),
    ({"service": "gateway", "status": "ERROR"}, False),
    ({"is_error": True}, True),
    ({"service": "gateway", "is_error": True}, False),
    ({"name": "charge", "is_error": False}, False),
    ({"service": "gateway", "is_error": False}, True),
    ({"is_error": True, "status": "OK"}, False),
    ({"attributes": (("order.id", "48213"),)}, True),
    ({"attributes": (("order.id", "4821"),)}, False),
    ({"attributes": (("retry", "true"),)}, True),
    ({"attributes": (("ratio", "0.5"),)}, True),
    ({"attributes": (("tags", '["a","b"]'),)}, True),
    ({"attributes": (("exception.type", "Timeout"),)}, True),
    ({"attributes": (("event.name", "exception"),)}, True),
    ({"attributes": (("otel.scope.name", "tests"),)}, True),
    ({"attributes": (("otel.scope.name", "test"),)}, False),
    ({"attributes": (("resource.service.name", "payment"), ("order.id", "48213"))}, True),
    ({"attributes": (("resource.service.name", "gateway"), ("order.id", "48213"))}, False),
    ({"attributes": (("resource.order.id", "48213"),)}, False),
    ({"attributes": (("resource.name", "orders"),)}, True),
    ({"attributes": (("resource.name", "order"),)}, False),
    ({"attributes": (("order.id", "48213"), ("user.id", "u_1"))}, False),
    ({"attributes": (("service.name", "payment"), ("order.id", "48213"))}, True),
    ({"values": ("48213",)}, True),
    ({"values": ("u_1", "200")}, True),
    ({"values": ("48213", "u_1")}, False),
    ({"values": ("charge",)}, True),
    ({"values": ("nothing",)}, False),
    ({"min_duration_ns": 450_000_000}, True),
    ({"min_duration_ns": 500_000_001}, False),
    ({"max_duration_ns": 5_000_000}, True),
    ({"max_duration_ns": 4_999_999}, False),
    ({"service": "payment", "name": "charge", "min_duration_ns": 400_000_000, "max_duration_ns": 400_000_000}, True),
    ({"service": "payment", "name": "charge", "min_duration_ns": 400_000_001}, False),
    ({"name": "SELECT", "min_duration_ns": 4_000_000}, True),
    ({"min_trace_duration_ns": 500_000_000}, True),
    ({"min_trace_duration_ns": 500_000_001}, False),
    ({"max_trace_duration_ns": 499_999_999}, False),
]


@pytest.mark.parametrize("is_sealed", [False, True], ids=["hot", "sealed"])
def test_each_condition_finds_what_it_should_and_nothing_else(is_sealed):
    send(some_trace(1, CHECKOUT))
    if is_sealed:
        assert digest_all() == 1
    for conditions, is_expected in CONDITIONS:
        page = search(1, window(**conditions))
        assert [row.trace_id for row in page.rows] == [trace_id_of(1)] * is_expected, conditions
        assert page.is_complete
    (row,) = search(1, window(status="ERROR")).rows
    assert (row.root_service, row.root_name, row.span_count, row.error_count) == ("gateway", "POST /checkout", 3, 1)
    assert row.matched.name == "charge"
    assert row.is_sealed is is_sealed


@pytest.mark.parametrize("seed", range(6))
def test_search_equals_brute_force_while_traces_are_hot_sealed_and_reopened(seed):
    pick = random.Random(seed)
    traces = random_traces(seed, 25)
    for n, batch in enumerate(cut(traces, seed, 12)):
        send(batch)
        if n in (4, 8):
            digest_all(later_s=pick.choice((10.001, 60)))
    models = [read_trace(trace_id_of(n), document.SerializeToString()) for n, document in enumerate(traces)]
    for _ in range(40):
        predicate = _random_predicate(pick, models)
        page = search(1, window(**{f: getattr(predicate, f) for f in SpanPredicate.__slots__}, limit=100))
        expected = {m.trace_id for m in models if any(span_matches(s, predicate) for s in m)}
        assert {row.trace_id for row in page.rows} == expected, predicate
        assert len(page.rows) == len(expected)
        for row in page.rows:
            model = next(m for m in models if m.trace_id == row.trace_id)
            assert row.matched_count == sum(span_matches(s, predicate) for s in model) * (not predicate.is_empty)
            assert (row.span_count, row.duration_ns) == (len(model), model.duration_ns)


def _random_predicate(pick, models) -> SpanPredicate:
    span = pick.choice(pick.choice(models).spans)
    fields = {}
    if pick.random() < 0.4:
        fields["service"] = span.service
    if pick.random() < 0.4:
        fields["name"] = span.name
    if pick.random() < 0.2:
        fields["kind"] = span.kind
    if pick.random() < 0.2:
        fields["status"] = "ERROR"
    if pick.random() < 0.3:
        fields["min_duration_ns"] = pick.choice((span.duration_ns, span.duration_ns // 2, span.duration_ns * 2))
    if pick.random() < 0.2:
        fields["max_duration_ns"] = pick.choice((span.duration_ns, span.duration_ns // 3))
    if pick.random() < 0.4:
        order = str(span.get("order.id", 7))
        fields.update(pick.choice(({"attributes": (("order.id", order),)}, {"values": (order,)})))
    return SpanPredicate(**fields)


def test_pages_hold_every_trace_once_newest_first_over_hot_and_sealed():
    traces = random_traces(7, 60)
    send(*traces[:40])
    digest_all()
    send(*traces[40:])
    ids, cursor = [], ""
    while True:
        page = search(1, window(limit=7, cursor=cursor))
        ids += [row.trace_id for row in page.rows]
        cursor = page.next_cursor
        if not cursor:
            break
    assert len(ids) == len(set(ids)) == 60
    assert page.is_complete


@pytest.mark.parametrize("cursor", ["!!", "0", "0" * 32, "_" * 32, "f" * 32])
def test_a_foreign_cursor_is_refused(cursor):
    with pytest.raises(ValueError, match="cursor"):
        search(1, window(cursor=cursor))


@pytest.mark.parametrize("is_sealed", [False, True], ids=["hot", "sealed"])
def test_nothing_crosses_workspaces(is_sealed):
    send(some_trace(1, CHECKOUT), workspace_id=1)
    send(some_trace(1, [("other", "secret", None, 0, 9)]), workspace_id=2)
    if is_sealed:
        digest_all()
    (row,) = search(2, window()).rows
    assert (row.root_service, row.span_count) == ("other", 1)
    assert not search(2, window(values=("48213",))).rows
    assert len(load_trace(2, trace_id_of(1)).trace) == 1
    assert load_trace(3, trace_id_of(1)) is None
    assert [s.name for s in list_services(2)] == ["other"]
    digest_all()
    assert [n.name for n in list_span_names(2)] == ["secret"]


@pytest.mark.parametrize("is_sealed", [False, True], ids=["hot", "sealed"])
def test_a_span_id_finds_its_trace(is_sealed):
    send(some_trace(1, CHECKOUT), some_trace(2, [SpanSpec("a", "b", None, 0, 1, span_id="00f067aa0ba902b7")]))
    if is_sealed:
        digest_all()
    assert find_span(1, "00f067aa0ba902b7") == trace_id_of(2)
    assert find_span(1, "00f067aa0ba902b8") is None


def test_services_that_arrive_at_once_get_hues_of_their_own():
    def work(first):
        for n in range(first, 14, 2):
            send(some_trace(n, [(f"service-{n}", "x", None, 0, 1)]))
        connection.close()

    threads = [threading.Thread(target=work, args=(first,)) for first in range(2)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(s.hue for s in list_services(1)) == list(range(1, 15))


def test_a_trace_with_a_time_that_cannot_be_true_stands_among_those_that_arrived_with_it():
    absurd = some_trace(99, [("a", "x", None, 0, 5)])
    absurd.resource_spans[0].scope_spans[0].spans[0].start_time_unix_nano = 0
    send(*random_traces(3, 30), absurd)
    for _ in range(2):
        assert search(1, window(limit=1)).rows[0].trace_id == trace_id_of(99)
        digest_all()


@pytest.mark.parametrize("is_sealed", [False, True], ids=["hot", "sealed"])
def test_a_search_that_runs_out_of_time_leaves_nothing_out_up_to_where_it_stopped(is_sealed, monkeypatch):
    send(*random_traces(4, 60))
    if is_sealed:
        digest_all()
    monkeypatch.setattr("apps.store.search.BUDGET_SECONDS", -1.0)
    ids, cursor, pages = [], "", 0
    while True:
        page = search(1, window(kind="SERVER", limit=50, cursor=cursor))
        ids += [row.trace_id for row in page.rows]
        pages, cursor = pages + 1, page.next_cursor
        if not cursor:
            break
        assert page.ran_out
    assert sorted(ids) == sorted(trace_id_of(n) for n in range(60))
    assert pages > 1


def reopened(number: int, ago_s: float):
    """Late spans of a trace that `some_trace(number, …)` began."""
    late = some_trace(number, [("late", "x", None, 0, 5)], ago_s=ago_s)
    late.resource_spans[0].scope_spans[0].spans[0].span_id = b"late"[:4] * 2
    return late


def all_pages(**conditions) -> list[str]:
    ids, cursor = [], ""
    while True:
        page = search(1, window(cursor=cursor, **conditions))
        ids += [row.trace_id for row in page.rows]
        cursor = page.next_cursor
        if not cursor:
            return ids


def test_traces_that_go_on_for_long_do_not_hide_the_ones_that_are_new():
    send(*(some_trace(n, [("a", "x", None, 0, 5)], ago_s=3600 + n) for n in range(5)))
    digest_all()
    send(*(reopened(n, ago_s=1) for n in range(5)), some_trace(9, [("b", "x", None, 0, 5)], ago_s=2))
    expected = [trace_id_of(n) for n in (9, 0, 1, 2, 3, 4)]
    for limit in (1, 2, 6):
        assert all_pages(limit=limit) == expected
        assert all_pages(limit=limit, name="x") == expected


def test_a_trace_is_found_in_the_past_it_began_in_while_it_goes_on():
    send(some_trace(1, [("a", "x", None, 0, 5)], ago_s=3600))
    digest_all()
    send(reopened(1, ago_s=1), some_trace(2, [("late", "x", None, 0, 5)], ago_s=1))
    asked = window(service="late")
    (row,) = search(1, replace(asked, end_ns=time.time_ns() - 60 * NS)).rows
    assert (row.trace_id, row.span_count) == (trace_id_of(1), 2)


def one_span(number: int, service: str, name: str, **attributes) -> None:
    send(some_trace(number, [SpanSpec(service, name, None, 0, 5, attributes)]))
    digest_all()


def test_beyond_the_attribute_keys_that_are_listed_a_value_may_be_missed_and_the_answer_says_so(monkeypatch):
    one_span(1, "shop", "sell", listed="needle")
    assert search(1, window(values=("needle",))).may_miss_values is False
    monkeypatch.setattr("apps.store.names.MAX_ATTRIBUTE_KEYS", 1)
    one_span(2, "shop", "sell", unlisted="pin")
    page = search(1, window(values=("pin",)))
    assert (page.rows, page.is_complete, page.may_miss_values) == ((), True, True)
    assert [row.trace_id for row in search(1, window(values=("needle",))).rows] == [trace_id_of(1)]
    page = search(1, window(attributes=(("unlisted", "pin"),)))
    assert ([row.trace_id for row in page.rows], page.may_miss_values) == ([trace_id_of(2)], False)


def test_beyond_the_span_names_that_are_listed_none_is_missed(monkeypatch):
    one_span(1, "shop", "sell")
    monkeypatch.setattr("apps.store.names.MAX_SPAN_NAMES", 1)
    one_span(2, "stock", "sell")
    one_span(3, "stock", "count")
    assert {(info.service, info.name) for info in list_span_names(1)} == {("shop", "sell")}
    for conditions in ({"name": "sell"}, {"values": ("sell",)}):
        page = search(1, window(**conditions))
        assert [row.trace_id for row in page.rows] == [trace_id_of(2), trace_id_of(1)], conditions
        assert page.may_miss_values is False
    for conditions in ({"name": "count"}, {"values": ("count",)}):
        assert [row.trace_id for row in search(1, window(**conditions)).rows] == [trace_id_of(3)], conditions


@pytest.mark.parametrize("is_sealed", [False, True], ids=["hot", "sealed"])
def test_a_text_of_many_words_is_held_to_all_of_them_and_searched_by_a_few(is_sealed):
    words = [f"word-{n}" for n in range(1_000)]
    send(some_trace(1, [SpanSpec("a", "x", None, 0, 5, {f"key.{n}": word for n, word in enumerate(words)})]))
    if is_sealed:
        digest_all()
    assert [row.trace_id for row in search(1, window(values=tuple(words))).rows] == [trace_id_of(1)]
    absent = search(1, window(values=(*words, "nothing")))
    assert not absent.rows and absent.is_complete
    assert absent.elapsed_ms < 2_000
