"""A request, checked span by span and cut into the parts that the store keeps as rows.

A part holds the spans whose trace ids fall into one shard, as zstd-compressed TracesData. Shards let digest
run in parallel without two processes ever meeting in one trace.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from apps.traces import wire
from apps.traces.model import MAX_TIME_NS, Resource
from apps.traces.packing import compress
from apps.traces.span_tokens import SpanTokens

SHARDS = 4
TRACES, LOGS = 0, 1
"""What a part holds: TracesData or LogsData."""


@dataclass(slots=True)
class Part:
    shard: int
    signal: int
    starts: dict[bytes, int]
    """Trace id (16 bytes) -> earliest start in this part, ns."""
    ends: dict[bytes, int]
    """Trace id -> latest end in this part, ns."""
    tokens: set[int]
    """What its spans can be found by (`apps.traces.span_tokens`)."""
    span_count: int
    payload: bytes
    """zstd of serialised TracesData (LogsData for logs)."""


@dataclass(slots=True)
class Batch:
    parts: list[Part] = field(default_factory=list)
    accepted: int = 0
    rejected: int = 0
    problems: list[str] = field(default_factory=list)
    services: set[str] = field(default_factory=set)


def shard_of(trace_id: bytes) -> int:
    """The shard of a 16-byte trace id: from its last byte, which is random also in 64-bit and X-Ray ids."""
    return trace_id[-1] % SHARDS


class _Check:
    """Counts what was wrong with the spans of one request, to say it once."""

    def __init__(self):
        self.rejected = self.bad_ids = self.absurd = self.backwards = 0

    def is_acceptable(self, trace_id: bytes, span_id: bytes) -> bool:
        good = len(trace_id) == 16 and len(span_id) == 8 and any(trace_id) and any(span_id)
        if not good:
            self.rejected += 1
        return good

    def problems(self) -> list[str]:
        said = []
        if self.rejected:
            said.append(f"{self.rejected} spans refused: trace_id must be 16 bytes and span_id 8 bytes, not all zero.")
        if self.absurd:
            said.append(f"{self.absurd} spans have no usable start time; they are filed under the time they arrived.")
        if self.backwards:
            said.append(f"{self.backwards} spans end before they start; their duration is taken as 0.")
        return said


def split_batch(request, body: bytes | None = None) -> Batch:
    """Cut an ExportTraceServiceRequest into parts by shard.

    `body` is the serialised request when the caller has it (saves serialising it again); it must be what
    `request` was parsed from. A span with an unusable id is refused, any other oddity is kept and reported.
    """
    raw = wire.RawTracesData.FromString(body if body is not None else request.SerializeToString())
    shards = [_ShardWriter(k) for k in range(SHARDS)]
    check = _Check()
    batch = Batch()
    for group, raw_group in zip(request.resource_spans, raw.resource_spans, strict=True):
        for scoped, raw_scoped in zip(group.scope_spans, raw_group.scope_spans, strict=True):
            _share_out(scoped.spans, raw_scoped.spans, shards, check)
            for shard in shards:
                batch.accepted += shard.close_scope(raw_group, raw_scoped)
        if group.scope_spans:
            batch.services.add(Resource(group.resource).service)
    batch.parts = [shard.part() for shard in shards if shard.span_count]
    batch.rejected = check.rejected
    batch.problems = check.problems()
    return batch


def _share_out(spans, raw_spans, shards, check: _Check) -> None:
    for span, raw in zip(spans, raw_spans, strict=True):
        trace_id = span.trace_id
        if not check.is_acceptable(trace_id, span.span_id):
            continue
        # A message may hold a field twice, the last one counts, or lengths in more bytes than they need; whoever looks
        # for something in the bytes of a span relies on how protobuf writes it, and on the id standing in front.
        if raw[2:18] != trace_id or raw[:2] != b"\x0a\x10" or len(raw) != span.ByteSize():
            raw = span.SerializeToString()
        start = span.start_time_unix_nano
        if not 0 < start <= MAX_TIME_NS:
            check.absurd += 1
            start = 0
        elif span.end_time_unix_nano < start:
            check.backwards += 1
        shards[trace_id[-1] % SHARDS].add(trace_id, raw, start, min(max(span.end_time_unix_nano, start), MAX_TIME_NS))


class _ShardWriter:
    def __init__(self, number: int):
        self.number = number
        self.document = wire.RawTracesData()
        self.open: list[bytes] = []
        self.starts: dict[bytes, int] = {}
        self.ends: dict[bytes, int] = {}
        self.tokens: set[int] = set()
        self.span_count = 0
        self._group = None
        self._group_source = None

    def add(self, trace_id: bytes, raw: bytes, start: int, end: int) -> None:
        self.open.append(raw)
        known = self.starts.get(trace_id)
        if known is None:
            self.starts[trace_id], self.ends[trace_id] = start, end
            return
        if start < known:
            self.starts[trace_id] = start
        if end > self.ends[trace_id]:
            self.ends[trace_id] = end

    def close_scope(self, raw_group, raw_scoped) -> int:
        """Move the spans shared out since the last call under their resource and scope; how many."""
        count = len(self.open)
        if not count:
            return 0
        if self._group_source is not raw_group:
            self._group = self.document.resource_spans.add(resource=raw_group.resource, schema_url=raw_group.schema_url)
            self._group_source = raw_group
        self._group.scope_spans.add(scope=raw_scoped.scope, schema_url=raw_scoped.schema_url, spans=self.open)
        add_tokens(raw_group.resource, raw_scoped.scope, self.open, self.tokens)
        self.span_count += count
        self.open = []
        return count

    def part(self) -> Part:
        payload = compress(self.document.SerializeToString())
        return Part(self.number, TRACES, self.starts, self.ends, self.tokens, self.span_count, payload)


_local = threading.local()


def add_tokens(resource: bytes, scope: bytes, raw_spans, into: set[int]) -> None:
    """Add the tokens of serialised spans under their resource and scope (2 µs a span), and those of their texts."""
    if "spans" not in _local.__dict__:
        _local.spans = SpanTokens(with_texts=True)
    _local.spans.attributes.make_room()
    found: set[int] = set()
    service = _local.spans.add_scope(resource, scope, found)
    _local.spans.add(list(map(wire.RawSpan.FromString, raw_spans)), raw_spans, service, found)
    into |= found
    into |= _local.spans.attributes.texts_of(found)


def split_logs(request) -> Batch:
    """Cut an ExportLogsServiceRequest into parts by shard; records without a trace id are passed over."""
    documents = [wire.RawLogsData() for _ in range(SHARDS)]
    starts: list[dict[bytes, int]] = [{} for _ in range(SHARDS)]
    counts = [0] * SHARDS
    for group in request.resource_logs:
        targets = [None] * SHARDS
        for scoped in group.scope_logs:
            inner = [None] * SHARDS
            for record in scoped.log_records:
                if len(record.trace_id) != 16 or not any(record.trace_id):
                    continue
                k = shard_of(record.trace_id)
                if inner[k] is None:
                    targets[k] = targets[k] or documents[k].resource_logs.add(
                        resource=group.resource.SerializeToString(), schema_url=group.schema_url
                    )
                    inner[k] = targets[k].scope_logs.add(
                        scope=scoped.scope.SerializeToString(), schema_url=scoped.schema_url
                    )
                inner[k].log_records.append(record.SerializeToString())
                counts[k] += 1
                starts[k].setdefault(record.trace_id, 0)
    parts = [
        Part(k, LOGS, starts[k], dict(starts[k]), set(), 0, compress(documents[k].SerializeToString()))
        for k in range(SHARDS)
        if counts[k]
    ]
    return Batch(parts=parts, accepted=sum(counts))
