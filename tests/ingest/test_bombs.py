"""A small body that stands for a large one costs the limit, not what it stands for."""

from __future__ import annotations

import gzip
import threading
import time

import psutil
import pytest
import zstandard

from tests.ingest import spans
from tests.ingest.odd_requests import BOMB_BYTES
from tests.ingest.wire_http import PROTOBUF, exchange, head

MIB = 2**20


class PeakMemory:
    """The largest resident size of a process and its children while the block runs, every 2 ms."""

    def __init__(self, pid: int):
        self.processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        self.before = self.peak = self._now()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.002):
            self.peak = max(self.peak, self._now())

    def _now(self) -> int:
        return sum(process.memory_info().rss for process in self.processes)


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("zstd", zstandard.compress)])
def test_a_bomb_of_256_mib_raises_memory_by_less_than_100_mib(encoding, pack, servers):
    server = servers("open")
    body = pack(bytes(BOMB_BYTES))
    assert len(body) < MIB
    send(server.port, spans.protobuf(spans.span(spans.new_trace_id())), {})  # whatever the first request loads

    with PeakMemory(server.process.pid) as memory:
        answer = send(server.port, body, {"Content-Encoding": encoding})

    assert answer.status == 413
    assert 16 * MIB < memory.peak - memory.before < 100 * MIB


def test_memory_does_not_grow_from_bomb_to_bomb(servers):
    server = servers("open")
    body = gzip.compress(bytes(BOMB_BYTES))
    send(server.port, body, {"Content-Encoding": "gzip"})
    with PeakMemory(server.process.pid) as memory:
        for _ in range(5):
            send(server.port, body, {"Content-Encoding": "gzip"})
        time.sleep(0.01)
    assert memory.peak - memory.before < 100 * MIB


def send(port: int, body: bytes, headers: dict[str, str]):
    return exchange(
        port, head("POST", "/v1/traces", {"Content-Type": PROTOBUF, "Content-Length": str(len(body))} | headers), body
    )
