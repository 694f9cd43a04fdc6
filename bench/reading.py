"""A trace page in the real browser: when first rows are painted, how windows of rows follow a scroll, what it costs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
from playwright.sync_api import BrowserContext, Page

VIEWPORT = {"width": 1440, "height": 900}
MIB = 2**20

NOTE_SHOWN = """(() => {
  const note = (name, isThere) => {
    const look = () => {
      if (!isThere()) return requestAnimationFrame(look);
      // A task that follows a frame runs when that frame has been handed over to be shown.
      requestAnimationFrame(() => setTimeout(() => { window[name] = performance.now(); }));
    };
    requestAnimationFrame(look);
  };
  const has = (selector) => document.querySelector(selector)?.getBoundingClientRect().height;
  note('rowsShownMs', () => has('.wr'));
  note('wholeShownMs', () => has('.strip') && has('.wf-body .cp'));
})()"""

JUMP = """share => new Promise((done) => {
  const full = () => {
    const head = document.querySelector('.wf-top').getBoundingClientRect().bottom;
    const end = Math.min(innerHeight, document.querySelector('.wf-body').getBoundingClientRect().bottom);
    const rows = [...document.querySelectorAll('.wr')].map((row) => row.getBoundingClientRect());
    const seen = rows.filter((row) => row.bottom > head && row.top < end);
    return seen.length && seen[0].top <= head + 1 && seen.at(-1).bottom >= end - 1;
  };
  const began = performance.now();
  const look = () => {
    if (full()) setTimeout(() => done(performance.now() - began));
    else requestAnimationFrame(look);
  };
  scrollTo(0, document.documentElement.scrollHeight * share);
  requestAnimationFrame(look);
})"""

WINDOWS = """() => {
  const found = performance.getEntriesByType('resource').filter((e) => e.name.includes('/rows?') && e.requestStart);
  performance.clearResourceTimings();
  return found.map((e) => e.responseEnd - e.requestStart);
}"""

STEADY = """async ([steps, px]) => {
  const body = document.querySelector('.wf-body');
  let frames = 0, blank = 0;
  for (let step = 0; step < steps; step++) {
    scrollBy(0, px);
    await new Promise((next) => requestAnimationFrame(next));
    const at = document.elementFromPoint(innerWidth / 2, innerHeight / 2);
    frames += 1;
    blank += at?.closest('.wr') ? 0 : 1;
  }
  return [frames, blank];
}"""


@dataclass(frozen=True, slots=True)
class Opening:
    answer_ms: float
    """From the start of the navigation until the last byte of the page."""
    rows_ms: float
    """Until the first rows were painted."""
    whole_ms: float
    """Until who took the time was painted, above the rows and in them."""


@dataclass(frozen=True, slots=True)
class Weight:
    heap_mb: float
    """JavaScript heap after a collection."""
    private_mb: float
    """Memory of the page's renderer process that it shares with no other."""
    pss_mb: float
    """The same and its share of what is shared."""


@contextmanager
def opened(context: BrowserContext, url: str) -> Iterator[tuple[Page, Opening]]:
    page = context.new_page()
    page.add_init_script(NOTE_SHOWN)
    page.goto(url, wait_until="load")
    while not page.evaluate("window.rowsShownMs && window.wholeShownMs"):
        page.wait_for_timeout(5)
    found = page.evaluate(
        "[performance.getEntriesByType('navigation')[0].responseEnd, window.rowsShownMs, window.wholeShownMs]"
    )
    yield page, Opening(*found)
    page.close()


def jumps(page: Page, count: int, seed: int = 1) -> tuple[list[float], list[float]]:
    """Ms until every row in view is painted after a jump to a place never seen, and ms of each request for rows."""
    chance = random.Random(seed)
    shown, asked = [], []
    for _ in range(count):
        shown.append(page.evaluate(JUMP, chance.random()))
        page.wait_for_timeout(150)  # the neighbours arrive
        asked += page.evaluate(WINDOWS)
    return shown, asked


def steady(page: Page, frames: int, px: int) -> float:
    """Share of frames without a row in the middle of the window while the page moves by `px` a frame, in per cent."""
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(500)
    seen, blank = page.evaluate(STEADY, [frames, px])
    return 100 * blank / seen


def weight(page: Page) -> Weight:
    """Of the page as it is, its garbage collected first."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    heap = session.send("Runtime.getHeapUsage")["usedSize"]
    renderers = [_memory(process) for process in _renderers()]
    # A browser keeps an empty renderer ready; the page's own is the larger.
    private, pss = max(renderers)
    return Weight(heap / MIB, private / MIB, pss / MIB)


def _renderers() -> list[psutil.Process]:
    return [p for p in psutil.Process().children(recursive=True) if "--type=renderer" in " ".join(p.cmdline())]


def _memory(process: psutil.Process) -> tuple[int, int]:
    maps = process.memory_full_info()
    return maps.uss, maps.pss
