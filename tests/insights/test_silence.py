"""Services that were called all the time and are not any more."""

import random

import pytest

from apps.insights.figures import Figures
from apps.insights.silence import fell_silent, may_be_silent
from apps.traces.sampling import CALL


@pytest.mark.parametrize(
    ("minutes", "told"),
    [
        ([10] * 60 + [0] * 4, (60, 10.0)),
        ([10] * 60 + [0] * 2, None),
        ([2] * 60 + [0] * 10, None),
        ([2] * 60 + [0] * 11, (60, 2.0)),
        ([10] * 64, None),
        ([0] * 40 + [10] * 20 + [0] * 4, (60, 10.0)),
        ([0] * 45 + [10] * 15 + [0] * 4, None),
        ([600] + [0] * 59 + [600] + [0] * 59, None),
        ([100, 0] * 30 + [0] * 4, None),
        ([10] * 50 + [0] * 60, (50, 10.0)),
        ([10] * 50 + [0] * 61, None),
        ([0] * 120, None),
        ([], None),
        ([20] * 60 + [4] * 60 + [0] * 6, (120, 4.0)),
    ],
    ids=[
        "calls, then none", "so few minutes may be chance", "so few calls may be chance", "enough of few", "calls",
        "twenty minutes old", "too young", "once an hour", "every other minute", "an hour ago", "longer ago",
        "never called", "nothing", "as it was in the last hour",
    ],
)  # fmt: skip
def test_silent_is_what_was_called_all_the_time(minutes, told):
    assert fell_silent(minutes) == told


def test_what_comes_by_chance_is_not_silent():
    """Three calls a minute, one by one: there are minutes without any, and pauses."""
    dice = random.Random(4)
    for _ in range(2_000):
        line = [sum(dice.random() < 0.03 for _ in range(100)) for _ in range(120)]
        assert fell_silent(line) is None


def test_only_what_had_calls_and_has_none_is_looked_at():
    def calls(count: int) -> Figures:
        return Figures(count * CALL, 0, count, 0, 0)

    before = {"busy": calls(900), "gone": calls(900), "rare": calls(17), "few": calls(18)}
    assert may_be_silent(before, ["busy", "new"]) == ["gone", "few"]
