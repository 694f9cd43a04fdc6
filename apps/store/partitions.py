"""Day partitions of sealed traces: made ahead, made on demand, dropped when retention is over."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from apps.store.connection import store_cursor

DAYS_AHEAD = 2
_PREFIX = "trace_"

_known: set[date] = set()


def day_of(time_ns: int) -> date:
    return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).date()


def partition_name(day: date) -> str:
    return f"{_PREFIX}{day:%Y%m%d}"


def ensure_partitions(days) -> None:
    """Make the partitions of `days` that are missing. Commits on its own, before any row is written."""
    for day in sorted(set(days) - _known):
        _make(day)
        _known.add(day)


def forget_partitions() -> None:
    """Look again which partitions exist, after one was dropped under this process."""
    _known.clear()


def _make(day: date) -> None:
    name, until = partition_name(day), day + timedelta(days=1)
    with store_cursor() as cursor, cursor.connection.transaction():
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('tracer-ui partitions'))")
        cursor.execute("SELECT to_regclass(%s)", [name])
        if cursor.fetchone()[0] is not None:
            return
        # LIKE + ATTACH, not PARTITION OF: it keeps STORAGE EXTERNAL and blocks nobody.
        cursor.execute(f"CREATE TABLE {name} (LIKE trace INCLUDING ALL)")
        cursor.execute(
            f"ALTER TABLE {name} SET (autovacuum_vacuum_insert_threshold = -1, toast.autovacuum_enabled = on)"
        )
        cursor.execute(
            f"ALTER TABLE trace ATTACH PARTITION {name} FOR VALUES FROM ('{day}T00:00:00Z') TO ('{until}T00:00:00Z')"
        )


def existing_partitions(cursor) -> list[date]:
    """Days that have a partition, newest first."""
    return read_partitions(ask_partitions(cursor))


def ask_partitions(cursor):
    """Sends the question only, in a pipeline; returns the cursor."""
    return cursor.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'trace'::regclass ORDER BY 1 DESC",
        prepare=True,
    )


def read_partitions(cursor) -> list[date]:
    """The answer to `ask_partitions`."""
    return [_day_in(name) for (name,) in cursor.fetchall()]


@lru_cache(10_000)
def _day_in(name: str) -> date:
    return datetime.strptime(name.removeprefix(_PREFIX), "%Y%m%d").date()


def make_partitions_ahead(today: date) -> None:
    ensure_partitions(today + timedelta(days=n) for n in range(-1, DAYS_AHEAD + 1))


def sort_in_new_tokens(today: date) -> None:
    """Move tokens of traces just sealed from GIN's pending list, which every search reads through, into the index.

    A list of 5 MB took a search of one token from 0.5 to 1.7 ms, one of 34 tokens from 0.7 to 5.4. To keep the list
    short by a lower limit would cost a writer at full speed 2 µs a span; done by the clock it costs the more the less
    there is to do."""
    with store_cursor() as cursor:
        cursor.execute(
            """
            SELECT gin_clean_pending_list(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
            JOIN pg_am a ON a.oid = c.relam WHERE a.amname = 'gin' AND i.indrelid IN (
                SELECT to_regclass(name) FROM unnest(%s::text[]) AS t (name))
            """,
            [[partition_name(today + timedelta(days=n)) for n in (-1, 0, 1)]],
        )


def drop_partitions_before(first_kept: date) -> list[date]:
    """Drop whole days before `first_kept`; the days dropped. Waits at most 5 s for readers of each, then leaves
    the rest for the next run."""
    dropped = []
    with store_cursor() as cursor:
        days = existing_partitions(cursor)
    for day in reversed(days):
        if day >= first_kept:
            break
        with store_cursor() as cursor, cursor.connection.transaction():
            cursor.execute("SET LOCAL lock_timeout = '5s'")
            cursor.execute(f"DROP TABLE {partition_name(day)}")
        _known.discard(day)
        dropped.append(day)
    return dropped
