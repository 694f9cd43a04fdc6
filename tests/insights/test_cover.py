"""A window is made up of buckets that are closed, aligned and kept: exactly, and of few."""

import random
import time
from itertools import pairwise

import pytest

from apps.insights.cover import cover
from apps.insights.levels import DAY, LEVELS, MINUTE
from apps.insights.queries import covered
from apps.insights.window import Window
from apps.traces.moments import MINUTE_NS
from tests.storing import digest_all

NOW = 29_927_000


def some_closed(pick: random.Random) -> dict:
    """Each level as far as the one below allows, or less."""
    closed, until = {}, NOW - pick.randrange(3)
    for level in LEVELS:
        until = (
            max(0, until - pick.choice((0, 0, 1)) * pick.randrange(3) * level.minutes) // level.minutes * level.minutes
        )
        closed[level] = until
    return closed


@pytest.mark.parametrize("seed", range(300))
def test_the_stretches_are_the_window_whatever_is_closed(seed):
    pick = random.Random(seed)
    closed, start = some_closed(pick), NOW - pick.choice((5, 70, 1500, 50_000)) - pick.randrange(1500)
    end = start + pick.choice((1, 7, 65, 1441, 44_000)) + pick.randrange(100)
    step = pick.choice((None, None, 1, 5, 10, 30, 60, 120, 180, 360, 720, 1440))
    found = cover(Window(start * MINUTE_NS, end * MINUTE_NS), closed, step=step)
    assert (found[0].start, found[-1].end) == (start, end)
    for before, after in pairwise(found):
        assert before.end == after.start
    for level, first, last in found:
        assert first < last and first % level.minutes == last % level.minutes == 0
        assert level is MINUTE or last <= closed[level]
        assert step is None or step % level.minutes == 0


@pytest.mark.parametrize("kept", [(2, 8, 35, 35), (2, 30, 10, 10), (40, 8, 35, 35)])
@pytest.mark.parametrize("seed", range(300))
def test_a_window_of_which_the_minutes_are_gone_is_widened_and_reads_nothing_that_is_gone(seed, kept):
    pick = random.Random(seed)
    closed = {level: NOW // level.minutes * level.minutes for level in LEVELS}
    midnight = closed[DAY]
    oldest = {level: midnight - days * 1440 for level, days in zip(LEVELS, kept, strict=False)} | {DAY: 0}
    start = NOW - pick.randrange(60 * 1440)
    end = min(NOW, start + pick.choice((1, 65, 1441, 44_000)) + pick.randrange(100))
    found = cover(Window(start * MINUTE_NS, end * MINUTE_NS), closed, oldest, pick.choice((None, 10)))
    assert found[0].start <= start and end <= found[-1].end
    for before, after in pairwise(found):
        assert before.end == after.start
    assert all(first >= oldest[level] for level, first, _ in found)
    finest = next(n for n in range(5) if all(start >= oldest[level] for level in LEVELS[n:]))
    assert start - found[0].start < LEVELS[finest].minutes, "widened to no more than the finest that is left"
    if finest == 0:
        assert (found[0].start, found[-1].end) == (start, end)


def test_thirty_days_take_few_buckets():
    closed = {level: NOW // level.minutes * level.minutes for level in LEVELS}
    for ragged in range(1, 1440, 7):
        start, end = closed[DAY] - 31 * 1440 + ragged, closed[DAY] - ragged
        found = cover(Window(start * MINUTE_NS, end * MINUTE_NS), closed)
        assert sum((last - first) // level.minutes for level, first, last in found) <= 29 + 2 * (3 + 5 + 5 + 9)


def test_before_the_first_fold_all_is_in_the_inbox(store):
    now = time.time_ns() // MINUTE_NS * MINUTE_NS
    window = Window(now - 90 * MINUTE_NS, now)
    digest_all()
    assert covered(window) == window
    assert covered(Window(now, now)) == Window(now, now)
