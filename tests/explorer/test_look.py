"""What only a browser can tell of the pages' frame: contrast, overflow, the strict policy, keys, no JavaScript."""

import re

import pytest
from playwright.sync_api import expect

from tests.look import look, problems, problems_everywhere

PAGES = {
    "/connect": 200,
    "/connect?with=browser": 200,
    "/components": 200,
    "/settings/keys": 200,
    "/settings/members": 200,
    "/settings/workspace/new": 200,
    "/no/such/page": 404,
}


@pytest.mark.parametrize(("path", "status"), PAGES.items())
def test_every_page_is_readable_in_both_themes_from_320_px_on(server, chromium, path, status):
    with look(chromium, server.web_url + path, status=status) as page:
        assert problems_everywhere(page) == []


def test_the_checks_find_what_they_look_for(server, chromium):
    with look(chromium, server.web_url + "/connect", width=390) as page:
        page.evaluate("""() => {
          const wide = document.createElement("p");
          wide.className = "quiet planted";
          wide.id = "main";
          wide.textContent = "x".repeat(400);
          document.body.append(wide);
          document.querySelector("h1").remove();
          document.querySelector(".btn").replaceChildren();
        }""")
        page.evaluate("document.querySelector('.planted').style.color = '#aaa'")
        page.evaluate("document.body.insertAdjacentHTML('beforeend', '<i style=\\'color: red\\'>i</i>')")
        said = "\n".join(problems(page))
    for what in ("contrast 2.3", "overflows by", "0 h1", "id used twice: main", "no name", "Content Security Policy"):
        assert what in said


def test_a_look_knows_nothing_of_the_one_before(server, chromium):
    """They share a process and what it has in its caches, and nothing that a page can ask for."""
    known = """async () => ({
      cookies: document.cookie.replace(/=[^;]*/g, ""), stored: [localStorage.kept, sessionStorage.kept],
      clipboard: (await navigator.permissions.query({ name: "clipboard-read" })).state,
    })"""
    found = []
    for _ in range(2):
        with look(chromium, server.web_url + "/connect") as page:
            found.append(page.evaluate(known))
            page.context.grant_permissions(["clipboard-read"])
            page.evaluate("document.cookie = localStorage.kept = sessionStorage.kept = 'kept=1'")
            changed = page.evaluate(known)
    assert found[0] == found[1] and found[0]["stored"] == [None, None]
    assert changed["stored"] == ["kept=1"] * 2 and "kept" in changed["cookies"] and changed["clipboard"] == "granted"


def test_every_stop_of_the_tab_key_can_be_seen(server, chromium):
    with look(chromium, server.web_url + "/connect") as page:
        stops = []
        for _ in range(40):
            page.keyboard.press("Tab")
            stop = page.evaluate("""() => {
              const at = document.activeElement;
              const style = getComputedStyle(at);
              const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
              const isSeen = ring || getComputedStyle(at.parentElement).boxShadow !== "none";
              return [at.tagName, at.textContent.trim().slice(0, 24), isSeen, at === document.body];
            }""")
            if stop[3]:
                break
            stops.append(stop)
    assert stops[0][1] == "Skip to content"
    assert len(stops) > 15
    assert [stop for stop in stops if not stop[2]] == []


def test_keys_reach_the_box_the_sheet_and_the_theme(server, chromium):
    with look(chromium, server.web_url + "/connect", theme="light") as page:
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.name") == "q"
        page.keyboard.type("t?/")
        assert page.evaluate("document.activeElement.value") == "t?/"
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement === document.body")
        page.keyboard.press("?")
        assert page.locator("#sheet").is_visible()
        assert page.locator("#sheet").bounding_box()["y"] > 0
        page.keyboard.press("Escape")
        assert not page.locator("#sheet").is_visible()
        page.keyboard.press("t")
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        page.reload()
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"


@pytest.mark.parametrize("has_js", [True, False])
def test_the_theme_is_chosen_with_and_without_javascript(server, chromium, has_js):
    with look(chromium, server.web_url + "/connect?with=rails", theme="", has_js=has_js) as page:
        assert page.locator("html").get_attribute("data-theme") is None
        page.locator(".theme button:visible").click()
        page.locator("html[data-theme=dark]").wait_for()
        assert page.url.endswith("/connect?with=rails")
        assert page.locator(".theme button:visible").get_attribute("value") == "light"


def test_menus_and_tabs_work_without_javascript(server, chromium):
    with look(chromium, server.web_url + "/connect", has_js=False) as page:
        page.get_by_role("link", name="Rails").click()
        expect(page.locator("#code-1")).to_contain_text("bundle add")
        page.locator(".space-menu summary").click()
        page.get_by_role("link", name="Keys", exact=True).click()
        expect(page).to_have_url(re.compile("/settings/keys$"))


def test_a_key_is_made_and_copied_from_the_page(server, chromium):
    with look(chromium, server.web_url + "/settings/keys") as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.get_by_label("Name", exact=True).fill("tests of the keys page")
        page.get_by_role("button", name="Make the key").click()
        raw = page.locator("#made").inner_text()
        page.get_by_role("button", name="Copy").click()
        page.get_by_role("button", name="Copied").wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == raw
        assert problems_everywhere(page) == []


def test_a_chart_is_drawn_under_the_strict_policy_in_the_pages_colours(server, chromium):
    with look(chromium, server.web_url + "/components", theme="light") as page:
        page.locator("#charts .point").first.wait_for()
        assert page.locator("#charts .point").count() == 61
        assert page.locator("style").count() == 0
        colour = "getComputedStyle(document.querySelector('#charts .xtick text')).fill"
        ink = "getComputedStyle(document.querySelector('.t-label')).color"
        light = page.evaluate(colour)
        assert light == page.evaluate(ink)
        page.keyboard.press("t")
        page.wait_for_function(f"{colour} !== {light!r}")
        assert page.evaluate(colour) == page.evaluate(ink)
        assert page.complaints == []


def test_a_charts_point_says_what_it_is_as_text_and_opens_its_address(server, chromium):
    with look(chromium, server.web_url + "/components") as page:
        page.locator("#charts").scroll_into_view_if_needed()
        page.locator("#charts .trace").nth(1).locator(".point").hover(force=True)
        tip = page.locator("#charts .chart-tip")
        tip.wait_for()
        assert tip.locator("b").inner_text() == "checkout <retry>"
        usual = page.locator("#charts .trace").nth(0).locator(".point").nth(5)
        usual.hover(force=True)
        tip.get_by_text("checkout POST /orders").wait_for()
        usual.click(force=True)
        page.wait_for_url("**/components#tables")


def test_static_files_are_named_by_hash_down_to_imported_modules(server, chromium):
    with look(chromium, server.web_url + "/components") as page:
        names = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    static = [name for name in names if "/static/" in name]
    assert sum(name.endswith(".js") for name in static) >= 6
    assert [name for name in static if not re.search(r"\.[0-9a-f]{12}\.\w+$", name)] == []
