"""The garbage collector rests while a large trace is read, and until its page is out.

A collection amid a hundred thousand new objects finds nothing, and looks through all of them: 0.25 of 0.6 s for
50 000 spans. One look is enough, and no reader has to wait for it.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

QUIET_S = 0.4
"""After the last question: its page is made, sent and painted by then."""
LATEST_S = 5.0
"""Somebody may scroll for ever."""
MOST_OBJECTS = 2_000_000
"""New ones, after which it looks however many are reading."""

_lock = threading.Lock()
_resting = 0
_asked_at = 0.0


def note_question() -> None:
    """Somebody asks for a trace or a part of one; what can wait waits until he has it."""
    global _asked_at
    _asked_at = time.monotonic()


@contextmanager
def resting(afterwards: Callable[[], None]) -> Iterator[None]:
    """No collection in here. `afterwards` lets go of what is not needed any more: at once where little was made, else
    when nobody has asked for a while, in a thread of its own, which then collects."""
    global _resting
    with _lock:
        _resting += 1
        gc.disable()
    try:
        yield
    finally:
        if _is_due(0):
            _rest_on(afterwards)
        else:
            _wake(afterwards)


def _rest_on(afterwards: Callable[[], None]) -> None:
    try:
        threading.Thread(target=_wake_later, args=[afterwards], name="resting", daemon=True).start()
    except RuntimeError:  # no more threads: then this one
        _wake(afterwards)


def _wake_later(afterwards: Callable[[], None]) -> None:
    try:
        note_question()
        latest = time.monotonic() + LATEST_S
        while (left := min(_asked_at + QUIET_S, latest) - time.monotonic()) > 0:
            time.sleep(left)
    finally:
        _wake(afterwards)


def _wake(afterwards: Callable[[], None]) -> None:
    global _resting
    try:
        afterwards()
    finally:
        with _lock:
            _resting -= 1
            if not _resting or gc.get_count()[0] > MOST_OBJECTS:
                # Here nobody waits for it; it would come upon some reader soon after the collector is back.
                due = max(filter(_is_due, range(3)), default=None)
                if due is not None:
                    gc.collect(due)
                gc.enable()


def _is_due(generation: int) -> bool:
    return gc.get_count()[generation] > gc.get_threshold()[generation]
