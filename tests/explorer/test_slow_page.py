"""`/slow` over traces in the real store."""

import html
import random
import re
import time
from urllib.parse import parse_qsl

import pytest
from django.test import Client

from apps.traces.moments import utc_text
from tests.api.conftest import make_workspace
from tests.explorer.test_why_page import HOSTILE, by_clock, text_of
from tests.insights.incident import MINUTE_NS, checkout, last_minute_ns, store, store_incident, stretch
from tests.look import after_midnight
from tests.store.shop import now_shifted
from tests.storing import digest_all, send
from tests.traces.build import SpanSpec, traces_data

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = {"range": "1h", "against": "before"}


@pytest.fixture
def client(empty_store) -> Client:
    return Client()


def slower_rows(client, **more) -> list[tuple]:
    page = client.get("/slow", HOUR | more).context["page"]
    return [(row.service, row.name, row.kind, row.is_cause, bool(row.more)) for row in page.slower]


def test_more_calls_are_the_cause_and_those_that_wait_for_them_come_after(client):
    store_incident(minutes=130, slow_minutes=30)
    rows = slower_rows(client)
    assert rows[0] == ("payment", "POST /v2/authorisations", "CLIENT", True, True)
    assert {row[:4] for row in rows[1:]} == {
        ("payment", "POST /charges", "SERVER", False), ("gateway", "POST", "CLIENT", False),
        ("gateway", "POST /checkout", "SERVER", False),
    }  # fmt: skip
    told = sentence_of(client)
    assert re.fullmatch(
        r"payment POST /v2/authorisations \(to bank-api\) is called 13 × as often in each trace from \d\d:\d\d on as "
        r"in the hour before\. It was still so in the last 10 minutes\. 3 more span names got slower waiting for what "
        r"they call: gateway POST /checkout, gateway POST …\.", told
    ), told  # fmt: skip


@pytest.mark.parametrize(("calls", "ms"), [(13, 0), (1, 500)])
def test_what_is_over_is_told_in_the_past(client, calls, ms):
    dice, end, documents = random.Random(1), last_minute_ns(), []
    for n in range(390):
        is_slow = 40 <= n < 130
        data = checkout(n, end - n * 20 * 10**9 - 10**9, dice, calls=calls if is_slow else 1)
        if is_slow and ms:
            stretch(data, "POST /v2/authorisations", ms * 10**6)
        documents.append(data)
    store(documents)
    told = sentence_of(client)
    how = "was called " if calls > 1 else "got slower than the hour before: p95 "
    assert told.startswith(f"payment POST /v2/authorisations (to bank-api) {how}"), told
    assert "In the last 10 minutes it is as before." in told and "It goes on" not in told


@pytest.mark.parametrize(("calls", "ms"), [(13, 0), (1, 500)])
def test_how_much_is_told_of_the_bad_time_and_not_of_the_hour_it_lies_in(client, calls, ms):
    """Twelve minutes, from 40 to 28 minutes ago: a fifth of the hour, over which 13 calls are 3.4."""
    dice, end, documents = random.Random(1), last_minute_ns(), []
    for n in range(390):
        start = end - n * 20 * 10**9 - 10**9
        is_slow = 28 <= (end - start) / MINUTE_NS < 40
        data = checkout(n, start, dice, calls=calls if is_slow else 1)
        if is_slow and ms:
            stretch(data, "POST /v2/authorisations", ms * 10**6)
        documents.append(data)
    store(documents)
    told, first = sentence_of(client, tz="UTC"), "payment POST /v2/authorisations (to bank-api) "
    began, ended = (time.strftime("%H:%M", time.gmtime(end / 1e9 - minutes * 60)) for minutes in (40, 28))
    when = f"from {began} to {ended}"
    if calls > 1:
        assert told.startswith(f"{first}was called 13 × as often in each trace {when} as in the hour before. "), told
    else:
        assert re.match(
            re.escape(first) + rf"got slower than the hour before: p95 6\d\d ms {when} instead of 1", told
        ), told
    assert "whole hour" not in told


def test_of_a_bad_time_of_yesterday_the_day_is_told_once(client):
    dice, end = random.Random(1), last_minute_ns() - 65 * MINUTE_NS
    starts = [end - n * 20 * 10**9 - 10**9 for n in range(360)]
    calls = [13 if 15 <= (end - at) / MINUTE_NS < 35 else 1 for at in starts]
    store([checkout(n, at, dice, calls=many) for n, (at, many) in enumerate(zip(starts, calls, strict=True))])
    ends = {"range": "custom", "start": utc_text(end - 60 * MINUTE_NS), "end": utc_text(end)}
    page = client.get("/slow", HOUR | ends | dict(parse_qsl(after_midnight()))).context["page"]
    told = "".join(word.text for word in page.said).replace("\u00a0", " ")
    assert re.search(r" from (\d+ \w{3}|\d{4}-\d\d-\d\d) \d\d:\d\d to \d\d:\d\d as in the hour before", told), told


def test_what_began_before_the_hour_is_told_against_what_was_before_it(client):
    dice, end = random.Random(1), last_minute_ns()
    starts = [end - n * 20 * 10**9 - 10**9 for n in range(390)]
    calls = [13 if 28 <= (end - at) / MINUTE_NS < 65 else 1 for at in starts]
    store([checkout(n, at, dice, calls=many) for n, (at, many) in enumerate(zip(starts, calls, strict=True))])
    began, ended = (time.strftime("%H:%M", time.gmtime(end / 1e9 - minutes * 60)) for minutes in (65, 28))
    assert f" was called 13 × as often in each trace from {began} to {ended} as before that. " in sentence_of(
        client, tz="UTC"
    )


def test_a_factor_that_no_part_of_the_hour_stands_out_for_is_one_of_the_whole_hour(client):
    dice, end = random.Random(1), last_minute_ns()
    today = [checkout(n, end - n * 30 * 10**9, dice, calls=13) for n in range(130)]
    yesterday = [checkout(1_000 + n, end - (24 * 60 + n) * MINUTE_NS, dice) for n in range(60)]
    store(today + yesterday)
    told = sentence_of(client, against="yesterday")
    assert told.startswith(
        "payment POST /v2/authorisations (to bank-api) is called 13 × as often in each trace on average over the hour "
        "as yesterday, same time. "
    ), told


def test_nothing_is_said_of_the_last_minutes_where_they_hold_too_little_or_are_not_the_last(client):
    store_incident(minutes=130, slow_minutes=30, a_minute=1)
    assert "in the last 10 minutes" not in sentence_of(client).lower()
    end = last_minute_ns()
    ago = {"range": "custom", "start": moment(end - 70 * MINUTE_NS), "end": moment(end - 10 * MINUTE_NS)}
    told = sentence_of(client, **ago)
    assert "as often in each trace" in told and "minutes" not in told.replace("60 minutes before", "")


def moment(at_ns: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_ns / 1e9))


def sentence_of(client, **more) -> str:
    page = client.get("/slow", HOUR | more).context["page"]
    return by_clock("".join(word.text for word in page.said))


def test_a_slow_call_is_the_cause_of_what_waits_for_it(client):
    dice, end, documents = random.Random(1), last_minute_ns(), []
    for n in range(200):
        data = checkout(n, end - n * 36 * 10**9 - MINUTE_NS, dice)
        if n < 90:
            stretch(data, "POST /v2/authorisations", 500_000_000)
        documents.append(data)
    store(documents)
    rows = slower_rows(client)
    assert rows[0] == ("payment", "POST /v2/authorisations", "CLIENT", True, False)
    assert [row[3] for row in rows] == [True, False, False, False]
    assert slower_rows(client, service="gateway", kind="SERVER") == [
        ("gateway", "POST /checkout", "SERVER", False, False)
    ]


def test_a_database_that_nobody_waited_for_longer_is_not_said_to_call_anything(client):
    dice, end, documents = random.Random(1), last_minute_ns(), []
    for n in range(200):
        data = checkout(n, end - n * 36 * 10**9 - MINUTE_NS, dice)
        spans = [span for group in data.resource_spans for scope in group.scope_spans for span in scope.spans]
        (insert,) = [span for span in spans if span.name == "INSERT charge"]
        (bank,) = [span for span in spans if span.name == "POST /v2/authorisations"]
        # Begun beside the call of the bank, which ends last, so that nobody waits for the database.
        insert.end_time_unix_nano = bank.end_time_unix_nano - 10**6
        insert.start_time_unix_nano = insert.end_time_unix_nano - (60 if n < 90 else 8) * 10**6
        documents.append(data)
    store(documents)
    (row,) = client.get("/slow", HOUR).context["page"].slower
    assert row.name == "INSERT charge" and row.where == "beside"
    assert "in what it calls" not in text_of(client.get("/slow", HOUR))


def test_the_longest_spans_are_one_a_trace_with_what_the_trace_says(client):
    store_incident(minutes=130, slow_minutes=30)
    rows = client.get("/slow", HOUR).context["page"].longest
    assert len({row.link[:35] for row in rows}) == len(rows) >= 3
    assert rows[0].name == "POST /checkout" and "bank-api" in rows[0].said
    assert client.get(html.unescape(rows[0].link)).status_code == 200


def test_as_before_is_said_and_so_is_too_little(client):
    dice, end = random.Random(1), last_minute_ns()
    store([checkout(n + 1, end - n * 72 * 10**9 - MINUTE_NS, dice) for n in range(98)])
    told = text_of(client.get("/slow", HOUR))
    assert re.search(r"Nothing got slower against the hour before\. The longest span", told), told
    assert told.count("Nothing got slower against the hour before.") == 2, told
    answer = client.get("/slow", {"range": "1h", "against": "yesterday"})
    told = text_of(answer)
    assert "Not enough data to compare with yesterday, same time (n = 0)" in told and "Nothing got slower" not in told
    assert [choice.link for choice in answer.context["page"].other_times] == ["/slow?range=1h&against=before"]


def test_on_the_first_day_it_is_compared_with_the_time_before_and_says_so(client):
    store_incident(minutes=130, slow_minutes=30)
    answer = client.get("/slow", {"range": "1h"})
    assert answer.context["period"].against == "the hour before" and answer.context["page"].slower
    assert "against the hour before, for there were no spans yesterday at this time" in text_of(answer)
    yesterday = next(one for one in answer.context["period"].againsts if one.words.startswith("yesterday"))
    assert yesterday.link == "/slow?range=1h&against=yesterday"
    store([checkout(9_000, last_minute_ns() - (24 * 60 + 30) * MINUTE_NS, random.Random(3))])
    answer = client.get("/slow", {"range": "1h"})
    assert answer.context["period"].against == "yesterday, same time"
    assert "no spans yesterday" not in text_of(answer)


@pytest.mark.parametrize(("first_days", "others"), [(8, ["last week, same time"]), (6, [])])
@pytest.mark.parametrize("range_", ["24h", "1h"])
def test_no_time_is_offered_that_was_just_said_to_be_empty_or_is_before_the_first_trace(
    client, range_, first_days, others
):
    ages_ns = [n * 30 * 10**9 for n in range(30)] + [first_days * 24 * 60 * MINUTE_NS]
    store([checkout(n + 1, last_minute_ns() - ago_ns, random.Random(n)) for n, ago_ns in enumerate(ages_ns)])
    answer = client.get("/slow", {"range": range_})
    assert "Not enough data to compare" in text_of(answer) and "there were no spans yesterday" in text_of(answer)
    assert [choice.words for choice in answer.context["page"].other_times] == others
    asked = client.get("/slow", {"range": "24h", "against": "yesterday"}).context["page"]
    assert [choice.words for choice in asked.other_times] == others


@pytest.mark.parametrize("before, is_enough", [(7, False), (19, False), (20, True)])
def test_nothing_is_said_of_fewer_than_twenty_spans_but_how_many_there_are(client, before, is_enough):
    dice, end, documents = random.Random(1), last_minute_ns(), []
    for n in range(30 + before):
        ago_minutes = 5 + n if n < 30 else 70 + (n - 30)
        data = checkout(n + 1, end - ago_minutes * MINUTE_NS, dice)
        if n < 30:
            stretch(data, "POST /v2/authorisations", 3_000_000_000)
        documents.append(data)
    store(documents)
    told = text_of(client.get("/slow", HOUR))
    assert (f"(n = {before})" in told) is not is_enough
    assert bool(slower_rows(client)) is is_enough


def test_the_sentence_says_what_waited_and_the_empty_page_what_to_do(client):
    store_incident(minutes=130, slow_minutes=30)
    told = text_of(client.get("/slow", HOUR))
    assert "3 more span names got slower waiting for what they call: gateway POST /checkout, gateway POST …." in told
    assert "The longest span" not in told
    chosen = client.get("/slow", HOUR | {"service": "<b>gone"})
    assert "No spans in this time, among those chosen" in text_of(chosen)
    assert chosen.context["page"].all_link == "/slow?range=1h&against=before"
    assert "<option selected>&lt;b&gt;gone</option>" in chosen.content.decode()


def test_before_the_first_span_in_a_silent_time_and_with_a_wrong_address(client):
    assert "No spans have arrived yet" in text_of(client.get("/slow"))
    store_incident(minutes=60, slow_minutes=10)
    silent = {"range": "custom", "start": "2026-01-01", "end": "2026-01-02"}
    assert "No spans in this time" in text_of(client.get("/slow", silent))
    for wrong in ({"range": "1y"}, {"kind": "SIDEWAYS"}, {"against": "luck"}):
        assert client.get("/slow", wrong).status_code == 422


def test_names_of_strangers_are_text_and_nothing_crosses_workspaces(client):
    make_workspace(2, "Other")
    for workspace_id, name in ((1, HOSTILE), (2, "secret")):
        spans = traces_data([SpanSpec(name, name, None, 0, 9, {}, "SERVER")])
        send(now_shifted(spans, time.time_ns() - 10**9), workspace_id=workspace_id)
    digest_all()
    answer = client.get("/slow", HOUR | {"service": HOSTILE})
    assert answer.status_code == 200 and len(answer.context["page"].longest) == 1
    assert HOSTILE not in answer.content.decode() and "secret" not in answer.content.decode()
