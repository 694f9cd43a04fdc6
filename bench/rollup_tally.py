"""Counts rollups by brute force from the sealed traces, and compares."""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby

DAY_MINUTES = 1_440


def wrong_rollups(workspace_id: int = 1) -> int:
    """Keys and days whose figures differ from what the sealed traces add up to; 0 when all is well.

    What is older than minutes are kept is in the days alone, the rest in inbox and minutes.
    """
    from django.conf import settings
    from django.db import connection, transaction

    from tests.insights.brute import Count, expected, in_buckets, stored

    with transaction.atomic(), connection.cursor() as cursor:
        # One snapshot: the fold goes on moving facts from the inbox to the levels.
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        traces = _sealed(cursor, workspace_id)
        recent, old = stored("rollup_inbox", "rollup_minute"), stored("rollup_day")
        cursor.execute("SELECT extract(epoch FROM date_trunc('day', now(), 'UTC'))::int8 / 60")
        oldest = cursor.fetchone()[0] - settings.TRACER_MINUTE_RETENTION_DAYS * DAY_MINUTES
    found = in_buckets(recent, DAY_MINUTES)
    for key, count in old.items():
        if key[2] < oldest:
            found[key].merge(count)
    wanted: dict[tuple, Count] = defaultdict(Count)
    for filed_ns, trace in traces:
        for key, count in in_buckets(expected([trace], lambda _, at=filed_ns: at), DAY_MINUTES).items():
            wanted[key].merge(count)
    return sum(
        found.get(key, Count()).numbers != wanted.get(key, Count()).numbers for key in found.keys() | wanted.keys()
    )


def _sealed(cursor, workspace_id: int) -> list[tuple]:
    """(filed at in ns, trace) of every filing with spans."""
    from apps.store.connection import store_cursor
    from apps.store.dictionaries import unpack
    from apps.traces.otlp import read_trace
    from apps.traces.packing import decompress

    cursor.execute(
        """
        SELECT replace(trace_id::text, '-', ''), (extract(epoch FROM started_at) * 1e6)::int8 * 1000, payload, logs
        FROM trace WHERE workspace_id = %s AND span_count > 0 ORDER BY trace_id, started_at, part
        """,
        [workspace_id],
    )
    found = []
    with store_cursor() as reading:
        for (trace_id, filed_ns), rows in groupby(cursor.fetchall(), key=lambda row: row[:2]):
            parts = list(rows)
            payload = b"".join(unpack(reading, bytes(row[2])) for row in parts)
            logs = b"".join(decompress(bytes(row[3])) for row in parts if row[3])
            found.append((filed_ns, read_trace(trace_id, payload, logs)))
    return found
