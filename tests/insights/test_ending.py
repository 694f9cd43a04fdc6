"""Whether what changed goes on, from figures over time."""

from functools import partial

import pytest

from apps.insights import change
from apps.insights.change import (
    FEWER,
    MAY_BE_OVER,
    MORE,
    Change,
    durations_change,
    durations_ending,
    ending_word,
    error_change,
    errors_ending,
)
from apps.insights.figures import NO_FIGURES, Figures
from apps.insights.lately import lately_of
from apps.insights.map_change import Sides, fan_change, fan_ending
from apps.insights.period import chosen_period
from apps.insights.turn import ending_in
from apps.traces.histogram import Histogram
from apps.traces.moments import MINUTE_NS
from apps.traces.sampling import CALL
from apps.traces.why.ending import GOES_ON, NOT_AS_BEFORE, OVER, OVER_BY_NOW, STILL, TOO_SOON, is_as_before
from apps.traces.why.judge import UNCLEAR, Judged, judge_durations, judge_errors, needed_traces
from apps.traces.why.since import Since
from tests.insights.test_change import Some

FAILING, WELL, NOTHING = 5, 0, None


def step(failed: int | None) -> Figures:
    """One of ten calls, so many of which failed; without any when None."""
    return NO_FIGURES if failed is None else Figures(10 * CALL, failed * CALL, 10, 0, 0)


def judged(one: Figures, other: Figures):
    return judge_errors(*(round(n) for f in (one, other) for n in (f.error_share * f.samples, f.samples)))


def ending(inside: list, after: list | None = None):
    found = Since(1, None if after is None else 2, 0.5, 0.0)
    parts = [[step(one) for one in part] for part in ([WELL] * 20, inside, after or [])]
    return ending_in(found, parts, judged)


def test_what_fails_to_the_end_goes_on():
    assert ending([FAILING] * 10).word == GOES_ON


@pytest.mark.parametrize("last", [[NOTHING] * 3, [WELL] * 4])
def test_of_what_ends_in_silence_or_well_it_is_not_said_that_it_goes_on(last):
    assert ending([FAILING] * 10 + last) is None


@pytest.mark.parametrize(
    ("after", "word"),
    [
        ([WELL] * 10, OVER), ([FAILING] * 10, NOT_AS_BEFORE), ([FAILING] * 9 + [WELL] * 10, OVER_BY_NOW),
        ([WELL], TOO_SOON), ([1] * 3 + [NOTHING] * 5, NOT_AS_BEFORE),
        # Some of it is still in the step in which it ends.
        ([FAILING] + [WELL] * 10, OVER), ([FAILING] + [NOTHING] * 9, TOO_SOON),
        ([FAILING, WELL], TOO_SOON),
    ],
)  # fmt: skip
def test_what_came_after_is_compared_with_what_was_before(after, word):
    assert ending([FAILING] * 10, after).word == word


@pytest.mark.parametrize(("is_more", "after", "is_so"), [
    (True, 0.5, True), (True, 1.2, True), (True, 1.5, False), (False, 1.2, True), (False, 1.5, False),
    (False, 0.5, False),
])  # fmt: skip
def test_what_is_better_than_before_by_chance_is_over_and_what_is_worse_is_not(is_more, after, is_so):
    assert is_as_before(Judged(UNCLEAR, "p95", 1.0, after, 100, 100), is_more) is is_so


@pytest.mark.parametrize(("good_steps", "is_told"), [(5, True), (20, False)])
def test_of_a_p99_a_few_good_ones_at_the_end_do_not_say_that_it_goes_on_no_longer(good_steps, is_told):
    """A comparison takes 100 of them: of 200 at the end 50 good ones are too few to make it as before."""
    well, slow = (Figures(10 * CALL, 0, 10, 0, 0, Histogram.of([ns] * 10)) for ns in (10**8, 10**9))

    def p99(one, other):
        return judge_durations("p99", one.histogram, other.histogram, one.samples, other.samples)

    parts = [[well] * 40, [slow] * 30 + [well] * good_steps, []]
    told = ending_in(Since(1, None, 0.5, 0.0), parts, p99, needed_traces("p99"))
    assert told == (STILL if is_told else None)


def test_what_comes_seldom_is_not_over_because_it_did_not_come_for_a_while():
    before, now = Figures(1000 * CALL, 0, 1000, 0, 0), Figures(600 * CALL, 18 * CALL, 600, 0, 0)
    told = partial(ending_word, error_change(before, now))
    lately = Figures(25 * CALL, 0, 25, 0, 0)
    assert told(error_change(before, lately), error_change(now, lately)) == ""
    many = Figures(600 * CALL, 0, 600, 0, 0)
    assert told(error_change(before, many), error_change(now, many)) == OVER
    assert told(error_change(before, now), error_change(now, now)) == GOES_ON


def test_a_few_minutes_say_that_it_is_over_where_some_that_are_slow_would_have_come_among_so_many():
    def word(slow_of_100: int, lately: int, *, is_short: bool = True) -> str:
        slow = [1500.0] * 3 * slow_of_100
        before, now = Some([100.0] * 300), Some([100.0] * (300 - len(slow)) + slow)
        return durations_ending(durations_change(before, now), before, now, Some([100.0] * lately), is_short=is_short)

    assert (word(9, 60), word(9, 59), word(9, 59, is_short=False)) == (OVER, MAY_BE_OVER, OVER)
    assert (word(22, 20), word(16, 20), word(12, 20), word(12, 14)) == (OVER, OVER, MAY_BE_OVER, "")
    assert (word(60, 19), word(60, 3), word(60, 1)) == (MAY_BE_OVER, MAY_BE_OVER, "")


def test_a_few_minutes_in_which_none_failed_say_that_it_may_be_over():
    before, now = Some([1.0] * 300), Some([1.0] * 300, errors=24)

    def word(lately: int, errors: int = 0, *, is_short: bool = True) -> str:
        few = Some([1.0] * lately, errors=errors)
        return errors_ending(error_change(before, now), before, now, few, is_short=is_short)

    assert (word(20), word(20, is_short=False), word(18), word(20, 1)) == (MAY_BE_OVER, "", "", GOES_ON)
    assert (word(200), word(60, 12)) == (OVER, GOES_ON)


def test_more_calls_for_each_of_the_callers_may_be_over_by_a_few_that_made_few():
    def side(calls: int, callers: int) -> tuple[Figures, Figures]:
        return Figures(calls * CALL, 0, calls, 0, 0), Figures(callers * CALL, 0, callers, 0, 0)

    before, now = side(100, 100), side(1300, 100)
    change = fan_change(Sides(before[0], now[0], before[1], now[1]))
    assert (change.word, change.before, change.after) == (MORE, 1.0, 13.0)

    def word(calls: int, callers: int, *, is_short: bool = True) -> str:
        return fan_ending(change, before, now, side(calls, callers), is_short=is_short)

    assert (word(9, 9), word(2, 2), word(9, 9, is_short=False)) == (MAY_BE_OVER, "", "")
    assert (word(117, 9), word(390, 30), word(30, 30)) == ("", GOES_ON, OVER)


def test_what_may_be_over_by_few_minutes_does_not_go_on_by_more_and_what_is_over_is():
    recents = chosen_period("1h", None, None, "before", 500_000 * 3600 * 10**9).recents
    told = {
        "bad till now": ("", GOES_ON, ""), "over for three": (MAY_BE_OVER, GOES_ON, GOES_ON),
        "over for five": (MAY_BE_OVER, OVER, ""), "over at last": ("", MAY_BE_OVER, OVER), "unsure": ("", "", ""),
    }  # fmt: skip
    asked = []

    def words_of(recent, changes):
        asked.append(changes)
        return {change: told[change][recents.index(recent)] for change in changes}

    found = {
        change: (one.word, one.within_ns // MINUTE_NS) for change, one in lately_of(told, recents, words_of).items()
    }
    assert found == {
        "bad till now": (GOES_ON, 5), "over for five": (OVER, 5), "over at last": (OVER, 10),
    }  # fmt: skip
    assert [len(changes) for changes in asked] == [5, 5, 2]


@pytest.mark.parametrize(
    ("lately", "since", "word"),
    [(1.0, FEWER, OVER), (2.2, FEWER, ""), (1.0, change.UNCLEAR, "")],
)
def test_what_is_unclear_and_no_worse_than_before_is_over_where_it_fell(lately, since, word):
    """1.9 calls for each before, 5.3 now: 1.0 is no certain change from 1.9, and no trouble either."""
    told = Change(MORE, 1.9, 5.3, 100), Change(change.UNCLEAR, 1.9, lately, 100), Change(since, 5.3, lately, 100)
    assert ending_word(*told) == word
