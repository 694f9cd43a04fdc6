"""Rollups equal a brute-force count over the same spans, however they arrived."""

from __future__ import annotations

import random
import threading
import time

import pytest
from django.db import connection
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from apps.digest.seal import digest_shard
from apps.insights import fold as folding
from apps.insights.fold import fold
from apps.store import hot
from apps.store.queries import load_traces
from apps.traces.batch import SHARDS
from apps.traces.deposits import UNANALYSED
from apps.traces.key_book import COVERAGE, NAME
from tests.insights.brute import assert_same, expected, in_buckets, stored
from tests.store.shop import cut, random_traces, some_trace, trace_id_of
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
def test_hours_and_days_are_the_sums_of_their_minutes(folds_h, settings):
    settings.TRACER_MINUTE_RETENTION_DAYS = 5  # longer than any of the folds, at any time of the day
    traces = random_traces(3, 40, spans=20)
    early, late = cut(traces, 3, 2)
    send(early)
    digest_all()
    for hours in folds_h:
        fold(time.time_ns() + hours * 3600 * NS)
    send(late)
    digest_all()
    now_ns = time.time_ns() + 26 * 3600 * NS
    while fold(now_ns):
        pass
    wanted = expected(whole_traces(40))
    assert_same(stored("rollup_minute"), wanted)
    assert_same(stored("rollup_ten"), in_buckets(wanted, 10))
    assert_same(stored("rollup_hour"), in_buckets(wanted, 60))
    assert_same(stored("rollup_six"), in_buckets(wanted, 360))
    assert_same(stored("rollup_day"), in_buckets(wanted, 1440))


@pytest.mark.parametrize("seed", range(4))
def test_digests_and_folds_at_once_count_every_span_once(seed):
    """Senders, two digests and two folds, each in a thread of its own, as separate processes are to PostgreSQL."""
    traces = random_traces(seed, 60, spans=25)
    batches = cut(traces, seed, 40)
    failures, done = [], threading.Event()

    def work(step):
        try:
            while not done.is_set():
                step()
        except Exception as error:  # a thread's exception would be lost otherwise
            failures.append(error)
        finally:
            connection.close()

    pick = random.Random(seed)
    steps = [lambda: digest_all(later_s=10.5)] * 2 + [
        lambda: fold(time.time_ns() + pick.choice((0, 2)) * 3600 * NS)
    ] * 2
    threads = [threading.Thread(target=work, args=(step,)) for step in steps]
    [thread.start() for thread in threads]
    for batch in [*batches, *pick.sample(batches, 6)]:
        send(batch)
        time.sleep(0.02)
    done.set()
    [thread.join() for thread in threads]
    assert not failures
    digest_all()
    wanted = expected(whole_traces(60))
    assert_same(stored(), wanted)
    while fold(time.time_ns() + 26 * 3600 * NS):
        pass
    assert_same(stored("rollup_day"), in_buckets(wanted, 1440))


def test_a_digest_or_fold_that_dies_before_its_commit_counts_nothing_twice(monkeypatch):
    fold(time.time_ns())
    send(*random_traces(1, 10))

    def die(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(hot, "delete_batches", die)
    for shard in range(SHARDS):
        with pytest.raises(KeyboardInterrupt):
            digest_shard(shard, now_ns=time.time_ns() + 60 * NS, quiet_seconds=10, retention_days=14)
    monkeypatch.undo()
    assert not stored()
    digest_all()
    wanted = expected(whole_traces(10))
    for name in ("copy_rows", "close"):
        monkeypatch.setattr(folding, name, die)
        with pytest.raises(KeyboardInterrupt):
            fold(time.time_ns() + 26 * 3600 * NS)
        monkeypatch.undo()
        assert_same(stored(), wanted)
    fold(time.time_ns() + 26 * 3600 * NS)
    assert_same(stored("rollup_day"), in_buckets(wanted, 1440))


@pytest.mark.parametrize("state", ["ot=th:c", "ot=th:fd70a4;rv:00000000000000", "ot=th:ffffffffffffff"])
def test_sampled_spans_count_for_those_they_stand_for(state):
    early, late = cut(random_traces(2, 12, spans=15), 2, 2)
    pick = random.Random(2)
    for document in (early, late):
        for span in spans_in(document):
            span.trace_state = pick.choice((state, ""))
    send(early)
    digest_all()
    send(late)
    digest_all()
    wanted = expected(whole_traces(12))
    assert any(key == COVERAGE and parts == ("sampled_spans",) for key, parts, _ in wanted)
    assert_same(stored(), wanted)
    fold(time.time_ns() + 26 * 3600 * NS)
    assert_same(stored("rollup_day"), in_buckets(wanted, 1440))


def spans_in(document: TracesData):
    for group in document.resource_spans:
        for scoped in group.scope_spans:
            yield from scoped.spans


def test_spans_with_clocks_that_cannot_be_true_count_where_their_trace_is_filed():
    document = some_trace(0, [("a", "x", None, 0, 5), ("a", "y", 0, 1, 2), ("a", "z", 0, 1, 2), ("a", "w", 0, 1, 2)])
    _, ahead, never, odd = spans_in(document)
    ahead.start_time_unix_nano += 3 * 86_400 * NS
    ahead.end_time_unix_nano += 3 * 86_400 * NS
    never.start_time_unix_nano = 0
    odd.end_time_unix_nano = odd.start_time_unix_nano - 1
    send(document)
    digest_all()
    wanted = expected(whole_traces(1), lambda trace: min(s.start_ns for s in trace if s.start_ns))
    assert_same(stored(), wanted)
    assert len({minute for kind, _, minute in wanted if kind == NAME}) <= 2


@pytest.mark.parametrize("broken", ["analysis.contributions_of", "column_readers.Columns"])
def test_a_trace_that_cannot_be_analysed_is_sealed_and_counted(monkeypatch, broken):
    send(*random_traces(1, 3))

    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(f"apps.traces.{broken}", fail)
    assert digest_all() == 3
    words = {parts: count.samples for (kind, parts, _), count in sum_over_time(stored()).items() if kind == COVERAGE}
    monkeypatch.undo()
    spans = sum(len(trace.spans) for trace in whole_traces(3))
    assert words == {(UNANALYSED,): 3, ("traces",): 3, ("spans",): spans}
    assert not [key for key in stored() if key[0] != COVERAGE]


def sum_over_time(counts):
    return in_buckets(counts, 1 << 40)


def test_keys_beyond_the_limit_are_counted_together(monkeypatch):
    from apps.insights import keys

    monkeypatch.setitem(keys.MOST_KEYS, NAME, 3)
    send(some_trace(1, [("a", f"GET /{n}", 0 if n else None, n, 5) for n in range(10)]))
    digest_all()
    send(some_trace(2, [("a", f"GET /{n}", 0 if n else None, n, 5) for n in range(20)]))
    digest_all()
    names = {parts: count.samples for (kind, parts, _), count in sum_over_time(stored()).items() if kind == NAME}
    assert sum(names.values()) == 30
    assert names[keys.OTHERS[NAME]] == 26 and len(names) == 3


def test_there_is_room_for_new_keys_again_when_the_old_ones_have_stopped(monkeypatch):
    from apps.insights import keys

    monkeypatch.setitem(keys.MOST_KEYS, NAME, 3)
    names = lambda: {parts[1] for kind, parts, _ in stored() if kind == NAME}  # noqa: E731
    for number, age_days in ((0, 0), (1, 8), (2, 8)):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE rollup_key SET last_seen_at = now() - make_interval(days => %s)", [age_days])
        send(some_trace(number, [("a", f"{number} {n}", 0 if n else None, n, 5) for n in range(5)]))
        digest_all()
    assert {"0 0", "0 1", "1 0", "1 1", "2 0", "2 1"} <= names()
    monkeypatch.setattr(keys, "KNOWN_TIMES", 3)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE rollup_key SET last_seen_at = now() - make_interval(days => 8)")
    send(some_trace(3, [("a", f"3 {n}", 0 if n else None, n, 5) for n in range(5)]))
    digest_all()
    assert not any(name.startswith("3") for name in names()), "a table never holds more than so many of all times"


def test_names_that_no_table_can_hold_are_counted_under_what_it_can():
    send(some_trace(1, [("a\0b\x1fc", "x" * 5000 + str(n), None, 0, 5) for n in range(2)]))
    digest_all()
    (parts,) = {parts for kind, parts, _ in stored() if kind == NAME}
    assert parts[:2] == ("a\ufffdb\ufffdc", "x" * 1200)
