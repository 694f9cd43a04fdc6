"""Clients that send slowly, or stop."""

from __future__ import annotations

import socket
import time

from tests.ingest import spans
from tests.ingest.wire_http import PROTOBUF, exchange, head, read_answer

TYPED = {"Content-Type": PROTOBUF}


def test_clients_that_stop_sending_hold_a_thread_each_and_no_more(servers):
    """Two of the server's four threads wait; the others serve on, and those two come back with the hang-up."""
    port = servers("open").port
    whole = spans.protobuf(spans.span(spans.new_trace_id()))
    start = head("POST", "/v1/traces", TYPED | {"Content-Length": str(len(whole))})
    for _ in range(4):
        stalled = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(2)]
        for connection in stalled:
            connection.sendall(start + whole[:5])
        time.sleep(0.1)
        assert [exchange(port, start, whole).status for _ in range(3)] == [200] * 3
        for connection in stalled:
            connection.close()


def test_an_unread_body_on_an_open_connection_holds_nobody_up(servers):
    port = servers("open").port
    whole = spans.protobuf(spans.span(spans.new_trace_id()))
    start = head("POST", "/v1/traces", TYPED | {"Content-Length": str(len(whole))})
    refused = head("POST", "/v1/traces", TYPED | {"Content-Length": str(10**12)})
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(refused)
        assert read_answer(connection).status == 413
        assert exchange(port, start, whole).status == 200


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
