"""`/map` over traces in the real store."""

import html
import random
import re
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from tests.insights.incident import MINUTE_NS, checkout, last_minute_ns, store, stretch
from tests.store.shop import now_shifted, trace_id_of
from tests.storing import digest_all, send
from tests.traces.build import SpanSpec, traces_data

pytestmark = pytest.mark.django_db(transaction=True)


HOSTILE_NAMES = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onload='alert(1)",
    "a:b&c=d?e#f%20g",
    "\u202egnp.exe",
    "注文サービス",
    "x" * 400,
    "{{ 7|add:7 }}",
)


@pytest.fixture
def client(empty_store) -> Client:
    return Client()


def text_of(answer) -> str:
    page = re.sub(r"<title>.*?</title>|<[^>]+>", " ", answer.content.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(page).replace("\u00a0", " ").split())


def store_incident(*, calls=1, fails=0, seed=1, traces=60) -> None:
    """Two hours of checkouts: in the second `calls` to the bank each, and the first `fails` of it fail."""
    dice, end = random.Random(seed), last_minute_ns()
    documents = []
    for n in range(2 * traces):
        hour, place = divmod(n, traces)
        start = end - (2 * traces - 1 - n) * 120 * MINUTE_NS // (2 * traces)
        many, failing = (calls, place < fails) if hour else (1, False)
        documents.append(checkout(seed * 10_000 + n, start, dice, calls=many, fails=failing))
    store(documents)


def store_trace(specs, number=1, minutes_ago=10) -> None:
    data = traces_data(specs, trace_id=trace_id_of(number), by_service=True)
    send(now_shifted(data, last_minute_ns() - minutes_ago * MINUTE_NS))
    digest_all()


def heading(page) -> str:
    return "".join(word.text for word in page.said).replace("\u00a0", " ")


def titles(answer) -> list[str]:
    drawn = str(answer.context["page"].drawing.svg)
    return [html.unescape(title).replace("\u00a0", " ") for title in re.findall(r"<title>(.*?)</title>", drawn)]


def test_the_map_shows_who_calls_whom(client):
    store_incident()
    answer = client.get("/map", {"range": "1h"})
    told = titles(answer)
    edges = {title.partition(":")[0] for title in told if "→" in title}
    assert edges == {"users → gateway", "gateway → payment", "payment → bank-api", "payment → postgresql · orders"}
    nothing = r"Nothing changed against the hour before\. 4 edges are (as before|within their usual spread)\."
    assert re.search(nothing, text_of(answer)), text_of(answer)
    assert any(re.fullmatch(r"payment \(service\): 1\.0 · \d+ ms", title) for title in told), told
    assert any(title.startswith("bank-api (external)") for title in told)


def test_what_changed_is_said_listed_and_coloured(client):
    store_incident(calls=6, fails=20)
    answer = client.get("/map", {"range": "1h"})
    told = text_of(answer)
    said = r"gateway → payment got slower ?: p95 \S+ m?s instead of \d+ ms"
    rest = r" in the hour before\. \d more got slower, \d have more errors, 1 makes more calls per request\."
    assert re.search(said + rest, told), told[:600]
    bank = next(item for item in answer.context["page"].changes if item.callee.name == "bank-api")
    assert bank.told == (("▲\u00a06.0\u00a0× calls", "up"),)
    drawn = str(answer.context["page"].drawing.svg)
    assert drawn.count('class="e slow') >= 2 and 'class="e slow err"' in drawn and "edge-err" in drawn


@pytest.mark.parametrize(
    ("slow_until", "words"),
    [(0, "It was still so in the last 10 minutes."), (20, "In the last 10 minutes it is as before.")],
)
@pytest.mark.parametrize("how", ["slower", "calls", "errors"])
def test_whether_what_is_told_first_goes_on(client, slow_until, words, how):
    """Of an edge that got slower, that carries more calls, or more errors."""
    dice, end, documents = random.Random(1), last_minute_ns(), []
    told = {"calls": {"calls": 9}, "errors": {"fails": True}, "slower": {}}[how]
    for n in range(360):
        is_bad = slow_until <= n / 3 < 50 and (how != "errors" or not n % 2)
        data = checkout(n + 1, end - n * MINUTE_NS // 3 - 10**9, dice, **(told if is_bad else {}))
        spans = [span for group in data.resource_spans for scope in group.scope_spans for span in scope.spans]
        if how == "slower" and is_bad:
            stretch(data, "POST /v2/authorisations", 10**9)
        if how == "calls":  # and nothing is slower
            for span in spans:
                span.end_time_unix_nano = span.start_time_unix_nano + 10**6
        documents.append(data)
    store(documents)
    first = {
        "slower": ("payment → bank-api got slower", "payment → bank-api was slower, and that is over"),
        "calls": ("payment → bank-api makes more calls per request",
                  "payment → bank-api made more calls per request, and that is over"),
        "errors": ("payment → postgresql · orders has more errors",
                   "payment → postgresql · orders had more errors, and that is over"),
    }  # fmt: skip
    said = heading(client.get("/map", {"range": "1h"}).context["page"])
    assert said.startswith(first[how][slow_until > 0] + ": ")
    assert f" in the hour before. {words}" in said, said


def test_one_call_for_what_was_many_is_not_slower_though_each_takes_longer(client):
    """After an incident the hour before holds many short calls for each charge."""
    dice, end, documents = random.Random(1), last_minute_ns(), []
    for n in range(240):
        data = checkout(n + 1, end - n * MINUTE_NS // 2 - 10**9, dice, calls=1 if n < 120 else 9)
        if n < 120:
            stretch(data, "POST /v2/authorisations", 90 * 10**6)
        documents.append(data)
    store(documents)
    page = client.get("/map", {"range": "1h"}).context["page"]
    bank = next(item for item in page.changes if item.callee.name == "bank-api")
    assert [text for text, _ in bank.told] == ["▼\u00a089\u00a0% calls"]
    assert "bank-api" not in heading(page).partition(":")[0]
    names = [row.name for row in client.get("/slow", {"range": "1h", "against": "before"}).context["page"].slower]
    assert "POST /v2/authorisations" not in names


def test_a_phone_has_three_changes_above_the_map_and_the_rest_below(client):
    store_incident(calls=6, fails=20)
    answer = client.get("/map", {"range": "1h"})
    page, told = answer.context["page"], text_of(answer)
    changed = len(page.changes) + page.changes_more
    assert page.changes_below == max(0, changed - 3)
    assert (f"and {page.changes_below} more, below the map" in told) == (changed > 3)
    focused = {"range": "1h", "focus": "service:payment", "depth": "1"}
    assert not client.get("/map", focused).context["page"].changes_below


def test_an_edge_opens_with_its_figures_and_its_traces(client):
    store_incident(calls=6)
    page = client.get("/map", {"range": "1h"}).context["page"]
    link = next(item for item in page.changes if item.callee.name == "bank-api").href
    answer = client.get(link)
    panel = answer.context["page"].panel
    assert panel.said == ("For each call it gets, payment makes 6.0 here instead of 1.0.",)
    rows = {row.name: (row.before, row.now) for row in panel.rows}
    assert rows["Calls per call of payment"] == ("1.0", "6.0")
    assert rows["Calls a minute"][0] == "1.0" and rows["Calls a minute"][1] in ("5.9", "6.0")
    assert {"p50", "p95", "p99", "Errors"} <= set(rows)
    assert panel.chart is not None and panel.examples.rows
    first = panel.examples.rows[0]
    opened = client.get(first.href)
    assert opened.status_code == 200 and "POST /v2/authorisations" in opened.content.decode()
    asked = parse_qs(urlsplit(panel.examples.search).query)
    assert (asked["service"], asked["name"], asked["kind"]) == (["payment"], ["POST /v2/authorisations"], ["CLIENT"])
    assert "trace" in text_of(client.get(panel.examples.search))
    drawn = str(answer.context["page"].drawing.svg)
    assert 'class="e slow on"' in drawn and drawn.count('class="node on"') == 1


def test_a_node_opens_with_its_neighbours_and_links_to_what_explains_it(client):
    store_incident()
    panel = client.get("/map", {"range": "1h", "node": "payment"}).context["page"].panel
    assert [other.node.name for other in panel.callers] == ["gateway"]
    assert {other.node.name for other in panel.callees} == {"bank-api", "postgresql · orders"}
    assert panel.why.startswith("/why?service=payment") and client.get(panel.why).status_code == 200
    assert client.get(panel.callees[0].node.href).context["page"].panel.is_edge
    assert client.get(panel.focus).context["page"].focus == "payment"
    nobody = client.get("/map", {"range": "1h", "node": "cache:nobody"}).context["page"]
    assert nobody.panel is None


def test_with_htmx_the_panel_comes_alone(client):
    store_incident()
    part = client.get("/map", {"range": "1h", "node": "payment"}, headers={"HX-Request": "true"}).content.decode()
    assert 'id="map-panel"' in part and '<svg class="map' not in part and "<html" not in part
    closed = client.get("/map", {"range": "1h"}, headers={"HX-Request": "true"}).content.decode()
    assert 'id="map-panel" hidden' in closed


def test_the_focus_keeps_what_leads_to_a_node_and_on_from_it(client):
    store_incident()

    def nodes(**params):
        drawn = titles(client.get("/map", {"range": "1h", **params}))
        return {title.partition(" (")[0].partition(":")[0] for title in drawn if "→" not in title}

    assert nodes(focus="external:bank-api") == {"bank-api", "payment"}
    assert nodes(focus="external:bank-api", depth="2") == {"bank-api", "payment", "gateway"}
    assert nodes(focus="external:bank-api", depth="all") == {"bank-api", "payment", "gateway", "users"}
    assert nodes(focus="payment") == {"gateway", "payment", "bank-api", "postgresql · orders"}
    missing = client.get("/map", {"range": "1h", "focus": "nobody"})
    assert "There is no nobody on this map" in text_of(missing)


def test_find_points_nodes_out_and_leads_to_them(client):
    store_incident()
    answer = client.get("/map", {"range": "1h", "find": "BANK"})
    (found,) = answer.context["page"].found.links
    assert found.words == "bank-api" and "focus=external%3Abank-api" in found.link
    assert 'class="node ext found"' in str(answer.context["page"].drawing.svg)
    missed = text_of(client.get("/map", {"range": "1h", "find": "zebra"}))
    assert "No node of the map has “zebra” in its name." in missed


def test_latency_and_errors_are_other_things_to_mark(client):
    store_incident(fails=30)
    errors = str(client.get("/map", {"range": "1h", "mark": "errors"}).context["page"].drawing.svg)
    assert "edge-err" in errors and "◆\u00a050\u00a0%" in errors
    latency = str(client.get("/map", {"range": "1h", "mark": "latency"}).context["page"].drawing.svg)
    assert 'class="e h0' in latency and 'class="e h1' in latency and "edge-err" not in latency


def test_the_table_has_every_edge_what_changed_first(client):
    store_incident(calls=6)
    answer = client.get("/map", {"range": "1h", "view": "table"})
    rows = answer.context["page"].rows
    assert len(rows) == 4 and answer.context["page"].drawing is None
    assert rows[0].told and not rows[-1].told
    assert "Calls a minute" in text_of(answer)


def test_new_and_gone_edges_are_told(client):
    end = last_minute_ns()
    dice = random.Random(3)
    documents = [checkout(n, end - (119 - n) * MINUTE_NS, dice, version="4.11.3") for n in range(120)]
    store(documents)
    for n in range(12):
        specs = [SpanSpec("gateway", "GET /", None, 0, 50, {}, "SERVER"),
                 SpanSpec("gateway", "GET", 0, 5, 30, {"server.address": "old-api"}, "CLIENT")]  # fmt: skip
        store_trace(specs, 5_000 + n, minutes_ago=90)
    for n in range(12):
        specs = [SpanSpec("gateway", "GET /", None, 0, 50, {}, "SERVER"),
                 SpanSpec("gateway", "GET", 0, 5, 30, {"server.address": "new-api"}, "CLIENT")]  # fmt: skip
        store_trace(specs, 6_000 + n, minutes_ago=20)
    answer = client.get("/map", {"range": "1h"})
    told = {item.callee.name: item.told[0][0] for item in answer.context["page"].changes if item.told}
    assert told["old-api"] == "gone" and told["new-api"] == "new"
    gone = client.get("/map", {"range": "1h", "caller": "gateway", "callee": "external:old-api"}).context["page"].panel
    assert gone.said == ("Gone: 12 calls in the hour before, none now.",)


def test_where_spans_came_for_a_part_of_the_time_before_only_nothing_is_new(client):
    end, dice = last_minute_ns(), random.Random(3)
    store([checkout(n, end - n * MINUTE_NS // 2, dice) for n in range(180)])
    for n in range(12):
        specs = [SpanSpec("gateway", "GET /", None, 0, 50, {}, "SERVER"),
                 SpanSpec("gateway", "GET", 0, 5, 30, {"server.address": "new-api"}, "CLIENT")]  # fmt: skip
        store_trace(specs, 6_000 + n, minutes_ago=20)
    wanted = {"range": "1h", "caller": "gateway", "callee": "external:new-api"}
    page = client.get("/map", wanted).context["page"]
    assert "new-api" not in {item.callee.name for item in page.changes}
    assert "1 has nothing to compare with yet." in heading(page) and " new" not in heading(page)
    assert page.panel.said == ("There is nothing to compare with yet: spans came for a part of the hour before only.",)
    assert all(row.mark is None for row in page.panel.rows)
    rows = client.get("/map", {"range": "1h", "view": "table"}).context["page"].rows
    assert next(row for row in rows if row.callee.name == "new-api").latency is None
    # Two a minute, in the half hour of the time before that is held as in the hour after it.
    known = client.get("/map", wanted | {"callee": "payment"}).context["page"].panel
    assert 1.8 < float(known.rows[0].before) < 2.2 and not known.rows[0].mark.is_change, known.rows[0]
    # Half an hour against the half hour before, which is held.
    now = client.get("/map", wanted | {"range": "custom", "start": minutes_ago(30), "end": ""}).context["page"]
    assert {item.callee.name: item.told[0][0] for item in now.changes}["new-api"] == "new"


def minutes_ago(count: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() - count * 60))


def test_calls_that_took_no_time_at_all_before_got_slower_from_nothing(client):
    """Clocks of whole milliseconds send spans of 0 ns."""
    end = last_minute_ns()
    for n in range(240):
        is_before = n < 120
        specs = [SpanSpec("shop", "sell", None, 0, 20), SpanSpec("cart", "load", 0, 1, 0 if is_before else 6)]
        data = traces_data(specs, trace_id=trace_id_of(n), by_service=True)
        send(now_shifted(data, end - (119 - n // 2) * MINUTE_NS))
    digest_all()
    answer = client.get("/map", {"range": "1h"})
    assert any(title.startswith("shop → cart") and "from 0" in title for title in titles(answer)), titles(answer)
    (edge,) = answer.context["page"].changes
    (said,) = client.get(edge.href).context["page"].panel.said
    # On a slow machine the first of the slow minutes has moved into the hour before.
    assert re.fullmatch(r"Calls take longer: p(95|75) \S+\sms instead of 0\sns\.", said), said


def test_few_calls_are_not_compared(client):
    end, dice = last_minute_ns(), random.Random(4)
    store([checkout(n, end - minutes * MINUTE_NS, dice) for n, minutes in enumerate((100, 95, 90, 30, 20, 10))])
    answer = client.get("/map", {"range": "1h", "caller": "gateway", "callee": "payment"})
    assert "4 had too few calls to compare." in text_of(answer)
    said = answer.context["page"].panel.said
    assert said == ("Not enough calls to compare with the hour before (n\u00a0=\u00a03).",)


def test_without_anything_before_nothing_is_called_a_change(client):
    end, dice = last_minute_ns(), random.Random(5)
    store([checkout(n, end - n * MINUTE_NS // 2, dice) for n in range(60)])
    answer = client.get("/map", {"range": "1h"})
    assert "4 edges. Nothing was called in the hour before, so there is nothing to compare with." in text_of(answer)
    assert answer.context["page"].changes == ()


def test_an_external_peer_with_the_name_of_a_service_is_that_service(client):
    """The caller lost the trace context on the way: its call ends at a host, and the service starts a trace anew."""
    store_trace([SpanSpec("web", "GET", None, 0, 30, {"server.address": "stock", "server.port": 8080}, "CLIENT")], 1)
    store_trace([SpanSpec("stock", "GET /items", None, 0, 20, {}, "SERVER")], 2)
    edges = {title.partition(":")[0] for title in titles(client.get("/map", {"range": "1h"})) if "→" in title}
    assert edges == {"web → stock", "users → stock"}


def test_an_empty_map_says_why_and_what_to_do(client):
    first = client.get("/map")
    assert "No span has arrived yet" in text_of(first) and 'href="/connect"' in first.content.decode()
    data = traces_data([SpanSpec("web", "GET /", None, 0, 5, {}, "SERVER")], trace_id=trace_id_of(1), by_service=True)
    send(now_shifted(data, last_minute_ns()))
    waiting = text_of(client.get("/map"))
    assert "Traces have arrived and are being digested" in waiting or "Nothing was called" in waiting
    digest_all()
    elsewhere = client.get("/map", {"range": "custom", "start": "2020-01-01T00:00", "end": "2020-01-01T01:00"})
    assert "Nothing was called in this time range" in text_of(elsewhere)
    (_, around), *_ = elsewhere.context["page"].empty.links
    assert client.get(around).context["page"].drawing is not None


def test_services_that_call_nobody_are_drawn_and_explained(client):
    store_trace([SpanSpec("batch", "nightly", None, 0, 50, {}, "INTERNAL")], 1)
    answer = client.get("/map")
    assert "Only batch sent spans, and no call between services was seen" in text_of(answer)
    assert "batch (service)" in " ".join(titles(answer))


def test_names_of_strangers_are_shown_and_never_markup(client):
    for number, name in enumerate(HOSTILE_NAMES):
        store_trace(
            [SpanSpec(name, "GET /", None, 0, 50, {}, "SERVER"),
             SpanSpec(name, "GET", 0, 5, 30, {"server.address": name + ".example"}, "CLIENT")], number + 1,
        )  # fmt: skip
    page = client.get("/map").content.decode()
    assert "<script>alert" not in page and "<img" not in page
    for name in HOSTILE_NAMES:
        answer = client.get("/map", {"node": f"service:{name}"})
        assert answer.status_code == 200
        assert answer.context["page"].panel is not None, name


@pytest.mark.parametrize(
    "address",
    ["mark=zebra", "depth=9", "range=1y", "start=yesterday%3F", "zoom=2", "view=cube"],
)
def test_what_cannot_be_read_is_said_and_answered_with_422(client, address):
    answer = client.get(f"/map?{address}")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()


def test_no_other_workspace_shows(client):
    specs = [SpanSpec("theirs", "GET /", None, 0, 5, {}, "SERVER")]
    data = traces_data(specs, trace_id=trace_id_of(9), by_service=True)
    send(now_shifted(data, last_minute_ns()), workspace_id=2)
    digest_all()
    assert "theirs" not in client.get("/map").content.decode()
