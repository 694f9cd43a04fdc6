"""`make bench`: measures ingest, storage and search on this machine and writes docs/benchmarks.md.

    python bench/run.py [--sizes 1,10,30] [--seconds 60] [--out docs/benchmarks.md]

Sizes are millions of stored spans. Everything runs in a temporary folder on free ports; about 25 minutes on two
cores at the default sizes, and some 4 GB of disk.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.ingest import measure
from bench.product import ROOT, Product
from bench.report import write_report
from bench.searches import timings
from bench.storage import Storage

SMALL_SECONDS = 15
REPEAT = 300
"""Questions of a kind: of 60 the third slowest is the p95, which is luck."""
LIVE_RATE = 5_000
SUSTAINED_RATE = 40_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1,10,30", help="millions of stored spans to search at")
    parser.add_argument("--seconds", type=float, default=60, help="how long the main load lasts")
    parser.add_argument("--out", default="docs/benchmarks.md")
    asked = parser.parse_args()
    results = {"command": "python bench/run.py " + " ".join(sys.argv[1:]), "machine": machine(), "sizes": []}
    with Product() as product:
        storage = Storage(product.environment)
        results["ingest"] = ingest(product, storage, asked.seconds)
        for millions in [float(size) for size in asked.sizes.split(",") if size]:
            results["sizes"].append(at_size(product, storage, int(millions * 1e6)))
            write_report(results, ROOT / asked.out)
    write_report(results, ROOT / asked.out)


def ingest(product: Product, storage: Storage, seconds: float) -> list[dict]:
    found = [measure(product, storage, batch=512, seconds=seconds, rate=SUSTAINED_RATE)]
    say(json.dumps(asdict(found[0])))
    found.append(measure(product, storage, batch=512, seconds=min(seconds, SMALL_SECONDS)))
    for batch, connections in ((1, 8), (5, 8), (50, 8), (8192, 2)):
        found.append(
            measure(product, storage, batch=batch, seconds=min(seconds, SMALL_SECONDS), connections=connections)
        )
        say(f"batches of {batch}: {found[-1].spans_a_second} spans/s")
    return [asdict(f) for f in found]


def at_size(product: Product, storage: Storage, spans: int) -> dict:
    """Fill up to `spans`, then ask while 5 000 spans/s go on arriving."""
    began, cpu = time.monotonic(), product.cpu_seconds()["worker"]
    written = storage.fill(max(0, spans - storage.spans()))
    filled_s = time.monotonic() - began
    worker_cpu = (product.cpu_seconds()["worker"] - cpu) / max(written / 1e6, 0.001)
    storage.settle()
    size = {
        "spans": storage.spans(), "traces": storage.rows("SELECT count(*) FROM trace WHERE part = 0")[0][0],
        "filled_s": round(filled_s), "digest_cpu_s_a_million": round(worker_cpu, 2),
        "bytes_a_span": storage.bytes_a_span(),
    }  # fmt: skip
    say(json.dumps(size))
    load = subprocess.Popen(
        [sys.executable, "bench/load.py", "--url", product.traces_url, "--seconds", "600", "--rate", str(LIVE_RATE),
         "--connections", "2"], cwd=ROOT, stdout=subprocess.DEVNULL)  # fmt: skip
    try:
        time.sleep(20)
        size["searches"] = [asdict(t) for t in timings(storage.rows, REPEAT)]
    finally:
        load.terminate()
        load.wait()
    storage.wait_until_sealed()
    return size


def machine() -> dict[str, str]:
    names = [
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": f"{os.cpu_count()} × {names[0] if names else platform.processor()}",
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release().split('-')[0]}, Python {platform.python_version()}",
    }


def say(text: str) -> None:
    print(time.strftime("%H:%M:%S"), text, flush=True)


if __name__ == "__main__":
    main()
