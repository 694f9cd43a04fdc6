"""A batch that is not sealed yet, as a web process holds it: fetched once, opened when a search needs its spans."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from google.protobuf.message import DecodeError
from zstandard import ZstdError

from apps.store.hot import sent_int4s, sent_int8s, sent_uuids
from apps.store.sealed import filed_at
from apps.traces.batch import TRACES
from apps.traces.draft import raw_log_scopes, raw_log_trace_id, raw_scopes, raw_trace_id
from apps.traces.packing import decompress

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
class HotTrace:
    """Where a trace stands, and what its batches say of its spans before they are opened; `batches` holds those of log
    records, too. Times in ns; 0 when no span is hot."""

    batches: tuple[CachedBatch, ...] = ()
    filed_ns: int = 0
    """Its earliest hot start as filed: never a time that cannot be true."""
    start_ns: int = 0
    """Its earliest hot start that is one."""
    end_ns: int = 0


NOT_HOT = HotTrace()


def hot_trace(batches: list[CachedBatch], trace_id: bytes) -> HotTrace:
    """What these, which the trace stands in, say of it."""
    mine = [b for b in batches if b.signal == TRACES]
    if not mine:
        return HotTrace(tuple(batches))
    starts = [at for at in (b.starts[trace_id] for b in mine) if at]
    return HotTrace(
        tuple(batches),
        min(b.filed[trace_id] for b in mine),
        min(starts, default=0),
        max(b.ends[trace_id] for b in mine),
    )


def open_batch(batch: CachedBatch) -> OpenBatch:
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
_LIST = f"""
    SELECT id, {", ".join(_COLUMNS)} FROM batch
    WHERE workspace_id = %(workspace)s AND id > %(newest)s AND id <= %(newest)s + {4 * FETCH_ROWS}
    UNION ALL SELECT NULL{", NULL" * (len(_COLUMNS) - 1)}, array_send(array_agg(id)) FROM batch
    WHERE workspace_id = %(workspace)s AND id > 0
"""
# `id > 0` is always so: it lets an index be used, which passes over what digest has deleted. Between two vacuums that
# can be ten times what is there.


def list_batches(cursor, workspace_id: int, newest: int | None) -> tuple[set[int], list[tuple]]:
    """Ids of all batches, and rows for `read_batch` of those after `newest`."""
    values = {"newest": newest if newest is not None else 1 << 62, "workspace": workspace_id}
    rows = cursor.execute(_LIST, values, binary=True, prepare=True).fetchall()
    ids = next(row[-1] for row in rows if row[0] is None) or b""
    return set(sent_int8s(ids)), [row for row in rows if row[0] is not None]


def fetch_batches(cursor, ids: list[int]) -> list[CachedBatch]:
    cursor.execute(f"SELECT id, {', '.join(_COLUMNS)} FROM batch WHERE id = ANY(%s)", [ids], binary=True)
    return [read_batch(*row) for row in cursor.fetchall()]


def read_batch(id_, signal, received_us, span_count, traces, starts, ends, tokens, payload) -> CachedBatch:
    ids = sent_uuids(traces)
    started = dict(zip(ids, sent_int8s(starts), strict=True))
    retention_days = settings.TRACER_RETENTION_DAYS
    filed = {t: filed_at(at, received_us * 1000, retention_days) for t, at in started.items()}
    return CachedBatch(
        id_, signal, received_us, span_count, starts=started, ends=dict(zip(ids, sent_int8s(ends), strict=True)),
        filed=filed, newest_ns=max(filed.values(), default=0),
        tokens=frozenset(sent_int4s(tokens)), payload=payload,
    )  # fmt: skip
