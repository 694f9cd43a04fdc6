"""A small body that stands for a large one costs neither what it stands for nor the limit; and no body stays."""

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


PACKERS = {"gzip": gzip.compress, "zstd": zstandard.compress}


def test_a_body_within_the_limit_takes_its_size_once(servers):
    """And this measure sees what a body takes."""
    server = servers("open")
    load_what_the_first_request_loads(server.port)
    size = 50 * MIB
    with PeakMemory(server.process.pid) as memory:
        answer = send(server.port, gzip.compress(bytes(size)), {"Content-Encoding": "gzip"})

    assert answer.status == 400  # zeros are not OTLP; that is seen once they are decompressed
    assert 16 * MIB < memory.peak - memory.before < 1.6 * size


@pytest.mark.parametrize("encoding", PACKERS)
def test_a_bomb_of_256_mib_raises_memory_by_less_than_40_mib(encoding, servers):
    server = servers("open")
    body = PACKERS[encoding](bytes(BOMB_BYTES))
    assert len(body) < MIB
    load_what_the_first_request_loads(server.port)

    with PeakMemory(server.process.pid) as memory:
        answer = send(server.port, body, {"Content-Encoding": encoding})

    assert answer.status == 413
    assert memory.peak - memory.before < 40 * MIB


def test_memory_does_not_grow_from_bomb_to_bomb(servers):
    """Not even over the server's four threads in turn, and with zstd's larger blocks between: once glibc has freed one
    of them it takes smaller ones from the heap of the thread, which may keep them."""
    server = servers("open")
    bodies = {encoding: pack(bytes(BOMB_BYTES)) for encoding, pack in PACKERS.items()}
    for encoding, body in bodies.items():
        send(server.port, body, {"Content-Encoding": encoding})
    with PeakMemory(server.process.pid) as memory:
        for encoding, body in [*bodies.items()] * 6:
            send(server.port, body, {"Content-Encoding": encoding})
        time.sleep(0.01)
    assert memory.peak - memory.before < 64 * MIB


def test_memory_does_not_grow_from_request_to_request(servers):
    """What is stored is not kept in memory, as it was while a request held itself and its body."""
    server = servers("open")

    def send_some(count: int) -> None:
        for _ in range(count):
            body = spans.with_text(spans.new_trace_id(), b"x" * 2 * MIB)
            assert send(server.port, body, {}).status == 200

    send_some(20)
    with PeakMemory(server.process.pid) as memory:
        send_some(40)
        time.sleep(0.01)
    assert memory.peak - memory.before < 24 * MIB


def load_what_the_first_request_loads(port: int) -> None:
    send(port, spans.protobuf(spans.span(spans.new_trace_id())), {})


def send(port: int, body: bytes, headers: dict[str, str]):
    return exchange(
        port, head("POST", "/v1/traces", {"Content-Type": PROTOBUF, "Content-Length": str(len(body))} | headers), body
    )
