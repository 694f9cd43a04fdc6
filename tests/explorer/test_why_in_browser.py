"""`/why` and `/errors` as people use them: the real product and a real browser."""

from __future__ import annotations

import json
import random
import re
import time
import urllib.request
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.insights.incident import MINUTE_NS, checkout, last_minute_ns
from tests.look import after_midnight, look, problems, problems_everywhere

HOSTILE = [
    "<script>alert(1)</script>", "خدمة الدفع مرحبا بالعالم", "支払いサービス", "x" * 400, "\u202eevil\u202c",
    "{{ 7 }} %{y} <b>bold</b>",
]  # fmt: skip


def send(server, documents) -> None:
    body = b"".join(document.SerializeToString() for document in documents)
    headers = {"Content-Type": "application/x-protobuf"}
    with urllib.request.urlopen(urllib.request.Request(server.otlp_url + "/v1/traces", body, headers)) as answer:
        assert answer.status == 200


@pytest.fixture(scope="module")
def told(server) -> dict:
    """An incident under a name of its own, a quiet name, and one whose names come from strangers. Waits for figures."""
    dice, end, names = random.Random(1), last_minute_ns(), ("POST /browser", "GET /quiet", HOSTILE[0] + HOSTILE[1])
    for kind, name in enumerate(names):
        documents = []
        for n in range(300):
            start = end - n * MINUTE_NS // 3
            slow = {"calls": 12, "version": HOSTILE[5] if kind == 2 else "4.12.0", "fails": n % 4 == 0}
            trace = checkout(
                700_000 + kind * 1000 + n, start, dice, name=name, **(slow if kind != 1 and n < 75 else {})
            )
            documents.append(trace)
        if kind == 2:
            for document in documents:
                spoil(document)
        send(server, documents)
    until = time.monotonic() + 60
    while min(traces(server, name) for name in names) < 300:
        assert time.monotonic() < until
        time.sleep(0.3)
    return {name: f"{server.web_url}/why?{urlencode({'service': 'gateway', 'name': name, 'range': '1h'})}"
            for name in names}  # fmt: skip


def spoil(document) -> None:
    for n, group in enumerate(document.resource_spans):
        for span in group.scope_spans[0].spans:
            if span.parent_span_id:
                span.name = HOSTILE[(n + len(span.name)) % len(HOSTILE)]
        for pair in group.resource.attributes:
            if pair.value.string_value == "payment":
                pair.value.string_value = HOSTILE[2] + HOSTILE[3]


def traces(server, name) -> int:
    ask = urlencode({"service": "gateway", "name": name, "range": "1h", "split": "none"})
    with urllib.request.urlopen(f"{server.web_url}/api/v1/why?{ask}") as answer:
        found = json.load(answer)
    return found["before"]["traces"] + found["after"]["traces"]


@pytest.mark.parametrize("name", ["POST /browser", "GET /quiet", HOSTILE[0] + HOSTILE[1]])
def test_the_answer_is_readable_in_both_themes_from_320_px_on(told, chromium, name):
    with look(chromium, f"{told[name]}&{after_midnight()}") as page:
        page.locator(".attrs-note, .why-attrs .quiet").first.wait_for()
        page.locator(".plot-area .main-svg").first.wait_for()
        assert problems_everywhere(page) == []


def test_the_answer_to_errors_and_the_list_are_readable(told, server, chromium):
    zone = f"&{after_midnight()}"
    for address in (told["POST /browser"] + "&look=errors", f"{server.web_url}/why?range=1h", f"{server.web_url}/why?"):
        with look(chromium, address + zone) as page:
            assert problems_everywhere(page) == []


def test_a_choice_asks_again_with_scripts(told, chromium):
    with look(chromium, told["POST /browser"]) as page:
        page.get_by_label("Look at").select_option("p50")
        page.locator("h1", has_text="p50 of POST /browser").wait_for()
        assert "look=p50" in page.url and "service=gateway" in page.url
        assert problems(page) == []


def test_everything_is_reached_without_scripts(told, chromium):
    with look(chromium, told["POST /browser"], has_js=False) as page:
        assert "waiting for bank-api" in page.locator("h1").inner_text()
        page.get_by_label("Look at").select_option("errors")
        page.get_by_role("button", name="Ask").click()
        expect(page.locator("h1")).to_contain_text("had an error")
        page.go_back()
        page.get_by_role("link", name="Compare the attributes").click()
        expect(page.locator("#why-attributes")).to_contain_text("payment.split")
        page.get_by_role("link", name="Back to the answer").click()
        page.locator(".ex").first.click()
        expect(page).to_have_url(re.compile("/t/"))


def test_errors_are_readable_and_a_group_opens_and_closes(told, server, chromium):
    address = f"{server.web_url}/errors?range=1h&sort=count&{after_midnight()}"
    with look(chromium, address) as page:
        assert problems_everywhere(page) == []
        page.locator(".e-what a", has_text="DuplicateKey").first.click()
        page.locator(".e-group").wait_for()
        page.locator(".e-group .plot-area .main-svg").first.wait_for()
        assert problems_everywhere(page) == []
        with page.expect_navigation():
            page.get_by_role("link", name="Close").click()
        assert page.locator(".e-group").count() == 0
        page.locator("tr", has_text=HOSTILE[2]).locator(".e-what a").click()
        page.locator(".e-group .plot-area .main-svg").first.wait_for()
        assert problems_everywhere(page) == []
    with look(chromium, address, has_js=False) as page:
        page.locator(".e-what a").first.click()
        page.locator(".e-examples a").first.click()
        expect(page).to_have_url(re.compile("span="))


def test_a_box_on_the_heat_map_selects_its_traces(told, chromium):
    with look(chromium, f"{told['POST /browser']}&chart=heat&{after_midnight()}") as page:
        plot = page.locator("#why-heat").locator("xpath=..").locator(".draglayer .nsewdrag")
        plot.wait_for()
        assert problems_everywhere(page, (1440, 390)) == []
        page.set_viewport_size({"width": 1440, "height": 900})
        page.wait_for_timeout(200)
        box = plot.bounding_box()
        page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + 4)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.99, box["y"] + box["height"] * 0.45, steps=8)
        page.mouse.up()
        page.locator("h1", has_text="selected traces of POST /browser took").wait_for()
        assert "sel_start=" in page.url and "sel_min=" in page.url
        page.locator(".attrs-note").wait_for()
        assert "payment.split" in page.locator("#why-attributes").inner_text()
        assert problems_everywhere(page, (1440, 390)) == []
        page.get_by_label("Select nothing").click()
        expect(page).not_to_have_url(re.compile("sel_start"))


def test_a_selection_is_made_without_scripts(told, chromium):
    with look(chromium, told["POST /browser"], has_js=False) as page:
        page.locator("summary", has_text="Select traces").click()
        page.get_by_label("Took at least").fill("1s")
        page.get_by_role("button", name="Compare them with the rest").click()
        for _ in range(5):  # traces are read for 0.3 s at most, in which a machine that does much else reads few
            if "could be read" not in page.locator("h1").inner_text():
                break
            page.reload()
        expect(page.locator("h1")).to_contain_text("75 selected traces of POST /browser took")
