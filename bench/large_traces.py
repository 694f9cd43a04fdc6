"""`make bench-large`: opens and scrolls a trace of 50 000 spans and a chain 10 000 deep in Chromium, and writes
docs/large-traces.md.

    python bench/large_traces.py [--out docs/large-traces.md]

Everything runs in a temporary folder on free ports; about two minutes on two cores that do nothing else.
"""

from __future__ import annotations

import argparse
import http.client
import os
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
from playwright.sync_api import Browser

from bench.product import ROOT, Product
from bench.reading import VIEWPORT, Opening, Weight, jumps, opened, steady, weight
from bench.run import machine, say
from bench.storage import Storage
from tests.explorer.spans import TraceMaker
from tests.explorer.traces import big_trace, deep_trace
from tests.look import browser, chromium_path

COPIES = 5
"""Each is opened once before the server has it in memory."""
WARM = 10
JUMPS = 60
WINDOWS = 200
BATCH = 512
BLOCK_ROWS = 100


@dataclass(frozen=True)
class Found:
    kind: str
    rows: int
    cold: list[Opening]
    warm: list[Opening]
    at_server: list[float]
    """Ms of requests for 100 rows, by a client without a browser."""
    asked: list[float]
    shown: list[float]
    blank_pct: float
    weight: Weight


KINDS: dict[str, Callable[[str, int], TraceMaker]] = {
    "50 000 spans": lambda trace_id, start_ns: big_trace(trace_id, start_ns, 50_000),
    "a chain 10 000 deep": deep_trace,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default="docs/large-traces.md")
    asked = parser.parse_args()
    with Product(TRACER_QUIET_SECONDS="1") as product:
        storage = Storage(product.environment)
        ids = {kind: [f"{n:016x}{number:016x}" for number in range(1, COPIES + 1)] for n, kind in enumerate(KINDS, 1)}
        for kind, make in KINDS.items():
            for trace_id in ids[kind]:
                send(product, make(trace_id, time.time_ns()))
            say(f"sent {kind}")
        storage.wait_until_sealed()
        storage.settle()
        home = product.address(product.http_port)
        with browser("--enable-precise-memory-info") as chrome:
            empty = weight_of_nothing(chrome)
            found = [measured(chrome, home, kind, ids[kind]) for kind in KINDS]
            version = f"{Path(chromium_path()).name} {chrome.version}"
    text = report(found, empty, version)
    (ROOT / asked.out).write_text(text)
    print(text)


def send(product: Product, make: TraceMaker) -> None:
    """In batches of one service, as SDKs send them."""
    for group in make.data.resource_spans:
        spans = group.scope_spans[0].spans
        for at in range(0, len(spans), BATCH):
            batch = TracesData()
            target = batch.resource_spans.add(resource=group.resource)
            target.scope_spans.add(scope=group.scope_spans[0].scope, spans=spans[at : at + BATCH])
            request = urllib.request.Request(
                product.traces_url, batch.SerializeToString(), {"Content-Type": "application/x-protobuf"}
            )
            urllib.request.urlopen(request, timeout=60).read()


def weight_of_nothing(chrome: Browser) -> Weight:
    context = chrome.new_context(viewport=VIEWPORT)
    page = context.new_page()
    page.goto("about:blank")
    found = weight(page)
    context.close()
    return found


def measured(chrome: Browser, home: str, kind: str, ids: list[str]) -> Found:
    say(kind)
    cold = []
    for trace_id in ids:
        context = chrome.new_context(viewport=VIEWPORT)
        with opened(context, f"{home}/t/{trace_id}") as (_, opening):
            cold.append(opening)
        context.close()
    url = f"{home}/t/{ids[-1]}"
    context = chrome.new_context(viewport=VIEWPORT)
    with opened(context, url):
        pass
    warm = []
    for _ in range(WARM):
        with opened(context, url) as (_, opening):
            warm.append(opening)
    with opened(context, url) as (page, _):
        body = page.locator(".wf-body")
        rows, at_version = int(body.get_attribute("data-rows")), body.get_attribute("data-version")
        at_server = windows(url, rows, at_version)
        shown, asked = jumps(page, JUMPS)
        blank_pct = steady(page, 600, 60)
        heavy = weight(page)
    context.close()
    return Found(kind, rows, cold, warm, at_server, asked, shown, blank_pct, heavy)


def windows(url: str, rows: int, version: str) -> list[float]:
    """Ms of each of WINDOWS requests for a block of rows, over one connection."""
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host)
    took = []
    for number in range(WINDOWS):
        first = rows * number // WINDOWS // BLOCK_ROWS * BLOCK_ROWS
        began = time.perf_counter()
        connection.request("GET", f"/{path}/rows?first={first}&count={BLOCK_ROWS}&v={version}")
        answer = connection.getresponse()
        answer.read()
        took.append((time.perf_counter() - began) * 1000)
        if answer.status != 200:
            raise RuntimeError(f"{answer.status} for rows from {first}")
    return took


HEAD = """# Large traces in the browser

Figures of one run, printed as they came out; repeat it with `make bench-large`.

- machine: {processor}, {memory}, {system}; {browser} without a window, its graphics drawn by the processor
- load average when it began: {load:.2f}; server, PostgreSQL and browser share the machine
- 50 000 spans: ten attributes each, six services, 21 MB of OTLP; runs of equal siblings folded, {rows:,} rows.
  A chain: every span is the child of the one before
- cold: the first opening of a trace that the server has not read since it was stored, by a browser with an empty cache
  ({copies} traces of each kind). Warm: the server has it in memory, the browser styles and scripts ({warm} openings)

"""


def report(found: list[Found], empty: Weight, browser: str) -> str:
    text = HEAD.format(**machine(), browser=browser, load=LOAD, rows=found[0].rows, copies=COPIES, warm=WARM)
    lines = ["| | target | " + " | ".join(f.kind for f in found) + " |", "|---" * (len(found) + 2) + "|"]

    def line(what: str, target: str, say: Callable[[Found], str]) -> None:
        lines.append(f"| {what} | {target} | " + " | ".join(say(f) for f in found) + " |")

    line("first rows painted, cold, ms: median / worst", "1000", lambda f: ends([o.rows_ms for o in f.cold]))
    line("of it until the page was received", "", lambda f: ends([o.answer_ms for o in f.cold]))
    line("who took the time painted, above and in the rows, cold", "", lambda f: ends([o.whole_ms for o in f.cold]))
    line("first rows painted, warm", "1000", lambda f: ends([o.rows_ms for o in f.warm]))
    line("of it until the page was received", "", lambda f: ends([o.answer_ms for o in f.warm]))
    line(f"100 rows, asked without a browser ({WINDOWS}), ms: p50 / p95 / max", "100", lambda f: spread(f.at_server))
    line("100 rows, asked by the browser while it scrolls", "100", lambda f: spread(f.asked))
    line(f"a jump to rows never seen, until all in view are painted ({JUMPS})", "", lambda f: spread(f.shown))
    line("frames without rows at a steady 60 px a frame, %", "0", lambda f: f"{f.blank_pct:.1f}")
    line("JavaScript heap after all that, MB", "", lambda f: f"{f.weight.heap_mb:.1f}")
    line(f"renderer process, private / PSS, MB (about:blank {empty.private_mb:.0f} / {empty.pss_mb:.0f})", "200",
         lambda f: f"{f.weight.private_mb:.0f} / {f.weight.pss_mb:.0f}")  # fmt: skip
    return text + "\n".join(lines) + "\n"


def ends(values: list[float]) -> str:
    return f"{median(values):.0f} / {max(values):.0f}"


def spread(values: list[float]) -> str:
    ordered = sorted(values)
    return f"{median(ordered):.0f} / {ordered[int(len(ordered) * 0.95)]:.0f} / {ordered[-1]:.0f}"


LOAD = os.getloadavg()[0]

if __name__ == "__main__":
    main()
