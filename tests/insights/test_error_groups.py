"""Which group of errors is worst, and whether one comes more often: of figures made by hand."""

import random
from dataclasses import replace

import pytest

from apps.insights.change import FEWER, MORE, NEW, SAME, UNCLEAR, UNSURE, Change
from apps.insights.error_groups import ErrorGroup, _group, _over_within_ns, word_of, worst_first
from apps.insights.figures import NO_FIGURES, Figures
from apps.insights.period import chosen_period
from apps.insights.queries import ErrorKey
from apps.insights.seen import Held
from apps.traces.moments import HOUR_NS, MINUTE_NS
from apps.traces.sampling import CALL

NOW_NS = 500_000 * HOUR_NS
HOUR = chosen_period("1h", None, None, "before", NOW_NS)


def some(samples: int, each: float = 1.0) -> Figures:
    """So many error spans, each of which stands for `each`."""
    return NO_FIGURES._replace(samples=samples, weight=round(samples * each * CALL))


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        (some(10), some(100), MORE),
        (some(100), some(10), FEWER),
        (some(10, 10), some(100, 10), MORE),
        (some(100), some(110), SAME),
        (some(1), some(3), UNSURE),
        # One in ten was sampled before, and all are now: as many as before.
        (some(10, 10), some(100), UNCLEAR),
        (some(10, 20), some(100), UNCLEAR),
        (some(100), some(10, 10), UNCLEAR),
        # As many were counted, and stand for ten times as many.
        (some(100), some(100, 10), UNCLEAR),
        (some(100), some(50, 10), UNCLEAR),
    ],
)
def test_more_is_said_only_where_what_was_counted_and_what_it_stands_for_agree(before, after, word):
    assert word_of(before, after, 0, HOUR, 60.0) == word
    change = Change(word, before.calls, after.calls)
    assert word != MORE or change.factor > 1


def test_a_rate_is_of_the_time_of_which_anything_is_known():
    assert word_of(some(30), some(60), 0, HOUR, 60.0) == MORE
    assert word_of(some(30), some(60), 0, HOUR, 30.0) == SAME


@pytest.mark.parametrize(("minutes", "word"), [(30.0, MORE), (1.0, UNSURE)])
def test_of_few_minutes_no_rate_is_told(minutes, word):
    key, held = ErrorKey("payment", "POST /charges", "Refused", ""), Held(False, minutes)
    began_ns = HOUR.compared.end_ns - round(minutes) * MINUTE_NS
    assert _group(key, some(20), some(400), HOUR, held, began_ns, (began_ns, NOW_NS), (), ()).word == word


def group(name: str, added: float, *, is_over: bool = False) -> ErrorGroup:
    key = ErrorKey("payment", "POST /charges", name, "")
    return ErrorGroup(key, NO_FIGURES, some(1), Change(NEW), NEW, 0, 0, (), added, 600 * 10**9 * is_over)


def test_the_worst_is_what_came_on_top_most_and_goes_on():
    def names(*groups):
        return [one.key.exception_type for one in worst_first(groups)]

    assert names(group("rare", 4), group("many", 114)) == ["many", "rare"]
    assert names(group("over", 135, is_over=True), group("on", 20)) == ["on", "over"]
    # What is next to nothing beside it does not lead, though it goes on.
    assert names(group("over", 135, is_over=True), group("rare", 4)) == ["over", "rare"]
    assert names(group("b", 7), group("a", 7)) == ["a", "b"]
    assert names() == []


@pytest.mark.parametrize(
    ("a_minute", "before", "ended", "within_minutes"),
    [
        (4, 0, 4, 3), (4, 0, 1, 0), (2, 0, 4, 3), (2, 0, 2, 0), (1, 0, 8, 5), (1, 0, 4, 0), (0.1, 0, 12, 10),
        (60, 40, 6, 3), (60, 40, 0, 0), (6, 3, 12, 5), (6, 3, 4, 0), (1.5, 1, 12, 0),
    ],
)  # fmt: skip
def test_it_is_over_by_the_shortest_last_part_in_which_many_would_have_come(a_minute, before, ended, within_minutes):
    came = {NOW_NS - minute * MINUTE_NS: a_minute if minute > ended else before for minute in range(60, 0, -1)}
    late = [(one, sum(n for at, n in came.items() if at >= one.window.start_ns)) for one in HOUR.recents]
    assert _over_within_ns(before, a_minute, late, NOW_NS) == within_minutes * MINUTE_NS
    past = replace(HOUR, end_ns=NOW_NS - 5 * MINUTE_NS)
    assert not past.recents, "of a time that does not reach to now nothing is said"


def test_what_goes_on_is_hardly_ever_over_by_chance():
    dice = random.Random(1)
    for old, new in ((0, 3), (3, 6), (40, 60), (4, 6), (20, 30)):
        over = 0
        for _ in range(1000):
            lates, count, since = [], 0, 0.0
            for one in HOUR.recents:
                minutes = (NOW_NS - one.window.start_ns) / MINUTE_NS
                count += poisson(dice, new * (minutes - since))
                since = minutes
                lates.append((one, count))
            over += _over_within_ns(old, new, lates, NOW_NS) > 0
        assert over <= 80, (old, new, over)


def poisson(dice: random.Random, expected: float) -> int:
    at = count = 0
    while (at := at + dice.expovariate(1)) < expected:
        count += 1
    return count
