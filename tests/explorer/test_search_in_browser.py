"""The search page as people use it: the real product, a real client's request, a real browser."""

from __future__ import annotations

import re
import time
import urllib.request
import uuid
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from apps.traces.durations import parse_duration_ns
from apps.traces.moments import parse_moment_ns, zone_named
from tests.explorer.stored import S_NS, order, shifted
from tests.look import after_midnight, look, problems
from tests.traces.build import SpanSpec

HOSTILE = [
    "<script>alert(1)</script>",
    "خدمة الدفع مرحبا بالعالم",
    "支払いサービス",
    "x" * 400,
    "\u202eevil\u202c",
    "{{ 7 }} %{y} <b>bold</b>",
]


def send(server, specs, start_ns: int) -> str:
    """One trace over OTLP/HTTP; its id."""
    trace_id = uuid.uuid4().hex
    body = shifted(specs, trace_id, start_ns).SerializeToString()
    headers = {"Content-Type": "application/x-protobuf"}
    with urllib.request.urlopen(urllib.request.Request(server.otlp_url + "/v1/traces", body, headers)) as answer:
        assert answer.status == 200
    return trace_id


@pytest.fixture(scope="module")
def shop(server) -> dict:
    """40 orders of one customer over the last half hour, two of them failed, and one with names from strangers."""
    customer, now_ns = f"customer-{uuid.uuid4().hex[:12]}", time.time_ns()
    starts = [now_ns - (5 + 45 * n) * S_NS for n in range(40)]
    ids = [
        send(server, order(n, payment_ms=200 + 40 * n, failed=n in (3, 30), user=customer), starts[n])
        for n in range(40)
    ]
    hostile = [SpanSpec(HOSTILE[0], HOSTILE[3], None, 0, 50, {"user.id": customer + "-hostile"}, "SERVER", "ERROR")]
    hostile += [SpanSpec(name, name, 0, 1, 5, {name: name}) for name in HOSTILE]
    for n in range(3):
        send(server, hostile, now_ns - (9 + n) * S_NS)
    return {"customer": customer, "ids": ids, "starts": starts, "url": f"{server.web_url}/?q=user.id%3D{customer}"}


def test_an_order_is_found_by_its_number_and_opened(server, chromium):
    number = uuid.uuid4().int % 10**12
    trace_id = send(server, order(number), time.time_ns())
    with look(chromium, server.web_url) as page:
        page.keyboard.press("/")
        page.keyboard.type(str(number))
        page.keyboard.press("Enter")
        page.wait_for_url("**/?q=**")
        assert page.locator(".filters .chip").first.inner_text().split("\n") == [str(number), "under any attribute"]
        page.locator(".rows .row").click()
        page.wait_for_url(f"**/t/{trace_id}?span=0000000000000003**")


def test_enter_searches_all_that_is_kept_until_a_range_is_chosen(shop, server, chromium):
    def asked(page) -> dict:
        page.wait_for_load_state()
        return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}

    with look(chromium, server.web_url) as page:
        page.fill("#q", shop["customer"])
        page.press("#q", "Enter")
        page.wait_for_url("**/?q=**")
        assert asked(page) == {"q": shop["customer"]}
        assert "All kept" in page.inner_text("summary[aria-label^='Time range']")
        page.goto(server.web_url + "/?form=1")
        page.fill("#attrs", f"user.id={shop['customer']}")
        page.press("#attrs", "Enter")
        page.wait_for_url("**attrs=**")
        assert asked(page) == {"attrs": f"user.id={shop['customer']}", "form": "1"}
        page.goto(server.web_url)
        page.fill("#q", shop["customer"])
        page.click("summary[aria-label^='Time range']")
        page.click("text=Last hour >> nth=1")
        page.wait_for_url("**range=1h**")
        assert asked(page) == {"q": shop["customer"], "range": "1h"}
        page.click("summary[aria-label^='Time range']")
        page.focus("input[name=range][value='1h']")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_url("**range=3h**")
        assert asked(page) == {"q": shop["customer"], "range": "3h"}


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390), ("dark", 800)])
def test_nothing_is_wrong_with_the_look(shop, chromium, theme, width):
    query = {
        "results": shop["url"],
        "form": shop["url"] + "&form=1&service=payment&min=10ms&trace_max=10s",
        "errors": shop["url"] + "&min=300&kind=FOO&attrs=%3D&start=x",
        "nothing": shop["url"] + "+colour%3Dblue",
        "hostile": shop["url"] + "-hostile",
        "missing": shop["url"].partition("?")[0] + "?q=" + uuid.uuid4().hex,
    }
    statuses = {"errors": 422, "missing": 404}
    for name, url in query.items():
        url += f"&{after_midnight()}"
        with look(chromium, url, theme=theme, width=width, status=statuses.get(name, 200)) as page:
            assert problems(page) == [], name


def test_a_click_on_a_point_opens_that_trace(shop, chromium):
    with look(chromium, shop["url"]) as page:
        page.wait_for_selector(".plot-area .points path.point")
        box = page.locator(".plot-area .points path.point").first.bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_url("**/t/*?span=**")
        assert urlsplit(page.url).path.removeprefix("/t/") in shop["ids"]


def test_dragging_over_the_chart_narrows_the_search(shop, chromium):
    with look(chromium, shop["url"]) as page:
        page.wait_for_selector(".plot-area .points path.point")
        area = page.locator(".plot-area .nsewdrag").bounding_box()
        page.mouse.move(area["x"] + area["width"] * 0.2, area["y"] + area["height"] * 0.6)
        page.mouse.down()
        page.mouse.move(area["x"] + area["width"] * 0.5, area["y"] + area["height"] * 0.3, steps=5)
        page.mouse.move(area["x"] + area["width"] * 0.8, area["y"] + 2, steps=5)
        page.mouse.up()
        page.wait_for_url("**trace_min**")
        asked = {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}
        assert set(asked) == {"q", "range", "start", "end", "tz", "trace_min", "trace_max"}
        start, end = (parse_moment_ns(asked[name], zone_named(asked["tz"])) for name in ("start", "end"))
        low, high = (parse_duration_ns(asked[name]) for name in ("trace_min", "trace_max"))
        within = [
            trace_id
            for n, (trace_id, at) in enumerate(zip(shop["ids"], shop["starts"], strict=True))
            if start <= at < end and low <= (380 + 40 * n) * 1_000_000 <= high
        ]
        # Of 40 orders, each shorter than the one before: three fifths by their start, less those below the drag.
        assert 8 <= len(within) <= 24
        expect(page.locator(".filters .chip-group").nth(1).locator(".chip b")).to_have_count(2)
        shown = [row.get_attribute("id").removeprefix("row-") for row in page.locator(".rows .row").all()]
        assert shown == within
        assert page.locator(".field-error").count() == 0


def test_everything_works_without_javascript(shop, chromium):
    with look(chromium, shop["url"] + "&form=1", has_js=False) as page:
        page.fill("#min", "1s")
        page.select_option("#service", "payment")
        page.click("button.primary")
        expect(page.locator("main"), "the customer stands on a span of checkout").to_contain_text("No trace matches")
        assert page.locator("#min").input_value() == "1s"
        page.click("text=Without “service is payment”")
        expect(page.locator(".rows .row")).to_have_count(24)
        page.goto(shop["url"])
        assert page.locator(".rows .row").count() == 25
        page.click("a[rel=next]")
        expect(page.locator(".rows .row")).to_have_count(15)
        page.click("text=Newest >> nth=0")
        page.click("summary[aria-label^='Time range']")
        page.check("input[name=range][value='15m']")
        page.click("button.primary")
        expect(page).to_have_url(re.compile("range=15m"))
        page.goto(shop["url"])
        page.click(".latency noscript a")
        expect(page.locator("main")).to_contain_text("40 traces started")


def test_a_click_on_a_preset_searches_and_keeps_the_address_tidy(shop, chromium):
    with look(chromium, shop["url"]) as page:
        page.click("summary[aria-label^='Time range']")
        page.click("text=Last 15 minutes")
        page.wait_for_url("**range=15m**")
        assert set(parse_qs(urlsplit(page.url).query)) == {"q", "range"}


def test_two_times_are_searched_between(shop, chromium):
    with look(chromium, shop["url"]) as page:
        page.click("summary[aria-label^='Time range']")
        page.fill("input[name=start]", "2026-01-01T10:00")
        page.fill("input[name=end]", "2026-01-01T11:00")
        page.click("text=Search between")
        page.wait_for_url("**range=custom**")
        assert urlsplit(page.url).query.count("range=") == 1
        assert "10:00\u00a0–\u00a011:00" in page.inner_text("summary[aria-label^='Time range']").replace("1 Jan", "")


def test_rows_are_walked_by_keys(shop, chromium):
    with look(chromium, shop["url"]) as page:
        for key in "jjjk":
            page.keyboard.press(key)
        focused = page.evaluate("document.activeElement.id")
        assert focused == "row-" + shop["ids"][1]
        page.keyboard.press("o")
        page.wait_for_url("**cursor=**")
        assert page.locator(".rows .row").first.get_attribute("id") == "row-" + shop["ids"][25]


def test_a_copied_link_means_the_same_tomorrow(shop, chromium):
    with look(chromium, shop["url"] + "&range=1h") as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.keyboard.press("y")
        page.wait_for_selector(".toast")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert re.search(r"range=custom&start=\d{4}-\d\d-\d\dT[\d%A.]+Z&end=\d{4}-\d\d-\d\dT[\d%A.]+Z$", copied)
        page.goto(copied)
        assert page.locator(".rows .row").count() == 25


def test_new_traces_wait_behind_a_link(server, chromium):
    customer = f"customer-{uuid.uuid4().hex[:12]}"
    send(server, order(1, user=customer), time.time_ns() - 20 * S_NS)
    with look(chromium, f"{server.web_url}/?q={customer}&live=1") as page:
        assert page.locator(".rows .row").count() == 1
        send(server, order(2, user=customer), time.time_ns())
        page.wait_for_selector("text=1 new", timeout=8_000)
        assert page.locator(".rows .row").count() == 1, "nothing moves before it is asked for"
        page.click("text=1 new")
        page.wait_for_selector(".rows li:nth-child(2):last-child")


def test_span_names_follow_the_chosen_service(server, shop, chromium):
    with look(chromium, server.web_url + "/?form=1") as page:
        page.select_option("#service", "mail")
        # Tests of other files send spans of a service of this name, too.
        names = "#span-names:not(:has([value='POST /checkout'])) option[value='send receipt']"
        page.wait_for_selector(names, state="attached")


def test_times_are_the_viewers_own(shop, chromium):
    context = chromium.new_context(timezone_id="Asia/Kolkata")
    page = context.new_page()
    page.goto(shop["url"] + "&range=1h")
    page.wait_for_selector("text=UTC+5:30")
    page.click("summary[aria-label^='Time range']")
    page.click(".zones >> text=UTC")
    page.wait_for_url("**tz=UTC**")
    assert "UTC+5:30" not in page.inner_text("main")
    context.close()


def test_what_strangers_wrote_runs_nothing(shop, chromium):
    with look(chromium, shop["url"] + "-hostile") as page:
        page.on("dialog", lambda dialog: page.complaints.append(dialog.message))
        page.wait_for_selector(".plot-area .points path.point")
        box = page.locator(".plot-area .points path.point").first.bounding_box()
        page.mouse.move(box["x"] + 2, box["y"] + 2)
        page.wait_for_selector(".chart-tip")
        assert "<script>alert(1)</script>" in page.locator(".chart-tip").inner_text()
        assert page.locator("main script").count() == 0
        assert page.complaints == []
