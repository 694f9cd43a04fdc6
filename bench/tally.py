"""Counts what is stored, decoded row by row, against what exporters remember having sent."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from opentelemetry.proto.logs.v1.logs_pb2 import LogsData
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from bench.exporters import Diary, fingerprint

LOADED_TRACES = 400
"""How many traces are also opened as the trace page opens them."""


@dataclass
class Stored:
    """Every row of the store, opened."""

    times: Counter[bytes] = field(default_factory=Counter)
    """Key of a span or log record -> how often it is stored."""
    contents: dict[bytes, tuple[bytes, bytes]] = field(default_factory=dict)
    """Key -> (trace id of the row, fingerprint)."""
    firsts: Counter[bytes] = field(default_factory=Counter)
    """Trace id -> rows with part 0."""
    said: dict[bytes, int] = field(default_factory=dict)
    """Trace id -> the span_count column."""
    decoded: Counter[bytes] = field(default_factory=Counter)
    """Trace id -> spans found in its rows."""
    services_say: dict[bytes, int] = field(default_factory=dict)
    """Trace id -> spans by the service_counts column."""


@dataclass(frozen=True)
class Tally:
    """The verdict over one diary; everything but `acknowledged` and the two found-unacknowledged counts must be 0."""

    acknowledged: int
    acknowledged_logs: int
    unacknowledged: int
    unacknowledged_found: int
    lost: int
    doubled: int
    changed: int
    misplaced: int
    """Stored in another trace than their own."""
    strangers: int
    """Stored though nobody sent them."""
    traces_twice: int
    wrong_counts: int
    """Traces whose span_count or service_counts differs from what their rows hold."""
    wrong_pages: int
    """Traces that open with other spans than were acknowledged."""

    @property
    def troubles(self) -> dict[str, int]:
        fine = {"acknowledged", "acknowledged_logs", "unacknowledged", "unacknowledged_found"}
        return {name: count for name, count in asdict(self).items() if count and name not in fine}


def read_store(since_s: float = 0.0) -> Stored:
    """Opens every sealed row whose last span arrived since then (s since 1970), and every batch. Decoding is plain
    protobuf: digest's own merging is not relied on."""
    from apps.store.connection import store_cursor
    from apps.store.dictionaries import unpack
    from apps.traces.packing import decompress

    stored = Stored()
    with store_cursor() as cursor:
        for trace_id, part, said, services, payload, logs in _sealed(cursor, since_s):
            stored.firsts[trace_id] += part == 0
            stored.said[trace_id], stored.services_say[trace_id] = said, sum(services[::2])
            stored.decoded[trace_id] += _add_spans(stored, unpack(cursor, payload), trace_id)
            if logs:
                _add_logs(stored, decompress(logs), trace_id)
        cursor.execute("SELECT signal, payload FROM batch", binary=True)
        for signal, payload in cursor.fetchall():
            (_add_logs if signal else _add_spans)(stored, decompress(payload))
    return stored


def tally(diary: Diary, everybody: list[Diary], stored: Stored) -> Tally:
    """Compares; `everybody` are the diaries of all who ever sent, this one included."""
    spans = {key for key in diary.acknowledged if len(key) == 8}
    known = set().union(*(d.sent for d in everybody))
    found = [key for key in diary.sent if stored.times[key]]
    never = set(diary.sent) - diary.acknowledged
    return Tally(
        acknowledged=len(spans),
        acknowledged_logs=len(diary.acknowledged) - len(spans),
        unacknowledged=len(never),
        unacknowledged_found=sum(1 for key in found if key in never),
        lost=sum(1 for key in diary.acknowledged if not stored.times[key]),
        doubled=sum(1 for key in found if stored.times[key] > 1),
        changed=sum(1 for key in found if stored.contents[key][1] != diary.sent[key][1]),
        misplaced=sum(1 for key in found if stored.contents[key][0] != diary.sent[key][0]),
        strangers=sum(1 for key in stored.times if key not in known),
        traces_twice=sum(1 for rows in stored.firsts.values() if rows != 1),
        wrong_counts=sum(
            1 for t, n in stored.decoded.items() if stored.said[t] != n or stored.services_say[t] != n
        ),
        wrong_pages=_wrong_pages(spans, diary),
    )  # fmt: skip


def _wrong_pages(acknowledged: set[bytes], diary: Diary) -> int:
    from apps.store.queries import load_trace

    by_trace: dict[bytes, set[str]] = defaultdict(set)
    for key in acknowledged:
        by_trace[diary.sent[key][0]].add(key.hex())
    chosen = random.Random(1).sample(sorted(by_trace), min(LOADED_TRACES, len(by_trace)))
    wrong = 0
    for trace_id in chosen:
        found = load_trace(1, trace_id.hex())
        ids = [span.span_id for span in found.trace] if found else []
        wrong += len(ids) != len(set(ids)) or not by_trace[trace_id] <= set(ids)
    return wrong


def _sealed(cursor, since_s: float) -> Iterator[tuple]:
    cursor.execute(
        """
        SELECT uuid_send(trace_id), part, span_count, service_counts, payload, logs FROM trace
        WHERE received_at >= to_timestamp(%s)
        """,
        [since_s],
        binary=True,
    )
    yield from cursor.fetchall()


def _add_spans(stored: Stored, data: bytes, trace_id: bytes | None = None) -> int:
    count = 0
    for group in TracesData.FromString(data).resource_spans:
        for scoped in group.scope_spans:
            for span in scoped.spans:
                stored.times[span.span_id] += 1
                contents = (trace_id or span.trace_id, fingerprint(group.resource, scoped.scope, span))
                stored.contents[span.span_id] = contents
                count += 1
    return count


def _add_logs(stored: Stored, data: bytes, trace_id: bytes | None = None) -> None:
    for group in LogsData.FromString(data).resource_logs:
        for scoped in group.scope_logs:
            for record in scoped.log_records:
                key = b"log" + record.span_id
                stored.times[key] += 1
                stored.contents[key] = (
                    trace_id or record.trace_id, fingerprint(group.resource, scoped.scope, record))  # fmt: skip
