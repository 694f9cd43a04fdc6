"""Digest: every acknowledged span ends up in its trace exactly once, whatever happens on the way."""

import threading
import time

import pytest
from django.db import connection
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from apps.digest import seal
from apps.digest.seal import digest_shard
from apps.store import hot
from apps.store.connection import store_cursor
from apps.store.partitions import drop_partitions_before, existing_partitions
from apps.store.queries import has_trace, load_trace, storage_status
from apps.store.search import search
from apps.store.writer import write_batch
from apps.traces.batch import SHARDS, shard_of, split_logs
from tests.store.shop import cut, random_traces, some_trace, trace_id_of
from tests.storing import NS, digest_all, send, window
from tests.traces.build import SpanSpec

pytestmark = pytest.mark.usefixtures("store")


def rows(sql: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def spans_of(traces) -> dict[str, int]:
    return {
        trace_id_of(n): sum(len(s.spans) for g in document.resource_spans for s in g.scope_spans)
        for n, document in enumerate(traces)
    }


def stored() -> dict[str, int]:
    page = search(1, window(limit=1000))
    for row in page.rows:
        assert len(load_trace(1, row.trace_id).trace) == row.span_count
    return {row.trace_id: row.span_count for row in page.rows}


def test_a_trace_is_sealed_once_it_has_been_quiet_and_not_before():
    send(some_trace(1, [("a", "x", None, 0, 5)]))
    assert digest_all(later_s=9) == 0
    assert digest_all(later_s=11) == 1
    assert storage_status().backlog_batches == 0
    assert load_trace(1, trace_id_of(1)).is_sealed


def test_only_shards_in_which_something_is_quiet_are_asked_for():
    def ripe(later_s: float) -> list[int]:
        with store_cursor() as cursor:
            return hot.ripe_shards(cursor, shards=SHARDS, until_us=int((time.time() + later_s) * 1e6))

    assert ripe(60) == []
    send(*(some_trace(n, [("a", "x", None, 0, 5)]) for n in (1, 2)))
    wanted = sorted({shard_of(bytes.fromhex(trace_id_of(n))) for n in (1, 2)})
    assert 0 < len(wanted) < SHARDS
    assert (ripe(-5), ripe(1)) == ([], wanted)
    digest_all()
    assert ripe(60) == []


def test_spans_of_a_trace_still_arriving_are_carried_over():
    early, late = cut([some_trace(1, [("a", "x", None, 0, 5), ("b", "y", 0, 1, 2)])], seed=3, batches=2)
    send(early)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE batch SET received_at = now() - interval '20 s', first_received_at = now() - interval '20 s'"
        )
    send(late)
    assert digest_all(later_s=0) == 0
    assert storage_status().backlog_spans == 2
    assert len(load_trace(1, trace_id_of(1)).trace) == 2
    assert digest_all() == 1
    assert stored() == {trace_id_of(1): 2}


def test_a_trace_that_never_falls_quiet_is_sealed_and_reopened():
    send(some_trace(1, [("a", "x", None, 0, 5)]))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE batch SET received_at = now() - interval '70 s', first_received_at = now() - interval '70 s'"
        )
    send(some_trace(1, [("a", "x", None, 0, 5), ("b", "y", None, 1, 2)]))
    assert digest_all(later_s=0) == 1
    assert digest_all() == 1
    assert len(rows("SELECT 1 FROM trace")) == 1


def test_the_same_batch_again_changes_nothing_before_or_after_sealing():
    traces = random_traces(5, 10)
    send(*traces, *traces)
    digest_all()
    assert stored() == spans_of(traces)
    send(*traces)
    assert stored() == spans_of(traces)
    assert digest_all() == 0
    assert stored() == spans_of(traces)


@pytest.mark.parametrize("seed", range(5))
def test_any_order_and_any_cut_of_batches_gives_the_same_traces(seed):
    traces = random_traces(seed, 20)
    for n, batch in enumerate(cut(traces, seed, 15)):
        send(batch)
        if n % 4 == seed % 4:
            digest_all(later_s=10.5)
    digest_all()
    assert stored() == spans_of(traces)
    assert rows("SELECT count(*), count(DISTINCT trace_id) FROM trace") == [(20, 20)]


def test_a_digest_that_dies_before_its_commit_loses_and_doubles_nothing(monkeypatch):
    traces = random_traces(1, 10)
    send(*traces)

    def die(cursor, ids):
        raise KeyboardInterrupt

    monkeypatch.setattr(hot, "delete_batches", die)
    for shard in range(SHARDS):
        with pytest.raises(KeyboardInterrupt):
            digest_shard(shard, now_ns=time.time_ns() + 60 * NS, quiet_seconds=10, retention_days=14)
    monkeypatch.undo()
    assert rows("SELECT count(*) FROM trace") == [(0,)]
    digest_all()
    assert stored() == spans_of(traces)


def test_two_digests_at_once_seal_every_trace_once():
    traces = random_traces(2, 80)
    send(*traces)
    failures = []

    def work():
        try:
            for _ in range(6):
                digest_all()
        except Exception as error:  # a thread's exception would be lost otherwise
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert not failures
    assert stored() == spans_of(traces)
    assert rows("SELECT count(*) FROM trace") == [(80,)]


def test_batches_taken_by_somebody_else_stop_the_transaction():
    send(*random_traces(3, 5))
    with connection.cursor() as cursor, pytest.raises(RuntimeError, match="somebody else"):
        hot.delete_batches(cursor, [10**12])


def test_a_huge_trace_is_stored_in_several_rows_and_read_as_one(monkeypatch):
    monkeypatch.setattr("apps.store.sealed.MAX_SPANS_IN_ROW", 100)
    specs = [SpanSpec("batch", f"step {n % 7}", 0 if n else None, n, 1, {"item": n}) for n in range(1050)]
    send(some_trace(1, specs))
    digest_all()
    assert rows("SELECT count(*) FROM trace") == [(11,)]
    assert len(load_trace(1, trace_id_of(1)).trace) == 1050
    (row,) = search(1, window(attributes=(("item", "1049"),))).rows
    assert (row.span_count, row.matched_count) == (1050, 1)
    send(some_trace(1, [SpanSpec("late", "after", None, 2000, 1)]))
    digest_all()
    assert stored() == {trace_id_of(1): 1051}
    assert len(search(1, window(limit=50)).rows) == 1


@pytest.mark.parametrize("start_ns", [0, 1, 2**63 + 5, 10**18, 4 * 10**18])
def test_absurd_times_are_filed_under_arrival_and_the_rest_of_the_batch_is_kept(start_ns):
    document = some_trace(1, [("a", "x", None, 0, 5)])
    span = document.resource_spans[0].scope_spans[0].spans[0]
    span.start_time_unix_nano, span.end_time_unix_nano = start_ns, start_ns + 5
    send(document, some_trace(2, [("a", "x", None, 0, 5)]))
    digest_all()
    assert set(stored()) == {trace_id_of(1), trace_id_of(2)}
    assert len(rows("SELECT inhrelid FROM pg_inherits WHERE inhparent = 'trace'::regclass")) <= 2


def test_old_days_are_dropped_whole():
    send(some_trace(1, [("a", "x", None, 0, 5)], ago_s=3 * 86_400), some_trace(2, [("a", "x", None, 0, 5)]))
    digest_all()
    with store_cursor() as cursor:
        days = existing_partitions(cursor)
    assert drop_partitions_before(days[0]) == [days[-1]]
    assert load_trace(1, trace_id_of(1)) is None
    assert load_trace(1, trace_id_of(2)) is not None


def send_log(trace_id: str, span_id: str, body: str) -> None:
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add()
    record.trace_id, record.span_id = bytes.fromhex(trace_id), bytes.fromhex(span_id)
    record.body.string_value = body
    write_batch(1, split_logs(request))


@pytest.mark.parametrize("is_sealed", [False, True], ids=["hot", "sealed"])
def test_log_records_are_kept_with_their_span(is_sealed):
    send(some_trace(1, [SpanSpec("a", "x", None, 0, 5, span_id="00f067aa0ba902b7")]))
    send_log(trace_id_of(1), "00f067aa0ba902b7", "charged")
    if is_sealed:
        assert digest_all() == 1
    for _ in range(2):
        stored_trace = load_trace(1, trace_id_of(1))
        assert [r.body for r in stored_trace.trace.logs["00f067aa0ba902b7"]] == ["charged"]
        digest_all()


def test_seal_reads_at_most_so_many_spans_at_once_and_says_that_more_are_left(monkeypatch):
    monkeypatch.setattr(seal, "MAX_SPANS", 50)
    traces = random_traces(9, 60)
    send(*traces)
    assert digest_all() == 60
    assert stored() == spans_of(traces)


def test_a_trace_larger_than_a_transaction_is_sealed_all_the_same(monkeypatch):
    monkeypatch.setattr(seal, "MAX_SPANS", 50)
    trace = some_trace(1, [SpanSpec("batch", f"step {n}", 0 if n else None, n, 1) for n in range(400)])
    send(*cut([trace], seed=1, batches=20))
    digest_all()
    assert stored() == {trace_id_of(1): 400}
    assert storage_status().backlog_batches == 0


def test_large_batches_are_read_a_few_at_a_time(monkeypatch):
    monkeypatch.setattr(seal, "MAX_BYTES", 100_000)
    text = "x" * 40_000  # packs to nothing, and is unpacked as it was
    numbers = range(3, 23, SHARDS)
    send(*(some_trace(n, [SpanSpec("a", "x", None, 0, 5, {"text": text})]) for n in numbers))
    shard = shard_of(bytes.fromhex(trace_id_of(3)))
    later_ns = time.time_ns() + 60 * NS
    read = [digest_shard(shard, now_ns=later_ns, quiet_seconds=10, retention_days=14) for _ in range(3)]
    assert [(d.batches, d.sealed, d.is_more) for d in read] == [(2, 2, True), (2, 2, True), (1, 1, False)]


def test_a_trace_of_more_bytes_than_a_transaction_is_sealed_all_the_same(monkeypatch):
    monkeypatch.setattr(seal, "MAX_BYTES", 100_000)
    specs = [SpanSpec("a", f"step {n}", 0 if n else None, n, 1, {"text": "x" * 40_000}) for n in range(20)]
    send(*cut([some_trace(1, specs)], seed=1, batches=20))
    digest_all()
    assert stored() == {trace_id_of(1): 20}
    assert storage_status().backlog_batches == 0


@pytest.mark.parametrize("is_sealed", [False, True], ids=["hot", "sealed"])
def test_log_records_alone_are_no_trace_until_a_span_of_it_comes(is_sealed):
    send_log(trace_id_of(1), "00f067aa0ba902b7", "charged")
    if is_sealed:
        digest_all()
    assert not has_trace(1, trace_id_of(1)) and load_trace(1, trace_id_of(1)) is None
    assert not search(1, window()).rows
    send(some_trace(1, [SpanSpec("a", "x", None, 0, 5, span_id="00f067aa0ba902b7")]))
    for _ in range(2):
        assert has_trace(1, trace_id_of(1))
        assert [row.span_count for row in search(1, window()).rows] == [1]
        (record,) = load_trace(1, trace_id_of(1)).trace.logs["00f067aa0ba902b7"]
        assert record.body == "charged"
        digest_all()
