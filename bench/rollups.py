"""How large rollups are and how fast they and the pages answer: fills weeks of them and asks.

    python bench/rollups.py [--days 30] [--services 200] [--names 5000] [--rate 200]      in a store of its own
    python bench/rollups.py --fill [--workspace 1]      only fills the instance that TRACER_DATA_DIR names

What is filled in is told in `bench/rollup_fill.py`.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.rollup_fill import DAY_MINUTES, Filler, Fleet

WINDOWS_H = (1, 24, 7 * 24, 30 * 24)
REPEAT = 15
PAGES = ("/map", "/services", "/services/{service}", "/slow", "/why", "/errors")
ASKED_TIMES = 9


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
        filler.catch_up()  # before the rest, for the store folds what comes
        settle()
        sizes()
        timings(asked.workspace, filler.fleet)
        pages(product, filler)


def _django(environment: dict[str, str]) -> None:
    os.environ.update({k: v for k, v in environment.items() if k.startswith("TRACER_")})
    os.environ["DJANGO_SETTINGS_MODULE"] = "tracer_ui.settings"
    import django

    django.setup()


def settle() -> None:
    """What autovacuum and checkpoints do by and by in a month, and would otherwise do while pages are asked for."""
    from django.db import connection

    from apps.insights.levels import LEVELS

    with connection.cursor() as cursor:
        cursor.execute("VACUUM rollup_key, " + ", ".join(level.table for level in LEVELS))
        cursor.execute("CHECKPOINT")


def sizes() -> None:
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
    from apps.traces.key_book import NAME, PART, SERVICE

    service, root = fleet.services[0], fleet.roots[0]
    return {
        "edges": lambda w: queries.edges(workspace, w),
        "services": lambda w: queries.entered(workspace, w),
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


def pages(product, filler: Filler) -> None:
    """Whole pages over HTTP, from the running server, client on the same machine; ms. Each time a window that begins at
    another minute, which nobody has looked at before, and with traffic up to now."""
    service = filler.fleet.services[0]
    print("\n| page | window | p50 | p95 | max | KiB |\n|---|---|---|---|---|---|")
    for path in PAGES:
        for hours in WINDOWS_H:
            filler.catch_up()
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


def _page(path: str, hours: int, minutes: int) -> str:
    """Of a window that ends now, as those that people look at: then pages also read how it is of late."""
    end = int(time.time()) // 60 * 60
    start, end = (datetime.fromtimestamp(at, UTC).isoformat() for at in (end - hours * 3600 - minutes * 60, end))
    return f"{path}?" + urlencode({"range": "custom", "start": start, "end": end, "against": "before"})


if __name__ == "__main__":
    main()
