"""Virtual time beside real time: the past as fast as it goes, then at the speed of the clock on the wall."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from itertools import count

from opentelemetry.sdk._logs import LogRecordProcessor
from opentelemetry.sdk.trace import SpanProcessor

from apps.demo.shop import Shop

CATCH_UP_NS = 600_000_000_000
"""A live shop that stood still longer than this (the endpoint was down) does not make up for it."""


LONGEST_SLEEP_S = 0.25


class Stop:
    """Set by a signal handler, so it takes no lock (a handler may interrupt whoever holds it): a flag to look at."""

    def __init__(self):
        self.is_asked = False


class Waiting:
    """Spans that the simulation has ended already but that, by the real clock, are not over yet."""

    def __init__(self, clock: Callable[[], int] = time.time_ns):
        self.clock = clock
        self._heap: list[tuple[int, int, Callable, object]] = []
        self._order = count()

    def hold(self, until_ns: int, deliver: Callable, item: object) -> None:
        if until_ns <= self.clock():
            deliver(item)
        else:
            heapq.heappush(self._heap, (until_ns, next(self._order), deliver, item))

    @property
    def next_ns(self) -> int | None:
        return self._heap[0][0] if self._heap else None

    def release(self, until_ns: int | None = None) -> None:
        """Deliver what is over by now (or by `until_ns`), in the order of its end."""
        now_ns = self.clock() if until_ns is None else until_ns
        while self._heap and self._heap[0][0] <= now_ns:
            _, _, deliver, item = heapq.heappop(self._heap)
            deliver(item)


class SpanGate(SpanProcessor):
    """Lets a span go when it is over."""

    def __init__(self, waiting: Waiting, behind: SpanProcessor):
        self._waiting = waiting
        self._behind = behind

    def on_end(self, span) -> None:
        self._waiting.hold(span.end_time, self._behind.on_end, span)


class LogGate(LogRecordProcessor):
    """Lets a log record go when its time has come."""

    def __init__(self, waiting: Waiting, behind: LogRecordProcessor):
        self._waiting = waiting
        self._behind = behind

    def on_emit(self, log_record) -> None:
        self._waiting.hold(log_record.log_record.timestamp, self._behind.on_emit, log_record)

    def shutdown(self) -> None:
        self._behind.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return self._behind.force_flush(timeout_millis)


def run_shop(shop: Shop, waiting: Waiting, stop: Stop, end_ns: int | None = None) -> None:
    """Run the shop until `stop` is asked for or virtual time reaches `end_ns`."""
    while not stop.is_asked:
        waiting.release()
        now_ns = waiting.clock()
        next_ns = shop.agenda.next_ns
        if next_ns is None or (end_ns is not None and next_ns >= end_ns):
            return
        if next_ns >= shop.settings.live_ns and now_ns - next_ns > CATCH_UP_NS:
            shop.agenda.postpone(now_ns - next_ns)
        elif next_ns <= now_ns:
            shop.agenda.run_next()
        else:
            due_ns = next_ns if waiting.next_ns is None else min(next_ns, waiting.next_ns)
            time.sleep(min(LONGEST_SLEEP_S, max(0, due_ns - now_ns) / 1e9))
