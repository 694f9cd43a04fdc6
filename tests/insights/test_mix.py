"""Other work, or slower work."""

import pytest

from apps.insights.figures import Figures
from apps.insights.mix import Work, mix_of
from apps.traces.histogram import Histogram
from apps.traces.sampling import CALL

READ, PAY, IMPORT = (Work(name, "SERVER") for name in ("GET /items", "POST /charges", "POST /import"))


def calls(count: int, ms: float, factor: float = 1.2) -> Figures:
    """`count` calls of half `ms`, `ms` and `factor` times as long, evenly."""
    durations = [round(ms * 10**6 * (0.5, 1.0, factor)[n % 3]) for n in range(count)]
    histogram = Histogram({bucket: n * CALL for bucket, n in Histogram.of(durations).counts.items()})
    return Figures(count * CALL, 0, count, sum(durations), max(durations, default=0), histogram)


BEFORE = {READ: calls(400, 10), PAY: calls(100, 300)}


def mixed(after, before=BEFORE, share=0.5, unknown=0):
    whole = sum(figures.calls for side in (before, after) for figures in side.values())
    return mix_of(before, after, whole + unknown, share)


def test_more_of_what_is_slow_is_other_work():
    found = mixed({READ: calls(100, 10), PAY: calls(400, 300)})
    told = found.work, round(found.before, 2), round(found.after, 2)
    assert told in ((READ, 0.8, 0.2), (PAY, 0.2, 0.8))
    assert found.same_ns == pytest.approx(10e6, rel=0.06)


def test_a_name_that_was_not_called_before_is_other_work():
    found = mixed({READ: calls(100, 10), PAY: calls(25, 300), IMPORT: calls(300, 2_000)})
    assert found.work == IMPORT and found.before == 0 and found.after == pytest.approx(300 / 425)


@pytest.mark.parametrize(
    "after",
    [
        {READ: calls(400, 30), PAY: calls(100, 900)},
        {READ: calls(100, 30), PAY: calls(400, 900)},
        {READ: calls(400, 30), PAY: calls(100, 300), IMPORT: calls(10, 10)},
    ],
    ids=["all of it", "and other work", "one name"],
)
def test_what_takes_longer_is_slower_whatever_else_is_done(after):
    assert mixed(after) is None


def test_nothing_is_said_where_the_names_of_many_calls_are_unknown():
    after = {READ: calls(100, 10), PAY: calls(400, 300)}
    assert mixed(after, unknown=50) is not None
    assert mixed(after, unknown=200) is None


@pytest.mark.parametrize(("before", "after"), [({}, BEFORE), (BEFORE, {}), ({}, {})])
def test_without_one_side_there_is_nothing_to_say(before, after):
    assert mixed(after, before) is None
