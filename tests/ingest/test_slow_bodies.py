"""Clients that send slowly, or not at all, hold nobody up."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from apps.ingest import body
from apps.ingest.readers import BodyReaders, ReadersBusy
from apps.ingest.refusal import Refusal
from tests.ingest import spans
from tests.ingest.wire_http import PROTOBUF, exchange, head, read_answer

TYPED = {"Content-Type": PROTOBUF}


class Waiting:
    """A body that never comes, until it is let go."""

    def __init__(self):
        self.let_go = threading.Event()

    def read(self, size: int) -> bytes:
        self.let_go.wait(20)
        return b""


def test_a_body_that_does_not_come_is_given_up_with_503_so_that_the_sender_tries_again(monkeypatch):
    monkeypatch.setattr(body, "READ_TIMEOUT_S", 0.1)
    source = Waiting()
    started = time.monotonic()
    with pytest.raises(Refusal) as refused:
        body.read_body({"CONTENT_LENGTH": "10", "wsgi.input": source}, 1000)
    source.let_go.set()
    assert (refused.value.status, refused.value.headers) == (503, {"Retry-After": "5"})
    assert time.monotonic() - started < 2


def test_no_more_threads_wait_than_the_limit():
    readers, source = BodyReaders(limit=2), Waiting()
    for _ in range(2):
        with pytest.raises(TimeoutError):
            readers.run(lambda: source.read(1), 0.05)
    with pytest.raises(ReadersBusy):
        readers.run(lambda: source.read(1), 0.05)
    source.let_go.set()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            assert readers.run(lambda: b"again", 1) == b"again"
            return
        except ReadersBusy:
            time.sleep(0.01)
    pytest.fail("the readers were not freed")


def test_a_reader_hands_on_what_reading_raises():
    def fail() -> bytes:
        raise OSError("connection reset")

    with pytest.raises(OSError, match="reset"):
        BodyReaders(limit=1).run(fail, 1)


def test_a_body_in_two_halves_arrives_whole(servers, stored_spans):
    trace_id = spans.new_trace_id()
    whole = spans.protobuf(spans.span(trace_id))
    with socket.create_connection(("127.0.0.1", servers("open").port), timeout=10) as connection:
        connection.sendall(head("POST", "/v1/traces", TYPED | {"Content-Length": str(len(whole))}) + whole[:20])
        time.sleep(0.3)
        connection.sendall(whole[20:])
        assert read_answer(connection).status == 200
    assert len(stored_spans(trace_id)) == 1


def test_a_client_that_goes_away_in_the_middle_leaves_nothing_behind(servers, stored_spans):
    trace_id = spans.new_trace_id()
    whole = spans.protobuf(spans.span(trace_id))
    start = head("POST", "/v1/traces", TYPED | {"Content-Length": str(len(whole) + 100)})
    with socket.create_connection(("127.0.0.1", servers("open").port), timeout=10) as connection:
        connection.sendall(start + whole)
    time.sleep(0.3)
    assert stored_spans(trace_id) == ()


def test_one_connection_serves_request_after_request_and_outlives_the_sdks_pause(servers):
    """SDKs export every 5 s over a kept connection; a server that closes it meanwhile loses batches."""
    whole = spans.protobuf(spans.span(spans.new_trace_id()))
    with socket.create_connection(("127.0.0.1", servers("open").port), timeout=10) as connection:
        for pause_s in (0, 0, 6):
            time.sleep(pause_s)
            connection.sendall(head("POST", "/v1/traces", TYPED | {"Content-Length": str(len(whole))}) + whole)
            assert read_answer(connection).status == 200


def test_an_early_refusal_of_a_short_body_keeps_the_connection(servers):
    whole = spans.protobuf(spans.span(spans.new_trace_id()))
    wrong = TYPED | {"x-tracer-token": "mistyped", "Content-Length": str(len(whole))}
    with socket.create_connection(("127.0.0.1", servers("open").port), timeout=10) as connection:
        for _ in range(3):
            connection.sendall(head("POST", "/v1/traces", wrong) + whole)
            assert read_answer(connection).status == 401


def test_a_refusal_by_announced_size_is_heard_before_the_body_is_sent(servers):
    start = head("POST", "/v1/traces", TYPED | {"Content-Length": str(10**12)})
    assert exchange(servers("open").port, start).status == 413
