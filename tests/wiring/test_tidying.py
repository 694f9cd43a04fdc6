"""What requests leave behind in circles goes when they are over, though the collector hardly ever looks by itself."""

import gc
import time
import weakref

import pytest
from django.core.signals import request_finished, request_started

from tracer_ui.tidying import LATEST_S, LEAST_OBJECTS, QUIET_S, Tidier


class Circle:
    def __init__(self) -> None:
        self.self = self


def test_circles_go_when_nobody_asks_any_more():
    tidier, thresholds = Tidier(), gc.get_threshold()
    gc.collect()
    gc.set_threshold(0)
    try:
        left = [Circle() for _ in range(LEAST_OBJECTS)]
        last = weakref.ref(left[-1])
        tidier.note()
        time.sleep(QUIET_S / 2)
        del left
        assert last() is not None
        until = time.monotonic() + 5 * LATEST_S
        while last() is not None and time.monotonic() < until:
            time.sleep(0.02)
        assert last() is None
    finally:
        gc.set_threshold(*thresholds)


def test_it_does_not_wait_for_an_end_that_never_comes():
    tidier, thresholds = Tidier(), gc.get_threshold()
    gc.collect()
    gc.set_threshold(0)
    try:
        last = weakref.ref([Circle() for _ in range(LEAST_OBJECTS)][-1])
        until = time.monotonic() + 5 * LATEST_S
        while last() is not None and time.monotonic() < until:
            tidier.note()
            time.sleep(QUIET_S / 4)
        assert last() is None
    finally:
        gc.set_threshold(*thresholds)


@pytest.mark.django_db
def test_every_request_is_noted():
    tidier = Tidier()
    tidier.watch()
    try:
        for signal in (request_started, request_finished):
            tidier.moved_at = 0.0
            signal.send(sender=None)
            assert tidier.moved_at > 0 and tidier.thread is not None
    finally:
        for signal in (request_started, request_finished):
            assert signal.disconnect(tidier.note)
