"""psycopg under Django's connection, and what its failures mean to callers."""

from __future__ import annotations

import logging
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps

import psycopg
from django.db import DatabaseError, InterfaceError, OperationalError, connection

_log = logging.getLogger(__name__)


class StoreUnavailable(OperationalError):
    """The database cannot be reached or cannot write now; the same call may succeed later."""


_PASSING = (OperationalError, InterfaceError)


@contextmanager
def store_cursor() -> Iterator[psycopg.Cursor]:
    """A psycopg cursor on this thread's connection. Trouble that a retry could cure (server gone or full,
    deadlock, shutting down) is raised as StoreUnavailable, and the broken connection is given up; anything else as
    Django's DatabaseError."""
    try:
        if connection.connection is not None and not connection.in_atomic_block and _has_ended(connection.connection):
            connection.close()
        connection.ensure_connection()
        # psycopg's own cursor: Django's binds on the client side, which has neither binary results nor COPY rows.
        with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
            yield cursor
    except _PASSING as error:
        connection.close()
        raise StoreUnavailable(str(error).strip() or type(error).__name__) from error
    except DatabaseError:
        if connection.connection is not None and connection.connection.closed:
            connection.close()
        raise


@contextmanager
def planned_once(cursor: psycopg.Cursor) -> Iterator[None]:
    """A transaction in which statements executed with `prepare=True` are planned once a connection: planning a search
    over eight days takes 0.9 ms, running it half of that. Sequential scans are off, for the planner walks whole
    partitions for choices among many tokens."""
    connection = cursor.connection
    with connection.pipeline(), connection.transaction():  # sent with the first statement that is waited for
        cursor.execute(
            "SELECT set_config('enable_seqscan', 'off', true),"
            " set_config('plan_cache_mode', 'force_generic_plan', true)"
        )
        yield


def later_when_unavailable(task: Callable[[], None]) -> Callable[[], None]:
    """For tasks that the clock repeats: a database that cannot be reached is one line in the log, and the next run goes
    on where this one would have."""

    @wraps(task)
    def run() -> None:
        try:
            task()
        except StoreUnavailable as error:
            _log.warning("%s runs later: the database is not available: %s", task.__name__, error)

    return run


def _has_ended(idle: psycopg.Connection) -> bool:
    """Whether the server has closed an idle connection, for a microsecond instead of Django's question and answer.

    A restarted PostgreSQL would otherwise cost every thread of every process one failed request. A server says
    nothing on an idle connection but goodbye; should it have said something else, a new connection does no harm.
    """
    if idle.closed:
        return True
    poll = select.poll()
    poll.register(idle.fileno(), select.POLLIN)
    return bool(poll.poll(0))
