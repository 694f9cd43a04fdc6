"""Verdicts as digest stores them."""

import time

import pytest
from django.db import connection

from apps.digest import verdicts
from apps.digest.tasks import pair_messages
from apps.digest.verdicts import judge_again
from apps.insights import judged
from apps.insights.usual import forget_usual
from apps.store.queries import load_trace
from apps.store.search import search
from apps.traces.verdict.codec import pack, unpack
from tests.insights.test_messages import TOPIC, putting, taking
from tests.store.shop import trace_id_of
from tests.storing import NS, digest_all, send, window
from tests.traces.build import SpanSpec, traces_data

pytestmark = pytest.mark.usefixtures("store")

BANK = {"server.address": "bank-api", "http.request.method": "POST"}


def checkout(number: int, bank_ms: float = 40, failed: bool = False):
    """A trace of now; its id ends with the number."""
    ago_ms = (time.time_ns() - 1_795_000_000_000_000_000) / 1e6 - 30_000
    status = "ERROR" if failed else "UNSET"
    specs = [
        SpanSpec("web", "POST /checkout", None, ago_ms, 60 + bank_ms, kind="SERVER", status=status),
        SpanSpec("web", "charge", 0, ago_ms + 10, bank_ms, BANK, "CLIENT", status, "no funds" if failed else ""),
    ]
    return traces_data(specs, f"{number:032x}")


def verdict_of(number: int):
    return unpack(load_trace(1, f"{number:032x}").verdict)


def test_a_sealed_trace_has_a_verdict_and_so_has_its_row():
    send(*(checkout(number) for number in range(1, 41)))
    digest_all()
    assert verdict_of(1).main.cause == "not_enough_traffic"
    forget_usual()
    send(checkout(100, bank_ms=900), checkout(101), checkout(102, failed=True))
    digest_all()
    slow = verdict_of(100)
    assert (slow.main.cause, slow.main.service, slow.main.peer) == ("slower_call", "web", "bank-api")
    assert slow.sample_size == 40
    assert verdict_of(101).main.cause == "nothing_unusual"
    failed = verdict_of(102)
    assert (failed.main.cause, failed.main.error_message) == ("error", "no funds")
    rows = {row.trace_id: row for row in search(1, window()).rows}
    assert rows[f"{100:032x}"].verdict == pack(slow)


def test_a_hot_trace_has_none_yet_and_one_that_grew_is_judged_anew():
    send(checkout(1))
    assert load_trace(1, f"{1:032x}").verdict is None
    [row] = search(1, window()).rows
    assert row.verdict is None
    digest_all()
    first = verdict_of(1)
    late = checkout(1, failed=True)
    for span in late.resource_spans[0].scope_spans[0].spans:
        span.span_id = b"late" + span.span_id[4:]
        span.parent_span_id = (1).to_bytes(8, "big")
    send(late)
    digest_all()
    assert first.main.cause == "not_enough_traffic" and verdict_of(1).main.cause == "error"


def test_traces_that_could_not_be_compared_are_judged_again_once_there_is_enough():
    send(checkout(1, bank_ms=900))
    digest_all()
    assert judge_again(time.time_ns()) == 0
    send(*(checkout(number) for number in range(2, 41)))
    digest_all()
    forget_usual()
    assert judge_again(time.time_ns() + 60 * NS, most=5) == 5
    assert judge_again(time.time_ns() + 60 * NS) == 35
    assert verdict_of(1).main.cause == "slower_call"
    assert verdict_of(2).main.cause == "nothing_unusual"
    assert judge_again(time.time_ns() + 60 * NS) == 0


def test_a_trace_sealed_again_meanwhile_keeps_its_newer_verdict(monkeypatch):
    send(*(checkout(number) for number in range(1, 41)))
    digest_all()
    forget_usual()

    def with_a_change(*args):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE trace SET received_at = received_at + interval '1 second'")
        return replace_verdict(*args)

    replace_verdict = verdicts.replace_verdict
    monkeypatch.setattr(verdicts, "replace_verdict", with_a_change)
    assert judge_again(time.time_ns() + 60 * NS, most=1) == 0


def test_a_trace_that_cannot_be_judged_is_sealed_without(monkeypatch):
    def broken(*args):
        raise ValueError("broken")

    monkeypatch.setattr(judged, "judge", broken)
    send(checkout(1))
    assert digest_all() == 1
    assert load_trace(1, f"{1:032x}").verdict is None


def message(number: int, lay_ms: float, topic: dict = TOPIC):
    """A trace that puts a message into a queue, and the one that takes it."""
    taker = taking(1000 + number, of=number, after_ms=10 + lay_ms, ago_s=120, topic=topic)
    return putting(number, 120, topic), taker


def test_a_trace_whose_message_lay_long_is_judged_again_once_that_is_known():
    for number in range(1, 41):
        send(*message(number, 700))
    digest_all()
    pair_messages()
    forget_usual()
    send(*message(100, 30_000), *message(101, 700))
    digest_all()
    long, short = trace_id_of(1100), trace_id_of(1101)
    assert unpack(load_trace(1, long).verdict).main.cause == "nothing_unusual"
    pair_messages()
    found = unpack(load_trace(1, long).verdict)
    assert (found.main.cause, found.main.service, found.main.peer) == ("queue_wait", "mail", "kafka:orders")
    assert abs(found.main.added_ns - 30 * NS) < NS
    assert unpack(load_trace(1, short).verdict).main.cause == "nothing_unusual"


def test_a_message_that_lay_long_as_some_do_is_told_behind_what_is_unusual():
    for number in range(1, 41):
        send(*message(number, 20_000 if number % 8 == 0 else 700))
    digest_all()
    pair_messages()
    forget_usual()
    send(*message(100, 9_000), *message(101, 2_000))
    digest_all()
    pair_messages()
    long, short = (unpack(load_trace(1, trace_id_of(number)).verdict) for number in (1100, 1101))
    assert long.main.cause == "nothing_unusual"
    (lay,) = long.also
    assert (lay.cause, lay.service, lay.peer) == ("queue_wait", "mail", "kafka:orders")
    assert abs(lay.added_ns - 9 * NS) < NS and abs(lay.usual_ns - 0.7 * NS) < 0.1 * NS
    assert short.also == ()


def test_of_many_messages_those_that_lay_unusually_long_are_judged_first(monkeypatch):
    quick = TOPIC | {"messaging.destination.name": "quick"}
    for number in range(1, 41):
        send(*message(number, 60_000 if number % 8 == 0 else 5_000), *message(200 + number, 700, quick))
    digest_all()
    pair_messages()
    forget_usual()
    send(*message(100, 40_000), *message(300, 10_000, quick))
    digest_all()
    monkeypatch.setattr(verdicts, "MOST_MESSAGES", 1)
    pair_messages()
    assert unpack(load_trace(1, trace_id_of(1300)).verdict).main.cause == "queue_wait"
    assert unpack(load_trace(1, trace_id_of(1100)).verdict).also == ()


def test_the_statements_find_traces_by_their_index():
    send(checkout(1))
    digest_all()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT 1 FROM trace WHERE part = 0 AND substring(verdict FROM 1 FOR 2) = '\\x0101' "
            "AND started_at >= now() - interval '1 day'"
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index" in plan and "started_at_idx" in plan
