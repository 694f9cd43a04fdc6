"""Rollups equal a brute-force count over the same spans, however they arrived."""

from __future__ import annotations

import random
import time

import pytest

from apps.insights.fold import fold
from apps.store.queries import load_traces
from tests.insights.brute import assert_same, expected, in_buckets, stored
from tests.store.shop import cut, random_traces, trace_id_of
from tests.storing import NS, digest_all, send

pytestmark = pytest.mark.usefixtures("store")


def whole_traces(count: int) -> list:
    return [found.trace for found in load_traces(1, [trace_id_of(n) for n in range(count)])]


@pytest.mark.parametrize("seed", range(6))
def test_any_order_any_cut_duplicates_and_late_spans_give_the_brute_force_count(seed):
    pick = random.Random(seed)
    traces = random_traces(seed, 20, spans=25)
    batches = cut(traces, seed, 15)
    batches += pick.sample(batches, 5)
    pick.shuffle(batches)
    for n, batch in enumerate(batches):
        send(batch)
        if n % 4 == seed % 4:
            digest_all(later_s=10.5)
        if n % 6 == seed % 6:
            fold(time.time_ns() + pick.choice((0, 3600)) * NS)
    digest_all()
    wanted = expected(whole_traces(20))
    assert_same(stored(), wanted)
    fold(time.time_ns())
    assert_same(stored(), wanted)
    assert not stored("rollup_inbox")


@pytest.mark.parametrize("folds_h", [(0,), (0, 1, 5, 30, 60), (60,)])
def test_hours_and_days_are_the_sums_of_their_minutes(folds_h):
    traces = random_traces(3, 40, spans=20)
    early, late = cut(traces, 3, 2)
    send(early)
    digest_all()
    for hours in folds_h:
        fold(time.time_ns() + hours * 3600 * NS)
    send(late)
    digest_all()
    now_ns = time.time_ns() + 72 * 3600 * NS
    while fold(now_ns):
        pass
    wanted = expected(whole_traces(40))
    assert_same(stored("rollup_minute"), wanted)
    assert_same(stored("rollup_ten"), in_buckets(wanted, 10))
    assert_same(stored("rollup_hour"), in_buckets(wanted, 60))
    assert_same(stored("rollup_day"), in_buckets(wanted, 1440))
