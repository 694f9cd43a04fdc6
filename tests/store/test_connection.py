"""The store's connection when PostgreSQL is restarted, killed or will not write."""

import psycopg
import pytest
from django.db import DatabaseError, connection
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from apps.store.connection import StoreUnavailable, store_cursor
from tests.store.shop import some_trace

pytestmark = pytest.mark.usefixtures("store")


def end_our_backend() -> None:
    """Ends the backend behind our idle connection from another one, as a restart of PostgreSQL does."""
    with store_cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
        dsn = cursor.connection.info.dsn
    with psycopg.connect(dsn, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def test_a_connection_that_ended_while_idle_costs_nobody_an_error():
    end_our_backend()
    with store_cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def test_a_connection_that_ends_in_the_middle_is_unavailable_and_the_next_one_works():
    with pytest.raises(StoreUnavailable), store_cursor() as cursor:
        end_our_backend()
        cursor.execute("SELECT 1")
    with store_cursor() as cursor:
        cursor.execute("SELECT 1")


def test_errors_of_statements_are_djangos():
    with pytest.raises(DatabaseError) as caught, store_cursor() as cursor:
        cursor.execute("SELECT * FROM no_such_table")
    assert not isinstance(caught.value, StoreUnavailable)


def test_a_database_that_only_reads_for_now_makes_senders_wait_and_keeps_their_data(client, settings):
    settings.TRACER_OPEN = True
    request = ExportTraceServiceRequest.FromString(some_trace(1, [("a", "x", None, 0, 5)]).SerializeToString())
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    try:
        answer = client.post("/v1/traces", request.SerializeToString(), content_type="application/x-protobuf")
        assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    finally:
        connection.close()
    answer = client.post("/v1/traces", request.SerializeToString(), content_type="application/x-protobuf")
    assert answer.status_code == 200
