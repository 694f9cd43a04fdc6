"""Reading with a time limit, from a server that has none.

Granian's `wsgi.input.read` waits for ever: sixteen clients that send one byte a minute would hold sixteen
worker threads. Here the waiting is done by threads of our own, so that a worker thread can give up. A
hand-over costs 10 µs. The threads are daemons: one that waits for a dead client must not hold up the exit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue


class ReadersBusy(Exception):
    """Every reader waits for a slow client."""


class _Job:
    __slots__ = ("call", "done", "result", "error")

    def __init__(self, call: Callable[[], bytes]):
        self.call = call
        self.done = threading.Lock()
        self.done.acquire()
        self.result: bytes = b""
        self.error: Exception | None = None


class BodyReaders:
    """At most `limit` threads, started when needed and kept."""

    def __init__(self, limit: int):
        self.limit = limit
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._guard = threading.Lock()
        self._free = 0
        self._started = 0

    def run(self, call: Callable[[], bytes], timeout_s: float) -> bytes:
        """`call()` in a reader thread. Raises what it raises, TimeoutError, or ReadersBusy."""
        self._reserve()
        job = _Job(call)
        self._jobs.put(job)
        if not job.done.acquire(timeout=timeout_s):
            raise TimeoutError
        if job.error is not None:
            raise job.error
        return job.result

    def _reserve(self) -> None:
        with self._guard:
            if self._free:
                self._free -= 1
                return
            if self._started >= self.limit:
                raise ReadersBusy
            self._started += 1
        threading.Thread(target=self._work, name="body-reader", daemon=True).start()

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                job.result = job.call()
            except Exception as error:
                job.error = error
            # Free before done: the caller's next read finds this thread again.
            with self._guard:
                self._free += 1
            job.done.release()
            del job
