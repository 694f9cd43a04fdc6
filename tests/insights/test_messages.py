"""How long messages lay in queues between traces: known when both ends are, counted once, taken back with its trace."""

from __future__ import annotations

import time

import pytest

from apps.digest.rebuild import rebuild
from apps.digest.tasks import pair_messages as task
from apps.insights.messages import pair_messages
from apps.insights.queries import EdgeKey, PartKey, edges, parts
from apps.insights.window import Window
from apps.traces.histogram import bucket_of
from apps.traces.moments import HOUR_NS
from tests.insights.brute import stored
from tests.store.shop import some_trace, trace_id_of
from tests.storing import digest_all, send
from tests.traces.build import MS, SpanSpec

pytestmark = pytest.mark.usefixtures("store")

TOPIC = {"messaging.system": "kafka", "messaging.destination.name": "orders"}
EDGE = EdgeKey("queue", "kafka:orders", "service", "mail", "messaging")


def putting(number: int = 1, ago_s: float = 60.0, topic: dict = TOPIC):
    """A trace that puts a message into the queue 10 ms after its start."""
    call = SpanSpec("shop", "publish", 0, 5, 5, topic, "PRODUCER", span_id="aaaaaaaaaaaaaaaa")
    return some_trace(number, [SpanSpec("shop", "POST /order", None, 0, 20, kind="SERVER"), call], ago_s)


def taking(
    number: int = 2, of: int = 1, after_ms: float = 400, more: tuple = (), ago_s: float = 60.0, topic: dict = TOPIC
):  # fmt: skip
    """A trace of its own that takes it, so many ms after that began."""
    specs = [SpanSpec("mail", "process orders", None, after_ms, 30, topic, "CONSUMER"), *more]
    document = some_trace(number, specs, ago_s)
    span = document.resource_spans[0].scope_spans[0].spans[0]
    span.links.add(trace_id=bytes.fromhex(trace_id_of(of)), span_id=b"\xaa" * 8)
    return document


def the_edge():
    now = time.time_ns()
    return edges(1, Window(now - HOUR_NS, now + HOUR_NS))[EDGE]


def the_wait():
    now = time.time_ns()
    found = parts(1, Window(now - HOUR_NS, now + HOUR_NS), "mail", "process orders")
    return found.get(PartKey("mail", "kafka:orders", "queue_wait"))


@pytest.mark.parametrize("order", [(putting, taking), (taking, putting)], ids=["put first", "taken first"])
def test_the_lay_time_is_known_once_both_ends_are(order):
    began = time.time_ns()
    for make in order:
        assert not pair_messages()
        send(make())
        digest_all()
    off_ns = time.time_ns() - began
    assert (the_edge().samples, the_edge().p(0.5), the_wait()) == (1, None, None)
    (paired,) = pair_messages()
    assert (paired.trace_id.hex(), paired.service, paired.queue) == (trace_id_of(2), "mail", "kafka:orders")
    assert 390 * MS - off_ns <= paired.lay_ns <= 390 * MS + off_ns
    assert not pair_messages()
    figures = the_edge()
    assert (figures.weight, figures.samples, figures.sum_ns) == (1000, 1, paired.lay_ns)
    assert figures.histogram.counts == {bucket_of(paired.lay_ns): 1000}
    assert (the_wait().samples, the_wait().sum_ns, the_wait().calls_histogram.counts) == (1, paired.lay_ns, {1: 1000})


def test_a_trace_that_is_sealed_again_has_its_message_counted_once():
    send(putting(), taking())
    digest_all()
    pair_messages()
    before = stored()
    send(some_trace(2, [SpanSpec("mail", "late", None, 500, 5, kind="INTERNAL", span_id="00000000000000ff")]))
    digest_all()
    while pair_messages():
        pass
    after = {key: count.numbers for key, count in stored().items() if key[1] in {k[1] for k in before}}
    wait = next(numbers for (_, parts, _), numbers in after.items() if parts[-1] == "queue_wait")
    assert wait == next(c.numbers for (_, parts, _), c in before.items() if parts[-1] == "queue_wait")
    assert the_edge().histogram.total == 1000


def test_messages_do_not_cross_workspaces():
    send(putting(), workspace_id=2)
    send(taking())
    digest_all()
    assert not pair_messages()


def test_a_message_taken_in_the_trace_that_put_it_needs_no_pairing():
    consumer = SpanSpec("mail", "process orders", 1, 40, 30, TOPIC, "CONSUMER")
    call = SpanSpec("shop", "publish", 0, 5, 5, TOPIC, "PRODUCER")
    send(some_trace(1, [SpanSpec("shop", "POST /order", None, 0, 20, kind="SERVER"), call, consumer]))
    digest_all()
    assert the_edge().sum_ns == 30 * MS
    assert not pair_messages()


def test_a_rebuild_pairs_them_again():
    send(putting(), taking())
    digest_all()
    task()
    before = {key: count.numbers for key, count in stored().items()}
    rebuild(now_ns=time.time_ns(), retention_days=14)
    assert {key: count.numbers for key, count in stored().items()} != before
    task()
    assert {key: count.numbers for key, count in stored().items()} == before
