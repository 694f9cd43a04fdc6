"""What answers leave behind in circles is let go of when nobody waits for it.

A request, its form, its context and whatever belongs to it hold each other, and with them a page of a megabyte; and the
collector, which would find that, is kept from looking while a page is made (`tracer_ui.wsgi`). The circles of hundreds
of pages would stay.
"""

from __future__ import annotations

import gc
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterable

QUIET_S, LATEST_S = 0.2, 2.0
"""After the last request that began or was answered; and where they never end."""
FULL_EVERY = 50
"""What was in use when it looked is looked at again only then."""

_log = logging.getLogger(__name__)


class TidiedRequests:
    """A WSGI application around another one. It looks in a thread of its own, once in a process."""

    def __init__(self, application: Callable) -> None:
        self.application = application
        self.wanted = threading.Event()
        self.guard = threading.Lock()
        self.moved_at = 0.0
        self.thread: threading.Thread | None = None

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        self.note()
        try:
            return self.application(environ, start_response)
        finally:
            self.note()

    def note(self) -> None:
        """The thread is started here, after the server has forked its workers."""
        self.moved_at = time.monotonic()
        self.wanted.set()
        if self.thread is None:
            with self.guard:
                if self.thread is None:
                    thread = threading.Thread(target=self.tidy_for_ever, name="tidying", daemon=True)
                    try:
                        thread.start()
                        self.thread = thread
                    except RuntimeError:  # no more threads: an answer is worth more, and the next request tries again
                        _log.warning("Nothing is tidied: there is no thread for it")

    def tidy_for_ever(self) -> None:
        for turn in itertools.count(1):
            self.wanted.wait()
            self.wanted.clear()  # first, for a request that comes while it looks is looked after in the next turn
            latest = time.monotonic() + LATEST_S
            while (left := min(self.moved_at + QUIET_S, latest) - time.monotonic()) > 0:
                time.sleep(left)
            if gc.isenabled():
                gc.collect(1 if turn % FULL_EVERY else 2)
