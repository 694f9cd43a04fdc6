"""How much is taken in: spans acknowledged and later found, CPU by process, and how far digest is behind."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

from bench.product import ROOT, Product
from bench.storage import Storage


@dataclass(slots=True)
class Ingest:
    batch: int
    rate: int
    """Spans a second the generator was held to; 0 for as fast as they were taken."""
    acknowledged: int
    found: int
    """Spans stored once everything was digested; equal to `acknowledged` when nothing was lost or doubled."""
    seconds: float
    spans_a_second: float
    statuses: dict[str, int]
    request_ms: dict[str, float]
    cpu_s_a_million: dict[str, float]
    """CPU seconds per million spans by process, from the first request to the last span sealed."""
    generator_cpu_s_a_million: float
    lag_at_end_s: float
    """Age of the oldest span that could have been sealed, when the last request was answered."""
    lag_most_s: float
    drained_after_s: float
    rollups_behind_s: dict[str, float]
    """How old the newest moment is up to which everything received is in the rollups, asked every second;
    the quiet time of 10 s is part of it."""


def measure(
    product: Product, storage: Storage, *, batch: int, seconds: float, connections: int = 4, rate: int = 0
) -> Ingest:
    """Load from another process while digest runs, then wait until all is sealed and count."""
    had, cpu_before = storage.spans(), product.cpu_seconds()
    lags: list[float] = []
    behind: list[float] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(1):
            lags.append(storage.lag_s())
            behind.append(storage.rollups_behind_s())

    watcher = threading.Thread(target=watch)
    watcher.start()
    load = run_load(product.traces_url, seconds=seconds, batch=batch, connections=connections, rate=rate)
    lag_at_end, ended = storage.lag_s(), time.monotonic()
    done.set()
    watcher.join()
    storage.wait_until_sealed()
    drained = time.monotonic() - ended
    cpu_after, million = product.cpu_seconds(), load["acknowledged"] / 1e6
    used = {role: round((cpu_after[role] - cpu_before[role]) / million, 2) for role in cpu_after}
    return Ingest(
        batch, rate, load["acknowledged"], storage.spans() - had, load["seconds"],
        round(load["acknowledged"] / load["seconds"]), load["statuses"],
        {name: round(ms, 1) for name, ms in load["ms"].items()}, used | {"all": round(sum(used.values()), 2)},
        round(load["cpu_seconds"] / million, 2), round(lag_at_end, 1), round(max(lags, default=0.0), 1),
        round(drained, 1), _quantiles(behind),
    )  # fmt: skip


def _quantiles(values: list[float]) -> dict[str, float]:
    ordered = sorted(values) or [0.0]
    shares = {"p50": 0.5, "p95": 0.95, "max": 1.0}
    return {name: round(ordered[min(int(len(ordered) * share), len(ordered) - 1)], 1) for name, share in shares.items()}


def run_load(url: str, **options: object) -> dict:
    """What `bench/load.py` printed, run as a process of its own."""
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    done = subprocess.run(
        [sys.executable, "bench/load.py", "--url", url, *words], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)
