import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.traces.why.since import LEAST_FACTOR, Step, since

MINUTE_NS = 60 * 10**9
T0 = 1_700_000_000 * 10**9


def series(levels, *, noise=0.08, seed=1, traces=8):
    """One step a minute around each level, in ms."""
    dice = random.Random(seed)
    return [
        Step(T0 + n * MINUTE_NS, traces, level * 1e6 * dice.lognormvariate(0, noise)) for n, level in enumerate(levels)
    ]


def at(minute):
    return T0 + minute * MINUTE_NS


def test_a_step_up_is_dated_to_the_minute():
    found = since(series([612] * 125 + [1940] * 33), MINUTE_NS)
    assert found.start_ns == at(125)
    assert found.end_ns is None
    assert found.factor == pytest.approx(1940 / 612, rel=0.05)


def test_a_step_down_is_dated_too():
    found = since(series([1940] * 20 + [612] * 40), MINUTE_NS)
    assert (found.start_ns, found.end_ns) == (at(20), None)
    assert found.factor < 0.4


def test_what_is_over_has_an_end():
    found = since(series([100] * 30 + [480] * 12 + [100] * 30), MINUTE_NS)
    assert (found.start_ns, found.end_ns) == (at(30), at(42))


@pytest.mark.parametrize("seed", range(60))
def test_noise_began_at_no_time(seed):
    assert since(series([300] * 90, noise=0.35, seed=seed, traces=3), MINUTE_NS) is None


@pytest.mark.parametrize("seed", range(10))
def test_a_slope_began_at_no_time(seed):
    assert since(series([200 + 8 * n for n in range(100)], seed=seed), MINUTE_NS) is None


@pytest.mark.parametrize(
    "levels",
    [
        [300] * 60,  # flat
        [300] * 58 + [900] * 2,  # two minutes are an outlier
        [300] * 30 + [330] * 30,  # too little
        [300, 900] * 30,  # to and fro
        [300] * 4,  # too short
        [],
    ],
    ids=["flat", "outlier", "little", "to and fro", "short", "empty"],
)
def test_no_claim_without_a_step(levels):
    assert since(series(levels), MINUTE_NS) is None


def test_minutes_without_traces_are_no_evidence():
    steps = series([300] * 20 + [900] * 20)
    holes = [step._replace(traces=0, value_ns=None) if n % 3 else step for n, step in enumerate(steps)]
    assert since(holes, MINUTE_NS).start_ns == at(21)
    assert since([step._replace(traces=0, value_ns=None) for step in steps], MINUTE_NS) is None


@given(
    before=st.integers(6, 60), after=st.integers(6, 60), factor=st.floats(1.6, 20), seed=st.integers(0, 10**6),
    traces=st.integers(1, 200),
)  # fmt: skip
def test_a_clear_step_is_found_wherever_it_is(before, after, factor, seed, traces):
    found = since(series([250] * before + [250 * factor] * after, seed=seed, traces=traces), MINUTE_NS)
    assert found is not None
    assert abs(found.start_ns - at(before)) <= MINUTE_NS
    assert found.factor > LEAST_FACTOR


@given(st.lists(st.tuples(st.integers(0, 30), st.none() | st.floats(0, 1e12)), max_size=60))
def test_any_figures_get_an_answer_within_the_series(figures):
    steps = [Step(at(n), traces, value) for n, (traces, value) in enumerate(figures)]
    found = since(steps, MINUTE_NS)
    if found is not None:
        assert steps[0].start_ns < found.start_ns <= steps[-1].start_ns
        assert found.end_ns is None or found.start_ns < found.end_ns <= at(len(steps))


def test_a_chart_costs_milliseconds():
    steps = series([612] * 125 + [1940] * 55)
    since(steps, MINUTE_NS)
    began = time.perf_counter()
    since(steps, MINUTE_NS)
    assert time.perf_counter() - began < 0.1
