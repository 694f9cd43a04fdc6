"""Looks at pages in a real browser: pictures, contrast, overflow, what the Content-Security-Policy refused.

From tests: `with browser() as chrome, look(chrome, url, theme="dark", width=390) as page: assert not problems(page)`.
From a shell: `python tests/look.py http://127.0.0.1:8000 / /connect --out shots` takes pictures of each page in both
themes at 1440 and 390 px, prints what is wrong and exits with the number of pages that have something wrong.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

THEMES = ("light", "dark")
WIDTHS_PX = (1440, 390)
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser")
"""Programs of one engine. The first draws pages only, which takes half the CPU: the others draw a browser's own
controls round each page, window or not."""
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip
ONE_PROCESS = "--process-per-site"
"""One process draws the pages of a context, one after another: it has compiled our scripts and read our fonts. With the
kept cache, a look at a page takes a quarter less CPU."""
CHECKS = (Path(__file__).parent / "look.js").read_text()

IDLE = """() => new Promise((done) => setTimeout(
  () => requestAnimationFrame(() => requestIdleCallback(done, { timeout: 1000 })), 60))"""
"""Until a frame was drawn and what scripts put off, by 50 ms where they do, was done."""

CHOOSE = """theme => {
  document.documentElement.dataset.theme = theme;
  document.dispatchEvent(new CustomEvent("theme:change", { detail: theme }));
}"""


def chromium_path() -> str:
    """The system's Chromium; `CHROMIUM` names another. Raises RuntimeError when there is none: what only a browser can
    see would otherwise go unseen.
    """
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        raise RuntimeError("no Chromium: apt-get install chromium-headless-shell, or set CHROMIUM to its path")
    return path


@contextmanager
def browser(*flags: str) -> Iterator[Browser]:
    """Chromium without a window and without a graphics processor."""
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=chromium_path(), args=[*FLAGS, *flags])
        yield chrome
        _kept.pop(chrome, None)
        chrome.close()


_Kept = dict[tuple[bool, str], tuple[BrowserContext, Page]]
_kept: dict[Browser, _Kept] = {}
"""By whether scripts run and by origin: a context for one look after another, and a page that keeps its process."""


@contextmanager
def _context(chrome: Browser, origin: str, *, has_js: bool, is_cold: bool) -> Iterator[BrowserContext]:
    """One without cookies, permissions and stored data; one that `is_cold` has nothing in its caches either. A look
    within a look gets one of its own, and after a look that failed there is a new one."""
    kept = _kept.setdefault(chrome, {})
    context, keeper = (None, None) if is_cold else kept.pop((has_js, origin), (None, None))
    context = context or chrome.new_context(java_script_enabled=has_js, reduced_motion="reduce")
    is_clean = False
    try:
        if keeper is None and not is_cold:
            keeper = context.new_page()
            keeper.goto(origin + "/healthz")
        yield context
        if not is_cold:
            for page in set(context.pages) - {keeper}:
                page.close()
            context.clear_cookies()
            context.clear_permissions()
            if has_js:
                keeper.evaluate("localStorage.clear()")
            is_clean = (has_js, origin) not in kept
    finally:
        if is_clean:
            kept[has_js, origin] = context, keeper
        else:
            context.close()


@contextmanager
def look(
    chrome: Browser,
    url: str,
    *,
    theme: str = "light",
    width: int = 1440,
    height: int = 900,
    has_js: bool = True,
    cookies: dict[str, str] | None = None,
    status: int = 200,
    is_cold: bool = False,
) -> Iterator[Page]:
    """The page, loaded and with its fonts. What it complained of collects in `page.complaints`; so does a status other
    than `status`. Where time, memory or what moves is measured, `is_cold` spares nothing.
    """
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
    with _context(chrome, origin, has_js=has_js, is_cold=is_cold) as context:
        jar = {"theme": theme, **(cookies or {})}
        context.add_cookies([{"name": name, "value": value, "url": url} for name, value in jar.items()])
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": height})
        page.complaints = []
        under_way: set[Request] = set()
        page.on("request", lambda asked: under_way.add(asked))
        page.on("requestfinished", lambda answered: under_way.discard(answered))
        page.on("requestfailed", lambda refused: under_way.discard(refused))
        page.on("console", lambda said: _note(page, said.type, said.text))
        page.on("pageerror", lambda error: page.complaints.append(f"script error: {error}"))
        answer = page.goto(url, wait_until="load")
        if answer.status != status:
            page.complaints.append(f"answered {answer.status} instead of {status}")
        if has_js:
            page.evaluate("document.fonts.ready")
            _settle(page, under_way)
        yield page


def _settle(page: Page, under_way: set[Request]) -> None:
    """Waits until nothing is asked for and the page has nothing left to do, twice in a row. Playwright's "networkidle"
    waits for half a second of silence, which is a third of the time that looking at a page takes.
    """
    deadline_s, quiet = time.monotonic() + 30, 0
    while quiet < 2:
        page.evaluate(IDLE)
        quiet = 0 if under_way else quiet + 1
        if time.monotonic() > deadline_s:
            page.complaints.append(f"still asks for {', '.join(one.url for one in under_way)}")
            return


def after_midnight() -> str:
    """The parameter `tz=…` of a zone where midnight was less than an hour ago: what is older than an hour is told with
    its day.
    """
    hour = datetime.now(UTC).hour
    return urlencode({"tz": f"Etc/GMT{hour if hour <= 12 else hour - 24:+d}"})  # Etc/GMT-2 is two hours ahead of UTC


def problems(page: Page) -> list[str]:
    """Everything wrong with the page as it is now: contrast below AA, overflow, small targets, CSP, script errors."""
    page.evaluate(CHECKS)
    return page.evaluate("window.look.all()") + page.complaints


def problems_everywhere(page: Page, widths_px: tuple[int, ...] = (1440, 390, 320)) -> list[str]:
    """problems() in both themes at each width, without loading the page again; each line says where."""
    found = []
    for theme in THEMES:
        page.evaluate(CHOOSE, theme)
        for width in widths_px:
            page.set_viewport_size({"width": width, "height": 900})
            if page.locator("[data-mount=charts], [data-mount=waterfall]").count():
                page.wait_for_timeout(100)  # these draw again by themselves
            page.evaluate(CHECKS)
            found += [f"{theme} {width}: {said}" for said in page.evaluate("window.look.all()")]
    return found + page.complaints


def shoot(page: Page, path: Path, *, is_full: bool = True) -> Path:
    """A picture of the page; a full one is as tall as the page, so that what sticks sits where it belongs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = dict(page.viewport_size)
    if is_full:
        tall = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": size["width"], "height": max(int(tall), size["height"])})
        page.wait_for_timeout(80)
    page.screenshot(path=path)
    page.set_viewport_size(size)
    return path


def _note(page: Page, kind: str, text: str) -> None:
    # The page under test may be an error page: that it was not a 200 is no complaint.
    if kind in ("error", "warning") and "the server responded with a status of" not in text:
        page.complaints.append(f"console: {text}")


def name_of(address: str) -> str:
    """A file name for an address: "/" is "search", "/connect?with=rails" is "connect-with-rails"."""
    return re.sub(r"\W+", "-", address).strip("-") or "search"


def named(address: str) -> tuple[str, str]:
    """A picture's name and the path: "trace=/t/7f3a…" names it, "/connect" is named after itself."""
    name, _, path = address.partition("=")
    return (name_of(address), address) if address.startswith("/") else (name, path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", help="http://127.0.0.1:8000")
    parser.add_argument("paths", nargs="+", help="/connect, or with the picture's name: trace=/t/7f3a…")
    parser.add_argument("--out", type=Path, default=Path("shots"))
    parser.add_argument("--themes", default=",".join(THEMES))
    parser.add_argument("--widths", default=",".join(map(str, WIDTHS_PX)))
    parser.add_argument("--height", type=int, default=900)
    parser.add_argument("--window", action="store_true", help="the window only, not the whole page")
    parser.add_argument("--docs", action="store_true", help="1440 x 900, into docs/images")
    asked = parser.parse_args()
    if asked.docs:
        asked.out, asked.widths, asked.window = Path(__file__).parent.parent / "docs/images", "1440", True
    wrong = 0
    with browser(ONE_PROCESS) as chrome:
        for address in asked.paths:
            name, path = named(address)
            for theme in asked.themes.split(","):
                for width in map(int, asked.widths.split(",")):
                    with look(chrome, asked.base + path, theme=theme, width=width, height=asked.height) as page:
                        found = problems(page)
                        shot = asked.out / f"{name}-{theme}-{width}.png"
                        shoot(page, shot, is_full=not asked.window)
                        print(shot, *found, sep="\n    ")
                        wrong += bool(found)
    return wrong


if __name__ == "__main__":
    sys.exit(main())
