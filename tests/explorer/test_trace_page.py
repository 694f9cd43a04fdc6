"""The trace page and its parts as the server answers them."""

from __future__ import annotations

import json
import re
import time

import pytest

from apps.explorer.trace.loaded import forget_all
from tests.costs import within
from tests.explorer.spans import TraceMaker, key_of
from tests.explorer.traces import big_trace, checkout_trace, deep_trace, odd_trace
from tests.storing import digest_all, send

pytestmark = pytest.mark.django_db(transaction=True)

TRACE_ID = "7f3a1c0d9be24e5f8a6b52d1c4e90377"


@pytest.fixture(autouse=True)
def _clean(empty_store) -> None:
    forget_all()


def now_ns() -> int:
    return time.time_ns() - 60 * 10**9


def stored(made: TraceMaker, *, is_sealed: bool = True) -> str:
    send(made.data)
    if is_sealed:
        digest_all()
    return f"/t/{made.trace_id}"


def text_of(answer) -> str:
    """What a reader sees: no tags, spaces made plain."""
    html = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return re.sub(r"[\s\u00a0]+", " ", html)


def keys_of(answer) -> list[str]:
    return re.findall(r'data-key="([0-9a-f.]+)"', answer.content.decode())


def row_of(answer, short: str) -> str:
    html = answer.content.decode()
    at = html.index(f'id="r-{key_of(short)}"')
    return html[at : html.find('<div class="wr', at)]


def test_the_title_the_sentence_and_the_facts_are_true(client):
    page = client.get(stored(checkout_trace(TRACE_ID, now_ns())))
    assert page.status_code == 200
    assert "<title>POST /checkout · 1.73\u00a0s · 1\u00a0error" in page.content.decode()
    said = text_of(page)
    assert "189 in 8 services" in said
    assert "Errors 1 in payment" in said
    assert "1 span without its parent" in said
    assert "order.id 48213" in said
    assert "Depth 7" in said
    assert "/?q=order.id%3D48213" in page.content.decode()


def test_a_run_of_equal_siblings_is_one_row_until_it_is_opened(client):
    path = stored(checkout_trace(TRACE_ID, now_ns()))
    folded = client.get(path)
    assert "143 × SELECT shop.stock" in text_of(folded)
    assert len(keys_of(folded)) == 189 - 142
    opened = client.get(f"{path}?open={key_of('stock0')}")
    assert 'data-rows="189"' in opened.content.decode()
    later = client.get(f"{path}?open={key_of('stock0')}&first=100")
    assert len({*keys_of(opened), *keys_of(later)}) == 189


def test_a_folded_span_says_how_many_are_below_and_can_be_opened(client):
    path = stored(checkout_trace(TRACE_ID, now_ns()))
    folded = client.get(f"{path}?fold={key_of('checkout')}")
    assert key_of("charge") not in keys_of(folded)
    row = row_of(folded, "checkout")
    assert 'aria-expanded="false"' in row
    assert "folded" in row
    assert "fold=" not in re.search(r'class="twist" href="([^"]*)"', row)[1]


def test_collapse_all_and_expand_all(client):
    path = stored(checkout_trace(TRACE_ID, now_ns()))
    assert keys_of(client.get(path + "?folds=all")) == [key_of("root"), key_of("receipt")]
    assert len(keys_of(client.get(f"{path}/rows?folds=none&first=0&count=200"))) == 189


def test_a_link_to_a_span_reveals_it_wherever_it_is_folded_away(client):
    path = stored(checkout_trace(TRACE_ID, now_ns()))
    page = client.get(f"{path}?folds=all&span={key_of('stock77')}")
    assert 'aria-selected="true"' in row_of(page, "stock77")
    assert "Selected span" in page.content.decode()


def test_the_zoom_window_moves_bars_and_ticks(client):
    path = stored(checkout_trace(TRACE_ID, now_ns()))
    page = client.get(path + "?from=234ms&to=1663ms")
    assert 'data-start="234000000" data-end="1663000000"' in page.content.decode()
    assert 'x="0.0%" width="100.0%"' in row_of(page, "topay")
    assert "<rect" not in row_of(page, "session").split('class="lane', 1)[1]
    assert "Whole trace" in text_of(page)


@pytest.mark.parametrize("asked", ["from=x", "from=5ms&to=1ms", "from=-5ms", "to=99999h", "fold=zz,,&open=1&folds=x"])
def test_an_unreadable_view_still_opens_the_trace(client, asked):
    path = stored(checkout_trace(TRACE_ID, now_ns()))
    assert client.get(f"{path}?{asked}").status_code == 200


def test_find_counts_matches_in_names_and_attributes_and_leads_to_them(client):
    path = stored(checkout_trace(TRACE_ID, now_ns()))
    assert "14 matches" in text_of(client.get(path + "?find=bank-api"))
    assert "1 match" in text_of(client.get(path + "?find=http.response.status_code=429"))
    assert "no match" in text_of(client.get(path + "?find=nowhere"))
    page = client.get(f"{path}?find=bank-api&span={key_of('bank2')}")
    assert "2 of 14" in text_of(page)
    assert f'rel="next" href="?find=bank-api&amp;span={key_of("bank3")}"' in page.content.decode()


def test_the_panel_holds_everything_a_span_says(client):
    path = stored(checkout_trace(TRACE_ID, now_ns()))
    page = client.get(f"{path}/span?span={key_of('bank9')}")
    said = text_of(page)
    for part in (
        "429 Too Many Requests", "Duration 61.4 ms", "Kind CLIENT", "Status ERROR", "payment. line 9 of 14",
        "Business", "HTTP", "httpx.HTTPStatusError", "raise_for_status", "a span of this trace", "another trace",
        "tried again as", "service. version 4.12.0", "tests 1.0", "ot=th:0", "0x301: sampled", "dropped attributes 2",
        key_of("authlns"), "&quot;merchant&quot;: 7716",
    ):  # fmt: skip
        assert part in said, part
    html = page.content.decode()
    assert f'href="/t/{"aa" * 16}?span={"bb" * 8}"' in html
    assert '<span class="lib">  File &quot;/usr/lib' in html
    assert "/?q=payment.split%3Dper_line" in html


def test_odd_spans_are_shown_for_what_they_are(client):
    page = client.get(stored(odd_trace(TRACE_ID, now_ns())))
    assert len(keys_of(page)) == 18
    for short, note in (
        ("a3", "behind its caller"), ("b1", "is its own ancestor"), ("c1", "same ID"),
        ("c2", "ends 3.0\u00a0ms before"), ("d1", "parent missing"), ("d3", "parent missing"),
    ):  # fmt: skip
        assert note in row_of(page, short), short
    assert "0\u00a0ns" in row_of(page, "a5")
    assert "(no name)" in row_of(page, "e4")
    assert keys_of(page).index(key_of("a1")) == 0
    assert key_of("c1") + ".2" in keys_of(page)


def test_the_second_span_with_an_id_has_its_own_address(client):
    path = stored(odd_trace(TRACE_ID, now_ns()))
    first = client.get(f"{path}/span?span={key_of('c1')}")
    second = client.get(f"{path}/span?span={key_of('c1')}.2")
    assert "duplicate again" not in text_of(first)
    assert "which second" in text_of(second)
    assert client.get(f"{path}/span?span={key_of('c1')}.3").status_code == 404


def test_text_from_strangers_stays_text(client):
    path = stored(odd_trace(TRACE_ID, now_ns()))
    for page in (client.get(path), client.get(f"{path}?span={key_of('e1')}")):
        html = page.content.decode()
        assert "<img" not in html
        assert "<script>alert" not in html
        assert "<b>bold" not in html
        assert "\0" not in html
        assert 'style="' not in html


def test_a_trace_without_its_root_says_so(client):
    make = TraceMaker(TRACE_ID, now_ns())
    make.span("a", "late work", parent="gone", ms=30)
    page = client.get(stored(make))
    assert "the root span has not come" in text_of(page)
    assert "This trace is incomplete" in text_of(page)


def test_a_single_span_is_a_trace(client):
    make = TraceMaker(TRACE_ID, now_ns())
    make.span("a", "cron", ms=0)
    page = client.get(stored(make))
    assert "shop cron took 0 ns : 1 span in 1 service, no errors." in text_of(page)


def test_clocks_centuries_apart_do_not_break_the_page(client):
    make = TraceMaker(TRACE_ID, now_ns())
    make.span("a", "now", ms=30)
    old = make.span("b", "long ago", parent="a")
    old.start_time_unix_nano, old.end_time_unix_nano = 1, 2
    future = make.span("c", "far ahead", parent="a")
    future.start_time_unix_nano, future.end_time_unix_nano = 2**63, 2**64 - 1
    path = stored(make)
    page = client.get(path)
    assert page.status_code == 200
    # The root's own 30 ms are shown first, the centuries are a click away.
    assert float(re.search(r'<rect class="solid" x="[^"]*" width="([\d.]+)%"', row_of(page, "a"))[1]) > 80
    assert "Whole trace" in text_of(page)
    whole = client.get(path + "?from=0ms")
    assert float(re.search(r'<rect class="solid" x="[^"]*" width="([\d.]+)%"', row_of(whole, "a"))[1]) < 1


@pytest.mark.parametrize("written", [TRACE_ID.upper(), "7f3a1c0d-9be2-4e5f-8a6b-52d1c4e90377", "0x" + TRACE_ID])
def test_other_ways_to_write_the_id_lead_to_the_one_address(client, written):
    stored(checkout_trace(TRACE_ID, now_ns()))
    answer = client.get(f"/t/{written}?span=aa")
    assert (answer.status_code, answer.headers["Location"]) == (301, f"/t/{TRACE_ID}?span=aa")


@pytest.mark.parametrize("asked", ["1", "é1", "eeeeeeeeeeeeeeee", key_of("charge") + ".7"])
def test_a_link_to_a_span_that_is_not_there_says_so(client, asked):
    path = stored(checkout_trace(TRACE_ID, now_ns()))
    for page in (
        client.get(path, {"span": asked}),
        client.get("/", {"q": f"http://t.example{path}?span={asked}"}, follow=True),
    ):
        assert page.status_code == 200
        assert "This trace has no span" in text_of(page)
    assert "<b>x" not in client.get(path, {"span": "<b>x"}).content.decode()
    assert "This trace has no span" not in text_of(client.get(path))
    assert "This trace has no span" not in text_of(client.get(path, {"span": key_of("charge")}))


def test_a_16_digit_id_is_filled_with_zeros(client):
    answer = client.get("/t/9BE24E5F8A6B52D1")
    assert answer.headers["Location"] == "/t/" + "0" * 16 + "9be24e5f8a6b52d1"


def test_what_is_not_stored_says_what_was_looked_for_and_offers_a_search(client):
    page = client.get("/t/" + "e" * 32)
    assert page.status_code == 404
    assert "No trace is stored" in text_of(page)
    assert "14 days" in text_of(page)
    assert f"/?q={'e' * 32}&amp;as=text" in page.content.decode()


@pytest.mark.parametrize("asked", ["<script>alert(1)", "order-48213", "é" * 300, "zz"])
def test_what_is_no_id_is_a_404_too(client, asked):
    page = client.get(f"/t/{asked}")
    assert page.status_code == 404
    assert "This is not a trace ID." in text_of(page)
    assert "<script>alert" not in page.content.decode()
    parts = [client.get(f"/t/{asked}/{part}").status_code for part in ("rows", "waterfall", "span", "live")]
    assert parts == [404] * 4


def test_another_workspaces_trace_is_not_stored_here(client):
    send(checkout_trace(TRACE_ID, now_ns()).data, workspace_id=2)
    assert client.get(f"/t/{TRACE_ID}").status_code == 404
    assert client.get(f"/t/{TRACE_ID}/rows").status_code == 404


def test_the_download_is_the_trace_as_otlp_json(client):
    path = stored(checkout_trace(TRACE_ID, now_ns()))
    address = re.search(r'href="([^"]*)" download', client.get(path).content.decode())[1]
    found = json.loads(client.get(address).content)
    spans = [span for group in found["resourceSpans"] for scope in group["scopeSpans"] for span in scope["spans"]]
    assert len(spans) == 189
    assert {span["traceId"] for span in spans} == {TRACE_ID}


def test_the_way_back_leads_only_to_our_search(client):
    path = stored(checkout_trace(TRACE_ID, now_ns()))
    page = client.get(path, {"back": "q=48213&range=1h"})
    assert 'href="/?q=48213&amp;range=1h"' in page.content.decode()
    assert "Back to the search" not in text_of(client.get(path))


def test_a_hot_trace_refreshes_itself_until_it_is_sealed(client):
    make = checkout_trace(TRACE_ID, now_ns())
    path = stored(make, is_sealed=False)
    page = client.get(path).content.decode()
    assert "still arriving" in page
    live = re.search(r'hx-get="([^"]*)" hx-trigger="every 2s"', page)[1].replace("&amp;", "&")
    assert client.get(live).status_code == 204
    late = TraceMaker(TRACE_ID, now_ns())
    late.span("late", "came later", parent="root", at_ms=5)
    send(late.data)
    grown = client.get(live)
    assert "190" in text_of(grown)
    assert grown.headers["HX-Trigger-After-Settle"] == "trace:grown"
    assert "hx-trigger" in grown.content.decode()
    digest_all()
    sealed = client.get(live)
    assert "hx-trigger" not in sealed.content.decode()


def test_rows_of_a_version_stay_the_same_while_the_trace_grows(client):
    path = stored(checkout_trace(TRACE_ID, now_ns()), is_sealed=False)
    version = re.search(r'data-version="([^"]*)"', client.get(path).content.decode())[1]
    late = TraceMaker(TRACE_ID, now_ns())
    late.span("late", "came later", parent="root", at_ms=0.5)
    send(late.data)
    before = keys_of(client.get(f"{path}/rows?first=0&count=100&v={version}"))
    assert key_of("late") not in before
    assert key_of("late") in keys_of(client.get(f"{path}/waterfall?around={key_of('root')}&count=50"))
    for odd in (".²", ".0", "." + "9" * 5000, ".x"):
        assert client.get(f"{path}/waterfall?around={key_of('root')}{odd}").status_code == 200


def test_50_000_spans_answer_in_windows(client):
    path = stored(big_trace(TRACE_ID, now_ns(), 50_000))
    page = client.get(path)
    assert len(keys_of(page)) == 100
    total = int(re.search(r'data-rows="(\d+)"', page.content.decode())[1])
    last = client.get(f"{path}/rows?first={total - 50}&count=100")
    assert keys_of(last)
    assert f'aria-rowindex="{total}"' in last.content.decode()
    assert len(keys_of(within(0.1, lambda: client.get(f"{path}/rows?first=20000&count=100")))) == 100
    assert keys_of(client.get(f"{path}/rows?first=9999999&count=100")) == []


def test_a_chain_10_000_deep_is_drawn_and_folds(client):
    path = stored(deep_trace(TRACE_ID, now_ns()))
    deepest = f"{10_000:016x}"
    page = client.get(f"{path}?span={deepest}")
    assert deepest in keys_of(page)
    assert "depth 9 999" in text_of(page)
    assert len(keys_of(client.get(f"{path}?fold={1:016x}"))) == 1


def test_without_javascript_rows_come_in_pages(client):
    path = stored(big_trace(TRACE_ID, now_ns(), 1_000))
    page = client.get(path + "?first=200")
    assert "Rows 201 to 300 of" in text_of(page)
    assert 'href="?first=300">Later rows' in page.content.decode()
    assert 'href="?first=100">Earlier rows' in page.content.decode()
