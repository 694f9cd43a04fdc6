"""What digest reads of a trace in one pass: its summary for the store, its columns for the analyses.

The same as `Summariser` and `ColumnReader` say one after the other, but spans are parsed once and the summary is taken
from the columns: 2 µs a span less.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from operator import sub

from apps.traces.column_readers import ColumnReader
from apps.traces.columns import Columns
from apps.traces.draft import Draft, Summariser, Summary
from apps.traces.model import KINDS
from apps.traces.tokens import AttributeTokens, span_id_token, trace_duration_token

_LATEST_NS = 1 << 63


class SealingReader:
    """Keeps what repeats from trace to trace (one a workspace and thread)."""

    def __init__(self):
        self.summariser = Summariser()
        self.columns = ColumnReader()

    @property
    def attributes(self) -> AttributeTokens:
        return self.summariser.attributes

    def read(self, draft: Draft) -> tuple[Summary, Columns]:
        summary = Summary(draft.trace_id)
        spans, tokens = self.summariser.spans, summary.tokens
        for (resource, _, scope, _), raws in draft.groups.items():
            counts = summary.services.setdefault(spans.add_scope(resource, scope, tokens), [0, 0])
            counts[0] += len(raws)
        columns = self.columns.read(draft, partial(spans.add_attributes, into=tokens))
        durations = list(map(sub, columns.end, columns.start))
        spans.add_traits(columns.service, columns.name, durations, columns.is_error, tokens)
        tokens.update(map(span_id_token, columns.span_id))
        _tell(summary, columns)
        tokens.add(trace_duration_token(summary.duration_ns))
        return summary, columns


def _tell(summary: Summary, columns: Columns) -> None:
    """Everything in the summary but services' spans and tokens."""
    summary.span_count = columns.n
    for service, errors in Counter(
        s for s, failed in zip(columns.service, columns.is_error, strict=True) if failed
    ).items():
        summary.services[service][1] = errors
        summary.error_count += errors
    # An enum on the wire may hold any number; those without a meaning are read as unspecified (KINDS).
    names = set(zip(columns.service, columns.name, columns.kind, strict=True))
    summary.names = {(service, name, kind if 0 <= kind < len(KINDS) else 0) for service, name, kind in names}
    starts, ends = columns.start, columns.end
    if columns.untimed:
        starts = [start for start in starts if 0 < start < _LATEST_NS]
        ends = [end for end in ends if end < _LATEST_NS]
    if starts:
        summary.start_ns = starts[0]
        summary.end_ns = max(starts[-1], max(ends, default=0))
    if not columns.n:
        return
    known = {b"", *columns.span_id}
    lost = [parent not in known for parent in columns.parent_id]
    summary.orphan_count = sum(lost)
    if b"" in columns.parent_id:
        # Columns are ordered by start, hence the first of its kind is the earliest.
        root = columns.parent_id.index(b"")
    else:
        root = lost.index(True) if True in lost else 0
    summary.root_service, summary.root_name = columns.service[root], columns.name[root]
