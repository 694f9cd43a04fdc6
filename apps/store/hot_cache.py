"""The batches that are not sealed yet, kept in memory by each web process so that a search fetches only new ones.

A batch row never changes, hence the cache cannot be stale: rows that are gone are dropped, rows that are new are
fetched. Payloads stay compressed (48 B a span); what was decompressed last stays so up to a limit.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from django.conf import settings
from google.protobuf.message import DecodeError
from zstandard import ZstdError

from apps.store.hot import sent_int4s, sent_int8s, sent_uuids
from apps.store.sealed import filed_at
from apps.traces.batch import TRACES
from apps.traces.draft import raw_log_scopes, raw_log_trace_id, raw_scopes, raw_trace_id
from apps.traces.packing import decompress

MAX_OPEN_BYTES = 64 << 20
"""Uncompressed bytes of batches kept open; each is held twice, as one document and cut into spans."""
FETCH_ROWS = 500


@dataclass(slots=True)
class CachedBatch:
    id: int
    signal: int
    received_us: int
    span_count: int
    starts: dict[bytes, int]
    """Trace id -> earliest start in this batch, ns."""
    ends: dict[bytes, int]
    """Trace id -> latest end in this batch, ns."""
    filed: dict[bytes, int]
    """Trace id -> its start here as filed (`apps.store.sealed.filed_at`), ns."""
    newest_ns: int
    """The latest of `filed`."""
    tokens: frozenset[int]
    """What its spans can be found by; empty for log records."""
    payload: bytes


@dataclass(slots=True)
class OpenBatch:
    data: bytes
    """Serialised TracesData or LogsData."""
    scopes: list[tuple[tuple, list[bytes]]]
    """(resource and scope, serialised spans) as `apps.traces.draft.raw_scopes` gives them."""
    by_trace: dict[bytes, list[tuple[tuple, list[bytes]]]]
    """The same for each trace id: putting a trace together reads nothing of the others."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was hot in a workspace at one moment."""

    workspace_id: int
    batches: list[CachedBatch]
    ids: frozenset[int]
    gone: int
    """How many batches had gone from the workspace by then."""


class _Workspace:
    """`gone` is counted before anything is forgotten, so that a reader that finds it unchanged after a look has missed
    nothing."""

    def __init__(self):
        self.batches: dict[int, CachedBatch] = {}
        self.of_trace: dict[bytes, tuple[CachedBatch, ...]] = {}
        self.unsealed: set[bytes] = set()
        """Hot traces known to have no sealed row. Sealing a trace takes away a batch it stands in."""
        self.gone = 0

    def add(self, batches: list[CachedBatch]) -> None:
        for batch in batches:
            if batch.id not in self.batches:
                self.batches[batch.id] = batch
                for trace_id in batch.starts:
                    self.of_trace[trace_id] = (*self.of_trace.get(trace_id, ()), batch)

    def forget(self, ids) -> None:
        self.gone += len(ids)
        for i in ids:
            for trace_id in self.batches.pop(i).starts:
                self.unsealed.discard(trace_id)
                left = tuple(b for b in self.of_trace[trace_id] if b.id != i)
                if left:
                    self.of_trace[trace_id] = left
                else:
                    del self.of_trace[trace_id]


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
        rows = _list(cursor, workspace_id, newest)
        ids = frozenset(row[0] for row in rows)
        fetched = [_batch(*row) for row in rows if row[1] is not None]
        with self._lock:
            known.add(fetched)
            gone = known.batches.keys() - ids
            known.forget(gone)
            for i in gone:
                self._close(i)
            missing = sorted(ids - known.batches.keys())
        for at in range(0, len(missing), FETCH_ROWS):
            wanted = missing[at : at + FETCH_ROWS]
            fetched = _fetch(cursor, wanted)
            with self._lock:
                known.add(fetched)
            if len(fetched) < len(wanted):
                return None
        with self._lock:
            batches = [b for i, b in known.batches.items() if i in ids]
            return Snapshot(workspace_id, batches, ids, known.gone) if len(batches) == len(ids) else None

    def batches_of(self, snapshot: Snapshot, trace_id: bytes) -> list[CachedBatch]:
        """Those of the snapshot that the trace stands in."""
        known = self._workspaces.get(snapshot.workspace_id)
        if known is not None:
            found = known.of_trace.get(trace_id, ())
            if known.gone == snapshot.gone:
                return [b for b in found if b.id in snapshot.ids]
        return [b for b in snapshot.batches if trace_id in b.starts]

    def maybe_sealed(self, snapshot: Snapshot, trace_ids: list[bytes]) -> list[bytes]:
        """Those that may have a sealed row."""
        known = self._workspaces.get(snapshot.workspace_id)
        return [t for t in trace_ids if t not in known.unsealed] if known else trace_ids

    def note_unsealed(self, snapshot: Snapshot, trace_ids: list[bytes]) -> None:
        """These hot traces have been looked for among sealed ones after the snapshot was made, and are not there."""
        with self._lock:
            known = self._workspaces.get(snapshot.workspace_id)
            if known is not None and known.gone == snapshot.gone:
                known.unsealed.update(trace_ids)

    def open(self, batch: CachedBatch) -> OpenBatch:
        with self._lock:
            found = self._open.get(batch.id)
            if found is not None:
                self._open.move_to_end(batch.id)
                return found
        opened = _opened(batch)
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


def _opened(batch: CachedBatch) -> OpenBatch:
    read, id_of = (raw_scopes, raw_trace_id) if batch.signal == TRACES else (raw_log_scopes, raw_log_trace_id)
    try:
        data = decompress(batch.payload)
        scopes = [(key, list(raws)) for key, raws in read(data)]
    except (ZstdError, DecodeError):
        # Digest will set it aside and say so; until then a search shows what can be read.
        return OpenBatch(b"", [], {})
    by_trace: dict[bytes, list[tuple[tuple, list[bytes]]]] = {}
    for key, raws in scopes:
        for raw in raws:
            mine = by_trace.setdefault(id_of(raw), [])
            if not mine or mine[-1][0] is not key:
                mine.append((key, []))
            mine[-1][1].append(raw)
    return OpenBatch(data, scopes, by_trace)


_COLUMNS = (
    "signal", "(extract(epoch FROM received_at) * 1e6)::int8", "span_count", "array_send(trace_ids)",
    "array_send(starts_ns)", "array_send(ends_ns)", "array_send(tokens)", "payload",
)  # fmt: skip
_NEW = ", ".join(f"CASE WHEN id > %(newest)s AND id <= %(newest)s + {4 * FETCH_ROWS} THEN {c} END" for c in _COLUMNS)


def _list(cursor, workspace_id: int, newest: int | None) -> list[tuple]:
    """Ids of all batches; the rest of the row only of those after `newest`."""
    values = {"newest": newest if newest is not None else 1 << 62, "workspace": workspace_id}
    return cursor.execute(
        f"SELECT id, {_NEW} FROM batch WHERE workspace_id = %(workspace)s", values, binary=True, prepare=True
    ).fetchall()


def _fetch(cursor, ids: list[int]) -> list[CachedBatch]:
    cursor.execute(f"SELECT id, {', '.join(_COLUMNS)} FROM batch WHERE id = ANY(%s)", [ids], binary=True)
    return [_batch(*row) for row in cursor.fetchall()]


def _batch(id_, signal, received_us, span_count, traces, starts, ends, tokens, payload) -> CachedBatch:
    ids = sent_uuids(traces)
    started = dict(zip(ids, sent_int8s(starts), strict=True))
    filed = {t: filed_at(at, received_us * 1000, settings.TRACER_RETENTION_DAYS) for t, at in started.items()}
    return CachedBatch(
        id_, signal, received_us, span_count, starts=started, ends=dict(zip(ids, sent_int8s(ends), strict=True)),
        filed=filed, newest_ns=max(filed.values(), default=0),
        tokens=frozenset(sent_int4s(tokens)), payload=payload,
    )  # fmt: skip


hot_cache = HotCache()
