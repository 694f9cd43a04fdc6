"""psycopg under Django's connection, and what its failures mean to callers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import DatabaseError, InterfaceError, OperationalError, connection


class StoreUnavailable(OperationalError):
    """The database cannot be reached or cannot write now; the same call may succeed later."""


_PASSING = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)


@contextmanager
def store_cursor() -> Iterator[psycopg.Cursor]:
    """A psycopg cursor on this thread's connection. Trouble that a retry could cure (server gone or full,
    deadlock, shutting down) is raised as StoreUnavailable, and the broken connection is given up."""
    try:
        connection.ensure_connection()
        # psycopg's own cursor: Django's binds on the client side, which has neither binary results nor COPY rows.
        with psycopg.Cursor(connection.connection) as cursor:
            yield cursor
    except _PASSING as error:
        connection.close()
        raise StoreUnavailable(str(error).strip() or type(error).__name__) from error
    except (DatabaseError, psycopg.DatabaseError):
        if connection.connection is not None and connection.connection.closed:
            connection.close()
        raise
