"""The load generator: a process of its own that sends OTLP to a real server and counts what was acknowledged.

    python bench/load.py --url http://127.0.0.1:4318/v1/traces --seconds 60 --batch 512 [--rate 5000]

Prints one JSON object: spans acknowledged, requests, answers by status, seconds, CPU seconds of the generator,
request times in ms.
"""

from __future__ import annotations

import argparse
import http.client
import json
import resource
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.workload import make_bodies


class Sender(threading.Thread):
    """One connection, kept alive, as an exporter keeps it."""

    def __init__(self, url: str, bodies, first_round: int, until: float, spans_per_s: float):
        super().__init__(daemon=True)
        self.url, self.bodies, self.round, self.until = urlsplit(url), bodies, first_round, until
        self.spans_per_s = spans_per_s
        self.acknowledged = 0
        self.statuses: Counter[str] = Counter()
        self.times_ms: list[float] = []

    def run(self) -> None:
        client = self._connect()
        began, sent = time.monotonic(), 0
        while time.monotonic() < self.until:
            for body in self.bodies:
                now = time.monotonic()
                if now >= self.until:
                    break
                if self.spans_per_s and (ahead := sent / self.spans_per_s - (now - began)) > 0:
                    time.sleep(min(ahead, max(0.0, self.until - now)))
                client = self._send(client, body)
                sent += body.span_count
            self.round += 1000

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=30)

    def _send(self, client, body):
        data = body.stamped(self.round, time.time_ns() - 2_000_000_000)
        asked = time.perf_counter()
        try:
            client.request("POST", self.url.path, data, {"Content-Type": "application/x-protobuf"})
            answer = client.getresponse()
            answer.read()
            status = str(answer.status)
        except (OSError, http.client.HTTPException) as error:
            client.close()
            client, status = self._connect(), type(error).__name__
            time.sleep(0.2)
        self.times_ms.append((time.perf_counter() - asked) * 1000)
        self.statuses[status] += 1
        if status == "200":
            self.acknowledged += body.span_count
        elif status in ("429", "503"):
            time.sleep(1)
        return client


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--rate", type=float, default=0, help="spans a second in all; 0 means as fast as it takes them")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    asked = parser.parse_args()
    a_pool = max(60_000 // asked.connections, asked.batch * 6)
    pools = [make_bodies(a_pool, asked.batch, asked.seed + n) for n in range(asked.connections)]
    until = time.monotonic() + asked.seconds
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    senders = [Sender(asked.url, pool, n, until, asked.rate / asked.connections) for n, pool in enumerate(pools)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    _report(senders, pools, time.monotonic() - began, before)


def _report(senders: list[Sender], pools, seconds: float, before) -> None:
    after = resource.getrusage(resource.RUSAGE_SELF)
    times = sorted(t for s in senders for t in s.times_ms) or [0.0]
    bodies = [body for pool in pools for body in pool]
    print(
        json.dumps(
            {
                "acknowledged": sum(s.acknowledged for s in senders),
                "requests": len(times),
                "statuses": dict(sum((s.statuses for s in senders), Counter())),
                "seconds": round(seconds, 2),
                "bytes_a_span": round(sum(len(b.data) for b in bodies) / sum(b.span_count for b in bodies), 1),
                "cpu_seconds": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 2),
                "ms": {"p50": times[len(times) // 2], "p95": times[int(len(times) * 0.95)], "max": times[-1]},
            }
        )
    )


if __name__ == "__main__":
    main()
