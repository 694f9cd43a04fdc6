"""How much of a window is held, and what of its rates can be said."""

import pytest

from apps.insights.change import GONE, MORE, NEW, SAME, UNSURE
from apps.insights.figures import Figures
from apps.insights.period import chosen_period
from apps.insights.seen import Held, held_since, rate_since
from apps.insights.window import Window
from apps.traces.moments import HOUR_NS, MINUTE_NS
from apps.traces.sampling import CALL

START = 500_000 * HOUR_NS
HOUR = Window(START, START + HOUR_NS)


@pytest.mark.parametrize(
    ("began_ns", "held"),
    [
        (START - HOUR_NS, Held(True, 60.0)),
        (START + 6 * MINUTE_NS, Held(True, 54.0)),
        (START + 7 * MINUTE_NS, Held(False, 53.0)),
        (START + HOUR_NS - MINUTE_NS // 2, Held(False, 1.0)),
        (START + 2 * HOUR_NS, Held(False, 1.0)),
        (None, Held(False, 1.0)),
    ],
)
def test_a_window_is_held_from_the_first_trace_on(began_ns, held):
    end_ns = HOUR.end_ns + HOUR_NS
    assert held_since(chosen_period("", HOUR.end_ns, end_ns, "before", end_ns), began_ns) == held


def calls(count: int) -> Figures:
    return Figures(count * CALL, 0, count, 0, 0)


@pytest.mark.parametrize(
    ("before", "now", "held", "word"),
    [
        (3_000, 6_000, Held(True, 60.0), MORE),
        (3_000, 6_000, Held(False, 30.0), SAME),
        # Ten seconds of it were in the minute that the first trace is known by.
        (20, 6_000, Held(False, 1.0), UNSURE),
        (200, 6_000, Held(False, 8.0), MORE),
        (200, 0, Held(False, 3.0), GONE),
        (200, 0, Held(True, 60.0, reaches_end=False), UNSURE),
        (0, 200, Held(False, 30.0), UNSURE),
        (0, 200, Held(True, 60.0), NEW),
    ],
)
def test_a_rate_is_compared_with_that_of_the_time_that_is_held(before, now, held, word):
    assert rate_since(calls(before), calls(now), held, 60.0).word == word
