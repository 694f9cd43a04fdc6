"""Traces kept between requests: what is let go is gone at once, and no reader waits for the garbage collector."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable

import pytest

from apps.accounts.models import DEFAULT_WORKSPACE_ID
from apps.explorer.trace import loaded, resting
from apps.explorer.trace.loaded import forget_all, open_trace
from apps.traces.tree import Node
from tests.explorer.traces import deep_trace
from tests.storing import send

IDS = tuple(f"{0xE0 + n:032x}" for n in range(3))
SPANS = 300


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    forget_all()
    wait_until(gc.isenabled)  # other tests may have opened traces just before


@pytest.fixture
def served():
    """The collector looks as seldom as in a process of the product."""
    usual = gc.get_threshold()
    gc.collect()
    gc.set_threshold(50_000, 20, 20)
    yield
    gc.set_threshold(*usual)


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def nodes_held() -> int:
    return sum(type(thing) is Node for thing in gc.get_objects())


@pytest.mark.django_db(transaction=True)
def test_a_trace_that_is_let_go_frees_its_tree_without_a_collection(empty_store, served, monkeypatch):
    monkeypatch.setattr(loaded, "MAX_SPANS", SPANS)
    for trace_id in IDS:
        send(deep_trace(trace_id, time.time_ns(), SPANS).data)
        assert len(open_trace(DEFAULT_WORKSPACE_ID, trace_id).tree.nodes) == SPANS
        assert nodes_held() == SPANS


def test_the_collector_rests_until_some_time_after_much_was_made(monkeypatch):
    monkeypatch.setattr(resting, "QUIET_S", 0.2)
    gone = []
    with resting.resting(afterwards=lambda: gone.append(1)):
        held = [[number] for number in range(gc.get_threshold()[0] * 2)]
    assert not gc.isenabled() and not gone
    wait_until(gc.isenabled)
    assert gone and len(held)
    assert gc.get_count()[0] < gc.get_threshold()[0]


def test_what_can_wait_waits_while_somebody_asks_but_not_for_ever(monkeypatch):
    monkeypatch.setattr(resting, "QUIET_S", 2.0)
    monkeypatch.setattr(resting, "LATEST_S", 3.0)
    gone = []
    with resting.resting(afterwards=lambda: gone.append(time.monotonic())):
        held = [[number] for number in range(gc.get_threshold()[0] * 2)]
    began = time.monotonic()
    while time.monotonic() < began + 20 and not gone:
        resting.note_question()
        time.sleep(0.05)
    assert gone and 2.9 < gone[0] - began < 15 and len(held)
    wait_until(gc.isenabled)


def test_the_collector_works_again_at_once_after_little_was_made():
    gc.collect()
    gone = []
    with resting.resting(afterwards=lambda: gone.append(1)):
        assert not gc.isenabled()
    assert gc.isenabled() and gone


def test_two_readers_leave_the_collector_to_the_last_of_them():
    gc.collect()
    with resting.resting(afterwards=list):
        with resting.resting(afterwards=list):
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_without_a_thread_to_wait_in_the_collector_comes_back_at_once(monkeypatch):
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    gone = []
    monkeypatch.setattr(threading.Thread, "start", refuse)
    with resting.resting(afterwards=lambda: gone.append(1)):
        kept = [[] for _ in range(gc.get_threshold()[0] + 10)]
    assert gone == [1] and gc.isenabled()
    del kept
