"""Traces whose clocks are ahead of the server's: found by every search up to now, and told as what they are."""

import re
import time
from datetime import UTC
from itertools import chain

import pytest
from django.test import Client

from apps.traces.moments import field_text
from tests.explorer.stored import order, store
from tests.explorer.test_search_page import HTMX, ago, rows_of, text_of
from tests.storing import NS, digest_all

MINUTE, HOUR = 60, 3_600
IDS = [f"{n:032x}" for n in range(0x7A3D5AB0, 0x7A3D5AB0 + 80)]
FAST, FAR, ABSURD, FINE = IDS[:4]


@pytest.fixture
def client(empty_store) -> Client:
    return Client()


@pytest.fixture
def stored() -> None:
    """Of one customer: 3 minutes ahead, 20 hours ahead, 30 hours ahead (filed under its arrival), and one on time."""
    store(order(1, user="ada"), FINE, ago(30))
    store(order(2, user="ada"), FAST, ago(-3 * MINUTE))
    store(order(3, user="ada"), FAR, ago(-20 * HOUR))
    store(order(4, user="ada"), ABSURD, ago(-30 * HOUR))


@pytest.mark.parametrize("is_sealed", [False, True], ids=["hot", "sealed"])
@pytest.mark.parametrize(
    "asked",
    [{}, {"range": "15m"}, {"range": "all"}, {"q": "ada"}, {"q": "user.id=ada"}, {"start": "1700000000"}],
    ids=str,
)
def test_a_search_up_to_now_finds_them_newest_by_their_own_clocks_first(client, stored, asked, is_sealed):
    if is_sealed:
        digest_all()
    assert rows_of(client.get("/", asked)) == [FAR, FAST, ABSURD, FINE]


def test_a_fixed_end_is_kept(client, stored):
    digest_all()
    minutes = {"start": str(ago(600)), "end": str(ago(-10 * MINUTE))}
    assert rows_of(client.get("/", minutes)) == [FAST, ABSURD, FINE]
    assert rows_of(client.get("/", {**minutes, "end": str(ago(0))})) == [ABSURD, FINE]
    around = {"start": str(ago(-19 * HOUR)), "end": str(ago(-21 * HOUR))}
    assert rows_of(client.get("/", around)) == [FAR]


def test_each_of_them_says_that_its_clock_is_ahead_and_the_line_over_them_how_many(client, stored):
    answer = client.get("/")
    by_id = dict(zip(rows_of(answer), answer.context["page"].rows, strict=True))
    assert {by_id[i].ago.replace("\u00a0", " ") for i in (FAR, ABSURD)} == {"in 19 h", "in 29 h"}
    assert [by_id[i].is_ahead for i in (FAST, FAR, ABSURD, FINE)] == [True, True, True, False]
    assert answer.content.decode().count("clock ahead</span>") == 3
    assert "3 of these start later than now: their clocks are ahead of this server’s." in text_of(answer)
    assert "Begin with those up to now" not in text_of(answer), "all matches are on the page"


def test_where_all_clocks_are_right_nothing_is_said_of_them(client):
    store(order(1), FINE, ago(0.2))
    answer = client.get("/")
    assert rows_of(answer) == [FINE]
    assert answer.context["page"].ahead is None and "clock ahead" not in answer.content.decode()


def test_the_chart_is_not_stretched_by_a_clock_that_is_hours_ahead(client, stored):
    for n in range(4, 10):
        store(order(n), IDS[n], ago(40 + 300 * n))
    chart = client.get("/").context["page"].chart
    end = chart.figure["layout"]["xaxis"]["range"][1]
    assert end <= field_text(ago(-10 * MINUTE), UTC).replace("T", " ")
    assert chart.left_out.replace("\u00a0", " ") == (
        "2 more are not drawn: by their own clocks they start up to about 29 h later."
    )
    assert chart.count == "8", "three minutes of an hour do no harm"
    assert chart.sentence.startswith("8 traces started")


def paged(client, address: str = "/") -> list[str]:
    pages = []
    while address:
        answer = client.get(address)
        pages.append(rows_of(answer))
        older = re.search(r'href="([^"]*)" rel="next"', answer.content.decode())
        address = older and older[1].replace("&amp;", "&")
    return list(chain.from_iterable(pages))


def test_pages_go_on_from_those_ahead_to_those_of_now_without_a_gap(client):
    for n in range(30):
        store(order(n), IDS[n], ago(-20 * HOUR + n))
    for n in range(30, 60):
        store(order(n), IDS[n], ago(n))
    digest_all()
    assert paged(client) == IDS[:60]
    (past,) = re.findall(r'href="([^"]*)">Begin with those up to now', client.get("/").content.decode())
    assert paged(client, past.replace("&amp;", "&")) == IDS[30:60]


def test_live_counts_what_comes_under_a_page_of_traces_ahead(client):
    def counted() -> str:
        return client.get(link, headers=HTMX).content.decode().strip()

    for n in range(30):
        store(order(n), IDS[n], ago(-20 * HOUR + n))
    store(order(30), IDS[30], ago(20))
    link = re.search(r'hx-get="(/search/newer[^"]*)"', client.get("/?live=1").content.decode())[1]
    link = link.replace("&amp;", "&")
    assert counted() == ""
    store(order(31), IDS[31], ago(1))
    assert "Live: 1 new, show it" in counted()
    shown = re.search(r'href="([^"]*)"', counted())[1].replace("&amp;", "&")
    page = client.get(shown)
    assert rows_of(page) == [IDS[31], IDS[30]]
    goes_on = re.search(r'hx-get="(/search/newer[^"]*)"', page.content.decode())[1].replace("&amp;", "&")
    assert client.get(goes_on, headers=HTMX).content.decode().strip() == ""
    store(order(33), IDS[33], ago(0.5))
    assert "Live: 1 new, show it" in client.get(goes_on, headers=HTMX).content.decode()
    store(order(32), IDS[32], ago(-22 * HOUR))
    assert "Live: 3 new, show them" in counted()
    shown = re.search(r'href="([^"]*)"', counted())[1].replace("&amp;", "&")
    assert rows_of(client.get(shown))[0] == IDS[32]


def live_link(answer) -> str:
    return re.search(r'hx-get="(/search/newer[^"]*)"', answer.content.decode())[1].replace("&amp;", "&")


def begin_now_link(answer) -> str:
    return re.search(r'href="([^"]*)">Begin with those up to now', answer.content.decode())[1].replace("&amp;", "&")


def test_live_counts_the_first_that_comes_under_a_page_of_traces_ahead(client):
    for n in range(30):
        store(order(n), IDS[n], ago(-20 * HOUR + n))
    link = live_link(client.get("/?live=1"))
    assert client.get(link, headers=HTMX).content.decode().strip() == ""
    store(order(30), IDS[30], ago(1))
    assert "Live: 1 new, show it" in client.get(link, headers=HTMX).content.decode()


def test_live_still_offers_what_came_when_the_page_up_to_now_is_loaded_again(client):
    for n in range(10):
        store(order(n), IDS[n], ago(-20 * HOUR + n))
    for n in range(10, 40):
        store(order(n), IDS[n], ago(n))
    address = begin_now_link(client.get("/?live=1"))
    page = client.get(address)
    assert rows_of(page) == IDS[10:35]
    assert client.get(live_link(page), headers=HTMX).content.decode().strip() == ""
    time.sleep(1.1)  # the address begins with what started up to a second after it was made
    store(order(40), IDS[40], ago(0))
    again = client.get(address)
    assert rows_of(again) == IDS[10:35]
    assert "Live: 1 new, show it" in client.get(live_link(again), headers=HTMX).content.decode()


def test_live_does_not_count_what_a_page_that_fills_up_pushes_down(client):
    for n in range(24):
        store(order(n), IDS[n], ago(-20 * HOUR + n))
    for n in range(24, 30):
        store(order(n), IDS[n], ago(20 + n))
    link = re.search(r'hx-get="(/search/newer[^"]*)"', client.get("/?live=1").content.decode())[1]
    store(order(30), IDS[30], ago(-21 * HOUR))
    assert "Live: 1 new, show it" in client.get(link.replace("&amp;", "&"), headers=HTMX).content.decode()


def test_of_a_clock_more_than_a_day_ahead_no_page_leads_to_itself(client):
    for n in range(30):
        store(order(n), IDS[n], ago(-30 * HOUR if n == 3 else 20 + n))
    page = client.get("/").context["page"]
    assert page.ahead is not None and page.ahead.without == ""


def test_nor_of_one_that_was_when_it_came_and_is_no_more(client, monkeypatch):
    for n in range(30):
        store(order(n), IDS[n], ago(-24.5 * HOUR if n == 3 else 20 + n))
    digest_all()
    now_ns = time.time_ns() + 50 * MINUTE * NS
    monkeypatch.setattr(time, "time_ns", lambda: now_ns)
    page = client.get("/", {"range": "3h"}).context["page"]
    assert page.ahead is not None and page.ahead.without == ""


def test_the_second_page_of_traces_ahead_leads_to_now_as_well(client):
    for n in range(60):
        store(order(n), IDS[n], ago(-20 * HOUR + n))
    store(order(60), IDS[60], ago(5))
    second = re.search(r'href="([^"]*)" rel="next"', client.get("/").content.decode())[1].replace("&amp;", "&")
    page = client.get(second)
    assert rows_of(page) == IDS[25:50]
    assert rows_of(client.get(begin_now_link(page))) == [IDS[60]]


def test_live_counts_one_that_is_ahead_once(client):
    store(order(1), FINE, ago(20))
    link = re.search(r'hx-get="(/search/newer[^"]*)"', client.get("/?live=1").content.decode())[1]
    store(order(2), FAST, ago(-3 * MINUTE))
    assert "Live: 1 new, show it" in client.get(link.replace("&amp;", "&"), headers=HTMX).content.decode()


def test_a_step_away_that_finds_one_ahead_says_so(client):
    store(order(1), FAST, ago(-3 * MINUTE))
    answer = client.get("/", {"q": "order.id=1", "start": str(ago(600)), "end": str(ago(0))})
    assert "Look at all that is kept the newest in 2 min by its own clock" in text_of(answer)
