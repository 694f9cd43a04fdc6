"""Services that are called all day and are not any more; and what rests now and then, which is none."""

import random
from math import exp

import pytest

from apps.insights.figures import Figures
from apps.insights.period import Recent
from apps.insights.stopped import is_steady, may_have_stopped, pause_of, waits_minutes
from apps.insights.window import Window
from apps.traces.moments import MINUTE_NS
from apps.traces.sampling import CALL

DAY = [1] * 144
WAITS = 2.5


@pytest.mark.parametrize(
    ("minutes", "tens", "told"),
    [
        ([10] * 115 + [0] * 5, DAY, 115),
        ([10] * 116 + [0] * 4, DAY, None),
        ([10] * 120, DAY, None),
        ([2] * 107 + [0] * 13, DAY, 107),
        ([2] * 108 + [0] * 12, DAY, None),
        ([10] * 115 + [0] * 5, [1] * 100 + [0] * 44, None),
        ([10] * 115 + [0] * 5, [], 115),
        ([20] * 60 + [4] * 50 + [0] * 7, DAY, None),
        ([20] * 60 + [4] * 50 + [0] * 8, DAY, 110),
        ([10, 0, 0, 0, 0] * 22 + [10] + [0] * 9, DAY, None),
        ([10, 0, 0, 0, 0] * 21 + [10] + [0] * 15, DAY, 106),
        ([10] * 59 + [0] * 5, [], None),
        ([10] * 60 + [0] * 5, [], 60),
        ([10] * 60 + [0] * 60, DAY, 60),
        ([10] * 59 + [0] * 61, DAY, None),
        ([0] * 120, DAY, None),
        ([], DAY, None),
    ],
    ids=[
        "calls, then none", "they may wait to be counted", "calls", "few that are enough", "few", "rests at night",
        "began two hours ago", "at the rate of the last minutes", "and longer", "pauses as before", "a longer one",
        "too young", "young", "an hour ago", "longer ago", "never", "nothing",
    ],
)  # fmt: skip
def test_a_pause_out_of_proportion_is_told(minutes, tens, told):
    assert (pause_of(minutes, WAITS) if is_steady(tens) else None) == told


def alarms(minutes: list[int]) -> int:
    """Of every minute from two hours on, how many tell of a pause."""
    return sum(pause_of(minutes[at - 120 : at], WAITS) is not None for at in range(120, len(minutes) + 1))


def test_what_comes_in_sessions_pauses_now_and_then():
    dice, told = random.Random(4), 0
    for _ in range(20):
        minutes = [0] * 600
        for at in range(600):
            if dice.random() < 0.7:
                for _ in range(10):
                    minutes[min(at + dice.randrange(3), 599)] += 1
        told += alarms(minutes) > 0
    assert told <= 1


def test_an_evening_is_no_outage():
    dice, told = random.Random(5), 0
    for _ in range(40):
        minutes = [sum(dice.random() < 0.05 * exp(-max(0, at - 120) / 20) for _ in range(400)) for at in range(240)]
        told += alarms(minutes) > 0
    assert told <= 2


def test_what_takes_long_is_waited_for():
    quick, slow = waits_minutes(50 * 10**6), waits_minutes(300 * 10**9)
    assert 2 < quick < 3.5 and slow == pytest.approx(quick + 5, abs=0.01)


def test_nothing_is_waited_for_longer_than_quiet_takes(settings):
    usual = waits_minutes(0)
    settings.TRACER_QUIET_SECONDS += 300
    assert waits_minutes(0) == usual + 5


def test_only_what_would_have_been_called_is_looked_at():
    def day(count: int) -> Figures:
        return Figures(count * CALL, 0, count, 0, 0)

    parts = [(Recent(Window(0, 1), minutes * MINUTE_NS), called) for minutes, called in (
        (3, {"busy"}), (10, {"busy", "paused", "seldom"}),
    )]  # fmt: skip
    before = {"busy": day(90_000), "paused": day(4_800), "gone": day(1_440), "seldom": day(1_440), "rare": day(1_400)}
    assert may_have_stopped(before, 1_440.0, parts) == ["paused", "gone"]
    assert may_have_stopped(before, 144.0, parts) == ["paused", "gone", "seldom", "rare"], "a young workspace"
    nothing = [(part, frozenset()) for part, _ in parts]
    assert may_have_stopped(before, 1_440.0, nothing) == ["busy", "paused", "gone", "seldom"]
