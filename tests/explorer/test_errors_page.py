"""`/errors` over traces in the real store."""

import html
import random
import re

import pytest
from django.test import Client

from tests.explorer.test_why_page import HOSTILE, text_of
from tests.insights.incident import MINUTE_NS, checkout, last_minute_ns, store
from tests.traces.build import key_values

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(empty_store) -> Client:
    """Something came before the two hours that most tests look at, so that what comes first in them is new."""
    store([checkout(999_999, last_minute_ns() - 130 * MINUTE_NS, random.Random(0))])
    return Client()


def store_errors(*, before=0, after=8, version="4.12.0", seed=1, name="POST /checkout") -> None:
    """Checkouts of two hours, of which some in either hour fail in payment's INSERT."""
    dice, end = random.Random(seed), last_minute_ns()
    documents = []
    for n in range(120):
        hour, place = divmod(n, 60)
        fails = place < (before if hour == 0 else after)
        start = end - (119 - n) * MINUTE_NS
        documents.append(checkout(seed * 1000 + n, start, dice, fails=fails, version=version, name=name))
    store(documents)


def groups_of(answer) -> list:
    return list(answer.context["page"].rows)


def test_errors_are_grouped_by_where_they_started_and_counted(client):
    store_errors()
    answer = client.get("/errors", {"range": "1h"})
    (row,) = groups_of(answer)
    assert (row.service, row.span_name, row.type, row.message, row.count) == (
        "payment", "INSERT charge", "DuplicateKey", "duplicate key {n}", "8",
    )  # fmt: skip
    assert row.mark.text == "new"
    assert row.spark.startswith("M")
    told = text_of(answer)
    is_over = "none came in the last 10 minutes"
    assert re.search(rf"DuplicateKey is new in payment : 8 error spans, last 5\d min ago : {is_over}\. Of all 60", told)
    assert (
        "Of all 60 traces 13 % had an error, 13 % failed as a whole. Error spans are counted where an error started"
        in told
    )
    assert re.fullmatch(r"/t/[0-9a-f]{32}\?span=[0-9a-f]{16}", row.example)
    opened = client.get(row.example).content.decode()
    assert "INSERT charge" in opened and "duplicate key" in opened


def test_another_status_is_another_error_and_a_new_one_is_told(client):
    known, new = "429 Too Many Requests", "401 Unauthorized"
    dice, end = random.Random(2), last_minute_ns()
    answers = [known] * 70 + [new] * 3 + ["404 Not Found"] * 2
    store([checkout(n, end - (n + 1) * MINUTE_NS, dice, refused=answers[-1 - n]) for n in range(75)])
    answer = client.get("/errors", {"range": "1h"})
    *told, old = groups_of(answer)
    assert [(row.message, row.count, row.mark.text) for row in told] == [
        (f"Client error '{new}' for url '…'", "3", "new"), ("Client error '404 Not Found' for url '…'", "2", "new"),
    ]  # fmt: skip
    assert old.message == f"Client error '{known}' for url '…'" and old.mark.text != "new"
    told = (
        r"\(429 Too Many Requests\) in payment has 5\d error spans, 3\.\d × as many as in the hour before , last \d "
        r"min ago (: none came in the last 5 minutes)?\. New is httpx\.HTTPStatusError \(401 Unauthorized\) in payment "
        r": 3 error spans, last \d min ago ; 1 more is new\."
    )
    assert re.search(told, text_of(answer)), text_of(answer)[:900]


@pytest.mark.parametrize(
    ("before", "after", "mark"),
    [
        (2, 20, "▲"),
        (20, 2, "▼"),
        (10, 10, "same"),
        (9, 0, "gone"),
        (1, 3, "not enough data"),
    ],
)
def test_more_fewer_gone_and_the_same(client, before, after, mark):
    store_errors(before=before, after=after)
    (row,) = groups_of(client.get("/errors", {"range": "1h"}))
    assert row.mark.text.startswith(mark)
    assert row.is_gone == (after == 0)


def test_more_often_is_told_against_what_and_when_last(client):
    store_errors(before=2, after=20)
    told = text_of(client.get("/errors", {"range": "1h"}))
    assert re.search(
        r"DuplicateKey in payment has 20 error spans, 10 × as many as in the hour before , last \d+ min ago "
        r": none came in the last 10 minutes\.",
        told,
    )
    shares = "Of all 60 traces 33 % had an error, 33 % failed as a whole."
    assert shares in told


@pytest.mark.parametrize(("state", "is_more"), [("", True), ("ot=th:e6666666666668", False)])
def test_more_is_not_said_where_only_more_are_sampled(client, state, is_more):
    """Two errors of which each stands for ten, and then twenty that stand for themselves."""
    dice, end, documents = random.Random(1), last_minute_ns(), []
    for n in range(120):
        fails = n >= 100 or n < 2
        documents.append(checkout(n + 1, end - (119 - n) * MINUTE_NS, dice, fails=fails))
        for group in documents[-1].resource_spans if n < 60 else ():
            for span in group.scope_spans[0].spans:
                span.trace_state = state
    store(documents)
    answer = client.get("/errors", {"range": "1h"})
    (row,) = groups_of(answer)
    assert ("20 error spans, 10 × as many as" in text_of(answer)) is is_more
    assert ("Nothing is new . " in text_of(answer)) is not is_more
    assert row.mark.text == ("▲\u00a010\u00a0×" if is_more else "▲\u00a01.0\u00a0×\u00a0?")
    assert (
        row.mark.is_change is is_more
        and row.mark.title.startswith("What was counted and what it stands for") is not is_more
    )


def test_an_error_that_was_tried_again_is_no_failure_of_the_whole(client):
    end, documents = last_minute_ns(), []
    for n in range(40):
        # Servers leave the status of what they answer with 4xx unset (semantic conventions, http).
        data = checkout(n + 1, end - n * MINUTE_NS, random.Random(n), calls=2, answers=422 if n == 4 else 200)
        spans = [span for group in data.resource_spans for scope in group.scope_spans for span in scope.spans]
        if n % 4 == 0:
            next(span for span in spans if span.name == "POST /v2/authorisations").status.code = 2
        if n == 0:
            next(span for span in spans if span.name == "POST /checkout").status.code = 2
        documents.append(data)
    store(documents)
    assert "Of all 40 traces 25 % had an error, 5 % failed as a whole." in text_of(
        client.get("/errors", {"range": "1h"})
    )


def test_a_group_opens_with_its_chart_roots_versions_messages_and_traces(client):
    store_errors()
    (row,) = groups_of(client.get("/errors", {"range": "1h"}))
    answer = client.get(row.link)
    group = answer.context["group"]
    assert [(one.service, one.text, one.share) for one in group.roots] == [("gateway", "POST /checkout", "100\u00a0%")]
    assert [one.text for one in group.versions] == ["4.12.0"]
    assert group.looked_at == "8 traces read"
    assert len(group.messages) == 3 and all(text.startswith("duplicate key 10") for text in group.messages)
    assert len({example.link for example in group.examples}) == 8
    assert sum(value or 0 for value in group.chart.figure["data"][0]["y"]) == 8
    assert f'href="{html.escape(group.close_link)}"' in answer.content.decode()
    gone = client.get("/errors", {"range": "1h", "group": "0" * 32})
    assert "The group you opened has no error in this time" in text_of(gone)
    assert client.get("/errors", {"group": "zz"}).status_code == 422


def test_an_opened_group_that_did_not_come_in_this_time_says_so_and_when_it_last_did(client):
    store_errors(before=9, after=0)
    (row,) = groups_of(client.get("/errors", {"range": "1h"}))
    told = text_of(client.get(row.link))
    assert re.search(
        r"DuplicateKey in payment did not come in this time: 9 error spans in the hour before, last \S+ .{0,9}ago\.",
        told,
    ), told[:900]


def test_traces_of_an_exception_without_a_failed_status_are_read(client):
    """As a server records one and answers 404: to whoever asked that is a failure, to itself it is none."""
    dice, end, documents = random.Random(3), last_minute_ns(), []
    for n in range(5):
        data = checkout(n + 1, end - n * MINUTE_NS, dice)
        spans = {span.name: span for group in data.resource_spans for span in group.scope_spans[0].spans}
        asks, answers = spans["POST"], spans["POST /charges"]
        asks.status.code = 2
        event = answers.events.add(name="exception", time_unix_nano=answers.start_time_unix_nano + 1)
        event.attributes.extend(key_values({"exception.type": "NotFound", "exception.message": f"no cart {n}"}))
        for span in (asks, answers):
            span.attributes.extend(key_values({"http.response.status_code": 404}))
        documents.append(data)
    store(documents)
    (row,) = groups_of(client.get("/errors", {"range": "1h"}))
    group = client.get(row.link).context["group"]
    assert (row.type, row.count, group.looked_at) == ("NotFound", "5", "5 traces read")
    assert [one.text for one in group.roots] == ["POST /checkout"] and len(group.messages) == 3


def test_where_traces_came_for_a_part_of_the_time_before_only_nothing_is_called_new(empty_store):
    store_errors()
    told = text_of(Client().get("/errors", {"range": "3h"}))
    assert "There is nothing to compare with yet . DuplicateKey in payment has most: 8 error spans" in told
    # What was not there for longer than it has been is.
    late = [checkout(5_000, last_minute_ns(), random.Random(1), refused="401 Unauthorized")]
    store(late)
    assert "(401 Unauthorized) is new in payment" in text_of(Client().get("/errors", {"range": "3h"}))


def test_the_sentence_over_an_opened_group_is_about_that_group(client):
    answers = ["429 Too Many Requests"] * 40 + ["401 Unauthorized"] * 3
    dice, end = random.Random(2), last_minute_ns()
    store([checkout(n, end - n * 2 * MINUTE_NS, dice, refused=answers[-1 - n]) for n in range(43)])
    *_, old = groups_of(client.get("/errors", {"range": "1h"}))
    assert "(401 Unauthorized) is new in" in text_of(client.get("/errors", {"range": "1h"}))
    told = text_of(client.get(old.link))
    assert re.search(
        r"\(429 Too Many Requests\) in payment has 2\d error spans in 2\d traces, last \d min ago", told
    ), told[:900]


def test_tries_of_one_request_are_told_as_error_spans_of_so_many_traces(client):
    dice, end, refused = random.Random(2), last_minute_ns(), "429 Too Many Requests"
    store([checkout(n, end - n * 2 * MINUTE_NS, dice, refused=refused, calls=3) for n in range(20)])
    answer = client.get("/errors", {"range": "1h"})
    (row,) = groups_of(answer)
    told = r"is new in payment : 60 error spans, last \d min ago, the newest 3 of them in one trace \."
    assert re.search(told, text_of(answer)), text_of(answer)[:900]
    opened = client.get(row.link)
    assert re.search(r"is new in payment : 60 error spans in 20 traces, last \d min ago \.", text_of(opened))
    assert opened.context["group"].looked_at == "20 traces read: they have 60 of these error spans"


def test_in_how_many_traces_they_are_is_not_said_of_more_than_are_read(client):
    dice, end = random.Random(2), last_minute_ns()
    store([checkout(n, end - n * 30 * 10**9, dice, refused="429 Too Many Requests", calls=2) for n in range(90)])
    (row,) = groups_of(client.get("/errors", {"range": "1h"}))
    opened = client.get(row.link)
    assert re.search(r"180 error spans, last \d min ago, the newest 3 of them in 2 traces \.", text_of(opened))
    assert opened.context["group"].looked_at == ("60 traces read, of more: they have 120 of these error spans")


def test_a_new_error_that_comes_while_another_one_may_be_over_is_named(client):
    dice, end = random.Random(2), last_minute_ns()
    answers = ["401 Unauthorized"] * 6 + ["503 Service Unavailable"] * 30
    store([checkout(n, end - n * 10**10 - 10**9, dice, refused=answer) for n, answer in enumerate(answers)])
    told = text_of(client.get("/errors", {"range": "1h"}))
    assert re.search(
        r"\(503 Service Unavailable\) is new in payment : 30 error spans, last \S+ (s|min) ago \. New is also "
        r"httpx\.HTTPStatusError \(401 Unauthorized\) in payment : 6 error spans, last \S+ (s|min) ago \.", told
    ), told[:900]  # fmt: skip


def test_what_goes_on_leads_before_what_is_over_but_not_a_rare_one(client):
    answers = ["401 Unauthorized"] + ["429 Too Many Requests"] * 16 + ["503 Service Unavailable"] * 30
    dice, end = random.Random(2), last_minute_ns()
    store([checkout(n, end - n * MINUTE_NS - 10**9, dice, refused=answer) for n, answer in enumerate(answers)])
    told = text_of(client.get("/errors", {"range": "1h"}))
    assert re.search(
        r"\(429 Too Many Requests\) is new in payment : 16 error spans, last \d+ min ago ; 1 more is new\.", told
    )
    assert re.search(
        r"\. httpx\.HTTPStatusError \(503 Service Unavailable\) is new in payment : 30 error spans, last 1\d min ago : "
        r"none came in the last 10 minutes\.", told
    ), told[:900]  # fmt: skip
    # Of a time that does not reach to now nobody says what is over.
    start, until = (f"{at_ns}" for at_ns in (end - 90 * MINUTE_NS, end - 2 * MINUTE_NS))
    told = text_of(client.get("/errors", {"range": "custom", "start": start, "end": until}))
    assert re.search(r"\(503 Service Unavailable\) is new in payment : 30 error spans, ", told), told[:900]
    assert "came in the last" not in told


def test_the_list_is_filtered_by_service_and_words(client):
    store_errors()
    for asked, found in (
        ({"service": "payment"}, 1), ({"service": "gateway"}, 0), ({"q": "duplicate KEY"}, 1), ({"q": "timeout"}, 0),
    ):  # fmt: skip
        assert len(groups_of(client.get("/errors", {"range": "1h", **asked}))) == found
    assert "No group of errors fits the filter." in text_of(client.get("/errors", {"q": "timeout"}))


def test_empty_pages_say_why_and_what_next(empty_store):
    client = Client()
    assert "Send the first span" in text_of(client.get("/errors"))
    store_errors(after=0)
    told = text_of(client.get("/errors", {"range": "1h"}))
    assert "No errors in this time." in told and "Search for failed spans" in told


def test_names_of_strangers_are_text(client):
    store_errors(version=HOSTILE, name=HOSTILE)
    (row,) = groups_of(client.get("/errors", {"range": "1h"}))
    body = client.get(row.link).content.decode()
    assert "<script>alert" not in body and "&lt;script&gt;alert(1)" in body
