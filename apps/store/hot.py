"""What has arrived and is not sealed: batch rows, read by digest and by searches."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from apps.traces.packing import unpacked_bytes

NS = 1_000_000_000
MAX_OPEN_SECONDS = 60
"""A trace that never falls quiet is sealed after this long, and reopened for what comes later."""


@dataclass(frozen=True, slots=True)
class HotBatch:
    id: int
    workspace_id: int
    signal: int
    received_us: int
    first_received_us: int
    span_count: int
    payload: bytes
    """zstd of TracesData or LogsData, by `signal`."""


_READ_RIPE = """
    SELECT id, workspace_id, signal, received_us, first_received_us, span_count, payload, ripe_count
    FROM (
        SELECT id, workspace_id, signal, span_count, payload,
               (extract(epoch FROM received_at) * 1e6)::int8 AS received_us,
               (extract(epoch FROM first_received_at) * 1e6)::int8 AS first_received_us,
               sum(span_count + 1) OVER (ORDER BY received_at, id) - span_count AS before,
               count(*) OVER () AS ripe_count,
               sum(octet_length(payload)) OVER (ORDER BY received_at, id) - octet_length(payload) AS bytes_before
        FROM batch WHERE shard = %(shard)s AND received_at <= to_timestamp(%(until_us)s / 1e6)
    ) AS ripe
    WHERE before <= %(max_spans)s AND bytes_before <= %(max_bytes)s ORDER BY received_us, id
"""

_READ_OTHERS = """
    SELECT workspace_id, (extract(epoch FROM received_at) * 1e6)::int8, array_send(trace_ids)
    FROM batch WHERE shard = %(shard)s AND id <> ALL(%(ids)s)
"""


def read_ripe(cursor, *, shard: int, until_us: int, max_spans: int, max_bytes: int) -> tuple[list[HotBatch], bool]:
    """(batches, whether more are left) of `shard` that arrived up to `until_us` (µs since 1970), oldest first: until
    spans and rows together exceed `max_spans`, the last of them included, or the next one would bring their unpacked
    documents above `max_bytes`. At least one when there are any."""
    limits = {"shard": shard, "until_us": until_us, "max_spans": max_spans, "max_bytes": max_bytes}
    cursor.execute(_READ_RIPE, limits, binary=True)
    taken: list[HotBatch] = []
    rows = cursor.fetchall()
    unpacked = 0
    for *columns, _ in rows:
        batch = HotBatch(*columns)
        unpacked += unpacked_bytes(batch.payload)
        if taken and unpacked > max_bytes:
            break
        taken.append(batch)
    return taken, bool(rows) and len(taken) < rows[0][-1]


def ripe_shards(cursor, *, shards: int, until_us: int) -> list[int]:
    """Those of the first `shards` that hold a batch which arrived up to `until_us` (µs since 1970)."""
    cursor.execute(
        """
        SELECT shard FROM generate_series(0, %s - 1) AS shard WHERE EXISTS (
            SELECT FROM batch WHERE batch.shard = shard.shard AND received_at <= to_timestamp(%s / 1e6)
        )
        """,
        [shards, until_us],
    )
    return [shard for (shard,) in cursor.fetchall()]


def newest_arrivals(cursor, *, shard: int, besides: list[int]) -> dict[tuple[int, bytes], int]:
    """(workspace, trace id) -> when the newest of its batches other than `besides` arrived, µs since 1970."""
    cursor.execute(_READ_OTHERS, {"shard": shard, "ids": besides}, binary=True)
    newest: dict[tuple[int, bytes], int] = {}
    for workspace_id, received_us, sent in cursor.fetchall():
        for trace_id in sent_uuids(sent):
            key = (workspace_id, trace_id)
            if received_us > newest.get(key, 0):
                newest[key] = received_us
    return newest


def sent_uuids(sent: bytes) -> list[bytes]:
    """The 16-byte ids in `array_send(uuid[])`: a 20-byte head, then a 4-byte length before each."""
    return [sent[at : at + 16] for at in range(24, len(sent), 20)]


def sent_int8s(sent: bytes) -> list[int]:
    """The numbers in `array_send(int8[])`."""
    if len(sent) <= 20:
        return []
    return [value for _, value in struct.iter_unpack("!iq", sent[20:])]


def sent_int4s(sent: bytes) -> tuple[int, ...]:
    """The numbers in `array_send(int4[])`: each after its length, which is left out here."""
    return struct.unpack(f"!{(len(sent) - 20) // 4}i", sent[20:])[1::2] if len(sent) > 20 else ()


def delete_batches(cursor, ids: list[int]) -> None:
    """Remove exactly these rows. Raises RuntimeError when another process has removed any of them before: then
    the whole transaction must not commit, or spans would be counted twice."""
    cursor.execute("DELETE FROM batch WHERE id = ANY(%s)", [ids])
    if cursor.rowcount != len(ids):
        raise RuntimeError(f"{len(ids) - cursor.rowcount} of {len(ids)} batches were digested by somebody else")


_COLUMNS = """workspace_id, shard, signal, received_at, first_received_at, span_count, trace_ids, starts_ns, ends_ns,
              tokens, payload"""


def set_oldest_aside(cursor, *, shard: int, until_us: int, reason: str) -> int | None:
    """Move the batch that digest would read first out of its way; its id, None when there is none."""
    cursor.execute(
        f"""
        WITH gone AS (
            DELETE FROM batch WHERE id = (
                SELECT id FROM batch WHERE shard = %s AND received_at <= to_timestamp(%s / 1e6)
                ORDER BY received_at, id LIMIT 1
            ) RETURNING *
        )
        INSERT INTO refused_batch (id, {_COLUMNS}, reason) SELECT id, {_COLUMNS}, %s FROM gone RETURNING id
        """,
        [shard, until_us, reason[:2000].replace("\0", "\ufffd")],
    )
    row = cursor.fetchone()
    return row[0] if row else None


def put_refused_back(cursor) -> int:
    """Let digest try again what was set aside; how many batches."""
    cursor.execute(
        f"""
        WITH gone AS (DELETE FROM refused_batch RETURNING *)
        INSERT INTO batch ({_COLUMNS}) SELECT {_COLUMNS} FROM gone
        """
    )
    return cursor.rowcount
