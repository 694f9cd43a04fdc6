"""`/services` and `/services/<name>` over traces in the real store."""

import html
import random
import re
import time
from urllib.parse import parse_qsl, quote

import pytest
from django.test import Client

from apps.accounts.models import DEFAULT_WORKSPACE_ID
from apps.insights.one_service import one_service
from apps.insights.period import BEFORE, LAST_WEEK, chosen_period
from tests.api.conftest import make_workspace
from tests.explorer.test_why_page import HOSTILE, by_clock, text_of
from tests.insights.incident import MINUTE_NS, checkout, last_minute_ns, store, store_incident
from tests.look import after_midnight
from tests.store.shop import now_shifted, trace_id_of
from tests.storing import digest_all, send
from tests.traces.build import SpanSpec, traces_data

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(empty_store) -> Client:
    return Client()


@pytest.fixture
def incident(client) -> int:
    return store_incident(minutes=130, slow_minutes=30)


def send_now(*specs: SpanSpec, workspace_id: int = 1) -> None:
    send(now_shifted(traces_data(list(specs), by_service=True), time.time_ns() - 10**9), workspace_id=workspace_id)
    digest_all()


def test_services_stand_by_what_changed_and_the_sentence_names_the_first(client, incident):
    answer = client.get("/services", {"range": "1h"})
    rows = answer.context["page"].rows
    assert [row.name for row in rows] == ["payment", "gateway"]
    assert rows[0].cells.duration.text.startswith("▲") and rows[0].version == "4.12.0" and rows[0].is_new_version
    told = said(answer.context["page"])
    first = r"payment got slower: p95 1\.\d\d s instead of 1\d\d ms in the hour before\. It was still so in the last "
    assert re.fullmatch(first + r"10 minutes\. 1 more got worse\.", told), told
    assert "payment got slower : p95" in text_of(answer)
    assert rows[0].link == "/services/payment?range=1h"
    assert client.get(rows[0].link).status_code == 200


def test_a_large_change_of_next_to_nothing_stays_below_what_people_wait_for(client, incident):
    send_newcomer()
    page = client.get("/services", {"range": "1h"}).context["page"]
    assert page.rows[0].name == "payment" and said(page).startswith("payment got slower: ")
    (new,) = [row for row in page.rows if row.name == "newcomer"]
    assert new.cells.duration.text == "new"
    assert words_of("newcomer") == {"new"}


def words_of(service: str) -> set[str]:
    """Of all that its page compares but errors."""
    found = one_service(DEFAULT_WORKSPACE_ID, service, chosen_period("1h", None, None, BEFORE, time.time_ns()))
    lines = [*(line.duration for line in found.names), *(one.rate for one in (*found.callers, *found.callees))]
    return {change.word for change in (found.duration, found.rate, *lines)}


def send_newcomer(count: int = 25) -> None:
    end = last_minute_ns()
    for n in range(count):
        specs = [SpanSpec("newcomer", "GET /", None, 0, 2, {}, "SERVER")]
        data = traces_data(specs, trace_id=trace_id_of(5_000 + n), by_service=True)
        send(now_shifted(data, end - (n + 1) * MINUTE_NS))
    digest_all(later_s=120)


def test_before_the_first_trace_is_digested_it_says_so_and_not_that_no_service_is_known(client):
    send(checkout(1, time.time_ns(), random.Random(1)))
    assert "No trace has been counted yet" in text_of(client.get("/services"))


def test_where_spans_came_for_a_part_of_the_time_before_only_no_service_is_new(client):
    store_incident(minutes=90, slow_minutes=0, calls=1)
    send_newcomer()
    page = client.get("/services", {"range": "1h"}).context["page"]
    (row,) = [row for row in page.rows if row.name == "newcomer"]
    assert row.cells.duration.text == "not enough data (n\u00a0=\u00a00)" and not row.cells.rate_mark.is_change
    assert " new" not in said(page)
    assert words_of("newcomer") == {"unsure"}
    # Half of the time before is held: there were half as many calls, and not fewer.
    assert words_of("gateway") <= {"unsure", "same", "unclear"}


def test_calls_a_minute_of_a_long_window_are_of_the_minutes_since_the_first_trace(client):
    store_incident(minutes=30, slow_minutes=0, calls=1)
    for path in ("/services", "/services/gateway"):
        told = text_of(client.get(path, {"range": "7d"}))
        assert re.search(r"\b2\.[89]\d?\b", told), told  # three a minute, and one that has only begun


def test_no_quantile_is_longer_than_the_longest_span(client):
    store_incident(minutes=30, slow_minutes=0, calls=1)
    found = one_service(DEFAULT_WORKSPACE_ID, "payment", chosen_period("1h", None, None, BEFORE, time.time_ns()))
    longest = {key: example.duration_ns for key, example in found.slowest}
    assert all(line.now.p(1.0) <= line.now.max_ns for line in found.names) and longest
    assert any(line.now.histogram.quantile(1.0) > line.now.max_ns for line in found.names), "or this shows nothing"


def test_a_service_whose_trouble_is_over_is_named_as_one_that_was_slower(client):
    store_slow((50, 20))
    page = client.get("/services", {"range": "1h"}).context["page"]
    over = r"payment was slower, and that is over: p95 1\.\d\d s instead of 1\d\d ms in the hour before\. In the last "
    assert re.fullmatch(over + r"10 minutes it is as before\. 1 more was worse for a while\.", said(page)), said(page)


@pytest.mark.parametrize("sort", ["change", "impact", "rate", "errors", "p95", "name"])
def test_every_sorting_and_a_filter(client, incident, sort):
    page = client.get("/services", {"range": "1h", "sort": sort}).context["page"]
    assert len(page.rows) == 2 and page.heads[sort].sort
    assert [row.name for row in client.get("/services", {"range": "1h", "q": "GATE"}).context["page"].rows] == [
        "gateway"
    ]
    assert "No service has" in text_of(client.get("/services", {"range": "1h", "q": "zebra"}))


def test_a_service_says_what_changed_since_when_and_with_which_version(client, incident):
    answer = client.get("/services/payment", {"range": "1h"})
    page, told = answer.context["page"], by_clock(text_of(answer))
    began = time.strftime("%H:%M", time.gmtime(incident / 1e9))
    assert page.said.word == "turned"
    sentence = rf"p95 of payment went from 1\d\d ms to 1\.\d\d s since {began}, when 4\.12\.0 came\. It goes on\."
    assert re.fullmatch(sentence, said(page)), said(page)
    assert f"since {began} , when 4.12.0 came." in told
    first = page.names[0]
    assert (first.name, first.peer, first.kind) == ("POST /v2/authorisations", "bank-api", "CLIENT")
    assert float(first.impact.width[:-1]) > 80
    assert [(row.version, row.is_now) for row in page.versions] == [("4.12.0", True), ("4.11.3", False)]
    assert page.versions[0].duration.text.startswith("▲")
    assert [row.name for row in page.callers] == ["gateway"]
    assert [row.name for row in page.callees] == ["bank-api", "postgresql · orders"]
    assert page.callees[0].mark.is_change and not page.callees[1].mark.is_change


def test_against_last_week_of_which_no_minutes_are_kept_the_line_is_drawn_by_minutes(incident):
    period = chosen_period("1h", None, None, LAST_WEEK, time.time_ns())
    assert one_service(DEFAULT_WORKSPACE_ID, "payment", period).step_ns == MINUTE_NS


def test_the_slowest_spans_are_one_a_trace_and_lead_to_it(client, incident):
    answer = client.get("/services/payment", {"range": "1h"})
    rows = answer.context["page"].slowest
    traces = [row.link[:35] for row in rows]
    assert len(traces) == len(set(traces)) >= 3
    assert all(re.fullmatch(r"/t/[0-9a-f]{32}\?span=[0-9a-f]{16}", row.link) for row in rows)
    assert client.get(rows[0].link).status_code == 200
    assert "bank-api" in rows[0].said


def test_span_names_of_several_peers_share_their_impact_and_have_a_line_each(client):
    end = last_minute_ns()
    for n in range(1, 31):
        calls = [SpanSpec("a", "POST", 0, 1, 30, {"peer.service": "slow"}, "CLIENT"),
                 SpanSpec("a", "POST", 0, 40, 10, {"peer.service": "quick"}, "CLIENT")]  # fmt: skip
        specs = [SpanSpec("a", "GET /", None, 0, 60, {}, "SERVER"), *calls]
        send(now_shifted(traces_data(specs, trace_id=trace_id_of(n), by_service=True), end - n * MINUTE_NS))
    digest_all(later_s=120)
    rows = {(row.name, row.peer): row for row in client.get("/services/a", {"range": "1h"}).context["page"].names}
    assert rows["POST", "slow"].impact.width == "50.0%"
    assert rows["POST", "quick"].impact.width == "16.7%"
    assert rows["GET /", ""].impact.width == "33.3%"
    assert rows["POST", "slow"].spark != "" != rows["POST", "quick"].spark


def test_a_kind_narrows_the_span_names(client, incident):
    page = client.get("/services/payment", {"range": "1h", "kind": "SERVER"}).context["page"]
    assert [row.name for row in page.names] == ["POST /charges"]
    assert client.get("/services/payment", {"range": "1h", "kind": "SIDEWAYS"}).status_code == 422


@pytest.mark.parametrize(
    ("before", "after", "word"), [(40, 40, "as_before"), (0, 40, "no_before"), (40, 0, "silent"), (8, 8, "few")]
)
def test_as_before_nothing_before_silent_and_too_few(client, before, after, word):
    dice, end, documents = random.Random(1), last_minute_ns(), []
    for hour, count in ((1, before), (0, after)):
        for n in range(count):
            start = end - hour * 60 * MINUTE_NS - n * 3 * MINUTE_NS // 2 - MINUTE_NS // 2
            documents.append(checkout(hour * 1000 + n + 1, start, dice))
    store(documents)
    answer = client.get("/services/payment", {"range": "1h"})
    found = answer.context["page"].said.word
    assert found == word or (word == "as_before" and found in ("same", "unclear"))
    assert ("within its usual spread" in answer.content.decode()) == (found == "unclear")
    told = {
        "same": " in the hour before.",
        "unclear": " in the hour before.",
        "no_before": "nothing to compare it with",
        "silent": "payment sent no spans in this time.",
        "few": "Not enough data to compare (n = 8): p95 of payment",
    }
    assert told[found] in said(answer.context["page"])


def test_of_a_new_service_it_is_told_how_many_calls_fail(client):
    dice, end = random.Random(1), last_minute_ns()
    store([checkout(n + 1, end - n * MINUTE_NS // 2 - MINUTE_NS // 2, dice, fails=n % 2 == 0) for n in range(40)])
    told = said(client.get("/services/payment", {"range": "1h"}).context["page"])
    assert re.search(r"nothing to compare it with\. In the last hour, 50.% of its calls failed\.", told), told


def test_a_version_that_came_back_is_the_one_that_runs_now(client):
    dice, end, documents = random.Random(2), last_minute_ns(), []
    for n in range(120):
        version = "4.12.0" if 4 <= n < 50 else "4.11.3"
        documents.append(checkout(n + 1, end - n * MINUTE_NS - MINUTE_NS // 2, dice, version=version))
    store(documents[::-1])
    (row,) = [row for row in client.get("/services", {"range": "1h"}).context["page"].rows if row.name == "payment"]
    assert row.version == "4.11.3" and not row.is_new_version
    page = client.get("/services/payment", {"range": "1h"}).context["page"]
    assert page.version == "4.11.3"
    assert {one.version: one.is_now for one in page.versions} == {"4.12.0": False, "4.11.3": True}


def store_slow(*stretches: tuple[int, int], version="4.11.3", fails=False, stays=False) -> int:
    """Two hours of checkouts, slow between so many minutes before the end; when that is. `stays`: the version."""
    dice, end, documents = random.Random(4), last_minute_ns(), []
    for n in range(360):
        is_slow = any(ended * 3 <= n < began * 3 for began, ended in stretches)
        told = {"version": version, "fails": fails and not n % 3} if is_slow else {}
        if stays and n < stretches[0][0] * 3:
            told["version"] = version
        start = end - n * MINUTE_NS // 3 - MINUTE_NS // 6
        documents.append(checkout(n + 1, start, dice, calls=13 if is_slow else 1, **told))
    store(documents[::-1])
    return end


@pytest.mark.parametrize(("began", "ended"), [(67, 33), (95, 20), (50, 20)])
def test_what_was_slow_and_is_no_longer_is_told_from_when_to_when_wherever_the_window_begins(client, began, ended):
    """A few bad minutes of the hour before give both hours one p95."""
    end = store_slow((began, ended))
    page = client.get("/services/payment", {"range": "1h"}).context["page"]
    assert page.said.word == "turned"
    told = re.fullmatch(
        r"p95 of payment was 1\.\d\d s from (\S+) to (\S+); (1\d\d) ms before\. It is over: (1\d\d) ms since\.",
        said(page),
    )
    assert told, said(page)
    assert told[1] in clocks(end, began) and told[2] in clocks(end, ended)
    (row,) = [row for row in client.get("/services", {"range": "1h"}).context["page"].rows if row.name == "payment"]
    assert row.cells.duration.is_change == (began != 95), "58 % and 67 % of two hours: each is alike, by any quantile"


def test_a_service_that_does_other_work_is_not_told_as_slow_but_the_one_below_that_is(client):
    """Half an hour ago imports took the place of most checkouts; each takes as long as ever."""
    dice, end, documents = random.Random(6), last_minute_ns(), []
    for n in range(360):
        is_import = bool(n % 8) if n < 90 else not n % 8
        told = {"name": "POST /import", "calls": 13} if is_import else {"calls": 1}
        documents.append(checkout(n + 1, end - n * MINUTE_NS // 3 - MINUTE_NS // 6, dice, **told))
    store(documents[::-1])
    told = said(client.get("/services/gateway", {"range": "1h"}).context["page"])
    sentence = (
        r"p50 of gateway went from 2\d\d ms to 1\.\d\d s since \S+\. It does other work: "
        r"(POST /import rose|POST /checkout fell) from \d\d % to \d\d % of its calls; "
        r"the same work as before takes 2\d\d ms\."
    )
    assert re.fullmatch(sentence, told), told
    told = said(client.get("/services/payment", {"range": "1h"}).context["page"])
    assert "went from" in told and "other work" not in told, told


def test_a_version_that_ran_as_long_as_it_was_slow_and_what_failed_meanwhile(client):
    store_slow((50, 20), version="4.12.0", fails=True)
    told = said(client.get("/services/payment", {"range": "1h"}).context["page"])
    assert re.search(r" s from \S+ to \S+, while 4\.12\.0 ran; 1\d\d ms before\. It is over: ", told), told
    assert re.search(r" since\. In the last hour, 1\d % of its calls failed, 0 % in the hour before\.$", told), told


def test_a_version_that_came_with_it_and_stayed_is_not_told_as_what_ended_it(client):
    store_slow((50, 20), version="4.12.0", stays=True)
    told = said(client.get("/services/payment", {"range": "1h"}).context["page"])
    assert re.search(r" s from \S+ to \S+, beginning when 4\.12\.0 came; 1\d\d ms before\. It is over: ", told), told


def test_nothing_is_called_over_that_is_still_slower_than_before_or_hardly_seen_since(client):
    store_slow((60, 4))
    told = said(client.get("/services/payment", {"range": "1h"}).context["page"])
    assert re.search(r" ms before\. Since then it is 1\d\d ms \(n = 1?\d\), too few to say that it is over\.$", told), (
        told
    )


def test_what_came_again_since_and_is_over_as_well_is_as_before_by_now(client):
    store_slow((100, 60), (40, 33))
    told = said(client.get("/services/payment", {"range": "1h"}).context["page"])
    assert re.search(r"(It is over: 1\d\d ms since|By now it is as before: 1\d\d ms \(n = \d\d\))\.$", told), told


def test_a_service_that_is_as_fast_as_before_and_fails_says_both(client):
    dice, end = random.Random(2), last_minute_ns()
    store([checkout(n, end - n * MINUTE_NS // 2 - MINUTE_NS, dice, fails=n % 9 == 0) for n in range(230)])
    told = said(client.get("/services/payment", {"range": "1h"}).context["page"])
    assert re.search(r"In the last hour, 1\d % of its calls failed, 1\d % in the hour before\.$", told), told


def test_what_is_less_slow_than_it_was_is_not_over(client):
    dice, end, documents = random.Random(4), last_minute_ns(), []
    for n in range(360):
        calls = 4 if n < 45 else 13 if n < 150 else 1
        documents.append(checkout(n + 1, end - n * MINUTE_NS // 3 - MINUTE_NS // 6, dice, calls=calls))
    store(documents[::-1])
    told = said(client.get("/services/payment", {"range": "1h"}).context["page"])
    assert " over" not in told
    assert re.search(r"Since then it is [5-7]\d\d ms, not as before\.$|It goes on\.$", told), told


def test_a_quick_while_between_two_slow_ones_is_told_as_slow_again(client):
    end = store_slow((120, 90), (20, 0))
    told = said(client.get("/services/payment", {"range": "1h"}).context["page"])
    found = re.fullmatch(r"p95 of payment went from 1\d\d ms to 1\.\d\d s since (\S+)\. It goes on\.", told)
    assert found and found[1] in clocks(end, 20), told


def test_the_second_of_two_slow_times_is_told_with_its_end(client):
    end = store_slow((120, 75), (30, 10))
    told = said(client.get("/services/payment", {"range": "1h"}).context["page"])
    sentence = r"p95 of payment was 1\.\d\d s from (\S+) to (\S+); 1\d\d ms before\. It is over: 1\d\d ms since\."
    found = re.fullmatch(sentence, told)
    assert found and found[1] in clocks(end, 30) and found[2] in clocks(end, 10), told


def test_of_a_stretch_of_yesterday_the_day_is_told_once(client):
    store_slow((110, 75))
    zone = dict(parse_qsl(after_midnight()))
    page = client.get("/services/payment", {"range": "1h"} | zone).context["page"]
    told = "".join(word.text for word in page.said.words).replace("\u00a0", " ")
    assert re.search(r" from (\d+ \w{3}|\d{4}-\d\d-\d\d) \d\d:\d\d to \d\d:\d\d; ", told), told


def test_what_goes_on_since_before_the_window_is_told_by_when_it_began(client):
    end = store_slow((70, 0))
    page = client.get("/services/payment", {"range": "1h"}).context["page"]
    began = re.search(r" to 1\.\d\d s since (\S+)\. It goes on\.$", said(page))
    assert began and began[1] in clocks(end, 70), said(page)
    other = client.get("/services/payment", {"range": "1h", "against": "yesterday"}).context["page"].said
    assert other.word == "no_before"


def said(page) -> str:
    words = page.said.words if hasattr(page.said, "words") else page.said
    return by_clock("".join(word.text for word in words))


def clocks(end_ns: int, minutes_ago: int) -> set[str]:
    near = range(minutes_ago - 1, minutes_ago + 2)
    return {time.strftime("%H:%M", time.gmtime(end_ns / 1e9 - minutes * 60)) for minutes in near}


def test_an_unknown_service_is_404_and_says_what_to_do(client, incident):
    answer = client.get("/services/nobody")
    assert answer.status_code == 404 and "All services" in text_of(answer)
    assert client.get("/services/nobody\0").status_code in (400, 404)


def test_before_the_first_span_and_in_a_silent_time(client):
    assert "No spans have arrived yet" in text_of(client.get("/services"))
    store_incident(minutes=60, slow_minutes=10)
    silent = {"range": "custom", "start": "2026-01-01", "end": "2026-01-02"}
    assert "No spans in this time" in text_of(client.get("/services", silent))


@pytest.mark.parametrize("name", [HOSTILE, "a/b c", "..", "ünïcode/☃", "x" * 300, "a\nb"])
def test_any_name_is_text_and_has_a_page(client, name):
    send_now(SpanSpec(name, "GET /", None, 0, 9, {}, "SERVER"),
             SpanSpec(name, HOSTILE, 0, 1, 5, {"peer.service": HOSTILE}, "CLIENT"))  # fmt: skip
    answer = client.get("/services", {"range": "1h"})
    (row,) = answer.context["page"].rows
    assert HOSTILE not in answer.content.decode()
    page = client.get(html.unescape(row.link))
    assert page.status_code == 200 and page.context["page"].name == name
    assert HOSTILE not in page.content.decode()


def test_a_query_string_that_cannot_be_read_is_answered_422(client, incident):
    for path in ("/services", "/services/payment"):
        assert client.get(path, {"range": "1y"}).status_code == 422
    assert client.get("/services", {"sort": "luck"}).status_code == 422


def test_nothing_crosses_workspaces(client):
    make_workspace(2, "Other")
    send_now(SpanSpec("secret", "GET /", None, 0, 5, {}, "SERVER"), workspace_id=2)
    assert client.get(f"/services/{quote('secret')}").status_code == 404
    assert "secret" not in client.get("/services").content.decode()
