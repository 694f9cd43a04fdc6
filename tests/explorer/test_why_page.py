"""`/why` over traces in the real store."""

import html
import random
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.insights.incident import MINUTE_NS, checkout, last_minute_ns, store, store_incident
from tests.storing import digest_all, send

pytestmark = pytest.mark.django_db(transaction=True)

ASK = {"service": "gateway", "name": "POST /checkout", "range": "1h"}
HTMX = {"HX-Request": "true"}
HOSTILE = '<script>alert(1)</script> \u202e{{ 7 }} %{y} "x"'


@pytest.fixture
def client(empty_store) -> Client:
    return Client()


def text_of(answer) -> str:
    """The page as words, one space between."""
    words = re.sub(r"<[^>]*>", " ", answer.content.decode())
    return html.unescape(re.sub(r"\s+", " ", words)).replace("\u00a0", " ")


def by_clock(told: str) -> str:
    """`told` with plain spaces, and without yesterday's day before a clock time (UTC): an hour ago may be yesterday."""
    yesterday = datetime.now(UTC) - timedelta(days=1)
    day = f"{yesterday.day} {yesterday:%b}|{yesterday:%Y-%m-%d}"
    return re.sub(rf"\b({day}) (?=\d\d:\d\d)", "", told.replace("\u00a0", " "))


def test_the_page_opens_with_the_sentence_and_shows_its_proof(client):
    store_incident(minutes=100, slow_minutes=30)
    answer = client.get("/why", ASK)
    page, told = answer.context["page"], by_clock(text_of(answer))
    assert answer.status_code == 200
    sentence = (
        r"p95 of POST /checkout rose from \d+ ms to 1\.\d+ s since \d\d:\d\d : \+1\.\d+ s in payment , "
        r"all of it waiting for bank-api, called 13 times instead of once \. It goes on\."
    )
    assert re.search(sentence, told), told
    assert "payment 4.12.0" in told
    assert "n = 90 from where it changed" in told
    assert "traces around p95, in proportion to it; the parts add up" in told
    row = page.steps.rows[0]
    assert (row.service, row.words, row.is_big) == ("payment", "waiting for bank-api", True)
    assert len(page.after_examples) == len(page.before_examples) == 3
    assert all(example.said for example in page.after_examples)
    assert f'href="{page.after_examples[0].link}"' in answer.content.decode()
    shapes = page.chart.figure["layout"]["shapes"]
    assert shapes[0]["type"] == "rect" and shapes[1]["line"]["dash"] == "dot"


def test_what_they_have_in_common_comes_as_a_part_and_as_a_page(client):
    store_incident(minutes=100, slow_minutes=30)
    page = client.get("/why", ASK).context["page"]
    part = client.get(page.attributes_link, headers=HTMX)
    assert "<html" not in part.content.decode()
    told = text_of(part)
    assert "payment payment.split per_line" in told
    assert re.search(r"\+100 pt 0 → 100 % < 0\.001", told)
    assert re.search(r"90 over \d+ ms, .* against \d+ others", told)
    assert "A value of its own in nearly every trace: payment user.id" in told
    assert "false findings held under 1 % (Benjamini–Hochberg)" in told
    whole = client.get(page.attributes_link)
    assert "<html" in whole.content.decode() and "payment payment.split per_line" in text_of(whole)


def test_without_a_question_the_names_that_changed_most_are_listed(client):
    store_incident(minutes=100, slow_minutes=45)
    answer = client.get("/why", {"range": "1h"})
    told = text_of(answer)
    assert re.search(
        r"POST /checkout of gateway changed most against the hour before: p95 rose from \d+\sms to [\d.]+\ss\.", told
    )
    (row,) = answer.context["page"].rows
    assert row.link == "/why?range=1h&service=gateway&name=POST+%2Fcheckout"
    assert f'href="{html.escape(row.link)}"' in answer.content.decode()


def test_what_is_not_digested_yet_is_not_called_gone_on_any_page(client):
    end, dice = last_minute_ns(), random.Random(5)
    past = [checkout(n + 1, end - (110 - n % 50) * MINUTE_NS, dice) for n in range(100)]
    store(past)
    assert "it is gone" in text_of(client.get("/why", {"range": "1h"}))
    send(*(checkout(n + 1_000, end - (59 - n % 50) * MINUTE_NS, dice) for n in range(100)))
    addresses = [f"/{page}?range=1h" for page in ("why", "services", "services/payment", "slow", "map", "errors")]
    for address in addresses:
        told = text_of(client.get(address))
        assert not re.search(r"\b(is|are) (gone|silent)\b|no spans in this time|none now", told, re.IGNORECASE), address
        assert "later traces are being digested" in told, address
    assert "No trace began in what has been read of this time." in text_of(client.get("/why", {"range": "1h"}))
    asked = text_of(client.get("/why", ASK))
    assert "Not enough traces to compare POST /checkout : n = 0 after, 100 before" in asked
    digest_all(later_s=120)
    for address in addresses:
        assert "being digested" not in text_of(client.get(address)), address


def test_of_a_time_to_compare_with_that_is_not_digested_every_page_says_so_and_calls_nothing_new(client):
    end, dice = last_minute_ns(), random.Random(5)
    store([checkout(n + 1, end - (50 - n % 50) * MINUTE_NS, dice) for n in range(100)])
    send(*(checkout(n + 1_000, end - (110 - n % 49) * MINUTE_NS, dice) for n in range(100)))
    pages = ("why", "services", "services/payment", "slow", "map", "errors")
    for page in pages:
        told = text_of(client.get(f"/{page}?range=1h&against=before"))
        assert "the hour before is still being digested" in told, page
        assert not re.search(r"\b(is|are) (new|back)\b|no spans in the hour before|Nothing was called", told), page
    assert "No root span name can be compared with the hour before yet." in text_of(client.get("/why?range=1h"))
    asked = client.get("/api/v1/map?range=1h").json()
    assert asked["period"]["is_against_behind"] is True and asked["period"]["is_behind"] is False
    digest_all(later_s=120)
    for page in pages:
        assert "being digested" not in text_of(client.get(f"/{page}?range=1h&against=before")), page


def test_the_form_without_scripts_leads_to_the_address_of_the_answer(client):
    store_incident(minutes=20, slow_minutes=5)
    page = client.get("/why", ASK)
    (choice,) = page.context["frame"].roots
    answer = client.get("/why", {"root": choice.value, "look": "p50", "range": "1h"})
    assert answer.status_code == 302
    assert answer["Location"] == "/why?range=1h&look=p50&service=gateway&name=POST+%2Fcheckout"


def test_windows_parted_by_hand_and_not_at_all(client):
    began = store_incident(minutes=100, slow_minutes=30)
    whole = client.get("/why", ASK | {"split": "none"})
    assert not whole.context["page"].found_split
    by_hand = client.get("/why", ASK | {"split": str((began + 10 * MINUTE_NS) // 10**9)})
    assert by_hand.context["page"].after_n == "60"
    counted = client.get("/why", ASK | {"split": "-10m", "range": "", "start": "-1h"}).context["page"]
    after_s = (datetime.now(UTC) - datetime.fromisoformat(f"{counted.split_field}Z")).total_seconds()
    assert 600 <= after_s < 690


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"split": "never"}, "not a date and time"),
        ({"split": "2001-01-01"}, "outside of the two windows"),
        ({"service": ""}, "Say which service the name belongs to."),
        ({"search": "range=9y"}, "There is no 9y here"),
        ({"look": "p42"}, "Choose one of: p50, p95, p99, errors."),
        ({"range": "custom", "start": "2026-01-02", "end": "2026-01-01"}, "The end is not after the start."),
    ],
)
def test_what_cannot_be_read_is_said_and_nothing_is_shown(client, wrong, said):
    answer = client.get("/why", ASK | wrong)
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert client.get("/why/attributes", ASK | wrong).status_code == 422


def test_empty_pages_say_why_and_what_next(client):
    assert "Send the first span" in text_of(client.get("/why", ASK))
    store_incident(minutes=6, slow_minutes=2)
    answer = client.get("/why", ASK | {"name": "POST /chekout"})
    told = text_of(answer)
    assert answer.status_code == 200 and "All root span names" in told
    assert "No span POST /chekout of gateway is known." in told and "There is POST /checkout ." in told
    links = dict(answer.context["page"].near)
    assert client.get(links["POST /checkout"]).context["form"].params == ASK
    answer = client.get("/why", ASK | {"service": "gatewya"})
    assert answer.status_code == 404 and "No service gatewya was ever seen." in text_of(answer)
    assert answer.context["page"].near == (("gateway", "/why?range=1h&service=gateway"),)
    told = text_of(client.get("/why", ASK))
    assert "Not enough traces to compare POST /checkout : n = 18 after, 0 before" in told
    assert "Not enough data: either group needs 20 traces." in text_of(client.get("/why/attributes", ASK))
    later = {"range": "custom", "start": "2026-01-01", "end": "2026-01-02"}
    assert "No trace began in this time." in text_of(client.get("/why", later))
    answer = client.get("/why", ASK | later)
    assert answer.status_code == 200
    assert "No trace of POST /checkout began in these times." in text_of(answer) and "is known" not in text_of(answer)


def test_failed_traces_are_looked_at_by_where_they_failed_first(client):
    dice, end = random.Random(5), last_minute_ns()
    store([
        checkout(n, end - (100 * MINUTE_NS * (300 - n)) // 300, dice, fails=n >= 200 and n % 3 == 0)
        for n in range(300)
    ])  # fmt: skip
    answer = client.get("/why", ASK | {"look": "errors"})
    told = by_clock(text_of(answer))
    assert re.search(
        r"33 % of POST /checkout had an error since \d\d:\d\d , 0 % before: all looked at began in payment "
        r"INSERT charge with DuplicateKey \. It goes on\. All \d+ looked at failed as a whole\.",
        told,
    )
    (origin,) = answer.context["page"].origins
    assert re.search(r"duplicate key \{n\} all failed by it \d+ 100 %", told)
    assert (origin.failed_width, origin.width) == ("100.0%", "100.0%")
    assert (origin.type, origin.message, origin.share) == ("DuplicateKey", "duplicate key {n}", "100\u00a0%")
    told = text_of(client.get("/why/attributes", ASK | {"look": "errors"}))
    assert "What those with an error have in common" in told


def test_errors_that_were_got_over_are_told_from_those_that_traces_failed_by(client):
    dice, end = random.Random(5), last_minute_ns()
    tried = {"calls": 2, "refused": "429 Too Many Requests", "recovers": True}
    store([
        checkout(n, end - (100 * MINUTE_NS * (300 - n)) // 300, dice,
                 **(tried | {"fails": n % 3 == 0} if n >= 200 else {}))
        for n in range(300)
    ])  # fmt: skip
    answer = client.get("/why", ASK | {"look": "errors"})
    duplicate, refused = answer.context["page"].origins
    assert re.fullmatch(r"all failed by it", *duplicate.fates)
    other, through = refused.fates
    assert re.fullmatch(r"\d+ failed by another error", other) and re.fullmatch(r"\d+ went through", through)
    assert refused.failed_width == "0.0%" and refused.width == "100.0%"
    assert re.search(r"of 24 traces with an error after, \d+ of which failed as a whole, some in", text_of(answer))


def test_names_of_strangers_are_text(client):
    dice, end = random.Random(1), last_minute_ns()
    kinds = [{"calls": 10, "version": HOSTILE} if n < 50 else {} for n in range(160)]
    store([checkout(n, end - n * MINUTE_NS // 2, dice, name=HOSTILE, **kind) for n, kind in enumerate(kinds)])
    ask = ASK | {"name": HOSTILE}
    for address in ("/why", "/why/attributes"):
        answer = client.get(address, ask)
        assert answer.status_code == 200
        body = answer.content.decode()
        assert "<script>alert" not in body
        assert "&lt;script&gt;alert(1)" in body
    assert "<script>alert" not in client.get("/why", {"range": "1h"}).content.decode()


def test_a_page_asks_the_database_a_bounded_number_of_times(client):
    store_incident(minutes=100, slow_minutes=30)
    with CaptureQueriesContext(connection) as asked:
        client.get("/why", ASK)
    assert len(asked) <= 4  # Django's own; the rollups and the store are asked past it
    with CaptureQueriesContext(connection) as asked:
        client.get("/why", {"range": "1h"})
    assert len(asked) <= 4


def test_a_search_leads_here_and_back(client):
    store_incident(minutes=100, slow_minutes=30)
    results = client.get("/", {"q": "payment.method=card", "range": "1h"})
    link = html.unescape(re.search(r'href="(/why\?[^"]*)"[^>]*>Why slow', results.content.decode())[1])
    answer = client.get(link)
    told = text_of(answer)
    assert re.search(r"p95 of what you searched for rose from \d+ ms to 1\.\d+ s", told)
    assert "waiting for bank-api" in told
    assert 'href="/?q=payment.method%3Dcard"' in answer.content.decode()
    part = client.get(answer.context["page"].attributes_link, headers=HTMX)
    assert "per_line" in text_of(part)
    assert client.get("/why", {"search": "kind=ROUND"}).status_code == 422
