"""Reads that go on at the same time, each on a connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from django.db import connection

BESIDE = 4
"""Threads of a process, and connections more than it answers requests with. A database has few cores to spare."""

Read = TypeVar("Read")

_here = threading.local()


def _mark() -> None:
    _here.is_beside = True


_threads = ThreadPoolExecutor(BESIDE, "read", _mark)  # They start when they are needed, and stay.


def at_once(*reads: Callable[[], Read]) -> list[Read]:
    """What each gives, in their order. The first runs in this thread, the others beside it: PostgreSQL gives a
    connection one core. Raises what the first of them raised, after all that had begun have ended.

    In a transaction one follows the other, for only its own connection sees what it has written; so they do within a
    read that runs beside another, which must not wait for the threads that it keeps busy.
    """
    if connection.in_atomic_block or getattr(_here, "is_beside", False):
        return [read() for read in reads]
    beside = [_threads.submit(read) for read in reads[1:]]
    try:
        found = [reads[0]()]
        for read, one in zip(reads[1:], beside, strict=True):
            found.append(read() if one.cancel() else one.result())  # here, where no thread came to it
    finally:
        wait([one for one in beside if not one.cancel()])
    return found


def close_connections() -> None:
    """Of all threads, when nothing is read any more."""
    met = threading.Barrier(BESIDE, timeout=10)

    def close() -> None:
        try:
            met.wait()  # so that each thread has one of these to do
        finally:
            connection.close()

    for one in [_threads.submit(close) for _ in range(BESIDE)]:
        one.result()
