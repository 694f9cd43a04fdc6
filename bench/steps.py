"""What a span costs, step by step, in one process and without a database.

    python bench/steps.py [--rounds 4] [--of 3]

Prints CPU time in µs a span: what the OTLP server does with a request before it is stored, and what a worker does from
the batches to the rows. The rest of the figures in docs/benchmarks.md is HTTP, PostgreSQL's client and Celery.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ["DJANGO_SETTINGS_MODULE"] = "tracer_ui.settings"

import django

from apps.digest import seal
from apps.insights.ledger import Ledger
from apps.insights.summing import summed
from apps.store import copying, sealed
from apps.store.hot import HotBatch
from apps.traces.batch import split_batch
from apps.traces.otlp import parse_request
from bench.workload import make_bodies

BATCHES_AT_ONCE = 300
RETENTION_DAYS = 14


class Laps:
    def __init__(self):
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def of(self, what: str) -> Iterator[None]:
        before = time.process_time()
        yield
        self.seconds[what] += time.process_time() - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=4, help="times the 26 000 spans of the workload")
    parser.add_argument("--of", type=int, default=3, help="runs; the quickest counts")
    asked = parser.parse_args()
    django.setup()
    runs = [one_run(asked.rounds) for _ in range(asked.of)]
    print(f"Python {platform.python_version()}, {asked.rounds} × 26 000 spans, the quickest of {asked.of}; µs a span")
    for what in runs[0]:
        print(f"  {what:48} {min(run[what] for run in runs):6.2f}")
    print(f"  {'together':48} {min(sum(run.values()) for run in runs):6.2f}")


def one_run(rounds: int) -> dict[str, float]:
    """µs a span by step."""
    bodies = make_bodies(26_000, 512, seed=1, trace_every_ns=50_000_000)
    first_ns = time.time_ns() - 3600 * 10**9
    requests = [b.stamped(1_000 + n * 7_919, first_ns + n * 10**10) for n in range(rounds) for b in bodies]
    laps, shards = Laps(), defaultdict(list)
    seal.forget_readers()
    with laps.of("request: parse, check, cut, tokens, compress"):
        parts = [part for body in requests for part in split_batch(parse_request(body)[0], body).parts]
    for part in parts:
        at_us = time.time_ns() // 1_000
        shards[part.shard].append(HotBatch(0, 1, part.signal, at_us, at_us, part.span_count, part.payload))
    gc.collect()
    gc.disable()
    for batches in shards.values():
        for begin in range(0, len(batches), BATCHES_AT_ONCE):
            digest(batches[begin : begin + BATCHES_AT_ONCE], laps)
    gc.enable()
    spans = rounds * sum(body.span_count for body in bodies)
    return {what: seconds / spans * 1e6 for what, seconds in laps.seconds.items()}


def digest(batches: list[HotBatch], laps: Laps) -> None:
    columns, ledger = {}, Ledger()
    with laps.of("digest: decompress, gather by trace"):
        gathered = seal._gather(batches)
    with laps.of("digest: parse once more, summary, tokens"):
        traces = [
            (key, seal._finish(key, one.draft, one.received_us * 1_000, RETENTION_DAYS, columns))
            for key, one in gathered.items()
        ]
    with laps.of("digest: contributions, edges, errors, deposits"):
        for key, trace in traces:
            ledger.add(1, trace.draft, trace.filed_at_ns, columns=columns[key])
    with laps.of("digest: sum up by key and minute"):
        summed(ledger.deposits(1))
    with laps.of("digest: documents, compress, rows"):
        b"".join(row for _, trace in traces for row in sealed._rows(trace, None)) + copying.TRAILER
    with laps.of("digest: free what was made"):
        del gathered, traces, columns, ledger


if __name__ == "__main__":
    main()
