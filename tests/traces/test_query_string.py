"""A search read from a query string: the page's names and the long ones, and what is wrong with either."""

import pytest

from apps.traces.query import SpanPredicate
from apps.traces.query_string import BadQuery, read_query_string

NOW = 1_795_000_000 * 10**9
HOUR = 3_600 * 10**9


def read(*pairs: tuple[str, str]):
    return read_query_string(pairs, now_ns=NOW, retention_days=14, default_limit=20, most=1000)


def errors(*pairs: tuple[str, str]) -> dict[str, str]:
    with pytest.raises(BadQuery) as caught:
        read(*pairs)
    return caught.value.fields


def test_nothing_asked_is_the_newest_of_the_last_hour():
    query = read().query
    assert query.span.is_empty
    assert (query.start_ns, query.limit, query.cursor) == (NOW - HOUR, 20, "")
    assert query.end_ns > NOW


def test_everything_asked_is_one_query():
    query = read(
        ("service", "shop"), ("name", "GET /"), ("kind", "server"), ("status", "ERROR"), ("min", "1ms"), ("max", "2s"),
        ("attrs", 'a=1 b="x y" bare'), ("trace_min", "3ms"), ("trace_max", "4s"), ("start", "-2h"), ("end", "-1h"),
        ("limit", "7"), ("cursor", "abc"), ("q", "order.id=5"),
    ).query  # fmt: skip
    assert query.span == SpanPredicate(
        service="shop", name="GET /", kind="SERVER", status="ERROR", min_duration_ns=10**6, max_duration_ns=2 * 10**9,
        attributes=(("order.id", "5"), ("a", "1"), ("b", "x y")), values=("bare",),
    )  # fmt: skip
    assert (query.min_trace_duration_ns, query.max_trace_duration_ns) == (3 * 10**6, 4 * 10**9)
    assert (query.start_ns, query.end_ns) == (NOW - 2 * HOUR, NOW - HOUR)
    assert (query.limit, query.cursor) == (7, "abc")


def test_long_names_say_the_same():
    pairs = {"attrs": "a=1", "min": "1ms", "max": "2s", "trace_min": "3ms", "trace_max": "4s"}
    longer = {"attr": "a=1", "min_duration": "1ms", "max_duration": "2s", "min_trace_duration": "3ms",
              "max_trace_duration": "4s"}  # fmt: skip
    assert read(*pairs.items()).query == read(*longer.items()).query


def test_attributes_may_come_one_by_one():
    assert read(("attr", "a=1"), ("attr", "b=2"), ("attrs", "c=3")).query.span.attributes == (
        ("a", "1"), ("b", "2"), ("c", "3"),
    )  # fmt: skip


def test_a_value_in_the_box_is_looked_for_in_all_that_is_kept():
    assert read(("q", "48213")).query.start_ns == NOW - 15 * 24 * HOUR
    assert read(("q", "48213"), ("range", "1h")).query.start_ns == NOW - HOUR


def test_times_that_name_no_zone_are_in_the_zone_asked_for():
    utc, prague = (read(("start", "2026-11-18 10:00"), ("tz", tz)).query.start_ns for tz in ("UTC", "Europe/Prague"))
    assert utc - prague == HOUR


def test_an_id_in_the_box_is_told_apart_from_a_search():
    text = "7f3a1c0d9be24e5f8a6b52d1c4e90377"
    assert read(("q", text)).box.trace_id == text
    assert read(("q", text), ("as", "text")).query.span.values == (text,)
    assert read(("q", text), ("as", "text")).box.trace_id is None


def test_every_mistake_is_told_by_its_parameter():
    said = errors(
        ("kind", "x"), ("status", "x"), ("min", "5"), ("attrs", 'a="'), ("start", "x"), ("limit", "1001"),
        ("range", "x"), ("tz", "x"), ("servce", "x"),
    )  # fmt: skip
    assert set(said) == {"kind", "status", "min", "attrs", "start", "limit", "range", "tz", "servce"}
    assert "service" in said["servce"]
    assert errors(("min", "2s"), ("max", "1s")).keys() == {"max"}
    assert errors(("start", "-1h"), ("end", "-2h")).keys() == {"end"}


def test_what_only_concerns_the_page_is_passed_over():
    assert read(("form", "1"), ("live", "1"), ("service", "")).query == read().query
