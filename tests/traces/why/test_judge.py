import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.traces.histogram import Histogram
from apps.traces.why import judge
from apps.traces.why.judge import judge_durations, judge_errors, needed_traces


def durations(count, median_ms, seed=1, sigma=0.2):
    dice = random.Random(seed)
    return Histogram.of(int(median_ms * 1e6 * dice.lognormvariate(0, sigma)) for _ in range(count))


def word(look, before, after):
    return judge_durations(look, before, after, before.total, after.total).word


def test_what_takes_three_times_as_long_rose_and_the_other_way_fell():
    slow, usual = durations(300, 900), durations(300, 300, seed=2)
    for look in ("p50", "p95", "p99"):
        assert word(look, usual, slow) == judge.ROSE
        assert word(look, slow, usual) == judge.FELL


def test_five_per_cent_is_as_before():
    assert word("p50", durations(5000, 300), durations(5000, 312, seed=2)) == judge.AS_BEFORE


def test_less_than_a_millisecond_is_as_before():
    assert word("p50", durations(300, 0.2), durations(300, 0.9, seed=2)) == judge.AS_BEFORE


def test_a_difference_of_few_traces_may_be_chance():
    assert word("p95", durations(45, 300, sigma=1), durations(45, 420, seed=6, sigma=1)) == judge.UNCLEAR


@pytest.mark.parametrize(("look", "needed"), [("p50", 20), ("p95", 20), ("p99", 100), ("errors", 20)])
def test_each_figure_takes_its_number_of_traces(look, needed):
    assert needed_traces(look) == needed


def test_too_few_new_gone_and_nothing():
    none, few, many = Histogram(), durations(7, 300), durations(80, 300)
    assert word("p95", many, few) == word("p95", few, many) == judge.TOO_FEW
    assert word("p95", none, many) == judge.NEW
    assert word("p95", many, none) == judge.GONE
    assert word("p95", none, few) == judge.TOO_FEW
    assert word("p95", none, none) == judge.NOTHING


def test_weights_do_not_make_traces():
    before, after = durations(12, 300), durations(12, 900)
    heavy = [Histogram({bucket: 1000 * count for bucket, count in one.counts.items()}) for one in (before, after)]
    assert judge_durations("p50", *heavy, 12, 12).word == judge.TOO_FEW


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ((3, 1000), (52, 1000), judge.ROSE),
        ((52, 1000), (3, 1000), judge.FELL),
        ((3, 1000), (5, 1000), judge.AS_BEFORE),
        ((0, 40), (2, 40), judge.UNCLEAR),
        ((0, 7), (5, 7), judge.TOO_FEW),
        ((0, 0), (5, 100), judge.NEW),
    ],
)
def test_failed_traces(before, after, said):
    assert judge_errors(*before, *after).word == said


@pytest.mark.parametrize("count", [20, 60, 300])
def test_alike_sets_are_said_to_differ_in_about_one_of_a_hundred_comparisons(count):
    said = [
        word(look, durations(count, 300, seed=n, sigma=0.4), durations(count, 300, seed=n + 10**6, sigma=0.4))
        for n in range(250)
        for look in ("p50", "p95")
    ]
    assert sum(one in (judge.ROSE, judge.FELL) for one in said) <= 8


@given(st.sampled_from(list(judge.SHARES)), st.lists(st.integers(0, 10**11)), st.lists(st.integers(0, 10**11)))
def test_any_two_sets_get_a_word(look, before, after):
    assert word(look, Histogram.of(before), Histogram.of(after)) in judge.WORDS
