"""The batches that are not sealed yet, kept in memory by each web process so that a search fetches only new ones.

A batch row never changes, hence the cache cannot be stale: rows that are gone are dropped, rows that are new are
fetched. Payloads stay compressed (48 B a span); what was decompressed last stays so up to a limit.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from apps.store.hot import sent_int8s, sent_uuids
from apps.traces.packing import decompress

MAX_PLAIN_BYTES = 64 << 20
FETCH_ROWS = 500


@dataclass(slots=True)
class CachedBatch:
    id: int
    signal: int
    received_us: int
    span_count: int
    starts: dict[bytes, int]
    """Trace id -> earliest start in this batch, ns."""
    payload: bytes


class HotCache:
    """Batches by workspace. Use `batches()` once a search and work on what it returned."""

    def __init__(self):
        self._lock = threading.Lock()
        self._batches: dict[int, dict[int, CachedBatch]] = {}
        self._plain: OrderedDict[int, bytes] = OrderedDict()
        self._plain_bytes = 0

    def batches(self, cursor, workspace_id: int) -> list[CachedBatch]:
        """Every batch of the workspace that is committed now and not sealed."""
        cursor.execute("SELECT id FROM batch WHERE workspace_id = %s", [workspace_id])
        ids = {i for (i,) in cursor.fetchall()}
        with self._lock:
            known = self._batches.setdefault(workspace_id, {})
            for gone in known.keys() - ids:
                del known[gone]
                self._plain_bytes -= len(self._plain.pop(gone, b""))
            missing = sorted(ids - known.keys())
        fetched = [b for at in range(0, len(missing), FETCH_ROWS) for b in _fetch(cursor, missing[at : at + FETCH_ROWS])]
        with self._lock:
            known.update((b.id, b) for b in fetched)
            return list(known.values())

    def plain(self, batch: CachedBatch) -> bytes:
        """The decompressed payload."""
        with self._lock:
            found = self._plain.get(batch.id)
            if found is not None:
                self._plain.move_to_end(batch.id)
                return found
        data = decompress(batch.payload)
        with self._lock:
            if batch.id not in self._plain:
                self._plain[batch.id] = data
                self._plain_bytes += len(data)
            while self._plain_bytes > MAX_PLAIN_BYTES:
                _, oldest = self._plain.popitem(last=False)
                self._plain_bytes -= len(oldest)
        return data


def _fetch(cursor, ids: list[int]) -> list[CachedBatch]:
    cursor.execute(
        """
        SELECT id, signal, (extract(epoch FROM received_at) * 1e6)::int8, span_count,
               array_send(trace_ids), array_send(starts_ns), payload
        FROM batch WHERE id = ANY(%s)
        """,
        [ids],
        binary=True,
    )
    return [
        CachedBatch(id_, signal, received_us, spans, dict(zip(sent_uuids(traces), sent_int8s(starts), strict=True)), data)
        for id_, signal, received_us, spans, traces, starts, data in cursor.fetchall()
    ]


hot_cache = HotCache()
