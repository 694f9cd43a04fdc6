"""A store that was folded before there were six hours: whichever buckets a window is read from, at every step of the
way the figures are the sum of its minutes."""

from __future__ import annotations

import random
import time
from collections import defaultdict

import pytest
from django.core.management import call_command

from apps.insights import closed as closing
from apps.insights import cover as covering
from apps.insights import fold as folding
from apps.insights import reading, retention
from apps.insights.closed import read_closed
from apps.insights.cover import cover
from apps.insights.fold import fold
from apps.insights.levels import DAY, HOUR, LEVELS, SIX, day_at, drop_before, forget_partitions, partitions
from apps.insights.reading import Asked, figures_by_key
from apps.insights.retention import drop_expired
from apps.insights.window import Window
from apps.store.connection import store_cursor
from apps.traces.moments import DAY_NS, HOUR_NS, MINUTE_NS
from tests.insights.brute import NAME, Count, assert_same, expected, in_buckets, stored
from tests.insights.test_exact import whole_traces
from tests.store.shop import cut, some_trace
from tests.storing import digest_all, send
from tests.traces.build import random_specs

BEFORE = tuple(level for level in LEVELS if level is not SIX)
DAYS = 5
TRACES = 60


@pytest.fixture
def of_old(store, monkeypatch, settings):
    """The store as it was, and code that knows of no six hours until `monkeypatch.undo`."""
    settings.TRACER_MINUTE_RETENTION_DAYS = 30  # any cover may be asked for
    for level in LEVELS:
        drop_before(level, day_at(time.time_ns() // MINUTE_NS + 500 * DAY.minutes))
    forget_partitions()
    call_command("migrate", "insights", "0003_messages", verbosity=0)
    for module in (closing, covering, folding, reading, retention):
        monkeypatch.setattr(module, "LEVELS", BEFORE)
    yield
    monkeypatch.undo()
    call_command("migrate", "insights", verbosity=0)


def traces(seed: int) -> list:
    """Of some days; what is late is cut off them."""
    pick = random.Random(seed)
    return [
        some_trace(n, random_specs(seed * 1000 + n, pick.randint(1, 10)), ago_s=pick.uniform(60, DAYS * 86_400))
        for n in range(TRACES)
    ]


def fold_all(now_ns: int) -> None:
    while fold(now_ns):
        pass


def random_window(pick: random.Random) -> Window:
    now = time.time_ns() // MINUTE_NS * MINUTE_NS
    start = now - pick.randrange(DAYS * 1440) * MINUTE_NS
    return Window(start, start + pick.choice((90, 700, 1500, 5000)) * MINUTE_NS + pick.randrange(400) * MINUTE_NS)


def assert_any_cover_is_right(wanted, pick: random.Random, tries: int = 25) -> set:
    """Which levels were read."""
    seen = set()
    for _ in range(tries):
        window, expected_sums = random_window(pick), defaultdict(Count)
        for (kind, parts, minute), count in wanted.items():
            if kind == NAME and window.start_ns <= minute * MINUTE_NS < window.end_ns:
                expected_sums[parts].merge(count)
        with store_cursor() as cursor:
            closed = read_closed(cursor)
            as_if = {level: pick.choice((at, at, 0)) for level, at in closed.items()}
            stretches = cover(window, as_if, step=pick.choice((None, None, 60, 360)))
            found = figures_by_key(cursor, Asked(1, NAME, stretches))
        seen |= {stretch.level for stretch in stretches}
        assert {parts: numbers(f) for parts, f in found.items()} == {
            parts: (*count.numbers[:5], count.max_ns) for parts, count in expected_sums.items() if count.samples
        }, stretches
    return seen


def numbers(figures) -> tuple:
    return (
        figures.weight, figures.errors, figures.samples, figures.sum_ns, figures.histogram.counts, figures.max_ns
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_six_hours_are_made_of_what_was_folded_before(of_old, monkeypatch, seed):
    pick, now = random.Random(seed), time.time_ns()
    early, late, later = cut(traces(seed), seed, 3)
    fold(now - DAYS * DAY_NS)
    send(early)
    digest_all()
    fold_all(now - DAYS * DAY_NS // 2)
    fold_all(now)
    monkeypatch.undo()
    call_command("migrate", "insights", verbosity=0)
    with store_cursor() as cursor:
        closed = read_closed(cursor)
    assert closed[SIX] < closed[DAY] <= closed[HOUR]  # in the first hour of a day it is the same
    assert_any_cover_is_right(expected(whole_traces(TRACES)), pick)
    send(late)
    digest_all()
    wanted = expected(whole_traces(TRACES))
    folding._take(now // MINUTE_NS)  # What is late for days that are closed and sixes that are not.
    steps = 0
    while folding._close_next(now // MINUTE_NS - 1):
        steps += 1
        if steps % 4 == 0:
            assert_any_cover_is_right(wanted, pick, 4)
    assert steps > 2 * DAYS
    send(later)
    digest_all()
    fold_all(now)
    wanted = expected(whole_traces(TRACES))
    assert SIX in assert_any_cover_is_right(wanted, pick)
    fold_all(now + 2 * DAY_NS)
    for level in LEVELS:
        assert_same(stored(level.table), in_buckets(wanted, level.minutes))


def test_hours_outlive_their_time_until_six_hours_are_made_of_them(of_old, monkeypatch, settings):
    now = time.time_ns()
    fold(now - 4 * DAY_NS)
    send(some_trace(1, [("a", "x", None, 0, 5)], ago_s=3 * 86_400))
    digest_all()
    fold_all(now)
    monkeypatch.undo()
    call_command("migrate", "insights", verbosity=0)
    with store_cursor() as cursor:
        drop_expired(now + 60 * DAY_NS)
        assert len(partitions(cursor, HOUR)) == 1
        fold_all(now + HOUR_NS)
        drop_expired(now + 60 * DAY_NS)
        assert not partitions(cursor, HOUR) and not partitions(cursor, SIX)


def test_a_store_in_which_nothing_was_folded_yet_begins_with_all_levels(of_old, monkeypatch):
    monkeypatch.undo()
    call_command("migrate", "insights", verbosity=0)
    with store_cursor() as cursor:
        assert read_closed(cursor) is None
    send(some_trace(0, [("a", "x", None, 0, 5)], ago_s=86_400))
    digest_all()
    fold_all(time.time_ns())
    assert_same(stored("rollup_six"), in_buckets(expected(whole_traces(1)), 360))
