"""How large rollups are and how fast they and the pages answer: fills weeks of them and asks.

    python bench/rollups.py [--days 30] [--services 200] [--names 5000] [--rate 200]      in a store of its own
    python bench/rollups.py --fill [--workspace 1]      only fills the instance that TRACER_DATA_DIR names

Facts are written by the product's own writer, merged by its own code: a day's traffic that ebbs and flows, span names
as unequal as they are (1 / rank), durations lognormal. Minutes exist where queries of the windows need them
(`--minutes` hours back from now), ten minutes, hours and days for as long as the product keeps them.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

DAY_MINUTES = 1440
WINDOWS_H = (1, 24, 7 * 24, 30 * 24)
REPEAT = 15
MOST_RECORDS = 24
"""Histogram buckets drawn for a row; traffic of one name spreads over about as many."""
WORDS = ("cart", "order", "price", "stock", "user", "mail", "search", "card", "parcel", "tax", "image", "menu")
WORK = ("own_code", "network", "database", "cache", "queue", "external")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--minutes", type=int, default=26, help="hours back from now that have minutes")
    parser.add_argument("--services", type=int, default=200)
    parser.add_argument("--names", type=int, default=5_000, help="span names in all")
    parser.add_argument("--rate", type=float, default=200, help="spans a second on average")
    parser.add_argument("--workspace", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fill", action="store_true", help="fill a running instance and ask nothing")
    asked = parser.parse_args()
    if asked.fill:
        _django(dict(os.environ))
        Filler(asked).fill()
        return
    from bench.product import Product

    with Product() as product:
        _django(product.environment)
        filler = Filler(asked)
        filler.fill()
        sizes(asked.days)
        timings(asked.workspace, filler.fleet)
        pages(product, filler.fleet.services[0])


PAGES = ("/map", "/services", "/services/{service}", "/slow", "/why", "/errors")
ASKED_TIMES = 9


def pages(product, service: str) -> None:
    """Whole pages over HTTP, from the running server, client on the same machine; ms. Each time a window that ends at
    another minute, which nobody has looked at before."""
    print("\n| page | window | p50 | p95 | max | KiB |\n|---|---|---|---|---|---|")
    for path in PAGES:
        for hours in WINDOWS_H:
            took = []
            for n in range(ASKED_TIMES + 1):
                url = product.address(product.http_port) + _page(path.format(service=service), hours, n)
                began = time.perf_counter()
                with urllib.request.urlopen(url, timeout=60) as answer:
                    size = len(answer.read())
                took.append((time.perf_counter() - began) * 1000)
            ordered = sorted(took[1:])  # the first one opens a connection to PostgreSQL, and reads from the disk
            p95 = ordered[int(len(ordered) * 0.95)]
            figures = f"{ordered[len(ordered) // 2]:.0f} | {p95:.0f} | {ordered[-1]:.0f} | {size >> 10}"
            print(f"| {path} | {_said(hours)} | {figures} |", flush=True)


def _page(path: str, hours: int, minutes_ago: int) -> str:
    end = (int(time.time()) // 60 - minutes_ago) * 60
    start, end = (datetime.fromtimestamp(at, UTC).isoformat() for at in (end - hours * 3600, end))
    return f"{path}?" + urlencode({"range": "custom", "start": start, "end": end, "against": "before"})


def _django(environment: dict[str, str]) -> None:
    os.environ.update({k: v for k, v in environment.items() if k.startswith("TRACER_")})
    os.environ["DJANGO_SETTINGS_MODULE"] = "tracer_ui.settings"
    import django

    django.setup()


@dataclass(slots=True)
class Fleet:
    """Keys, how often each occurs in a minute on average, and its usual duration."""

    keys: list[tuple[int, tuple[str, ...]]]
    rate: np.ndarray
    middle: np.ndarray
    """Histogram bucket of the median."""
    error_share: np.ndarray
    roots: list[tuple[str, str]]
    services: list[str]


def make_fleet(services: int, names: int, spans_a_minute: float, seed: int) -> Fleet:
    """Services in layers, each with its share of the span names; a request comes in at one of the first layer's and
    goes on through a fixed tree of others."""
    pick = random.Random(seed)
    own = [f"{pick.choice(WORDS)}-{n}" for n in range(services)]
    spans = [(own[n % services], _name(pick, n), n) for n in range(names)]
    by_service: dict[str, list[tuple]] = {}
    for span in spans:
        by_service.setdefault(span[0], []).append(span)
    fleet = _Keys(pick)
    roots = [by_service[service][0] for service in own[: services // 5]] + [
        by_service[service][1] for service in own[: services // 5]
    ]
    for rank, root in enumerate(roots, 1):
        _add_request(fleet, pick, by_service, own, root, 1 / rank)
    scale = spans_a_minute / sum(rate for (kind, _), rate in fleet.rates.items() if kind == 2)
    keys = list(fleet.rates)
    return Fleet(
        keys, np.array([fleet.rates[k] for k in keys]) * scale, np.array([fleet.middles[k] for k in keys]),
        np.array([0.3 if pick.random() < 0.02 else 0.004 for _ in keys]), [r[:2] for r in roots], own,
    )  # fmt: skip


def _name(pick: random.Random, n: int) -> str:
    return f"{pick.choice(('GET', 'POST', 'SELECT', 'publish', 'render'))} /{pick.choice(WORDS)}/{n}"


class _Keys:
    def __init__(self, pick: random.Random):
        self.pick, self.rates, self.middles = pick, {}, {}

    def add(self, kind: int, parts: tuple[str, ...], rate: float, middle: float | None = None) -> None:
        self.rates[kind, parts] = self.rates.get((kind, parts), 0.0) + rate
        self.middles.setdefault((kind, parts), middle or self.pick.uniform(140, 215))


def _add_request(fleet: _Keys, pick: random.Random, by_service: dict, own: list[str], root: tuple, rate: float) -> None:
    """One root span name: a tree of about 125 span names over about 12 services."""
    layer = len(own) // 5
    reached = [root[0]] + [own[pick.randrange(layer, len(own))] for _ in range(pick.randrange(6, 18))]
    fleet.add(4, (*root[:2], "", "", ""), rate)
    fleet.add(1, ("user", "user", "service", root[0], "call"), rate)
    for above, service in zip([root[0], *reached], reached, strict=False):
        fleet.add(3, (service, f"1.{pick.randrange(3)}.0"), rate)
        if service != above:
            fleet.add(1, ("service", above, "service", service, "call"), rate)
        fleet.add(4, (*root[:2], service, "", ""), rate)
        mine = by_service[service]
        for name in pick.sample(mine, min(len(mine), pick.randrange(4, 16))):
            share = rate / (1 + 20 * pick.random() ** 3)
            work = WORK[min(int(random.Random(name[2]).expovariate(0.7)), 5)]
            kind = "INTERNAL" if work == "own_code" else "CLIENT"
            peer = ("", "") if work in ("own_code", "network") else (work, f"{work} of {service}")
            fleet.add(2, (service, name[1], kind, *peer), share)
            fleet.add(4, (*root[:2], service, name[1], work), share)
            if peer[0]:
                edge = {"queue": "messaging", "external": "external"}.get(work, "database")
                fleet.add(1, ("service", service, *peer, edge), share)
    for word in ("traces", "spans", "error_traces"):
        fleet.add(6, (word,), rate)
    if pick.random() < 0.5:
        fleet.add(5, (reached[-1], mine[0][1], "TimeoutError", "no answer after <n> ms"), rate * 0.01)


class Filler:
    def __init__(self, asked):
        self.asked, self.random = asked, np.random.default_rng(asked.seed)
        self.fleet = make_fleet(asked.services, asked.names, asked.rate * 60, asked.seed)
        self.now = int(time.time()) // 60

    def fill(self) -> None:
        from apps.insights.levels import DAY, HOUR, MINUTE, TEN

        began = time.monotonic()
        self.ids = self._register()
        now, counted = self.now, {}
        for level, back in (
            (MINUTE, self.asked.minutes * 60), (TEN, min(8, self.asked.days) * DAY_MINUTES),
            (HOUR, min(35, self.asked.days) * DAY_MINUTES), (DAY, self.asked.days * DAY_MINUTES),
        ):  # fmt: skip
            first = (now - back) // level.minutes * level.minutes
            until = now // level.minutes * level.minutes
            counted[level.table] = self._fill_level(level, first, until)
            print(f"{level.table}: {counted[level.table]:,} rows by {time.monotonic() - began:.0f} s", flush=True)
        self._close()

    def _register(self) -> np.ndarray:
        from apps.insights.keys import Book, register
        from apps.insights.summing import summed
        from apps.store.connection import store_cursor
        from apps.store.names import register_services
        from apps.traces.deposits import Deposits

        with store_cursor() as cursor:
            register_services(cursor, self.asked.workspace, self.fleet.services)
        book, minute_ns = Book(), 60 * 10**9
        deposits = Deposits(book.keys)
        for kind, parts in self.fleet.keys:
            number = book.keys.number(kind, parts)
            for minute in (self.now - self.asked.days * DAY_MINUTES, self.now):
                deposits.add(number, minute * minute_ns, 1000, False, 1)
        with store_cursor() as cursor:
            register(cursor, self.asked.workspace, book, summed(deposits))
        return book.ids

    def _fill_level(self, level, first: int, until: int) -> int:
        from apps.insights.facts import copy_rows
        from apps.insights.levels import ensure_partitions
        from apps.store.connection import store_cursor

        ensure_partitions(level, range(first, until, level.minutes))
        rows = 0
        with store_cursor() as cursor:
            for minute in range(first, until, level.minutes):
                facts = self._facts(minute, level.minutes)
                copy_rows(cursor, level.table, facts)
                rows += facts.n
        return rows

    def _facts(self, minute: int, minutes: int):
        """A bucket's rows: Poisson counts, lognormal durations as histogram buckets."""
        from apps.insights.facts import EXAMPLE, Facts, Ragged, merge
        from apps.traces.histogram import value_of

        fleet, pick = self.fleet, self.random
        tide = 1 + 0.6 * np.sin(2 * np.pi * (minute % DAY_MINUTES) / DAY_MINUTES)
        calls = pick.poisson(fleet.rate * tide * minutes)
        chosen = np.flatnonzero(calls)
        calls, n = calls[chosen], len(chosen)
        kind = np.array([fleet.keys[k][0] for k in chosen.tolist()])
        drawn = np.minimum(calls, MOST_RECORDS)
        row = np.repeat(np.arange(n), drawn)
        bucket = np.clip(fleet.middle[chosen][row] + pick.normal(0, 6, len(row)), 1, 440).astype(np.int64)
        share = (calls * 1000 // drawn)[row]
        is_part = (kind == 4)[row]
        values = np.array([value_of(b) for b in range(450)])
        weight = calls * 1000
        sums = np.bincount(row, values[bucket] * share / 1000, n).astype(np.int64)
        maxima = np.where(kind == 2, values[fleet.middle[chosen].astype(int) + 8].astype(np.int64), 0)
        shown = np.flatnonzero((kind == 2) | (kind == 5))
        example_row = np.repeat(shown, np.minimum(calls[shown], 3))
        examples = np.empty(len(example_row), EXAMPLE)
        examples["duration_ns"] = maxima[example_row]
        examples["start_ns"] = minute * 60 * 10**9
        for name in ("trace_high", "trace_low", "span"):
            examples[name] = pick.integers(1, 1 << 62, len(example_row))
        errors = pick.binomial(calls, fleet.error_share[chosen]) * 1000
        return merge(
            Facts(
                np.full(n, self.asked.workspace), kind, np.full(n, minute), self.ids[chosen],
                np.stack([weight, errors, calls, sums], axis=1), maxima, Ragged(row, bucket, share),
                Ragged(row[is_part], np.minimum(1 + bucket[is_part] % 3, 20), share[is_part]), example_row, examples,
            )
        )  # fmt: skip

    def _close(self) -> None:
        from apps.insights.closed import begin, close, read_closed
        from apps.insights.levels import LEVELS
        from apps.store.connection import store_cursor

        with store_cursor() as cursor:
            if read_closed(cursor) is None:
                begin(cursor, self.now)
            for level in LEVELS:
                close(cursor, level, self.now // level.minutes * level.minutes)
            for level in LEVELS:
                cursor.execute(f"ANALYZE {level.table}")
            cursor.execute("ANALYZE rollup_key")


def sizes(days: int) -> None:
    """Bytes by level, indexes included."""
    from apps.insights.levels import LEVELS
    from apps.store.connection import store_cursor

    print("\n| level | rows a day | bytes a row | of them indexes | MB a day |\n|---|---:|---:|---:|---:|")
    with store_cursor() as cursor:
        for level in LEVELS:
            cursor.execute(
                """
                SELECT sum(pg_total_relation_size(inhrelid))::int8, sum(pg_indexes_size(inhrelid))::int8
                FROM pg_inherits WHERE inhparent = %s::regclass
                """,
                [level.table],
            )
            size, indexes = cursor.fetchone()
            cursor.execute(f"SELECT count(*), count(DISTINCT bucket_at) FROM {level.table}")
            rows, buckets = cursor.fetchone()
            a_day = rows / buckets * DAY_MINUTES / level.minutes
            print(
                f"| {level.table} | {a_day:,.0f} | {size / rows:.0f} | {indexes / rows:.0f} "
                f"| {a_day * size / rows / 1e6:,.1f} |"
            )


def timings(workspace: int, fleet: Fleet) -> None:
    print("\n| query | " + " | ".join(_said(hours) for hours in WINDOWS_H) + " |\n|---|" + "---|" * len(WINDOWS_H))
    for name, ask in questions(workspace, fleet).items():
        cells = [_timed(ask, hours) for hours in WINDOWS_H]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def _said(hours: int) -> str:
    return f"{hours} h" if hours < 48 else f"{hours // 24} d"


def questions(workspace: int, fleet: Fleet) -> dict[str, Callable]:
    from apps.insights import queries
    from apps.insights.series import series, step_for
    from apps.insights.usual import look_up
    from apps.traces.deposits import NAME, PART, SERVICE

    service, root = fleet.services[0], fleet.roots[0]
    return {
        "edges": lambda w: queries.edges(workspace, w),
        "services": lambda w: queries.services(workspace, w),
        "span_names, scalars": lambda w: queries.span_names(workspace, w, histograms=False),
        "span_names of a service": lambda w: queries.span_names(workspace, w, service=service),
        "parts of a root": lambda w: queries.parts(workspace, w, *root),
        "roots": lambda w: queries.roots(workspace, w),
        "errors": lambda w: queries.errors(workspace, w),
        "coverage": lambda w: queries.coverage(workspace, w),
        "series of a service": lambda w: series(workspace, w, SERVICE, (service,), step_for(w)),
        "series of its span names": lambda w: series(workspace, w, NAME, (service,), step_for(w), 1),
        "series of a root": lambda w: series(workspace, w, PART, (*root, "", "", ""), step_for(w)),
        "series of its parts": lambda w: series(workspace, w, PART, root, step_for(w), 3),
        "usual": lambda w: look_up(workspace, *root, w.end_ns),
    }


def _timed(ask: Callable, hours: int) -> str:
    """p50 / p95 in ms, and rows of the answer; each time another minute, as people's windows end at."""
    from apps.insights.window import window_over

    times, found = [], None
    for n in range(REPEAT):
        now = time.time_ns() - n * 60 * 10**9
        before = time.perf_counter()
        found = ask(window_over(now - hours * 3600 * 10**9, now))
        times.append((time.perf_counter() - before) * 1000)
    times.sort()
    size = len(found) if hasattr(found, "__len__") else 1
    return f"{times[len(times) // 2]:.0f} / {times[int(len(times) * 0.95)]:.0f} ({size})"


if __name__ == "__main__":
    main()
