import random
from fractions import Fraction
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.traces.histogram import BOUNDS, LAST, Histogram, Ranks, bucket_of, value_of

durations = st.integers(0, 2**63 - 1) | st.integers(0, 10**10) | st.integers(0, 50)
many = st.lists(durations, max_size=60)


@given(durations)
def test_a_bucket_stands_for_a_duration_within_five_per_cent(duration_ns):
    bucket = bucket_of(duration_ns)
    assert BOUNDS[bucket] <= duration_ns < BOUNDS[bucket + 1]
    assert abs(Fraction(value_of(bucket)) - duration_ns) <= Fraction(duration_ns, 20)


def test_both_ends_of_every_bucket_are_within_five_per_cent():
    for bucket in range(LAST + 1):
        for duration_ns in (BOUNDS[bucket], BOUNDS[bucket + 1] - 1):
            assert bucket_of(duration_ns) == bucket
            assert abs(Fraction(value_of(bucket)) - duration_ns) <= Fraction(duration_ns, 20)


def test_all_durations_have_one_of_some_450_buckets():
    assert len(BOUNDS) < 460
    assert list(BOUNDS) == sorted(set(BOUNDS))
    assert (bucket_of(-5), bucket_of(0), bucket_of(2**64)) == (0, 0, LAST)


@given(many.filter(bool), st.floats(0, 1))
def test_quantiles_are_within_five_per_cent_of_the_true_ones(values, share):
    true = sorted(values)[int(share * (len(values) - 1))]
    assert abs(Fraction(Histogram.of(values).quantile(share)) - true) <= Fraction(true, 20)


@given(many, many)
def test_merging_is_counting_together(some, others):
    merged = Histogram.of(some)
    merged.merge(Histogram.of(others))
    assert merged == Histogram.of([*others, *some])
    assert merged.total == len(some) + len(others)


@given(many, many)
def test_what_was_merged_can_be_taken_away_again(some, others):
    histogram = Histogram.of([*some, *others])
    histogram.merge(Histogram.of(others), sign=-1)
    assert histogram == Histogram.of(some)


@given(many.filter(bool), many, st.floats(0, 1))
def test_what_comes_as_ranks_is_the_same_in_every_way(values, others, share):
    counted = Histogram.of(values)
    buckets, counts = counted.arrays()
    known = {0.5: counted.quantile(0.5)}
    before = [*Histogram.of(others).arrays()[0]]  # of another histogram in the same lists
    ends = [*accumulate([1] * len(before) + counts)]
    ranks = Ranks([*before, *buckets, 7], [*ends, 10**9], len(before), len(ends), len(before))
    ranked = Histogram.of_ranks(ranks, known)
    assert ranked.quantile(0.5) == counted.quantile(0.5)
    assert (ranked.quantile(share), ranked.total, ranked.highest) == (
        counted.quantile(share), counted.total, counted.highest,
    )  # fmt: skip
    assert ranked == counted
    ranked.merge(Histogram.of(others))
    assert ranked == Histogram.of([*values, *others])
    for asked in (share, 0.5):
        assert ranked.quantile(asked) == Histogram.of([*values, *others]).quantile(asked)


@given(many)
def test_arrays_and_back(values):
    histogram = Histogram.of(values)
    buckets, counts = histogram.arrays()
    assert buckets == sorted(buckets) and len(buckets) == len(counts) and 0 not in counts
    assert Histogram(dict(zip(buckets, counts, strict=True))) == histogram == Histogram(histogram.counts)


def test_weights_count_as_often_as_they_say():
    histogram = Histogram()
    histogram.add(100, 3)
    histogram.add(10_000)
    assert (histogram.total, round(histogram.quantile(0.5))) == (4, round(value_of(bucket_of(100))))


def test_an_empty_histogram_has_no_quantile():
    assert Histogram().quantile(0.5) is None
    assert Histogram({4: 0}) == Histogram()


def test_a_difference_has_no_quantile():
    difference = Histogram()
    difference.merge(Histogram.of([5]), sign=-1)
    with pytest.raises(ValueError):
        difference.quantile(0.5)


def test_quantiles_of_a_long_tail():
    pick = random.Random(7)
    values = sorted(int(pick.lognormvariate(18, 1.5)) for _ in range(20_000))
    histogram = Histogram.of(values)
    for share in (0.5, 0.9, 0.95, 0.99, 0.999, 1.0):
        assert histogram.quantile(share) == pytest.approx(values[int(share * (len(values) - 1))], rel=0.05)
