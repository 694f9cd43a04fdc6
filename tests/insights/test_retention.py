"""Levels lose whole partitions when their time is over, and none that is still needed."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.db import connection

from apps.insights import fold as folding
from apps.insights.fold import fold
from apps.insights.levels import DAY, HOUR, LEVELS, MINUTE, SIX, TEN, day_at, drop_before, partitions
from apps.insights.queries import coverage, covered
from apps.insights.retention import drop_expired
from apps.insights.window import Window
from apps.traces.moments import DAY_NS, HOUR_NS, MINUTE_NS
from tests.insights.brute import assert_same, expected, in_buckets, stored
from tests.insights.test_exact import whole_traces
from tests.store.shop import random_traces, some_trace
from tests.storing import digest_all, send

pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture(autouse=True)
def no_partitions(store):
    """Other tests leave theirs, emptied."""
    for level in LEVELS:
        drop_before(level, day_at(time.time_ns() // MINUTE_NS) + timedelta(days=500))


def kept(level) -> int:
    with connection.cursor() as cursor:
        return len(partitions(cursor, level))


def fold_at(now_ns: int) -> None:
    while fold(now_ns):
        pass


def test_each_level_is_dropped_in_its_time_and_the_next_one_answers():
    now = time.time_ns()
    fold(now)
    send(some_trace(1, [("a", "x", None, 0, 5)]))
    digest_all()
    fold_at(now + 2 * DAY_NS)
    # To the end of the day: tomorrow's part would be answered by hours, which are kept a day longer.
    window = Window(now - HOUR_NS, (now // DAY_NS + 1) * DAY_NS)
    for days, gone in ((0, 0), (3, 1), (9, 2), (36, 4)):
        fold_at(now + days * DAY_NS)
        drop_expired(now + days * DAY_NS)
        assert [kept(level) for level in LEVELS] == [0] * gone + [1] * (5 - gone)
        assert coverage(1, window).spans == 1
    wide = covered(window)
    assert wide.start_ns % DAY_NS == wide.end_ns % DAY_NS == 0
    assert wide.start_ns <= window.start_ns and window.end_ns <= wide.end_ns
    drop_expired(now + 430 * DAY_NS)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM rollup_key")
        assert cursor.fetchone()[0] > 0, "facts of a month are kept until all of it may go"
        drop_expired(now + 500 * DAY_NS)
        assert [kept(level) for level in LEVELS] == [0, 0, 0, 0, 0]
        cursor.execute("SELECT count(*) FROM rollup_key")
        assert cursor.fetchone()[0] == 0


def test_minutes_that_no_hour_holds_yet_outlive_their_time():
    now = time.time_ns()
    fold(now)
    send(some_trace(1, [("a", "x", None, 0, 5)], ago_s=-2 * 3600))
    digest_all()
    fold(now)
    drop_expired(now + 10 * DAY_NS)
    assert kept(MINUTE) == 1
    fold_at(now + 10 * DAY_NS)
    drop_expired(now + 10 * DAY_NS)
    assert (kept(MINUTE), kept(TEN), kept(HOUR), kept(SIX), kept(DAY)) == (0, 0, 1, 1, 1)


def test_spans_older_than_minutes_are_kept_count_in_hours_and_days():
    now = time.time_ns()
    send(*(some_trace(n, [("a", "x", None, 0, 5)], ago_s=(3 + n) * 86_400) for n in range(8)))
    digest_all()
    fold_at(now)
    wanted = expected(whole_traces(8))
    assert not stored("rollup_inbox") and not stored("rollup_minute")
    assert_same(stored("rollup_hour"), in_buckets(wanted, 60))
    assert_same(stored("rollup_six"), in_buckets(wanted, 360))
    assert_same(stored("rollup_day"), in_buckets(wanted, 1440))
    assert coverage(1, Window(now - 30 * DAY_NS, now)).traces == 8
    with connection.cursor() as cursor:
        days = {day for _, day in partitions(cursor, TEN)}
    assert days and min(days) >= day_at(now // MINUTE_NS - 8 * 1440)


def test_what_arrives_while_buckets_are_closed_is_taken_before_the_next_one(monkeypatch):
    close_next, inbox = folding._close_next, []

    def closing(over: int) -> bool:
        inbox.append(len(stored("rollup_inbox")))
        if len(inbox) == 1:
            send(some_trace(1, [("a", "x", None, 0, 5)]))
            digest_all()
        return close_next(over)

    now = time.time_ns()
    fold(now)
    monkeypatch.setattr(folding, "_close_next", closing)
    fold(now + DAY_NS)
    assert len(inbox) > 3 and not any(inbox) and not stored("rollup_inbox")
    assert stored("rollup_minute")


def test_a_large_inbox_is_emptied_in_pieces(monkeypatch):
    monkeypatch.setattr(folding, "MAX_ROWS", 7)
    send(*random_traces(3, 20))
    digest_all()
    assert fold(time.time_ns()) > 100
    assert_same(stored("rollup_minute"), expected(whole_traces(20)))
