"""Sealed traces as rows: written by digest, read back when late spans reopen one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import groupby

import psycopg

from apps.store import copying
from apps.store.dictionaries import current_dictionary, unpack
from apps.traces.draft import Draft, Summary
from apps.traces.moments import DAY_NS, S_NS
from apps.traces.packing import Dictionary, compress, decompress
from apps.traces.search_window import CLOCK_AHEAD_NS

MAX_SPANS_IN_ROW = 20_000
"""A larger trace goes on in further rows: 20 000 spans are ~8 MB before and ~1 MB after compression."""

COPY_TRACE = """
    COPY trace (workspace_id, trace_id, part, started_at, received_at, start_ns, duration_ns, span_count, error_count,
                orphan_count, root_service, root_name, services, service_counts, tokens, payload, logs,
                verdict)
    FROM STDIN (FORMAT BINARY)
"""


@dataclass(slots=True)
class SealedTrace:
    """A trace ready to be written. `filed_at_ns` decides its partition."""

    workspace_id: int
    draft: Draft
    summary: Summary
    filed_at_ns: int
    received_ns: int
    verdict: bytes | None = None
    """Packed (`apps.traces.verdict.codec`); None when the trace could not be judged."""


def filed_at(start_ns: int, received_ns: int, retention_days: int) -> int:
    """The time a trace is filed under: its start, or its arrival when the start cannot be true (unset, older than
    what is kept, or more than a day ahead). Partitions are therefore bounded whatever clocks say."""
    if received_ns - retention_days * DAY_NS < start_ns < received_ns + CLOCK_AHEAD_NS:
        return start_ns
    return received_ns


def is_in_one_row(span_count: int) -> bool:
    return span_count <= MAX_SPANS_IN_ROW


def write_traces(cursor, traces: list[SealedTrace]) -> None:
    dictionaries = {w: current_dictionary(cursor, w) for w in {t.workspace_id for t in traces}}
    copying.copy_rows(
        cursor, COPY_TRACE, (row for trace in traces for row in _rows(trace, dictionaries[trace.workspace_id]))
    )


def _rows(trace: SealedTrace, dictionary: Dictionary | None):
    summary = trace.summary
    counts = [n for pair in summary.services.values() for n in pair]
    documents = trace.draft.documents(MAX_SPANS_IN_ROW)
    logs = trace.draft.logs_document()
    tokens = copying.int4_set(summary.tokens)
    for part, document in enumerate(documents):
        yield copying.row(
            copying.int4(trace.workspace_id), copying.raw(summary.trace_id), copying.int2(part),
            copying.timestamp(trace.filed_at_ns), copying.timestamp(trace.received_ns),
            copying.int8(summary.start_ns), copying.int8(min(summary.duration_ns, 2**63 - 1)),
            copying.int4(summary.span_count), copying.int4(summary.error_count), copying.int4(summary.orphan_count),
            copying.text(summary.root_service), copying.text(summary.root_name),
            copying.text_array(list(summary.services)), copying.int4_array(counts),
            tokens if part == 0 else copying.int4_array([]),
            copying.raw(compress(document, 3, dictionary)),
            copying.raw(compress(logs, 3)) if logs and part == 0 else copying.NULL,
            copying.raw(trace.verdict) if trace.verdict and part == 0 else copying.NULL,
        )  # fmt: skip


_FIND = """
    SELECT workspace_id, uuid_send(trace_id), (extract(epoch FROM started_at) * 1e6)::int8 * 1000, payload, logs
    FROM trace
    WHERE trace_id = ANY(%(ids)s::uuid[])
      AND started_at >= to_timestamp(%(from_s)s) AND started_at < to_timestamp(%(until_s)s)
    ORDER BY trace_id, started_at, part
"""


@dataclass(slots=True)
class Existing:
    """What is already stored of a trace that digest is about to seal again."""

    filings: dict[int, Draft] = field(default_factory=dict)
    """When it was filed, in ns -> what was sealed under that time; nearly always one."""

    def with_late(self, late: Draft) -> Draft | None:
        """All that is stored, and after it what came late; None when nothing of that is new."""
        whole = Draft(late.trace_id)
        for draft in (*self.filings.values(), late):
            whole.merge(draft)
        spans = sum(draft.span_count for draft in self.filings.values())
        records = sum(draft.log_count for draft in self.filings.values())
        is_new = len(self.filings) > 1 or whole.span_count > spans or whole.log_count > records
        return whole if is_new else None


def read_existing(cursor, trace_ids, *, from_ns: int, until_ns: int) -> dict[tuple[int, bytes], Existing]:
    """Stored traces among `trace_ids` (16 bytes each) filed within a day of the window, by (workspace, id).

    Late spans start near the others of their trace, so that a look at every partition is not worth its price
    (20 µs a trace at 14 days); parts filed farther apart stay separate rows and are merged when read.
    """
    from_s, until_s = (from_ns - DAY_NS) / S_NS, (until_ns + DAY_NS) / S_NS
    window = {"ids": [i.hex() for i in trace_ids], "from_s": from_s, "until_s": until_s}
    cursor.execute(_FIND, window, binary=True)
    found: dict[tuple[int, bytes], Existing] = {}
    for workspace_id, trace_id, filed_ns, payload, logs in cursor.fetchall():
        existing = found.setdefault((workspace_id, trace_id), Existing())
        draft = existing.filings.get(filed_ns)
        if draft is None:
            draft = existing.filings[filed_ns] = Draft(trace_id)
        draft.add_document(unpack(cursor, payload))
        if logs:
            draft.add_logs(decompress(logs))
    return found


_OF_DAY = """
    SELECT workspace_id, uuid_send(trace_id), (extract(epoch FROM started_at) * 1e6)::int8 * 1000, payload, logs
    FROM trace WHERE started_at >= %(day)s AND started_at < %(day)s + interval '1 day'
      AND (%(workspace)s::int IS NULL OR workspace_id = %(workspace)s)
    ORDER BY workspace_id, trace_id, started_at, part
"""


def read_day(connection, day: date, workspace_id: int | None = None) -> Iterator[tuple[int, int, Draft]]:
    """(workspace, filed at in ns, draft) of every trace filed on that day (UTC), of one workspace or all. `connection`
    must be in a transaction: traces come a few hundred at a time."""
    with psycopg.ServerCursor(connection, "sealed_traces_of_a_day") as rows, psycopg.Cursor(connection) as cursor:
        rows.itersize = 300
        rows.execute(_OF_DAY, {"day": datetime(day.year, day.month, day.day, tzinfo=UTC), "workspace": workspace_id},
                     binary=True)  # fmt: skip
        for (owner, trace_id, filed_ns), parts in groupby(rows, key=lambda row: row[:3]):
            draft = Draft(trace_id)
            for *_, payload, logs in parts:
                draft.add_document(unpack(cursor, payload))
                if logs:
                    draft.add_logs(decompress(logs))
            yield owner, filed_ns, draft


def delete_traces(cursor, keys: list[tuple[int, bytes]], *, from_ns: int, until_ns: int) -> None:
    """Remove every row of these (workspace, trace id) in the window that `read_existing` looked at."""
    for workspace_id in {w for w, _ in keys}:
        cursor.execute(
            """
            DELETE FROM trace WHERE workspace_id = %s AND trace_id = ANY(%s::uuid[])
              AND started_at >= to_timestamp(%s) AND started_at < to_timestamp(%s)
            """,
            [workspace_id, [t.hex() for w, t in keys if w == workspace_id],
             (from_ns - DAY_NS) / S_NS, (until_ns + DAY_NS) / S_NS],
        )  # fmt: skip
