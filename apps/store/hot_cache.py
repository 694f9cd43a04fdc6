"""The batches that are not sealed yet, kept in memory by each web process so that a search fetches only new ones.

A batch row never changes, hence the cache cannot be stale: rows that are gone are dropped, rows that are new are
fetched. Payloads stay compressed (48 B a span); what was decompressed last stays so up to a limit.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from apps.store.hot_batches import (
    FETCH_ROWS,
    NOT_HOT,
    CachedBatch,
    HotTrace,
    OpenBatch,
    fetch_batches,
    hot_trace,
    list_batches,
    open_batch,
    read_batch,
)

MAX_OPEN_BYTES = 64 << 20
"""Uncompressed bytes of batches kept open; each is held twice, as one document and cut into spans."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was hot in a workspace at one moment."""

    workspace_id: int
    batches: list[CachedBatch]
    changes: int
    """How often the workspace's batches had changed by then."""


class _Workspace:
    """`changes` is counted before anything changes: a reader that finds it as it was when its snapshot was made has
    read what the snapshot holds."""

    def __init__(self):
        self.batches: dict[int, CachedBatch] = {}
        self.of_trace: dict[bytes, list[CachedBatch]] = {}
        self.traces: dict[bytes, HotTrace] = {}
        """Those that were asked for."""
        self.unsealed: set[bytes] = set()
        """Hot traces known to have no sealed row. Sealing a trace takes away a batch it stands in."""
        self.changes = 0

    def add(self, batches: list[CachedBatch]) -> None:
        self.changes += 1
        for batch in batches:
            if batch.id not in self.batches:
                self.batches[batch.id] = batch
                for trace_id in batch.starts:
                    self.traces.pop(trace_id, None)
                    self.of_trace.setdefault(trace_id, []).append(batch)

    def forget(self, ids: set[int]) -> None:
        self.changes += 1
        for trace_id in {trace_id for i in ids for trace_id in self.batches.pop(i).starts}:
            self.unsealed.discard(trace_id)
            self.traces.pop(trace_id, None)
            left = [b for b in self.of_trace.pop(trace_id) if b.id not in ids]
            if left:
                self.of_trace[trace_id] = left


class HotCache:
    """Batches by workspace. Use `look()` once a search and work on what it returned."""

    def __init__(self):
        self._lock = threading.Lock()
        self._workspaces: dict[int, _Workspace] = {}
        self._open: OrderedDict[int, OpenBatch] = OrderedDict()
        self._open_bytes = 0

    def look(self, cursor, workspace_id: int) -> Snapshot:
        """Every batch of the workspace that is committed now and not sealed."""
        while (found := self._look(cursor, workspace_id)) is None:
            pass  # digest deletes a batch within milliseconds and every two seconds
        return found

    def _look(self, cursor, workspace_id: int) -> Snapshot | None:
        """None when batches went while they were fetched: what they held may stand in new ones, carried over."""
        with self._lock:
            known = self._workspaces.setdefault(workspace_id, _Workspace())
            newest = max(known.batches, default=None)
        # Nearly all that is new has an id above those known: it comes in the same statement.
        ids, new = list_batches(cursor, workspace_id, newest)
        fetched = [read_batch(*row) for row in new]
        with self._lock:
            if fetched:
                known.add(fetched)
            gone = known.batches.keys() - ids
            if gone:
                known.forget(gone)
                for i in gone:
                    self._close(i)
            missing = sorted(ids - known.batches.keys())
        for at in range(0, len(missing), FETCH_ROWS):
            wanted = missing[at : at + FETCH_ROWS]
            fetched = fetch_batches(cursor, wanted)
            with self._lock:
                known.add(fetched)
            if len(fetched) < len(wanted):
                return None
        with self._lock:
            batches = [b for i, b in known.batches.items() if i in ids]
            return Snapshot(workspace_id, batches, known.changes) if len(batches) == len(ids) else None

    def trace(self, snapshot: Snapshot, trace_id: bytes) -> HotTrace:
        """The trace as it stood at the moment of the snapshot."""
        known = self._workspaces[snapshot.workspace_id]
        found = known.traces.get(trace_id)
        if found is None:
            batches = known.of_trace.get(trace_id)
            found = hot_trace(list(batches), trace_id) if batches else NOT_HOT
            with self._lock:
                if batches and known.changes == snapshot.changes:
                    known.traces[trace_id] = found
        if known.changes == snapshot.changes:
            return found
        return hot_trace([b for b in snapshot.batches if trace_id in b.starts], trace_id)

    def may_be_sealed(self, snapshot: Snapshot, trace_id: bytes) -> bool:
        """Whether the hot trace may have a sealed row besides."""
        return trace_id not in self._workspaces[snapshot.workspace_id].unsealed

    def note_unsealed(self, snapshot: Snapshot, trace_ids: list[bytes]) -> None:
        """These hot traces have been looked for among sealed ones after the snapshot was made, and are not there."""
        known = self._workspaces[snapshot.workspace_id]
        with self._lock:
            if known.changes == snapshot.changes:
                known.unsealed.update(trace_ids)

    def open(self, batch: CachedBatch) -> OpenBatch:
        with self._lock:
            found = self._open.get(batch.id)
            if found is not None:
                self._open.move_to_end(batch.id)
                return found
        opened = open_batch(batch)
        with self._lock:
            if batch.id not in self._open:
                self._open[batch.id] = opened
                self._open_bytes += len(opened.data)
            while self._open_bytes > MAX_OPEN_BYTES:
                self._close(next(iter(self._open)))
        return opened

    def _close(self, batch_id: int) -> None:
        gone = self._open.pop(batch_id, None)
        if gone is not None:
            self._open_bytes -= len(gone.data)


hot_cache = HotCache()
