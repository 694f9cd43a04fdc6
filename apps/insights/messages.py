"""Messages across traces: how long one lay in its queue is known when the trace that put it there and the one that took
it are both sealed.

Digest writes both ends with their traces (`apps.insights.message_ends`). A task pairs them, once each: the edge from
the queue, counted without a duration so far, gets one, and the root of the trace that took the message gets a part
QUEUE_WAIT. When that trace is sealed again its ends are marked as gone, and the task takes back what it had added.
"""

from __future__ import annotations

from typing import NamedTuple

from apps.insights.ledger import Ledger, forget_books
from apps.store.connection import store_cursor
from apps.traces.deposits import QUEUE_WAIT, Deposits
from apps.traces.edges import MESSAGING
from apps.traces.key_book import EDGE, PART

KEPT_HOURS = 48
"""Ends that found no other by then are forgotten, and those of older traces cannot be taken back any more."""
LOOK_BACK_HOURS = 1
"""Pairs are looked for among ends of which one is no older; longer than that the task must not stand still."""
MOST = 5_000

_LOCK = 0x6D657373


class Paired(NamedTuple):
    """A message whose lay time has become known."""

    workspace_id: int
    trace_id: bytes
    """That took it."""
    service: str
    queue: str
    lay_ns: int
    root_service: str | None
    """Of that trace; None where its main root is none."""
    root_name: str | None


class _Row(NamedTuple):
    id: int
    workspace_id: int
    trace_id: bytes
    queue_kind: str
    queue: str
    service: str
    root_service: str | None
    root_name: str | None
    edge_at_ns: int
    part_at_ns: int
    weight: int
    root_weight: int
    lay_ns: int


_COLUMNS = """t.id, t.workspace_id, uuid_send(t.trace_id), t.queue_kind, t.queue, t.service, t.root_service,
              t.root_name, t.edge_at_ns, t.part_at_ns, t.weight, t.root_weight"""


def pair_messages() -> list[Paired]:
    """Take back what is gone, pair what can be paired, forget what is old. The new pairs; none at once when another
    process is at it."""
    try:
        with store_cursor() as cursor, cursor.connection.transaction():
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
            paired = _pair_all(cursor) if cursor.fetchone()[0] else []
    except BaseException:
        forget_books()  # Keys registered in a transaction that is gone are gone, too.
        raise
    return [
        Paired(row.workspace_id, row.trace_id, row.service, row.queue, row.lay_ns, row.root_service, row.root_name)
        for row in paired
    ]


def _pair_all(cursor) -> list[_Row]:
    ledger, gone, paired = Ledger(), _take_gone(cursor), _pair(cursor)
    for row, sign in [*((row, -1) for row in gone), *((row, 1) for row in paired)]:
        _deposit(ledger.deposits(row.workspace_id), row, sign)
    ledger.register(cursor)
    ledger.write(cursor)
    for table in ("rollup_put", "rollup_taken"):
        cursor.execute(f"DELETE FROM {table} WHERE made_at < now() - interval '{KEPT_HOURS} hours'")
    return paired


def _take_gone(cursor) -> list[_Row]:
    """Rows of which something was added; the others leave without a trace."""
    cursor.execute(
        f"""
        WITH gone AS (
            DELETE FROM rollup_taken WHERE id IN (
                SELECT id FROM rollup_taken WHERE is_gone ORDER BY id LIMIT {MOST} FOR UPDATE SKIP LOCKED
            ) RETURNING *
        )
        SELECT {_COLUMNS}, t.lay_ns FROM gone AS t WHERE t.lay_ns IS NOT NULL
        """,
        binary=True,
    )
    return [_Row(*row) for row in cursor.fetchall()]


def _pair(cursor) -> list[_Row]:
    lately = f"made_at > now() - interval '{LOOK_BACK_HOURS} hours'"
    found: dict[int, int] = {}
    for which in (f"t.{lately}", f"p.{lately}"):
        cursor.execute(
            f"""
            SELECT t.id, greatest(0, t.start_ns - min(p.end_ns))::int8
            FROM rollup_taken t JOIN rollup_put p
              ON p.trace_id = t.put_trace_id AND p.span_id = t.put_span_id AND p.workspace_id = t.workspace_id
            WHERE t.lay_ns IS NULL AND NOT t.is_gone AND {which} GROUP BY t.id LIMIT {MOST}
            """
        )
        found |= dict(cursor.fetchall())
    cursor.execute(
        f"""
        WITH mine AS (
            SELECT id FROM rollup_taken WHERE id = ANY(%s) AND lay_ns IS NULL AND NOT is_gone ORDER BY id
            FOR UPDATE SKIP LOCKED
        )
        UPDATE rollup_taken t SET lay_ns = found.lay_ns
        FROM unnest(%s::int8[], %s::int8[]) AS found (id, lay_ns)
        WHERE t.id = found.id AND t.id IN (SELECT id FROM mine) RETURNING {_COLUMNS}, t.lay_ns
        """,
        [list(found), list(found), list(found.values())],
        binary=True,
    )
    return [_Row(*row) for row in cursor.fetchall()]


def _deposit(into: Deposits, row: _Row, sign: int) -> None:
    number = into.book.number
    edge = number(EDGE, (row.queue_kind, row.queue, "service", row.service, MESSAGING))
    # It is counted already, without a duration: take that back, and count it with one.
    into.add(edge, row.edge_at_ns, row.weight, False, -sign)
    into.add(edge, row.edge_at_ns, row.weight, False, sign, row.lay_ns)
    if row.root_service is not None and row.root_name is not None:
        into.part_key.append(number(PART, (row.root_service, row.root_name, row.service, row.queue, QUEUE_WAIT)))
        into.part_ns.append(row.lay_ns)
        into.part_calls.append(1)
        into.part_at.append((1, row.part_at_ns))
        into.part_weight.append((1, sign * row.root_weight))
