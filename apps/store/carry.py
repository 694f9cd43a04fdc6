"""Spans of traces that are still arriving, put back by digest as new batches."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from apps.store import copying
from apps.traces import wire
from apps.traces.batch import LOGS, TRACES, add_tokens
from apps.traces.draft import Draft
from apps.traces.packing import compress

COPY_CARRIED = """
    COPY batch (workspace_id, shard, signal, received_at, first_received_at, span_count, trace_ids, starts_ns,
                ends_ns, tokens, payload)
    FROM STDIN (FORMAT BINARY)
"""


@dataclass(frozen=True, slots=True)
class Carried:
    workspace_id: int
    draft: Draft
    received_us: int
    """When the newest of its batches arrived: it becomes ripe together with that one."""
    first_received_us: int


def carry_over(cursor, shard: int, traces: list[Carried]) -> None:
    """Write the spans back. Traces that become ripe in the same second and are about as old share a row, so that
    one long trace neither holds back nor hurries the others."""
    rows: dict[tuple, list[Carried]] = defaultdict(list)
    for trace in traces:
        rows[trace.workspace_id, trace.received_us // 1_000_000, trace.first_received_us // 10_000_000].append(trace)
    packed = [row for together in rows.values() for row in _rows(shard, together)]
    if packed:
        copying.copy_rows(cursor, COPY_CARRIED, packed)


def _rows(shard: int, traces: list[Carried]):
    with_spans = [t for t in traces if t.draft.groups]
    if with_spans:
        document = wire.RawTracesData()
        for trace in with_spans:
            trace.draft.write_spans(document)
        yield _row(shard, TRACES, with_spans, document)
    with_logs = [t for t in traces if t.draft.log_groups]
    if with_logs:
        document = wire.RawLogsData()
        for trace in with_logs:
            trace.draft.write_logs(document)
        yield _row(shard, LOGS, with_logs, document)


def _row(shard: int, signal: int, traces: list[Carried], document) -> bytes:
    times = [t.draft.times_ns() if signal == TRACES else (0, 0) for t in traces]
    tokens: set[int] = set()
    for trace in traces if signal == TRACES else ():
        for (resource, _, scope, _), spans in trace.draft.groups.items():
            add_tokens(resource, scope, spans, tokens)
    return copying.row(
        copying.int4(traces[0].workspace_id), copying.int2(shard), copying.int2(signal),
        copying.timestamp(max(t.received_us for t in traces) * 1000),
        copying.timestamp(min(t.first_received_us for t in traces) * 1000),
        copying.int4(sum(t.draft.span_count for t in traces) if signal == TRACES else 0),
        copying.uuid_array([t.draft.trace_id for t in traces]),
        copying.int8_array([start for start, _ in times]), copying.int8_array([end for _, end in times]),
        copying.int4_array(list(tokens)),
        copying.raw(compress(document.SerializeToString())),
    )  # fmt: skip
