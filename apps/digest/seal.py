"""Digest: gather a shard's quiet traces from its batches and seal them, exactly once.

One transaction moves the spans: it writes sealed traces and what they add to the rollups, puts spans of traces that
are still arriving back as new batches, and deletes the batches that were read. A kill at any instant leaves either all
of it or nothing. A lock keeps a second digest out of the shard; writers need no lock, for only rows that were read are
deleted.
"""

from __future__ import annotations

from dataclasses import dataclass

from apps.digest.collector import collector_paused
from apps.digest.shards import shard_locked
from apps.insights.judged import verdict_of
from apps.insights.ledger import Ledger
from apps.store import hot
from apps.store.carry import Carried, carry_over
from apps.store.connection import store_cursor
from apps.store.names import register_attribute_keys, register_services, register_span_names
from apps.store.partitions import day_of, ensure_partitions
from apps.store.sealed import SealedTrace, delete_traces, filed_at, read_existing, write_traces
from apps.traces.batch import LOGS, TRACES
from apps.traces.columns import Columns
from apps.traces.draft import Draft, raw_log_scopes, raw_log_trace_id, raw_scopes, raw_trace_id
from apps.traces.packing import decompress
from apps.traces.sealing import SealingReader

MAX_SPANS = 60_000
"""Spans read in one transaction: about half a second of work, and 50 MB."""
MAX_BYTES = 64 << 20
"""Unpacked documents read in one transaction: spans may be large, and log records are not counted as spans."""

_readers: dict[int, SealingReader] = {}
"""One a workspace, for each knows the attribute keys it has seen."""


def forget_readers() -> None:
    """Forget what this process has seen (tests empty the tables under it)."""
    _readers.clear()


@dataclass(slots=True)
class Gathered:
    """All spans and log records of one trace found in ripe batches."""

    draft: Draft
    received_us: int = 0
    first_received_us: int = 1 << 62

    def may_wait(self, oldest_us: int) -> bool:
        """Whether to wait for the rest of a trace that is still arriving: not when it is old, nor when carrying it
        would fill the next transaction again."""
        is_small = self.draft.span_count < MAX_SPANS // 2 and self.draft.size_bytes < MAX_BYTES // 2
        return is_small and self.first_received_us > oldest_us


@dataclass(frozen=True, slots=True)
class Digested:
    batches: int = 0
    sealed: int = 0
    carried: int = 0
    is_more: bool = False
    """Ripe batches are left."""


Key = tuple[int, bytes]
"""(workspace id, trace id)."""


def digest_shard(
    shard: int, *, now_ns: int, quiet_seconds: float, retention_days: int, one_by_one: bool = False
) -> Digested:
    """Seal what has been quiet for `quiet_seconds` in `shard`; only what the oldest batch holds when `one_by_one`.
    Returns at once when another digest is at it."""
    until_us = ripe_until_us(now_ns, quiet_seconds)
    with store_cursor() as cursor, shard_locked(cursor, shard) as is_mine, collector_paused():
        if not is_mine:
            return Digested()
        limits = {"max_spans": 1 if one_by_one else MAX_SPANS, "max_bytes": MAX_BYTES}
        batches, is_more = hot.read_ripe(cursor, shard=shard, until_us=until_us, **limits)
        if not batches:
            return Digested()
        ids = [b.id for b in batches]
        arriving = hot.newest_arrivals(cursor, shard=shard, besides=ids)
        gathered = _gather(batches)
        # A trace is not old because digest is behind: then ages count from what has been read so far.
        read_until_us = max(b.received_us for b in batches) if is_more else until_us
        oldest_us = read_until_us - hot.MAX_OPEN_SECONDS * 1_000_000
        open_keys = [k for k, g in gathered.items() if k in arriving and g.may_wait(oldest_us)]
        carried = {key: gathered.pop(key) for key in open_keys}
        ready = _prepare(cursor, gathered, retention_days, now_ns)
        with cursor.connection.transaction():
            ready.write(cursor)
            carry_over(cursor, shard, [
                Carried(key[0], g.draft, arriving[key], g.first_received_us) for key, g in carried.items()
            ])  # fmt: skip
            hot.delete_batches(cursor, ids)
    return Digested(len(batches), len(ready.traces), len(carried), is_more)


def ripe_until_us(now_ns: int, quiet_seconds: float) -> int:
    return int(now_ns / 1000 - quiet_seconds * 1e6)


def _gather(batches: list[hot.HotBatch]) -> dict[Key, Gathered]:
    gathered: dict[Key, Gathered] = {}
    for batch in batches:
        scopes = raw_scopes if batch.signal == TRACES else raw_log_scopes
        for key, raws in scopes(decompress(batch.payload)):
            by_trace: dict[bytes, dict[bytes, None]] = {}
            for raw in raws:
                trace_id = raw_trace_id(raw) if batch.signal == TRACES else raw_log_trace_id(raw)
                mine = by_trace.get(trace_id)
                if mine is None:
                    mine = by_trace[trace_id] = {}
                mine[raw] = None
            for trace_id, mine in by_trace.items():
                _add(gathered, batch, trace_id, key, mine)
    return gathered


def _add(gathered: dict[Key, Gathered], batch: hot.HotBatch, trace_id: bytes, key: tuple, raws: dict) -> None:
    found = gathered.get((batch.workspace_id, trace_id))
    if found is None:
        found = gathered[batch.workspace_id, trace_id] = Gathered(Draft(trace_id))
    found.received_us = max(found.received_us, batch.received_us)
    found.first_received_us = min(found.first_received_us, batch.first_received_us)
    groups = found.draft.log_groups if batch.signal == LOGS else found.draft.groups
    group = groups.get(key)
    if group is None:
        groups[key] = raws
    else:
        group.update(raws)


@dataclass(slots=True)
class Ready:
    """All that one transaction writes; names, keys and partitions it needs are there, and committed."""

    traces: list[SealedTrace]
    reopened: list[Key]
    """Stored before; their rows are replaced."""
    ledger: Ledger
    window: dict[str, int]

    def write(self, cursor) -> None:
        if self.reopened:
            delete_traces(cursor, self.reopened, **self.window)
        write_traces(cursor, self.traces)
        self.ledger.write(cursor)


def _prepare(cursor, gathered: dict[Key, Gathered], retention_days: int, now_ns: int) -> Ready:
    """Traces stored before are merged with what came late. Nobody else changes them meanwhile: the shard is locked."""
    for reader in _readers.values():
        reader.attributes.make_room()
    columns: dict[Key, Columns | None] = {}
    traces = {key: _finish(key, g.draft, g.received_us * 1000, retention_days, columns) for key, g in gathered.items()}
    ready = Ready([], [], Ledger(), _window(traces))
    for key, stored in read_existing(cursor, {i for _, i in traces}, **ready.window).items() if traces else ():
        if key not in traces:
            continue
        late = traces.pop(key)
        whole = stored.with_late(late.draft)
        if whole is not None:
            traces[key] = _finish(key, whole, late.received_ns, retention_days, columns)
            ready.reopened.append(key)
            for filed_ns, draft in stored.filings.items():
                ready.ledger.add(key[0], draft, filed_ns, -1)
    for key, trace in traces.items():
        analysis = ready.ledger.add(key[0], trace.draft, trace.filed_at_ns, columns=columns[key])
        if analysis is not None:
            trace.verdict = verdict_of(trace.workspace_id, trace.draft, analysis, now_ns)
    ready.traces = list(traces.values())
    _register(cursor, ready)
    return ready


def _register(cursor, ready: Ready) -> None:
    for workspace_id in {trace.workspace_id for trace in ready.traces}:
        mine = [t.summary for t in ready.traces if t.workspace_id == workspace_id]
        register_services(cursor, workspace_id, {s for summary in mine for s in summary.services})
        register_span_names(cursor, workspace_id, {n for summary in mine for n in summary.names})
        register_attribute_keys(cursor, workspace_id, _readers[workspace_id].attributes.keys)
    ready.ledger.register(cursor)
    ensure_partitions(day_of(trace.filed_at_ns) for trace in ready.traces)


def _finish(
    key: Key, draft: Draft, received_ns: int, retention_days: int, columns: dict[Key, Columns | None]
) -> SealedTrace:  # fmt: skip
    """The trace ready to be written; what the analyses read of it is put into `columns`."""
    reader = _readers.setdefault(key[0], SealingReader())
    try:
        summary, columns[key] = reader.read(draft)
    except Exception:
        # What only the analyses read must not keep a trace from being sealed; the ledger says what became of it.
        summary, columns[key] = reader.summariser.summarise(draft), None
    filed_ns = filed_at(summary.start_ns, received_ns, retention_days)
    return SealedTrace(key[0], draft, summary, filed_ns, received_ns)


def _window(traces: dict[Key, SealedTrace]) -> dict[str, int]:
    filed = [trace.filed_at_ns for trace in traces.values()]
    return {"from_ns": min(filed, default=0), "until_ns": max(filed, default=0) + 1}
