"""A search, as typed values: what one span must be, what its trace must be, and when.

Everything under `span` must hold on one and the same span. An attribute may sit on the span, its
resource, its scope, its events or its links; values compare as text (`apps.traces.values.value_text`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

RESOURCE_PREFIX = "resource."


@dataclass(frozen=True, slots=True)
class SpanPredicate:
    """Conditions one span must meet, all of them. None or empty means: any."""

    service: str | None = None
    name: str | None = None
    kind: str | None = None
    """INTERNAL, SERVER, CLIENT, PRODUCER or CONSUMER."""
    status: str | None = None
    """UNSET, OK or ERROR."""
    is_error: bool | None = None
    """Whether the span failed; True asks for the same as status ERROR."""
    min_duration_ns: int | None = None
    """Inclusive, of the span."""
    max_duration_ns: int | None = None
    """Inclusive, of the span."""
    attributes: tuple[tuple[str, str], ...] = ()
    """(key, text) pairs. `resource.<key>` is also that key of the resource alone."""
    values: tuple[str, ...] = ()
    """Bare values: the text of an attribute under any key."""
    span_id: str | None = None

    @property
    def is_for_errors(self) -> bool:
        return self.status == "ERROR" or self.is_error is True

    @property
    def is_empty(self) -> bool:
        return self == SpanPredicate()


@dataclass(frozen=True, slots=True)
class TraceQuery:
    """One search. The window is half-open, on the trace's start: [start_ns, end_ns)."""

    start_ns: int
    end_ns: int
    span: SpanPredicate = field(default_factory=SpanPredicate)
    min_trace_duration_ns: int | None = None
    """Inclusive, first start to last end of the trace."""
    max_trace_duration_ns: int | None = None
    limit: int = 20
    cursor: str = ""
    """Opaque, from `SearchPage.next_cursor`; pages go from newest to oldest."""
