"""Reads beside each other: on connections of their own, and all of them over when the call is."""

import threading

import pytest
from django.db import transaction

from apps.store.at_once import at_once
from apps.store.connection import store_cursor


def ask(sql: str, *values):
    with store_cursor() as cursor:
        return cursor.execute(sql, values).fetchone()[0]


def backend() -> int:
    return ask("SELECT pg_backend_pid()")


def test_reads_go_on_at_the_same_time_each_on_its_own_connection(store):
    met = threading.Barrier(3, timeout=20)

    def read(number: int) -> tuple[int, int]:
        met.wait()
        return number, backend()

    found = at_once(*(lambda n=n: read(n) for n in range(3)))
    assert [number for number, _ in found] == [0, 1, 2]
    assert len({pid for _, pid in found}) == 3
    assert found[0][1] == backend()


def test_a_read_may_read_at_once_itself_however_many_do(store):
    found = at_once(*(lambda: at_once(backend, backend) for _ in range(40)))
    assert len(found) == 40 and all(one == other for one, other in found[1:])


def test_what_was_written_in_a_transaction_is_seen(store):
    with transaction.atomic():
        ask("INSERT INTO dictionary (id, workspace_id, data) VALUES (77, 1, '') RETURNING id")
        count = lambda: ask("SELECT count(*) FROM dictionary WHERE id = 77")  # noqa: E731
        assert at_once(count, count) == [1, 1]
        transaction.set_rollback(True)


@pytest.mark.parametrize("which", [0, 1])
def test_a_failure_is_raised_when_all_that_began_have_ended(store, which):
    begun, ended, has_begun = [], [], threading.Event()

    def fail():
        assert has_begun.wait(10)
        raise ZeroDivisionError

    def read():
        begun.append(1)
        has_begun.set()
        ask("SELECT pg_sleep(0.2)")
        ended.append(1)

    reads = [read, read, read]
    reads[which] = fail
    with pytest.raises(ZeroDivisionError):
        at_once(*reads)
    assert len(begun) == len(ended) > 0


def test_a_connection_that_the_server_closed_is_opened_anew(store):
    own = backend()
    # A read that no thread came to was done here, on the connection that asks.
    pid = next(other for _ in range(100) for other in at_once(backend, backend) if other != own)
    ask("SELECT pg_terminate_backend(%s, 5000)", pid)
    for _ in range(20):  # whichever thread has it
        assert pid not in at_once(*[backend] * 8)
