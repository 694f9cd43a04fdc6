"""The shop's own time: processes that sleep and wake on a virtual clock, in order, as fast as one lets them."""

from __future__ import annotations

import heapq
from collections.abc import Generator
from itertools import count

Process = Generator[int, None, None]
"""A generator that yields how long it wants to sleep (ns of virtual time); it runs in no time itself."""


class Agenda:
    """Discrete events in virtual time. `now_ns` is the time of the event that is (or was last) run."""

    def __init__(self, start_ns: int):
        self.now_ns = start_ns
        self._heap: list[tuple[int, int, Process]] = []
        self._order = count()

    def start(self, process: Process, after_ns: int = 0) -> None:
        heapq.heappush(self._heap, (self.now_ns + max(0, after_ns), next(self._order), process))

    @property
    def next_ns(self) -> int | None:
        return self._heap[0][0] if self._heap else None

    def __len__(self) -> int:
        return len(self._heap)

    def run_next(self) -> None:
        """Wake the process that is due next and put it back for when it wants to wake again."""
        self.now_ns, _, process = heapq.heappop(self._heap)
        sleep_ns = next(process, None)
        if sleep_ns is not None:
            self.start(process, sleep_ns)

    def run_until(self, end_ns: int) -> None:
        """Run all that is due before `end_ns`."""
        while self._heap and self._heap[0][0] < end_ns:
            self.run_next()

    def close(self) -> None:
        """Nothing more happens: processes are told (their open spans end) and forgotten."""
        processes = [process for _, _, process in self._heap]
        self._heap.clear()
        for process in processes:
            process.close()

    def postpone(self, by_ns: int) -> None:
        """Move everything later by `by_ns`; a shop that stood still this long does not make up for it."""
        self._heap = [(at_ns + by_ns, order, process) for at_ns, order, process in self._heap]
