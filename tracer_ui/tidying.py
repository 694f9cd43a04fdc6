"""What answers leave behind in circles is let go of when nobody waits for it.

A request, its form, its context and whatever belongs to it hold each other, and with them megabytes of page or body;
and the collector, which would find that, is kept from looking while a page is made (`tracer_ui.wsgi`). The circles of
hundreds of pages would stay.
"""

from __future__ import annotations

import gc
import itertools
import threading
import time

from django.core.signals import request_finished, request_started

QUIET_S, LATEST_S = 0.2, 2.0
"""After the last request that began or ended; and where they never end."""
LEAST_OBJECTS = 1_000
FULL_EVERY = 50
"""What was in use when it looked is looked at again only then."""


class Tidier:
    """Looks in a thread of its own, once in a process."""

    def __init__(self) -> None:
        self.wanted = threading.Event()
        self.guard = threading.Lock()
        self.moved_at = 0.0
        self.thread: threading.Thread | None = None

    def watch(self) -> None:
        request_started.connect(self.note, weak=False)
        request_finished.connect(self.note, weak=False)

    def note(self, **_: object) -> None:
        """The thread is started here, after the server has forked its workers."""
        self.moved_at = time.monotonic()
        self.wanted.set()
        if self.thread is None:
            with self.guard:
                if self.thread is None:
                    self.thread = threading.Thread(target=self.tidy_for_ever, name="tidying", daemon=True)
                    self.thread.start()

    def tidy_for_ever(self) -> None:
        for turn in itertools.count(1):
            self.wanted.wait()
            latest = time.monotonic() + LATEST_S
            while (left := min(self.moved_at + QUIET_S, latest) - time.monotonic()) > 0:
                time.sleep(left)
            self.wanted.clear()
            if gc.isenabled() and gc.get_count()[0] >= LEAST_OBJECTS:
                gc.collect(1 if turn % FULL_EVERY else 2)
