"""Python's cycle collector, out of the way while a transaction is in hand."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """A transaction holds half a million objects, hardly one in a cycle; looking through them again and again takes
    1.5 µs a span. They go by their reference counts as soon as it is over."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
