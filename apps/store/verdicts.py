"""Verdicts of sealed traces that are to be judged again, and their new ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from apps.store.dictionaries import unpack
from apps.traces.draft import Draft
from apps.traces.packing import decompress

MOST_ROWS = 20_000
"""So many are looked at in one go, newest first: root span names that nobody calls again fill the rest."""


class Root(NamedTuple):
    workspace_id: int
    service: str
    name: str
    traces: int
    """Of it that were judged without a comparison."""


class Stored(NamedTuple):
    """A trace as it is stored in one filing. `key` tells it from one that was sealed again meanwhile."""

    key: tuple
    draft: Draft


def roots_to_judge_again(cursor, *, since_s: float, most: int) -> list[Root]:
    """Root span names of traces filed since then that could not be compared; most traces first."""
    cursor.execute(
        """
        SELECT workspace_id, root_service, root_name, count(*) FROM (
            SELECT workspace_id, root_service, root_name FROM trace
            WHERE part = 0 AND substring(verdict FROM 1 FOR 2) = '\\x0101' AND started_at >= to_timestamp(%s)
            ORDER BY started_at DESC LIMIT %s
        ) AS newest GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3 LIMIT %s
        """,
        [since_s, MOST_ROWS, most],
    )
    return [Root(*row) for row in cursor.fetchall()]


def traces_to_judge_again(cursor, root: Root, *, since_s: float, most: int) -> Iterator[Stored]:
    """The newest traces of that root span name that could not be compared. Large ones are left as they are."""
    cursor.execute(
        """
        SELECT uuid_send(trace_id), started_at, received_at, payload, logs FROM trace
        WHERE part = 0 AND substring(verdict FROM 1 FOR 2) = '\\x0101' AND started_at >= to_timestamp(%s)
          AND workspace_id = %s AND root_service = %s AND root_name = %s AND span_count <= 2000
        ORDER BY started_at DESC LIMIT %s
        """,
        [since_s, root.workspace_id, root.service, root.name, most],
        binary=True,
    )
    for row in cursor.fetchall():  # unpacked one by one: all of them may be a gigabyte
        yield _stored(cursor, root.workspace_id, *row)


def sealed_trace(cursor, workspace_id: int, trace_id: bytes) -> Stored | None:
    """A trace that was filed once and in one part; None for any other."""
    cursor.execute(
        """
        SELECT uuid_send(trace_id), started_at, received_at, payload, logs FROM trace
        WHERE trace_id = %s::uuid AND workspace_id = %s AND span_count > 0
        """,
        [trace_id.hex(), workspace_id],
        binary=True,
    )
    rows = cursor.fetchall()
    return _stored(cursor, workspace_id, *rows[0]) if len(rows) == 1 else None


def _stored(cursor, workspace_id: int, trace_id: bytes, started_at, received_at, payload: bytes, logs) -> Stored:
    draft = Draft(trace_id)
    draft.add_document(unpack(cursor, payload))
    if logs:
        draft.add_logs(decompress(logs))
    return Stored((workspace_id, trace_id.hex(), started_at, received_at), draft)


def replace_verdict(cursor, stored: Stored, verdict: bytes) -> bool:
    """False when the trace was sealed again since it was read: then its verdict is newer than this one."""
    cursor.execute(
        """
        UPDATE trace SET verdict = %s
        WHERE workspace_id = %s AND trace_id = %s::uuid AND started_at = %s AND received_at = %s AND part = 0
        """,
        [verdict, *stored.key],
    )
    return cursor.rowcount == 1
