"""The head of the trace page: the sentence, who took the time against what is usual, and the path in the rows."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest

from apps.explorer.trace import loaded
from apps.explorer.trace.loaded import forget_all
from apps.insights.usual import forget_usual
from tests.explorer.stored import store
from tests.explorer.test_trace_page import text_of
from tests.storing import digest_all
from tests.traces.build import SpanSpec, span_id_of

pytestmark = pytest.mark.django_db(transaction=True)

SLOW, FAILED, HOT = (f"{0xF0 + n:032x}" for n in range(3))


@pytest.fixture(autouse=True)
def _clean(empty_store) -> None:
    forget_all()


def checkout(bank: tuple[float, ...] = (60,), *, gap_ms: float = 0, status: str = "UNSET") -> list[SpanSpec]:
    """web waits for the bank, once for each of `bank`, and then for `gap_ms` without saying on what."""
    total = 30 + sum(bank) + gap_ms
    specs = [
        SpanSpec("web", "POST /checkout", None, 0, total, {}, "SERVER", status),
        SpanSpec("web", "charge", 0, 5, 10 + sum(bank), {}, "CLIENT", status),
        SpanSpec("payment", "POST /charges", 1, 8, 4 + sum(bank), {}, "SERVER", status),
    ]
    at = 10.0
    for ms in bank:
        attributes = {"http.request.method": "POST", "service.peer.name": "bank-api"}
        specs.append(SpanSpec("payment", "authorise", 2, at, ms, attributes, "CLIENT", status, "no funds <b>"))
        at += ms
    return specs


def ago(seconds: float) -> int:
    return time.time_ns() - int(seconds * 1e9)


def sentence_of(page) -> str:
    """The heading, letter by letter: where its parts touch there is no space."""
    heading = re.search(r"<h1.*?</h1>", page.content.decode(), re.DOTALL)[0]
    return re.sub(r"<[^>]+>", "", heading).replace("\u00a0", " ")


@pytest.fixture
def usual() -> None:
    for number in range(1, 41):
        store(checkout(), f"{number:032x}", ago(200 + number))
    digest_all()
    forget_usual()


def test_a_slow_trace_opens_with_who_added_how_much_and_why(client, usual):
    store(checkout((60,) * 10), SLOW, ago(90))
    digest_all()
    page = client.get(f"/t/{SLOW}")
    said = text_of(page)
    assert re.fullmatch(
        r"payment took 604 ms \(96 % of 630 ms\), 9\.\d × its usual 6\d\.\d ms: 10 calls to bank-api instead of 1\.",
        sentence_of(page),
    )
    assert "Usual is the middle of 40 POST /checkout traces of the last 7 days. Why are they all slow?" in said
    assert "/why?service=web&amp;name=POST+%2Fcheckout" in page.content.decode()
    assert re.search(r"604 ms \+5[34]\d ms 600 ms waiting for bank-api", said)
    assert re.search(r"together 630 ms \+5[34]\d ms", said)
    html = page.content.decode()
    assert len(re.findall(r'<svg height="24" class="strip-bar">.*?</svg>', html)[0].split("<rect")) > 3
    assert '<svg height="8" class="strip-bar"><rect' in html


def test_an_error_is_shown_where_it_started_and_strangers_text_stays_text(client, usual):
    store(checkout(status="ERROR"), FAILED, ago(90))
    digest_all()
    page = client.get(f"/t/{FAILED}")
    assert sentence_of(page) == "Failed in payment: no funds &lt;b&gt;."
    assert "It started in payment, in authorise. Show" in text_of(page)
    assert f'href="?span={span_id_of(3)}#r-{span_id_of(3)}"' in page.content.decode()


def test_a_trace_that_is_arriving_is_judged_as_it_is_opened(client, usual):
    store(checkout(), HOT, ago(3))
    assert sentence_of(client.get(f"/t/{HOT}")).startswith("Nothing unusual: 90.0 ms, usually ")


@pytest.fixture
def large(monkeypatch) -> None:
    """Traces of a dozen spans count as large ones."""
    monkeypatch.setattr(loaded, "LARGE_SPANS", 10)


LATER = re.compile(r'hx-get="([^"]*)" hx-trigger="load[^"]*"')


def small_map(html: str) -> list[str]:
    """Bars of the whole trace in small."""
    return re.findall('<rect class="(?:solid|err-edge)', re.search('<svg class="minimap".*?</svg>', html)[0])


def test_rows_of_a_large_trace_do_not_wait_for_who_took_the_time(client, usual, large):
    store(checkout((60,) * 10), SLOW, ago(90))
    digest_all()
    page = client.get(f"/t/{SLOW}")
    html = page.content.decode()
    assert "10 calls to bank-api instead of 1" in sentence_of(page)
    assert "Adding up who took the time in 13 spans" in text_of(page)
    assert 'class="soft-fill"' in html and 'class="cp"' not in row_of_span(page, 0)
    assert "strip-bar" not in html and "Usual is" not in html and not small_map(html)
    later = client.get(LATER.search(html)[1].replace("&amp;", "&"))
    assert later.headers["HX-Trigger-After-Settle"] == "trace:grown"
    assert "payment 604 ms" in text_of(later) and "Usual is the middle of 40" in text_of(later)
    assert not LATER.search(later.content.decode())
    for part in ("rows?first=0&count=5", f"waterfall?around={span_id_of(0)}"):
        forget_all()  # another process may answer
        assert 'class="cp"' in client.get(f"/t/{SLOW}/{part}").content.decode(), part
    for whole in (f"/waterfall?around={span_id_of(0)}", "?whole=1", f"?span={span_id_of(0)}"):
        forget_all()
        assert len(small_map(client.get(f"/t/{SLOW}{whole}").content.decode())) == 13, whole
    assert 'class="cp"' in row_of_span(client.get(f"/t/{SLOW}/waterfall?around={span_id_of(0)}"), 0)
    assert client.get(f"/t/{SLOW}").content.decode().count("strip-bar") == 2


def test_a_large_trace_that_is_arriving_says_its_figures_first_and_goes_on_asking(client, usual, large):
    store(checkout((60,) * 10), HOT, ago(3))
    page = client.get(f"/t/{HOT}")
    assert sentence_of(page) == "web POST /checkout took 630 ms: 13 spans in 2 services, no errors."
    asks = LATER.search(page.content.decode())[1].replace("&amp;", "&")
    for _ in range(2):  # another reader may have asked first
        later = client.get(asks)
        assert "10 calls to bank-api instead of 1" in sentence_of(later)
        assert 'hx-trigger="every 2s"' in later.content.decode()


def test_a_link_to_a_span_and_a_browser_without_javascript_get_the_whole_of_a_large_trace(client, usual, large):
    store(checkout((60,) * 10), SLOW, ago(90))
    digest_all()
    again = re.search(r'<noscript><meta http-equiv="refresh" content="0; url=([^"]*)">', html_of(client, "?first=0"))[1]
    for asked in (again, f"/t/{SLOW}?span={span_id_of(1)}"):
        forget_all()
        html = client.get(asked.replace("&amp;", "&")).content.decode()
        assert "strip-bar" in html and "<noscript><meta" not in html and not LATER.search(html)


def html_of(client, query: str) -> str:
    return client.get(f"/t/{SLOW}{query}").content.decode()


def test_rows_say_of_traces_that_are_arriving_what_has_come_unless_a_parent_is_missing(client, usual):
    store(checkout((60,) * 10), SLOW, ago(3))
    begun, *rest = checkout((60,) * 10)
    store([replace(begun, parent="00000000000000ff"), *rest], FAILED, ago(3))
    slow, rootless = (
        re.search(rf'id="row-{trace_id}".*?</li>', client.get("/").content.decode(), re.DOTALL)[0]
        for trace_id in (SLOW, FAILED)
    )
    words = " ".join(re.sub(r"<[^>]+>", "", slow).replace("\u00a0", " ").split())
    assert "arriving" in words and "payment" in words and "10 calls to bank-api instead of 1" in words
    assert "arriving" in rootless and 'class="said parts"' in rootless


def test_without_enough_to_compare_it_still_says_where_the_time_went(client):
    store(checkout((60,) * 10), SLOW, ago(90))
    digest_all()
    page = client.get(f"/t/{SLOW}")
    said = "payment took 604 ms, 96 % of 630 ms, most of it in 10 calls to bank-api."
    assert re.fullmatch(r"Not enough traffic to compare \(n = [01]\)\. (.*)", sentence_of(page))[1] == said
    assert "Usually" not in text_of(page).split("Stored until")[0]


def test_what_no_span_explains_is_hatched_and_said(client, usual):
    store(checkout(gap_ms=500), SLOW, ago(90))
    digest_all()
    page = client.get(f"/t/{SLOW}")
    said, html = text_of(page), page.content.decode()
    assert "no span says what it did for 520 ms in POST /checkout" in said
    assert "520 ms in no span of its own" in said
    assert 'fill="url(#gap)"' in html
    assert 'class="gap-fill"' in row_of_span(page, 0)


def row_of_span(page, index: int) -> str:
    html = page.content.decode()
    at = html.index(f'id="r-{span_id_of(index)}"')
    return html[at:].split('<div class="wr', 1)[0].split("</div>", 1)[0]


def test_rows_are_solid_and_underlined_while_somebody_waited_for_them(client, usual):
    store(checkout((100,)), SLOW, ago(90))
    page = client.get(f"/t/{SLOW}")
    bank, root = row_of_span(page, 3), row_of_span(page, 0)
    assert bank.count('class="solid"') == bank.count('class="cp"') == 1
    # Before its child began, and after it had ended.
    assert root.count('class="solid"') == root.count('class="cp"') == 2
    panel = text_of(client.get(f"/t/{SLOW}/span?span={span_id_of(3)}"))
    assert re.search(r"Usually (58|6[0-3])\.\d ms On the path 100 ms", panel)


def test_a_result_row_says_the_sentence_and_its_bar_is_cut_by_service(client, usual):
    store(checkout((60,) * 10), SLOW, ago(90))
    digest_all()
    page = client.get("/?limit=5")
    row = page.content.decode().split(f'id="row-{SLOW}"')[1]
    said = re.sub(r"<[^>]+>", "", re.search(r'<span class="said">.*?</span>', row)[0]).replace("\u00a0", " ")
    assert re.fullmatch(r"payment took 604 ms \(96 %\), 9\.\d × usual: 10 calls to bank-api instead of 1", said)
    bar = re.search(r'<svg class="cutbar".*?</svg>', row)[0]
    assert len(re.findall(r'class="solid s\d', bar)) == 2


def test_rows_of_odd_traces_do_not_break(client):
    store([SpanSpec("a", "b", None, None, 5)], HOT, ago(90))
    digest_all()
    assert client.get(f"/t/{HOT}").status_code == 200
    assert client.get("/?range=all").status_code == 200
