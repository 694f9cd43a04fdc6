"""How fine a line over time is: as the chart has room for, and no finer than what is kept of its time."""

import pytest

from apps.insights.series import rates, step_of
from apps.insights.window import Window
from apps.traces.moments import DAY_NS, HOUR_NS, MINUTE_NS

NOW = 20_000 * DAY_NS


@pytest.mark.parametrize(
    ("days_ago", "hours", "minutes"),
    [(0, 1, 1), (0, 24, 10), (1, 1, 1), (3, 1, 10), (3, 2, 10), (10, 24, 60), (20, 1, 60), (100, 48, 1_440)],
)
def test_a_step_is_made_of_whole_buckets(days_ago, hours, minutes):
    end = NOW - days_ago * DAY_NS
    assert step_of(Window(end - hours * HOUR_NS, end), NOW) == minutes * MINUTE_NS


def test_steps_of_a_window_and_of_the_one_it_is_compared_with_are_of_one_length():
    view, compared = Window(NOW - HOUR_NS, NOW), Window(NOW - 7 * DAY_NS - HOUR_NS, NOW - 7 * DAY_NS)
    assert step_of(view, NOW) == MINUTE_NS
    assert step_of(view, NOW, compared=compared) == 10 * MINUTE_NS


def test_a_step_that_the_window_covers_in_part_has_the_rate_of_that_part():
    step, window = 10 * MINUTE_NS, Window(NOW + 8 * MINUTE_NS, NOW + 40 * MINUTE_NS)
    steps, calls = [NOW, NOW + step, NOW + 2 * step, NOW + 3 * step], [6, 30, 30, 15]
    assert rates(steps, step, calls, window, NOW + 35 * MINUTE_NS) == [None, 3, 3, 3]
    assert rates(steps, step, calls, Window(NOW + 7 * MINUTE_NS, window.end_ns), NOW + step * 9) == [2, 3, 3, 1.5]
