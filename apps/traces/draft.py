"""A trace being put together from the parts it arrived in, and what can be said of it as a whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from apps.traces import wire
from apps.traces.failed import is_failed
from apps.traces.model import KINDS
from apps.traces.span_tokens import SpanTokens
from apps.traces.tokens import AttributeTokens, span_id_token, trace_duration_token


class Draft:
    """The raw spans of one trace under the resource and scope each came with.

    Identical spans under an identical resource and scope are one span: exporters send a batch again when an
    answer was lost. Spans that differ in anything stay apart, also with one span id (Zipkin's shared spans).
    """

    __slots__ = ("groups", "log_groups", "trace_id")

    def __init__(self, trace_id: bytes):
        self.trace_id = trace_id
        self.groups: dict[tuple, dict[bytes, None]] = {}
        self.log_groups: dict[tuple, dict[bytes, None]] = {}

    @property
    def span_count(self) -> int:
        return sum(len(spans) for spans in self.groups.values())

    @property
    def log_count(self) -> int:
        return sum(len(records) for records in self.log_groups.values())

    @property
    def size_bytes(self) -> int:
        """Of its spans and log records, without what they share."""
        groups = (*self.groups.values(), *self.log_groups.values())
        return sum(len(raw) for raws in groups for raw in raws)

    def times_ns(self) -> tuple[int, int]:
        """(earliest usable start, latest usable end) of its spans; 0 where there is none."""
        spans = [wire.RawSpan.FromString(raw) for raws in self.groups.values() for raw in raws]
        starts = [s.start_time_unix_nano for s in spans if 0 < s.start_time_unix_nano < 1 << 63]
        ends = [s.end_time_unix_nano for s in spans if s.end_time_unix_nano < 1 << 63]
        return min(starts, default=0), max(starts + ends, default=0)

    def add_document(self, data: bytes) -> None:
        """All spans of serialised TracesData that belong to this trace."""
        self.add_spans(raw_scopes(data))

    def add_spans(self, scopes) -> None:
        """The same from (key, serialised spans) pairs, as `raw_scopes` gives them."""
        for key, raw_spans in scopes:
            mine = [raw for raw in raw_spans if raw_trace_id(raw) == self.trace_id]
            if mine:
                self.groups.setdefault(key, {}).update(dict.fromkeys(mine))

    def add_logs(self, data: bytes) -> None:
        """All records of serialised LogsData that belong to this trace."""
        self.add_log_records(raw_log_scopes(data))

    def add_log_records(self, scopes) -> None:
        for key, records in scopes:
            mine = [raw for raw in records if raw_log_trace_id(raw) == self.trace_id]
            if mine:
                self.log_groups.setdefault(key, {}).update(dict.fromkeys(mine))

    def merge(self, other: Draft) -> None:
        """Put in what the other has and this one has not, behind what is here."""
        for mine, theirs in ((self.groups, other.groups), (self.log_groups, other.log_groups)):
            for key, raws in theirs.items():
                mine.setdefault(key, {}).update(raws)

    def documents(self, max_spans: int = 1 << 62) -> list[bytes]:
        """Serialised TracesData, as many as needed to hold at most `max_spans` spans each."""
        done: list[bytes] = []
        document, room = wire.RawTracesData(), max_spans
        for (resource, resource_schema, scope, scope_schema), spans in self.groups.items():
            raws = list(spans)
            while raws:
                taken, raws = raws[:room], raws[room:]
                group = document.resource_spans.add(resource=resource, schema_url=resource_schema)
                group.scope_spans.add(scope=scope, schema_url=scope_schema, spans=taken)
                room -= len(taken)
                if not room:
                    done.append(document.SerializeToString())
                    document, room = wire.RawTracesData(), max_spans
        if document.resource_spans or not done:
            done.append(document.SerializeToString())
        return done

    def logs_document(self) -> bytes:
        """Serialised LogsData; empty when the trace has no log records."""
        document = wire.RawLogsData()
        self.write_logs(document)
        return document.SerializeToString()

    def write_spans(self, document) -> None:
        """Add all spans to a `wire.RawTracesData`."""
        for (resource, resource_schema, scope, scope_schema), spans in self.groups.items():
            group = document.resource_spans.add(resource=resource, schema_url=resource_schema)
            group.scope_spans.add(scope=scope, schema_url=scope_schema, spans=list(spans))

    def write_logs(self, document) -> None:
        """Add all log records to a `wire.RawLogsData`."""
        for (resource, resource_schema, scope, scope_schema), records in self.log_groups.items():
            group = document.resource_logs.add(resource=resource, schema_url=resource_schema)
            group.scope_logs.add(scope=scope, schema_url=scope_schema, log_records=list(records))


def raw_trace_id(raw_span: bytes) -> bytes:
    """The trace id of a serialised span: the first field as every serialiser writes it, else by parsing."""
    if raw_span[:2] == b"\x0a\x10":
        return raw_span[2:18]
    return wire.RawSpan.FromString(raw_span).trace_id


def raw_log_trace_id(raw_record: bytes) -> bytes:
    return LogRecord.FromString(raw_record).trace_id


def raw_scopes(data: bytes):
    """(key, raw spans) for every scope in serialised TracesData; the key is hashable and carries resource and scope."""
    for group in wire.RawTracesData.FromString(data).resource_spans:
        resource, schema = group.resource, group.schema_url
        for scoped in group.scope_spans:
            yield (resource, schema, scoped.scope, scoped.schema_url), scoped.spans


def raw_log_scopes(data: bytes):
    """(key, raw log records) for every scope in serialised LogsData."""
    for group in wire.RawLogsData.FromString(data).resource_logs:
        resource, schema = group.resource, group.schema_url
        for scoped in group.scope_logs:
            yield (resource, schema, scoped.scope, scoped.schema_url), scoped.log_records


@dataclass(slots=True)
class Summary:
    """A trace as a whole. Times in ns; a start of 0 means no span had a usable one."""

    trace_id: bytes
    start_ns: int = 0
    end_ns: int = 0
    span_count: int = 0
    error_count: int = 0
    orphan_count: int = 0
    root_service: str = ""
    root_name: str = ""
    services: dict[str, list[int]] = field(default_factory=dict)
    """Service -> [spans, errors], in the order they arrived."""
    names: set[tuple[str, str, int]] = field(default_factory=set)
    """(service, span name, OTLP kind number)."""
    tokens: set[int] = field(default_factory=set)

    @property
    def duration_ns(self) -> int:
        return self.end_ns - self.start_ns


class Summariser:
    """Makes summaries; keeps what repeats from trace to trace (one a process or thread)."""

    def __init__(self):
        self.spans = SpanTokens()

    @property
    def attributes(self) -> AttributeTokens:
        return self.spans.attributes

    def summarise(self, draft: Draft) -> Summary:
        """One pass over the spans, ~4 µs a span with all tokens."""
        summary = Summary(draft.trace_id)
        parents: list[Parent] = []
        ids: set[bytes] = set()
        end = 0
        for (resource, _, scope, _), raws in draft.groups.items():
            service = self.spans.add_scope(resource, scope, summary.tokens)
            counts = summary.services.setdefault(service, [0, 0])
            counts[0] += len(raws)
            spans = list(map(wire.RawSpan.FromString, raws))
            counts[1] += self.spans.add(spans, raws, service, summary.tokens)
            for span in spans:
                name = span.name
                ids.add(span.span_id)
                parents.append((span.parent_span_id, span.start_time_unix_nano, service, name))
                end = max(end, _usable(span.end_time_unix_nano))
                summary.tokens.add(span_id_token(span.span_id))
                # An enum on the wire may hold any number; those without a meaning are read as unspecified (KINDS).
                summary.names.add((service, name, span.kind if 0 <= span.kind < len(KINDS) else 0))
        _conclude(summary, parents, ids, end)
        summary.tokens.add(trace_duration_token(summary.duration_ns))
        return summary


def outline(draft: Draft, service_of: Callable[[bytes], str]) -> Summary:
    """The summary without names and tokens, as a list of results shows it: 2 µs a span. `service_of` reads a
    serialised resource."""
    summary = Summary(draft.trace_id)
    parents: list[Parent] = []
    ids: set[bytes] = set()
    end = 0
    for (resource, _, _, _), raws in draft.groups.items():
        service = service_of(resource)
        counts = summary.services.setdefault(service, [0, 0])
        counts[0] += len(raws)
        for raw in raws:
            span = wire.RawSpan.FromString(raw)
            ids.add(span.span_id)
            parents.append((span.parent_span_id, span.start_time_unix_nano, service, span.name))
            end = max(end, _usable(span.end_time_unix_nano))
            counts[1] += is_failed(span.status.code, span.kind, raw)
    _conclude(summary, parents, ids, end)
    return summary


Parent = tuple[bytes, int, str, str]
"""(parent span id, start ns, service, span name) of a span."""


def _usable(time_ns: int) -> int:
    return time_ns if time_ns < 1 << 63 else 0


def _conclude(summary: Summary, parents: list[Parent], ids: set[bytes], end_ns: int) -> None:
    """What only all spans tell. Root: the earliest span without a parent, else the earliest whose parent is missing,
    else (a cycle) the earliest."""
    starts = [start for _, start, _, _ in parents if 0 < start < 1 << 63]
    if starts:
        summary.start_ns, summary.end_ns = min(starts), max(end_ns, max(starts))
    summary.span_count = len(parents)
    summary.error_count = sum(errors for _, errors in summary.services.values())
    best: tuple[int, int] | None = None
    for parent, start, service, name in parents:
        is_orphan = any(parent) and parent not in ids
        summary.orphan_count += is_orphan
        rank = (0 if not any(parent) else 1 if is_orphan else 2, start)
        if best is None or rank < best:
            best = rank
            summary.root_service, summary.root_name = service, name
