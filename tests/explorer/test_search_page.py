"""The search page over traces in the real store."""

import random
import re
import time

import pytest
from django.db import connection
from django.test import Client

from apps.insights.usual import forget_usual
from tests.explorer.stored import S_NS, order, store
from tests.insights import incident
from tests.storing import digest_all
from tests.traces.build import SpanSpec

pytestmark = pytest.mark.django_db(transaction=True)

IDS = [f"7f3a1c0d9be24e5f8a6b52d1c4e903{n:02x}" for n in range(256)]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(empty_store) -> Client:
    return Client()


def ago(seconds: float) -> int:
    return time.time_ns() - int(seconds * S_NS)


def text_of(answer) -> str:
    """The page as words, one space between."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.content.decode())).replace("\u00a0", " ")


def rows_of(answer) -> list[str]:
    return re.findall(r'id="row-([0-9a-f]{32})"', answer.content.decode())


def test_an_order_is_found_by_its_number_hot_and_sealed(client):
    store(order(48212), IDS[1], ago(20))
    store(order(48213), IDS[2], ago(10))
    for _ in ("hot", "sealed"):
        answer = client.get("/", {"q": "48213"})
        assert rows_of(answer) == [IDS[2]]
        assert "48213 under any attribute" in text_of(answer)
        assert "order create order 60.0 ms +1 more" in text_of(answer)
        digest_all()


def test_the_row_opens_the_trace_at_the_matched_span_and_remembers_the_search(client):
    store(order(48213), IDS[1], ago(10))
    answer = client.get("/", {"q": "order.id=48213"})
    assert f'href="/t/{IDS[1]}?span=0000000000000003&amp;back=q%3Dorder.id%253D48213"' in answer.content.decode()


def test_all_predicates_hold_on_one_and_the_same_span(client):
    store(order(48213), IDS[1], ago(10))
    assert rows_of(client.get("/", {"service": "order", "attrs": "order.id=48213"})) == [IDS[1]]
    assert rows_of(client.get("/", {"service": "payment", "attrs": "order.id=48213"})) == []


def test_the_trace_lasts_longer_than_its_longest_payment(client):
    store(order(48213, payment_ms=300), IDS[1], ago(10))
    assert rows_of(client.get("/", {"service": "payment", "min": "400ms"})) == []
    assert rows_of(client.get("/", {"service": "payment", "trace_min": "400ms"})) == [IDS[1]]


def test_a_row_says_services_errors_marks_and_times(client):
    store(order(1, failed=True), IDS[1], ago(90))
    store([*order(2), SpanSpec("stock", "lost", "00000000000000ff", 5, 5)], IDS[2], ago(30))
    assert "gateway POST /checkout arriving" in text_of(client.get("/")), "its parent may still come"
    digest_all()
    text = text_of(client.get("/"))
    assert "gateway POST /checkout incomplete" in text
    assert "Not enough traffic to compare (n" in text
    assert "3 errors 1 min ago" in text
    assert "480 ms" in text


def test_pages_go_from_newest_to_oldest_without_a_gap(client):
    for n in range(60):
        store(order(n), IDS[n], ago(100 + n))
    digest_all()
    seen, address = [], "/"
    for _ in range(3):
        answer = client.get(address)
        seen += rows_of(answer)
        older = re.search(r'href="([^"]*)" rel="next"', answer.content.decode())
        address = older and older[1].replace("&amp;", "&")
    assert seen == IDS[:60]
    assert address is None
    assert "The whole range was searched" in text_of(answer)


@pytest.mark.parametrize(
    "pasted",
    [
        IDS[7],
        IDS[7].upper(),
        f"00-{IDS[7]}-0000000000000002-01",
        f"2026-11-23 ERROR trace_id={IDS[7]} payment refused",
        f"http://jaeger.example.com/trace/{IDS[7]}",
        f"http://zipkin.example.com/zipkin/traces/{IDS[7]}",
        f"https://testserver/t/{IDS[7]}",
    ],
)
def test_whatever_names_a_stored_trace_opens_it(client, pasted):
    store(order(1), IDS[7], ago(10))
    answer = client.get("/", {"q": pasted})
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(f"/t/{IDS[7]}")


def test_a_span_id_opens_its_trace_at_the_span(client):
    store([SpanSpec("shop", "GET /", None, 0, 5, span_id="00f067aa0ba902b7")], IDS[1], ago(10))
    answer = client.get("/", {"q": "00f067aa0ba902b7"})
    assert answer.headers["Location"] == f"/t/{IDS[1]}?span=00f067aa0ba902b7"


def test_a_64_bit_trace_id_opens_the_trace_not_a_span(client):
    short = "00f067aa0ba902b7"
    store([SpanSpec("shop", "GET /", None, 0, 5)], short.zfill(32), ago(10))
    assert client.get("/", {"q": short}).headers["Location"] == f"/t/{short.zfill(32)}"


def test_an_id_that_is_not_stored_says_so_plainly_and_offers_the_text(client):
    store(order(1), IDS[1], ago(10))
    answer = client.get("/", {"q": f"trace_id={IDS[2]}"})
    assert answer.status_code == 404
    assert "This trace is not stored here." in text_of(answer)
    assert "Older than 14 days?" in text_of(answer)
    assert "as=text" in answer.content.decode()


def test_an_id_that_is_somebodys_value_finds_the_traces_that_hold_it(client):
    store([SpanSpec("shop", "GET /", None, 0, 5, {"cart.id": IDS[3]})], IDS[1], ago(10))
    answer = client.get("/", {"q": IDS[3]})
    assert rows_of(answer) == [IDS[1]]
    assert f"No stored trace has the ID {IDS[3]} ." in text_of(answer)


def test_a_pasted_link_to_a_search_becomes_that_search(client):
    store(order(1), IDS[1], ago(10))
    answer = client.get("/", {"q": "http://jaeger.example.com/search?service=payment&lookback=1h"})
    assert answer.headers["Location"] == "/?service=payment&range=1h"
    answer = client.get("/", {"q": "http://testserver/?service=mail&range=3h"})
    assert answer.headers["Location"] == "/?service=mail&range=3h"


def test_bad_input_is_told_at_its_field_with_422_and_kept(client):
    store(order(1), IDS[1], ago(10))
    answer = client.get("/", {"min": "300", "service": "payment"})
    assert answer.status_code == 422
    assert "“300” has no unit" in text_of(answer)
    assert 'value="300"' in answer.content.decode()
    assert "Nothing was searched." in text_of(answer)


@pytest.mark.parametrize("text", ['"\\u0000"', 'a="\\u0000"', '"a\\u0000"="b"', '"\\ud800"', "\\", "%s", "a=%(x)s"])
@pytest.mark.parametrize("field", ["q", "attrs"])
def test_values_that_databases_stumble_over_are_searched_for(client, field, text):
    store(order(1), IDS[1], ago(10))
    digest_all()
    assert client.get("/", {field: text}).status_code == 200


def test_a_cursor_of_somebody_else_is_refused_not_a_crash(client):
    store(order(1), IDS[1], ago(10))
    for cursor in ("rubbish", "€", "A" * 5_000, "====", "_" * 32):
        assert client.get("/", {"cursor": cursor}).status_code in (200, 422)
        assert client.get("/search/chart", {"cursor": cursor}).status_code == 200
        assert client.get("/search/newer", {"cursor": cursor}).status_code == 200
    assert client.get("/", {"cursor": "rubbish"}).status_code == 422


def test_a_storage_that_is_away_is_told_as_such(client):
    settings, host = connection.settings_dict, connection.settings_dict["HOST"]
    client.raise_request_exception = False
    connection.close()
    settings["HOST"] = "/nobody/listens/here"
    try:
        answer = client.get("/", {"q": "48213"})
    finally:
        settings["HOST"] = host
        connection.close()
    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert "The storage does not answer just now." in text_of(answer)


def test_before_the_first_span_the_page_says_how_to_send(client):
    assert "No span has arrived yet." in text_of(client.get("/"))


def test_nothing_found_says_which_step_finds_something(client):
    store(order(48213), IDS[1], ago(3 * 3_600))
    answer = client.get("/", {"q": "order.id=48213", "range": "1h"})
    assert "Look at all that is kept the newest 3 h ago" in text_of(answer)
    answer = client.get("/", {"q": "order.id=48213 order.colour=blue", "range": "all"})
    assert "Without “order.colour is blue” the newest 3 h ago" in text_of(answer)
    assert "Without “order.id is 48213”" not in text_of(answer), "that would find nothing either"


@pytest.mark.parametrize(("asked", "says"), [
    ("duration>abc", "“abc” is none"),
    ("order.id=", "order.id is empty"),
    ("order.id=", "asks for order.id with an empty value"),
    ("7f3a1c0d", "IDs are looked up whole"),
])  # fmt: skip
def test_nothing_found_says_what_may_have_been_meant(client, asked, says):
    store(order(48213), IDS[1], ago(10))
    assert says in text_of(client.get("/", {"q": asked}))
    assert "looked up whole" not in text_of(client.get("/", {"q": "7f3a1c0d", "as": "text"}))


def test_an_attribute_with_an_empty_value_is_found(client):
    store([SpanSpec("shop", "GET /", None, 0, 5, {"note": ""})], IDS[1], ago(10))
    store([SpanSpec("shop", "GET /", None, 0, 5, {"note": "a"})], IDS[2], ago(10))
    for _ in ("hot", "sealed"):
        answer = client.get("/", {"q": "note="})
        assert rows_of(answer) == [IDS[1]]
        assert "note is empty" in text_of(answer)
        digest_all()


def test_a_value_that_may_stand_under_a_key_beyond_those_listed_is_not_said_to_be_nowhere(client, monkeypatch):
    store([SpanSpec("shop", "GET /", None, 0, 5, {"order.id": "48213"})], IDS[1], ago(10))
    digest_all()
    says = "There may be more: a value alone is looked for under the 10 000 attribute keys that came first."
    assert says not in text_of(client.get("/", {"q": "48213"}))
    monkeypatch.setattr("apps.store.names.MAX_ATTRIBUTE_KEYS", 1)
    for value, found in (("48213", [IDS[1]]), ("48214", [])):
        answer = client.get("/", {"q": value})
        assert rows_of(answer) == found
        assert says in text_of(answer)
        assert "nothing was left out" not in text_of(answer)
        assert "Nothing that is kept matches" not in text_of(answer)
    assert says not in text_of(client.get("/", {"q": "order.id=48213"}))


def test_a_question_finds_nothing_but_offers_its_number_alone(client):
    store(order(48213), IDS[1], ago(30))
    answer = client.get("/", {"q": "what happened to order 48213?"})
    assert "All words and predicates must hold on one and the same span" in text_of(answer)
    assert 'href="/?q=48213">Search for “48213” alone</a>' in answer.content.decode()
    assert rows_of(client.get("/", {"q": "48213?"})) == [IDS[1]]


def test_a_page_of_text_is_refused_quickly_and_its_ids_are_offered(client):
    store(order(48213), IDS[1], ago(30))
    answer = client.get(
        "/", {"q": " ".join(f"word-{chr(97 + n % 26)}{'x' * (n // 26)}" for n in range(300)) + " 48213"}
    )
    assert answer.status_code == 422
    assert "These are 301 conditions, a search takes 32." in text_of(answer)
    assert '<a class="mono" href="/?q=48213">48213</a>' in answer.content.decode()
    assert len(answer.content) < 100_000


def test_as_many_conditions_as_a_search_takes_make_no_huge_page(client):
    store(order(48213), IDS[1], ago(30))
    answer = client.get("/", {"q": " ".join(f"{n:x}" + "y" * 300 for n in range(32))})
    assert answer.status_code == 200
    assert len(answer.content) < 700_000


def test_fields_can_be_written_into_the_box(client):
    store(order(1, failed=True), IDS[1], ago(30))
    store(order(2), IDS[2], ago(20))
    for box in ("error=true", "status=error service=payment", "kind=server status=ERROR duration>100ms"):
        assert rows_of(client.get("/", {"q": box})) == [IDS[1]], box
    answer = client.get("/", {"q": "service=payment name=nothing"})
    assert "service is payment" in text_of(answer)
    assert "No span of a service called “ paymnt ”" in text_of(client.get("/", {"q": "service=paymnt"}))


def test_the_range_that_nobody_chose_is_not_sent_with_the_form(client):
    store(order(1), IDS[1], ago(30))
    for query, checked in (({}, "1h"), ({"q": "1"}, "all")):
        html = client.get("/", query).content.decode()
        assert re.search(r'name="range" value="([^"]*)" data-range="(\w+)" checked', html).groups() == ("", checked)
    html = client.get("/", {"range": "1h"}).content.decode()
    assert 'name="range" value="1h" data-range="1h" checked' in html


def test_enter_presses_a_button_that_says_no_range(client):
    store(order(1), IDS[1], ago(30))
    form = client.get("/").content.decode().partition('<form class="asked"')[2]
    assert 'name="' not in re.search(r"<button[^>]*>", form)[0]


def test_live_counts_what_came_since_and_moves_nothing(client):
    store(order(1), IDS[1], ago(20))
    page = client.get("/", {"live": "1"}).content.decode()
    link = re.search(r'hx-get="(/search/newer[^"]*)"', page)[1].replace("&amp;", "&")
    assert client.get(link, headers=HTMX).content.strip() == b""
    store(order(2), IDS[2], ago(1))
    assert text_of(client.get(link, headers=HTMX)).strip() == "Live: 1 new, show it"
    for n in range(3, 30):
        store(order(n), IDS[n], ago(1))
    assert text_of(client.get(link, headers=HTMX)).strip() == "Live: 25 or more new, show them"


def test_the_chart_holds_more_than_the_page(client):
    for n in range(40):
        store(order(n, failed=n == 3), IDS[n], ago(60 + n))
    page = client.get("/").content.decode()
    link = re.search(r'hx-get="(/search/chart[^"]*)"', page)
    part = client.get(link[1].replace("&amp;", "&") if link else "/search/chart", headers=HTMX)
    assert "40 traces started" in text_of(part)
    assert "1 of them with an error" in text_of(part)
    assert "<html" not in part.content.decode()
    assert "<html" in client.get("/search/chart").content.decode(), "without htmx it is a page"


def test_span_names_follow_the_service(client):
    store(order(1), IDS[1], ago(10))
    digest_all()
    assert client.get("/search/names?service=order").content.decode().split("\n")[0] == (
        '<option value="INSERT orders"><option value="create order">'
    )


def test_another_workspace_sees_nothing_of_it(client):
    store(order(48213), IDS[1], ago(10), workspace_id=77)
    assert "No span has arrived yet." in text_of(client.get("/", {"q": "48213"}))
    assert client.get("/", {"q": IDS[1]}).status_code == 200


def test_what_strangers_send_is_text_and_nothing_else(client):
    evil = "<script>alert(1)</script>"
    store([SpanSpec(evil, evil, None, 0, 5, {"order.id": evil}, status="ERROR")] * 1, IDS[1], ago(10))
    store([SpanSpec(evil, "{{ 7|add:7 }}", None, 0, 9)], IDS[2], ago(12))
    for answer in (client.get("/"), client.get("/", {"service": evil, "form": "1"}), client.get("/", {"q": evil})):
        assert answer.status_code == 200
        assert evil not in answer.content.decode()
        assert "&lt;script&gt;" in answer.content.decode()


def test_times_are_told_in_the_viewers_zone(client):
    at_ns = 1_795_438_800 * S_NS
    store(order(1), IDS[1], at_ns)
    query = {"start": "1795438000", "end": "1795439000"}
    assert "23 Nov 13:00:00" in text_of(client.get("/", query)) or "13:00:00.000" in text_of(client.get("/", query))
    client.cookies["tz"] = "Asia/Tokyo"
    assert "22:00:00" in text_of(client.get("/", query))
    assert "13:00:00" in text_of(client.get("/", {**query, "tz": "UTC"}))


def test_a_service_that_no_database_can_name_is_a_mistake_of_the_address(client):
    store(order(48212), IDS[1], ago(20))
    for address in ("/", "/search/chart"):
        answer = client.get(address, {"service": "\x00"})
        assert answer.status_code == 422, address


@pytest.mark.parametrize("asked", [{"status": "ERROR"}, {"q": "status=error"}, {"q": "error=true"}])
def test_who_searches_for_errors_reads_of_them_first(client, asked):
    dice, end = random.Random(1), incident.last_minute_ns()
    incident.store([incident.checkout(n, end - n * 30 * S_NS, dice) for n in range(1, 90)])
    forget_usual()
    loop = incident.checkout(100, end, dice, calls=13)
    tries = [span for group in loop.resource_spans for scope in group.scope_spans for span in scope.spans
             if span.name == "POST /v2/authorisations"]  # fmt: skip
    for span in tries[::3]:
        span.status.code = 2
    incident.store([loop])
    (row,) = client.get("/", asked).context["page"].rows
    told = "".join(phrase.text for phrase in row.said).replace("\u00a0", " ")
    assert re.match(r"5 of the 13 calls to bank-api failed: 5\d\d ms\. payment took 1\.\d\d s ", told), told
    assert told.endswith(": 13 calls to bank-api instead of 1")
    (row, *_) = client.get("/", {"service": "payment"}).context["page"].rows
    assert row.said[0].text == "payment"
