"""Whether a figure changed: large enough to matter, and too large for chance."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from apps.insights.change import (
    FASTER,
    FEWER,
    GONE,
    MIN_SAMPLES,
    MORE,
    NEW,
    SAME,
    SLOWER,
    UNCLEAR,
    UNSURE,
    duration_change,
    durations_change,
    error_change,
    rate_change,
)  # fmt: skip
from apps.traces.histogram import Histogram

MS = 1_000_000


@dataclass
class Some:
    """Calls of some durations, `errors` of them failed; each stands for `each` calls."""

    durations_ms: list[float] = field(default_factory=list)
    errors: int = 0
    each: int = 1

    @property
    def samples(self) -> int:
        return len(self.durations_ms)

    @property
    def calls(self) -> float:
        return self.samples * self.each

    @property
    def error_share(self) -> float:
        return self.errors / self.samples if self.samples else 0.0

    def p(self, share: float) -> float | None:
        return Histogram.of(round(ms * MS) for ms in self.durations_ms).quantile(share)


def spread(chance: random.Random, around_ms: float, count: int) -> Some:
    return Some([around_ms * chance.lognormvariate(0, 0.4) for _ in range(count)])


def test_five_times_as_slow_is_slower_and_the_way_back_is_faster():
    quick, slow = Some([100.0] * 200), Some([510.0] * 200)
    change = duration_change(quick, slow)
    assert (change.word, round(change.factor, 1)) == (SLOWER, 5.1)
    assert duration_change(slow, quick).word == FASTER


def test_what_the_buckets_cannot_tell_apart_is_the_same():
    assert duration_change(Some([100.0] * 500), Some([104.0] * 500)).word == SAME


def test_a_fifth_and_more_is_never_called_the_same_even_where_it_may_be_chance():
    chance = random.Random(3)
    pairs = [(spread(chance, 80, 30), spread(chance, 95, 30)) for _ in range(100)]
    changes = [duration_change(*pair) for pair in pairs]
    assert {UNCLEAR, SAME} <= {change.word for change in changes}
    assert all(1 / 1.2 < change.factor < 1.2 for change in changes if change.word == SAME)
    assert rate_change(Some([1.0] * 22), Some([1.0] * 32), 60, 60).word == UNCLEAR
    assert error_change(Some([1.0] * 25), Some([1.0] * 25, errors=1)).word == UNCLEAR


@pytest.mark.parametrize(("bad_before", "bad_now", "word"), [(14, 33, SLOWER), (6, 60, SLOWER), (47, 12, FASTER)])
def test_bad_minutes_in_both_hours_have_one_p95_and_are_told_by_the_median(bad_before, bad_now, word):
    chance = random.Random(5)

    def hour(bad: int) -> Some:
        return Some([(1_500 if n < bad else 200) * chance.lognormvariate(0, 0.1) for n in range(60) for _ in range(5)])

    before, now = hour(bad_before), hour(bad_now)
    assert not duration_change(before, now).is_change
    change = durations_change(before, now)
    assert change.word == word and change.quantile in ("p75", "p50")


@pytest.mark.parametrize("count", [1, 7, MIN_SAMPLES - 1])
def test_few_samples_on_either_side_are_not_enough(count):
    few, many = Some([900.0] * count), Some([100.0] * 500)
    assert duration_change(many, few)[0::3] == (UNSURE, count)
    assert duration_change(few, many)[0::3] == (UNSURE, count)
    assert error_change(many, few).word == UNSURE


def test_the_same_service_twice_hardly_ever_changes():
    chance = random.Random(1)
    for count in (20, 60, 300, 2_000):
        pairs = [(spread(chance, 80, count), spread(chance, 80, count)) for _ in range(150)]
        wrong = sum(durations_change(*pair).is_change for pair in pairs)
        assert wrong <= 3, f"{wrong} of 150 pairs of {count} samples were called changed"


def test_twice_as_slow_is_nearly_always_seen_from_two_hundred_samples_on():
    chance = random.Random(2)
    pairs = [(spread(chance, 80, 200), spread(chance, 160, 200)) for _ in range(100)]
    assert sum(duration_change(*pair).word == SLOWER for pair in pairs) >= 95


def test_new_and_gone_need_enough_calls_to_be_more_than_a_rare_one():
    nothing, some = Some(), Some([10.0] * MIN_SAMPLES)
    assert duration_change(nothing, some).word == NEW
    assert duration_change(some, nothing).word == GONE
    assert rate_change(nothing, some, 60, 60).word == NEW
    assert duration_change(nothing, Some([10.0])).word == UNSURE
    assert duration_change(nothing, nothing).word == UNSURE


def test_rates_are_compared_by_the_minute_not_by_the_window():
    assert rate_change(Some([1.0] * 600), Some([1.0] * 300), 60, 30).word == SAME
    change = rate_change(Some([1.0] * 600), Some([1.0] * 600), 60, 30)
    assert (change.word, change.factor) == (MORE, 2.0)
    assert rate_change(Some([1.0] * 600), Some([1.0] * 200), 60, 60).word == FEWER


def test_a_sampled_call_stands_for_many_but_proves_only_one():
    assert not rate_change(Some([1.0] * 22), Some([1.0] * 32), 60, 60).is_change
    assert not rate_change(Some([1.0] * 22, each=100), Some([1.0] * 32, each=100), 60, 60).is_change
    assert rate_change(Some([1.0] * 2_200), Some([1.0] * 3_200), 60, 60).word == MORE


def test_errors_change_by_points_and_only_beyond_chance():
    fine = Some([1.0] * 1_000, errors=2)
    assert error_change(fine, Some([1.0] * 1_000, errors=24)).word == MORE
    assert error_change(fine, Some([1.0] * 1_000, errors=5)).word == SAME
    assert error_change(Some([1.0] * 1_000, errors=24), fine).word == FEWER
    assert not error_change(Some([1.0] * 25), Some([1.0] * 25, errors=1)).is_change
    assert error_change(Some([1.0] * 500), Some([1.0] * 500)).word == SAME


def test_what_changed_most_sorts_first_in_either_direction():
    base = Some([100.0] * 200)
    weights = [duration_change(base, Some([ms] * 200)).weight for ms in (100.0, 200.0, 20.0, 1_000.0)]
    assert weights[0] == 0
    assert weights[1] < weights[2] < weights[3]
