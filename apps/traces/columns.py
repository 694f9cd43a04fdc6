"""A trace as columns: what the analyses read of a span, one list for each field, the same from any source.

A page has a `Trace`, digest has the raw spans of a `Draft`; both become the same columns
(`apps.traces.column_readers`), so that an analysis is written once and costs a worker few µs a span.

A span is known by its index in the columns, which are in a canonical order: by start, the longer first, then by
what tells spans apart. No result depends on the order spans arrived in.
"""

from __future__ import annotations

from operator import le, neg

from apps.traces.model import MAX_TIME_NS
from apps.traces.peers import Call

Row = tuple[int, int, bytes, str, str, int, bytes, int, bool, Call | None, str, tuple, str]
"""start_ns, -end_ns, span_id, service, name, kind, parent_id ("" as b""), position, is_error, call, trace_state,
links as (trace id, span id) pairs of bytes, version of the service ("" for unknown)."""


class Columns:
    """`n` spans. Times in ns, ids as bytes, kinds as OTLP numbers; see `Row` for the rest."""

    __slots__ = (
        "call", "end", "is_error", "kind", "links", "n", "name", "parent_id", "position", "service", "span_id",
        "start", "trace_id", "trace_state", "untimed", "version",
    )  # fmt: skip

    def __init__(self, trace_id: bytes, rows: list[Row]):
        rows.sort()
        self.trace_id = trace_id
        self.n = len(rows)
        columns = zip(*rows, strict=True) if rows else ((),) * 13
        (
            self.start, minus_end, self.span_id, self.service, self.name, self.kind, self.parent_id, self.position,
            self.is_error, self.call, self.trace_state, self.links, self.version,
        ) = columns  # fmt: skip
        self.end = list(map(neg, minus_end))
        self.untimed = frozenset() if self._is_timed() else frozenset(
            index
            for index, (start, end) in enumerate(zip(self.start, self.end, strict=True))
            if not 0 < start <= end <= MAX_TIME_NS
        )  # fmt: skip
        """Spans whose times cannot be used: no start, an end before it, or beyond the year 2262."""

    def _is_timed(self) -> bool:
        """Whether every span is, as nearly always; starts ascend."""
        return not self.n or (self.start[0] > 0 and max(self.end) <= MAX_TIME_NS and all(map(le, self.start, self.end)))
