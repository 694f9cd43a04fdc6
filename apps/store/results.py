"""What the store answers with: finished, frozen data that a template cannot query."""

from __future__ import annotations

from dataclasses import dataclass, field

from apps.traces.draft import Draft
from apps.traces.trace import Trace


@dataclass(frozen=True, slots=True)
class ServiceCount:
    name: str
    spans: int
    errors: int


@dataclass(frozen=True, slots=True)
class MatchedSpan:
    """The span a search matched (the earliest), carried into the trace's link as `?span=`."""

    span_id: str
    service: str
    name: str
    duration_ns: int


@dataclass(frozen=True, slots=True)
class TraceRow:
    """One trace in a list of results."""

    trace_id: str
    started_ns: int
    duration_ns: int
    root_service: str
    root_name: str
    span_count: int
    error_count: int
    orphan_count: int
    """Spans whose parent has not arrived; more than 0 means incomplete."""
    services: tuple[ServiceCount, ...]
    matched: MatchedSpan | None = None
    matched_count: int = 0
    is_sealed: bool = True
    """False while spans may still arrive."""
    verdict: bytes | None = None
    """As digest judged it when it sealed the trace (`apps.traces.verdict.codec`)."""
    draft: Draft | None = field(default=None, repr=False, compare=False)
    """What has arrived of a trace that is not sealed."""


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page, newest first."""

    rows: tuple[TraceRow, ...]
    next_cursor: str
    """"" when the window holds no older match (or none could be found before the budget ran out)."""
    elapsed_ms: float
    looked_at: int
    """Traces whose spans or index entries were looked at one by one."""
    looked_back_to_ns: int
    """The search is complete for starts in [looked_back_to_ns, query.end_ns)."""
    is_complete: bool
    """True when the whole window was covered; False when the page is full or the budget ran out."""
    ran_out: bool = False
    """The time budget ended the search before the page was full; `next_cursor` continues it."""
    filed_ns: tuple[int, ...] = ()
    """When each row is filed: by its start, or, of a clock that is far off, by its arrival."""
    may_miss_values: bool = False
    """A bare value was asked for, and not all attribute keys are listed (`apps.store.names.MAX_ATTRIBUTE_KEYS`): sealed
    traces that hold it under another key are not found."""


@dataclass(frozen=True, slots=True)
class StoredTrace:
    trace: Trace
    is_sealed: bool
    """False while part of it is still hot: more spans may arrive."""
    last_received_ns: int
    payload: bytes
    """Serialised TracesData, raw as it came."""
    verdict: bytes | None = None
    """Packed, of a trace sealed once and whole; None when it has to be judged anew."""


@dataclass(frozen=True, slots=True)
class ServiceInfo:
    """A service seen in a workspace. `hue` is 1..28, given once at first sight, for ever."""

    name: str
    hue: int
    first_seen_ns: int
    last_seen_ns: int


@dataclass(frozen=True, slots=True)
class SpanNameInfo:
    service: str
    name: str
    kind: str
