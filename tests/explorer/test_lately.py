"""Whether something goes on, on the pages that compare two windows: by the shortest last part that is sure of it."""

import random
import re

import pytest
from django.test import Client

from tests.explorer.test_services_page import said
from tests.insights.incident import DATABASE, MINUTE_NS, checkout, last_minute_ns, store
from tests.store.shop import now_shifted, trace_id_of
from tests.traces.build import SpanSpec, traces_data

pytestmark = pytest.mark.django_db(transaction=True)
OVER_BY_NOW = "In the last 3 minutes it is as before."


@pytest.fixture
def client(empty_store) -> Client:
    return Client()


def store_busy(*, ended: int) -> None:
    """Two hours of checkouts, many of late; for an hour until `ended` minutes before the end slow, a third failed."""
    dice, end, documents = random.Random(3), last_minute_ns(), []
    for minute in range(120, 0, -1):
        a_minute = 40 if minute <= 12 else 3
        for n in range(a_minute):
            slow = {"calls": 7, "fails": not n % 3} if ended < minute <= 60 else {}
            start = end - minute * MINUTE_NS + n * MINUTE_NS // a_minute
            documents.append(checkout(minute * 100 + n, start, dice, **slow))
    store(documents)


def test_what_ended_four_minutes_ago_is_over_though_most_of_ten_minutes_was_bad(client):
    store_busy(ended=4)
    services, one = (client.get(path, {"range": "1h"}).context["page"] for path in ("/services", "/services/payment"))
    first = r"payment was slower and had more errors, and that is over: .* in the hour before\. "
    assert re.match(first + re.escape(OVER_BY_NOW), said(services)), said(services)
    assert re.search(rf" of its calls failed, 0\S* % in the hour before\. {re.escape(OVER_BY_NOW)}$", said(one)), said(
        one
    )
    on_map = said(client.get("/map", {"range": "1h"}).context["page"])
    assert re.match(rf"gateway → payment was slower, and that is over: .* {re.escape(OVER_BY_NOW)}", on_map), on_map
    slow = said(client.get("/slow", {"range": "1h"}).context["page"])
    assert OVER_BY_NOW in slow and "still" not in slow, slow


def test_where_few_came_since_nothing_is_said_to_go_on_that_may_be_over(client):
    """Of late a dozen calls a minute: five minutes hold the last errors, the three since are too few to be sure."""
    dice, end, documents = random.Random(5), last_minute_ns(), []
    for minute in range(120, 0, -1):
        a_minute = 12 if minute <= 30 else 3
        for n in range(a_minute):
            start = end - minute * MINUTE_NS + n * MINUTE_NS // a_minute
            documents.append(checkout(minute * 100 + n, start, dice, fails=2 < minute <= 20 and not n % 3))
    store(documents)
    for path in ("/services", "/services/payment", "/map"):
        told = said(client.get(path, {"range": "1h"}).context["page"])
        assert "still so" not in told and re.search("more errors|% of its calls|fails more", told), told


def test_what_goes_on_is_known_by_its_last_minutes(client):
    store_busy(ended=0)
    for path in ("/services", "/services/payment", "/map", "/slow"):
        told = said(client.get(path, {"range": "1h"}).context["page"])
        assert "It was still so in the last 3 minutes." in told and " over:" not in told, told


def test_errors_that_go_on_are_told_where_durations_are_as_before_again(client):
    dice, end, documents = random.Random(4), last_minute_ns(), []
    for n in range(360, 0, -1):
        told = {"calls": 13 if 60 < n <= 150 else 1, "fails": n <= 150 and not n % 3}
        documents.append(checkout(n, end - n * MINUTE_NS // 3, dice, **told))
    store(documents)
    told = said(client.get("/services/payment", {"range": "1h"}).context["page"])
    ending = (
        r" It is over: 1\d\d ms since\. In the last hour, \d\d % of its calls failed, 0 % in the hour before\. It was "
    )
    assert re.search(ending + r"still so in the last (3|10) minutes\.$", told), told


def test_of_a_database_with_many_callers_it_is_known_too(client):
    """Each of twelve services asks it 15 times an hour, too few to compare an edge."""
    dice, end, documents = random.Random(5), last_minute_ns(), []
    for n in range(360, 0, -1):
        took_ms = (90 if 45 <= n < 150 else 10) * dice.uniform(0.9, 1.1)
        specs = [
            SpanSpec(f"service-{n % 12}", "GET /", None, 0, 200, {}, "SERVER"),
            SpanSpec(f"service-{n % 12}", "SELECT", 0, 5, took_ms, DATABASE, "CLIENT"),
        ]  # fmt: skip
        data = traces_data(specs, trace_id=trace_id_of(n), by_service=True)
        documents.append(now_shifted(data, end - n * MINUTE_NS // 3))
    store(documents)
    told = said(client.get("/map", {"range": "1h"}).context["page"])
    over = r"postgresql · orders was slower over all its callers, and that is over: p95 9\d\.\d ms instead of 10\.\d ms"
    assert re.match(rf"{over}\. In the last (3|5|10) minutes it is as before\.", told), told


@pytest.mark.parametrize(("slow_ms", "is_told"), [(90, False), (400, True)])
def test_a_database_that_is_asked_other_things_is_not_slower_and_one_that_takes_longer_is(client, slow_ms, is_told):
    """Sixteen services, each of which calls too seldom to be compared, have a fast statement, in the hour before asked
    six times as often as a slow one."""
    dice, end, documents = random.Random(5), last_minute_ns(), []
    for n in range(480, 0, -1):
        is_now = n <= 240
        is_slow = n % 2 if is_now else n % 7 == 0
        took_ms = ((slow_ms if is_now else 90) if is_slow else 5) * dice.uniform(0.9, 1.1)
        specs = [
            SpanSpec(f"service-{n % 16}", "GET /", None, 0, 600, {}, "SERVER"),
            SpanSpec(f"service-{n % 16}", "UPDATE" if is_slow else "SELECT", 0, 5, took_ms, DATABASE, "CLIENT"),
        ]  # fmt: skip
        data = traces_data(specs, trace_id=trace_id_of(n), by_service=True)
        documents.append(now_shifted(data, end - n * MINUTE_NS // 4))
    store(documents)
    told = said(client.get("/map", {"range": "1h"}).context["page"])
    assert told.startswith("postgresql · orders got slower over all its callers: p") == is_told, told
    assert is_told or told.startswith("Nothing changed"), told
