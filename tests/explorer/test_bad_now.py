"""The line over the pages of all services that says what is bad right now."""

import random
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import Client
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from apps.explorer.bad_now import bad_now_line
from apps.explorer.period import PeriodForm
from apps.explorer.says import said
from apps.insights.bad_calls import BadCalls
from apps.insights.bad_now import BadNow, BadService
from apps.insights.bad_shares import Share
from apps.traces.peers import Node
from apps.traces.why.words import WHERE, Word
from tests.insights.incident import MINUTE_NS, checkout, last_minute_ns, store

pytestmark = pytest.mark.django_db(transaction=True)
PAGES = ("/map", "/services", "/slow", "/why", "/errors")


@pytest.fixture
def client(empty_store) -> Client:
    return Client()


def store_hours(bad: range, a_minute: int = 12, **trouble) -> int:
    """Three hours of checkouts; with trouble in the minutes before the end that are in `bad`. The end, ns."""
    dice, end, documents = random.Random(7), last_minute_ns(), []
    for minute in range(180, 0, -1):
        for n in range(a_minute):
            start = end - minute * MINUTE_NS + n * MINUTE_NS // a_minute
            documents.append(checkout(minute * 100 + n, start, dice, **(trouble if minute in bad else {})))
    store(documents)
    return end


def line(client: Client, path: str, **asked: str) -> str:
    answer = client.get(path, asked)
    assert answer.status_code == 200
    told = answer.context["bad_now"]
    return "".join(word.text for word in told.words) if told else ""


def test_four_bad_minutes_are_told_on_every_page_over_any_time(client):
    end = store_hours(range(1, 5), calls=13)
    told = {line(client, path, range=time) for path in PAGES for time in ("15m", "1h", "24h", "7d")}
    (one,) = {re.sub(r"last \d+", "last 3", text) for text in told}  # the pages take some seconds
    took = r"(9\d|100)\xa0% of its calls were slow \(\S+\xa0ms or more, typically 1\.\d\d\xa0s\)"
    usual = r" instead of [01]\S*\xa0% before that\."
    more = r"It calls bank-api 1[34](\.\d)?\xa0× as often per request\."
    began = clock_of(end - 4 * MINUTE_NS)
    assert re.fullmatch(
        rf"payment since {began}: in the last 3\xa0minutes {took}{usual} {more} Its callers are bad too: gateway\.",
        one,
    ), one
    page = client.get("/map", {"range": "1h"}).content.decode()
    assert '<b>Bad now</b> <a class="where' in page and "/services/payment?range=1h" in page
    assert "Last hour as a whole, against the hour before</p>" in page, "what the sentence below is about"
    (why,) = client.get("/map", {"range": "1h"}).context["bad_now"].nexts
    assert why.words == "Why it is slow"
    told = client.get(why.link).context["page"].sentence
    assert re.search(
        r"^p95 of payment rose from \S+ to 1\.\d\d", "".join(word.text for word in told).replace("\xa0", "")
    ), told


def test_what_is_over_is_not_told(client):
    store_hours(range(5, 12), calls=13, fails=True)
    assert {line(client, path, range="1h") for path in PAGES} == {""}
    page = client.get("/services", {"range": "1h"}).content.decode()
    assert "Bad now" not in page and "as a whole" not in page


def test_errors_are_told_with_what_is_slow_in_one_sentence(client):
    store_hours(range(1, 5), calls=13, fails=True)
    assert re.match(
        r"payment since \d\d:\d\d: in the last 3\xa0minutes 100\xa0% of its calls failed instead of [01]\S*\xa0% "
        r"before that, and \S+\xa0% were slow \(\S+\xa0\S+ or more, typically 1\.\S+\xa0s\) instead of \S+\xa0%\. "
        r"Its calls of postgresql · orders: "
        r".* It calls bank-api .* Its callers are bad too: gateway\.$",
        line(client, "/services", range="1h"),
    )


def renamed(document: TracesData, name_of: Callable[[str], str]) -> TracesData:
    for group in document.resource_spans:
        for pair in group.resource.attributes:
            if pair.key == "service.name":
                pair.value.string_value = name_of(pair.value.string_value)
    return document


STOPPED_MINUTES = 9


def store_stopped(names: dict[str, str], a_minute: int = 8, minutes: int = 130) -> str:
    """Two hours of checkouts up to nine minutes ago, and with services as `names` renames them to now; when the first
    ended."""
    dice, end, documents = random.Random(7), last_minute_ns(), []
    for minute in range(minutes, STOPPED_MINUTES if not names else 0, -1):
        for n in range(a_minute):
            document = checkout(minute * 100 + n, end - minute * MINUTE_NS + n * MINUTE_NS // a_minute, dice)
            documents.append(
                renamed(document, lambda name: names.get(name, name)) if minute <= STOPPED_MINUTES else document
            )
    store(documents)
    return clock_of(end - STOPPED_MINUTES * MINUTE_NS)


def clock_of(at_ns: int) -> str:
    return f"{datetime.fromtimestamp(at_ns / 1e9, UTC):%H:%M}"


def stopped(client: Client, path: str) -> str:
    return "".join(word.text for word in client.get(path, {"range": "1h"}).context["stopped"])


def test_a_service_that_is_not_called_any_more_is_told_on_every_page_and_its_own(client):
    since = store_stopped({"payment": "payments"})
    (told,) = {stopped(client, path) for path in (*PAGES, "/services/payment")}
    assert re.fullmatch(rf"of payment since {since}, [78]\.\d a minute before that\.", told), told
    assert stopped(client, "/services/gateway") == ""
    assert '<b>No calls</b> of <a class="where' in client.get("/map", {"range": "1h"}).content.decode()


def test_whom_a_service_led_to_that_stopped_stands_after_it(client):
    since = store_stopped({"payment": "payments", "gateway": "gateways"})
    told = stopped(client, "/services")
    assert re.fullmatch(rf"of gateway since {since}, .* before that\. Nor of what it calls: payment\.", told), told


def test_when_nothing_comes_at_all_that_is_said(client):
    since = store_stopped({})
    assert stopped(client, "/map") == stopped(client, "/errors") == f"of any service since {since}."


def test_of_a_workspace_that_is_an_hour_old_it_is_told_too(client):
    store_stopped({"payment": "payments"}, minutes=75)
    assert stopped(client, "/map").startswith("of payment since ")


def test_a_service_that_is_seldom_called_has_not_stopped_and_then_not_nothing_comes(client):
    since = store_stopped({})
    rare = checkout(1, last_minute_ns() - 4 * MINUTE_NS, random.Random(8))
    store([renamed(rare, "rare-{}".format)])
    assert re.match(rf"of gateway since {since}, .* Nor of what it calls: payment\.", stopped(client, "/map"))


def test_who_rests_at_night_hides_nobody_who_stopped(client, monkeypatch):
    monkeypatch.setattr("apps.insights.bad_now.MOST_LOOKED_AT", 1)
    store_stopped({"payment": "payments"}, a_minute=4, minutes=240)
    dice, began = random.Random(9), last_minute_ns() - 240 * MINUTE_NS
    night = [checkout(100_000 + n, began + n * MINUTE_NS // 50, dice) for n in range(1_000)]
    store([renamed(one, "night-{}".format) for one in night])
    assert stopped(client, "/map").startswith("of payment since ")


def test_a_service_whose_clock_is_behind_has_not_stopped(client):
    dice, end, documents = random.Random(7), last_minute_ns(), []
    for minute in range(130, 0, -1):
        for n in range(8):
            document = checkout(minute * 100 + n, end - minute * MINUTE_NS + n * MINUTE_NS // 8, dice)
            for group in document.resource_spans:
                if any(pair.value.string_value == "payment" for pair in group.resource.attributes):
                    for span in group.scope_spans[0].spans:
                        span.start_time_unix_nano -= 10 * MINUTE_NS
                        span.end_time_unix_nano -= 10 * MINUTE_NS
            documents.append(document)
    store(documents)
    assert stopped(client, "/map") == ""


def test_the_page_of_a_service_says_what_is_bad_of_it(client):
    store_hours(range(1, 5), calls=13)
    leads = line(client, "/services/gateway", range="24h")
    assert re.search(r"^gateway since .* It waits for what is bad: payment \(slow\)\.$", leads), leads
    own = line(client, "/services/payment", range="24h")
    assert re.search(r"^payment since .* It calls bank-api 1[34]\xa0× as often per request\.$", own), own
    why = {word.text: word.link for word in client.get("/services/gateway").context["bad_now"].words if word.service}
    assert why["gateway"].startswith("/services/gateway") and why["payment"].startswith("/why?service=payment&start=")


@pytest.mark.parametrize("path", ["/services/payment?range=1h", "/why?service=gateway&range=1h"])
def test_who_is_bad_for_two_minutes_is_not_simply_as_before(client, path):
    """Which do not move the p95 of an hour."""
    store_hours(range(1, 3), calls=13)
    page = re.sub(r"<[^>]+>|\s+", " ", client.get(path).content.decode())
    assert "Bad now" in page and re.search(r"Apart from that,\s+\S+\s+is\s+as (fast as )?before", page)


def test_on_other_days_a_page_says_nothing_of_now(client):
    store_hours(range(1, 1))
    for path in ("/services/payment?range=1h", "/why?service=gateway&range=1h"):
        page = client.get(path).content.decode()
        assert "Bad now" not in page and "Apart from that" not in page


def test_what_was_bad_before_the_last_minutes_is_not_told_as_usual(client):
    """Half of an hour."""
    dice, end, documents = random.Random(7), last_minute_ns(), []
    for minute in range(60, 0, -1):
        for n in range(12):
            start = end - minute * MINUTE_NS + n * MINUTE_NS // 12
            documents.append(checkout(minute * 100 + n, start, dice, fails=minute <= 30))
    store(documents)
    began = clock_of(end - 30 * MINUTE_NS)
    told = line(client, "/map")
    assert re.match(
        rf"payment since {began}: in the last \d+\xa0minutes 100\xa0% of its calls failed instead of 0\xa0% before "
        r"that\.",
        told,
    ), told


def test_who_fails_for_a_reason_of_its_own_does_not_stand_after_whom_it_calls(client):
    dice, end, documents = random.Random(7), last_minute_ns(), []
    for minute in range(60, 0, -1):
        for n in range(12):
            is_bad, start = minute <= 5, end - minute * MINUTE_NS + n * MINUTE_NS // 12
            own, deep = is_bad and n % 2 == 0, is_bad and n % 2 == 1
            document = checkout(minute * 100 + n, start, dice, fails=deep)
            for span in spans_of(document) if own else ():
                if span.name == "POST /checkout":
                    span.status.code = 2
            documents.append(document)
    store(documents)
    told = line(client, "/map")
    assert "callers" not in told and "Bad too: " in told, told


def spans_of(document):
    return [span for group in document.resource_spans for scope in group.scope_spans for span in scope.spans]


def test_of_a_time_that_is_past_nothing_is_said(client):
    store_hours(range(1, 5), calls=13)
    end = last_minute_ns() // 10**9
    past = {"start": str(end - 7200), "end": str(end - 1200)}
    assert line(client, "/services", **past) == ""


def test_a_service_that_is_minutes_old_is_told_of_too(client):
    dice, end, documents = random.Random(7), last_minute_ns(), []
    for minute in range(9, 0, -1):
        for n in range(40):
            start = end - minute * MINUTE_NS + n * MINUTE_NS // 40
            documents.append(checkout(minute * 100 + n, start, dice, fails=minute <= 2 and n % 2 == 0))
    store(documents)
    assert re.match(
        r"payment since \d\d:\d\d: in the last 3\xa0minutes [345]\d\xa0% of its calls failed instead of \S+\xa0% "
        r"before that\. Its calls of postgresql · orders: [345]\d\xa0% failed instead of 0",
        line(client, "/services", range="1h"),
    )


def test_each_that_is_bad_is_told_with_what_is_bad_of_it_and_those_that_fail_first():
    def bad(name: str, failed: float = 0.0, slow: float = 0.0) -> BadService:
        shares = [Share(0.01, share, 100.0, 100, 3 * MINUTE_NS, *over) if share else None
                  for share, over in ((failed, ()), (slow, (50_000_000, 9e8)))]  # fmt: skip
        return BadService(name, *shares)

    form = PeriodForm({"range": "1h"}, now_ns=time.time_ns(), zone=UTC)
    assert form.is_valid()
    services = (
        bad("stock", failed=0.48),
        bad("bill\u2066", slow=0.9),
        bad("x" * 90, failed=0.1),
        bad("a"),
        bad("desk", slow=0.2),
    )
    calls = (
        BadCalls(Node("database", "orders"), Share(0.01, 0.81, 100.0, 100, 3 * MINUTE_NS, 50_000_000, 9e8), 12.0),
        BadCalls(Node("service", "bank"), None, 2.04),
        BadCalls(Node("queue", "mail"), None, 9.0),
    )
    line = bad_now_line(BadNow(services, {"desk": frozenset({"stock"})}, is_whole_day=True, calls=calls), form)
    told = line.words
    assert "".join(word.text for word in told) == (
        "stock for more than 3\u00a0h: in the last 3\u00a0minutes 48\u00a0% of its calls failed instead of 1\u00a0% in "
        "the day before. Its calls of orders: 81\u00a0% were slow (50.0\u00a0ms or more, typically 900\u00a0ms) "
        "instead of 1\u00a0%, and it makes "
        "12\u00a0× as many per request. It calls bank 2.0\u00a0× as often per request. Bad "
        f"too: bill (slow), {'x' * 59}… (10\u00a0% failed), a (slow). Callers of one of them are bad too: desk."
    )
    assert [next.link for next in line.nexts] == [
        "/why?service=stock&range=24h&look=errors", "/errors?service=stock&range=24h",
    ]  # fmt: skip
    own = bad_now_line(BadNow(services, {"desk": frozenset({"stock"})}), form, about="desk").words
    assert "".join(word.text for word in own).endswith(
        " before that. It waits for what is bad: stock (48\u00a0% failed)."
    )
    assert bad_now_line(BadNow(services), form, about="shop") is None
    assert bad_now_line(BadNow(), form) is None
    assert [word.service for word in told if word.service][2] == "bill\u2066", "its address is its own"


def test_a_name_that_leaves_its_direction_open_does_not_turn_the_sentence_round():
    told = said((Word("a\u2066b\u2067c\u2069", WHERE, "a"), Word("d\u2069"), Word("e")), lambda _: "")
    assert [word.text for word in told] == ["a\u2066b\u2067c\u2069\u2069", "d\u2069", "e"]
