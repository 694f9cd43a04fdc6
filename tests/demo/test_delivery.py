"""What the shop makes arrives, over real HTTP, whole and once; an endpoint in trouble loses nothing and stays quiet."""

import logging
import socket
import threading
import time

import pytest

from apps.demo.chance import SeededIds
from apps.demo.days import open_shop
from apps.demo.delivery import BACKLOG, Post
from apps.demo.pace import LogGate, SpanGate, Stop, Waiting, run_shop
from apps.demo.shop import Settings, Shop
from apps.demo.telemetry import Telemetry
from tests.demo.conftest import START_NS, Collected
from tests.demo.receiver import Receiver


@pytest.fixture(autouse=True)
def quiet_exporters():
    exporters = logging.getLogger("opentelemetry")
    level = exporters.level
    exporters.setLevel(logging.CRITICAL)
    yield
    exporters.setLevel(level)


class Both:
    """The outbox, and a copy of every span that went into it."""

    def __init__(self, outbox, made):
        self._outbox = outbox
        self._copy = Collected(made)

    def on_end(self, span):
        self._copy.on_end(span)
        self._outbox.on_end(span)


def open_small_shop(post, minutes=6):
    made, waiting = [], Waiting()

    def processors(name):
        spans, logs = post.processors(name)
        return SpanGate(waiting, Both(spans, made)), LogGate(waiting, logs)

    end_ns = START_NS + int(minutes * 60e9)
    shop = Shop(Settings(3, START_NS, end_ns, batch_orders=40), Telemetry(SeededIds("3"), processors))
    open_shop(shop)
    return shop, waiting, made, end_ns


def run_and_close(post, minutes=6):
    shop, waiting, made, end_ns = open_small_shop(post, minutes)
    run_shop(shop, waiting, post.stop, end_ns)
    shop.agenda.close()
    post.close()
    return made


def value_of(any_value):
    kind = any_value.WhichOneof("value")
    if kind == "array_value":
        return tuple(value_of(value) for value in any_value.array_value.values)
    return getattr(any_value, kind)


def pairs(attributes):
    return {pair.key: value_of(pair.value) for pair in attributes}


def as_received(resource, scope, span):
    return (
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.name,
        span.kind,
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        span.status.code,
        span.status.message,
        pairs(span.attributes),
        pairs(resource.attributes),
        scope.name,
        scope.version,
        [(each.name, each.time_unix_nano, pairs(each.attributes)) for each in span.events],
        [(each.trace_id.hex(), each.span_id.hex(), pairs(each.attributes)) for each in span.links],
    )


def as_made(span):
    return (
        f"{span.context.trace_id:032x}",
        f"{span.context.span_id:016x}",
        f"{span.parent.span_id:016x}" if span.parent else "",
        span.name,
        span.kind.value + 1,
        span.start_time,
        span.end_time,
        span.status.status_code.value,
        span.status.description or "",
        dict(span.attributes),
        dict(span.resource.attributes),
        span.instrumentation_scope.name,
        span.instrumentation_scope.version,
        [(each.name, each.timestamp, dict(each.attributes)) for each in span.events],
        [
            (f"{each.context.trace_id:032x}", f"{each.context.span_id:016x}", dict(each.attributes))
            for each in span.links
        ],
    )


def by_ids(described):
    return sorted(described, key=lambda each: each[:2])


def test_every_span_arrives_as_it_was_made_attribute_by_attribute():
    with Receiver() as receiver:
        post = Post(receiver.url, key="trc_demo")
        made = run_and_close(post)
        received = receiver.spans()
        assert len(made) > 1000
        assert post.lost == 0
        assert post.delivered == len(received) + len(receiver.log_records())
        assert by_ids(as_received(*each) for each in received) == by_ids(as_made(span) for span in made)
        assert {headers["Authorization"] for headers in receiver.headers} == {"Bearer trc_demo"}


def test_log_records_arrive_with_the_ids_of_their_span():
    with Receiver() as receiver:
        made = run_and_close(Post(receiver.url), minutes=15)
        ids = {f"{span.context.span_id:016x}" for span in made}
        assert receiver.log_records()
        assert all(each.span_id.hex() in ids for each in receiver.log_records())


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("trouble", ["nobody listens", "answers 503"])
def test_a_shop_whose_endpoint_is_down_stands_still_and_loses_nothing(trouble, caplog):
    port = free_port()
    answering = Receiver(port, answer=503) if trouble == "answers 503" else None
    post = Post(f"http://127.0.0.1:{port}", delay_ms=50, timeout_s=1)
    shop, waiting, made, end_ns = open_small_shop(post, minutes=28)
    runner = threading.Thread(target=run_shop, args=(shop, waiting, post.stop, end_ns), daemon=True)
    runner.start()
    wait_until(lambda: post.is_down and len(made) > BACKLOG)
    wait_until(lambda: stands_still(made))
    assert runner.is_alive()
    assert len(made) < 16 * BACKLOG
    assert len(caplog.records) == 1
    receiver = answering or Receiver(port)
    receiver.answer = 200
    runner.join(60)
    assert not runner.is_alive()
    shop.agenda.close()
    post.close()
    # As sets: a batch whose answer came too late is sent again, which the protocol allows.
    assert {as_received(*each)[:2] for each in receiver.spans()} == {as_made(span)[:2] for span in made}
    assert post.lost == 0
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2
    receiver.__exit__()


def stands_still(made):
    before = len(made)
    time.sleep(0.5)
    return len(made) == before


def test_what_the_endpoint_refuses_for_good_is_dropped_and_said_once(caplog):
    with Receiver(answer=401) as receiver:
        post = Post(receiver.url, delay_ms=50)
        made = run_and_close(post, minutes=5)
        assert post.lost >= len(made)
        assert post.delivered == 0
        assert receiver.asked > 1
        assert [record.getMessage() for record in caplog.records] == [
            f"{receiver.url} refuses what the shop sends: 401; dropped"
        ]


def test_a_span_is_not_sent_before_it_is_over():
    now = [100]
    waiting, sent = Waiting(lambda: now[0]), []
    waiting.hold(100, sent.append, "over")
    waiting.hold(130, sent.append, "later")
    waiting.hold(120, sent.append, "sooner")
    assert sent == ["over"]
    now[0] = 120
    waiting.release()
    assert sent == ["over", "sooner"]
    assert waiting.next_ns == 130


def test_a_live_shop_that_stood_still_for_hours_does_not_make_up_for_them():
    day_ns = 86_400_000_000_000
    shop = Shop(Settings(1, START_NS, START_NS), Telemetry(SeededIds("1"), lambda _: (Collected([]), None)))
    open_shop(shop)
    stop = Stop()

    def clock():
        stop.is_asked = shop.now_ns > START_NS
        return START_NS + day_ns

    run_shop(shop, Waiting(clock), stop)
    assert shop.now_ns >= START_NS + day_ns
    assert shop.traces == 0
