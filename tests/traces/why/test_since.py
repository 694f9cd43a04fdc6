import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.traces.histogram import Histogram
from apps.traces.why.since import since_of_counts, since_of_durations
from tests.costs import within

MINUTE_NS = 60 * 10**9
T0 = 1_700_000_000 * 10**9


def series(levels, *, noise=0.25, seed=1, traces=8):
    """One step a minute, its traces around each level in ms."""
    dice = random.Random(seed)
    return [
        (
            T0 + n * MINUTE_NS,
            traces,
            Histogram.of(int(level * 1e6 * dice.lognormvariate(0, noise)) for _ in range(traces)),
        )
        for n, level in enumerate(levels)
    ]


def at(minute):
    return T0 + minute * MINUTE_NS


def found_in(levels, **options):
    return since_of_durations(series(levels, **options), MINUTE_NS)


def test_a_step_up_is_dated_to_the_minute():
    found = found_in([612] * 125 + [1940] * 33)
    assert (found.start_ns, found.end_ns, found.is_more) == (at(125), None, True)
    assert found.share > 0.9 > 0.1 > found.rest


def test_a_step_down_is_dated_too():
    found = found_in([1940] * 20 + [612] * 40)
    assert (found.start_ns, found.end_ns, found.is_more) == (at(20), None, False)


def test_what_is_over_has_an_end():
    found = found_in([100] * 30 + [480] * 12 + [100] * 30)
    assert (found.start_ns, found.end_ns) == (at(30), at(42))


def test_one_trace_a_minute_is_enough_when_it_goes_on():
    found = found_in([300] * 60 + [1200] * 30, traces=1)
    assert abs(found.start_ns - at(60)) <= 2 * MINUTE_NS


def test_a_tail_that_grows_is_dated():
    """A fifth of the traces becomes slow, as when one of five instances is."""
    dice = random.Random(4)
    steps = []
    for n in range(120):
        slow = [dice.random() < (0.2 if n >= 70 else 0) for _ in range(12)]
        steps.append((at(n), 12, Histogram.of(int((2e9 if s else 3e8) * dice.lognormvariate(0, 0.2)) for s in slow)))
    found = since_of_durations(steps, MINUTE_NS)
    assert abs(found.start_ns - at(70)) <= 3 * MINUTE_NS


@pytest.mark.parametrize("traces", [1, 3, 40])
def test_noise_began_at_no_time(traces):
    claims = [found_in([300] * 90, noise=0.4, seed=seed, traces=traces) for seed in range(40)]
    assert not any(claims)


@pytest.mark.parametrize("seed", range(6))
def test_a_slope_began_at_no_time(seed):
    assert found_in([200 + 8 * n for n in range(100)], seed=seed) is None


@pytest.mark.parametrize(
    "levels",
    [
        [300] * 60,  # flat
        [300] * 58 + [900] * 2,  # two minutes are an outlier
        [300] * 20 + [3000] * 2 + [300] * 30,
        [300] * 30 + [312] * 30,  # too little
        [300, 900] * 30,  # to and fro
        [300] * 4,  # too short
        [],
    ],
    ids=["flat", "outlier at the end", "outlier", "little", "to and fro", "short", "empty"],
)
def test_no_claim_without_a_step(levels):
    assert found_in(levels) is None


def test_minutes_without_traces_are_no_evidence():
    steps = series([300] * 20 + [900] * 20)
    holes = [(start, 0, Histogram()) if n % 3 else (start, n_, h) for n, (start, n_, h) in enumerate(steps)]
    assert since_of_durations(holes, MINUTE_NS).start_ns == at(21)
    assert since_of_durations([(start, 0, Histogram()) for start, *_ in steps], MINUTE_NS) is None


@given(
    before=st.integers(8, 60), after=st.integers(8, 60), factor=st.floats(2.5, 20), seed=st.integers(0, 10**6),
    traces=st.integers(12, 60),
)  # fmt: skip
def test_a_clear_step_is_found_wherever_it_is(before, after, factor, seed, traces):
    found = found_in([250] * before + [250 * factor] * after, seed=seed, traces=traces)
    assert found is not None and found.is_more
    assert abs(found.start_ns - at(before)) <= MINUTE_NS


def test_with_four_traces_a_minute_a_step_is_dated_as_well_as_chance_lets_it():
    """Two minutes in a row are slow or not by chance in one of a thousand of these."""
    off = []
    for seed in range(500):
        before, after = 8 + seed % 7, 8 + seed % 5
        found = found_in([250] * before + [625] * after, seed=seed, traces=4)
        assert found is not None and found.is_more
        off.append(abs(found.start_ns - at(before)) // MINUTE_NS)
    assert max(off) <= 3 and sum(minutes > 1 for minutes in off) <= 5


def test_failed_traces_are_counted_as_they_are():
    dice = random.Random(2)
    steps = [(at(n), 20, sum(dice.random() < (0.3 if n >= 40 else 0.01) for _ in range(20))) for n in range(60)]
    found = since_of_counts(steps, MINUTE_NS)
    assert abs(found.start_ns - at(40)) <= MINUTE_NS
    assert found.share == pytest.approx(0.3, abs=0.1)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=50))
def test_any_counts_get_an_answer_within_the_series(figures):
    steps = [(at(n), traces, min(slow, traces)) for n, (traces, slow) in enumerate(figures)]
    found = since_of_counts(steps, MINUTE_NS)
    if found is not None:
        assert steps[0][0] < found.start_ns <= steps[-1][0]
        assert found.end_ns is None or found.start_ns < found.end_ns <= at(len(steps))
        assert 0 <= found.rest <= 1 and 0 <= found.share <= 1


def test_a_chart_costs_milliseconds():
    steps = series([612] * 125 + [1940] * 55)
    within(0.3, lambda: since_of_durations(steps, MINUTE_NS))
