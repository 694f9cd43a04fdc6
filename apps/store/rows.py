"""Rows of results, from a summary just made or from the columns of a sealed trace."""

from __future__ import annotations

from apps.store.candidates import Candidate
from apps.store.results import MatchedSpan, ServiceCount, TraceRow
from apps.traces.draft import Draft, Summary, outline
from apps.traces.find import Finder, Matches
from apps.traces.model import Span
from apps.traces.tokens import AttributeTokens

_resources = AttributeTokens()


def summarise(draft: Draft) -> Summary:
    """What a row shows of a trace that is hot, wholly or in part; what repeats is remembered for the whole process."""
    _resources.make_room()
    return outline(draft, lambda resource: _resources.of_resource(resource)[1])


def matches(draft: Draft, finder: Finder) -> Matches:
    """Spans of the draft that meet the predicate; none when it asks nothing."""
    return Matches() if finder.predicate.is_empty else finder.matches(draft.groups.items())


def summary_row(summary: Summary, matched: Matches, draft: Draft) -> TraceRow:
    """Of a trace that is hot, wholly or in part."""
    return TraceRow(
        trace_id=summary.trace_id.hex(),
        started_ns=summary.start_ns,
        duration_ns=summary.duration_ns,
        root_service=summary.root_service,
        root_name=summary.root_name,
        span_count=summary.span_count,
        error_count=summary.error_count,
        orphan_count=summary.orphan_count,
        services=tuple(ServiceCount(name, *counts) for name, counts in summary.services.items()),
        matched=_matched(matched.first),
        matched_count=matched.count,
        is_sealed=False,
        draft=draft,
    )


def _matched(first: Span | None) -> MatchedSpan | None:
    if first is None:
        return None
    return MatchedSpan(first.span_id, first.service, first.name, first.duration_ns)


def sealed_row(c: Candidate, matched: Matches) -> TraceRow:
    counts = c.service_counts
    return TraceRow(
        trace_id=c.trace_id.hex(),
        started_ns=c.start_ns,
        duration_ns=c.duration_ns,
        root_service=c.root_service,
        root_name=c.root_name,
        span_count=c.span_count,
        error_count=c.error_count,
        orphan_count=c.orphan_count,
        services=tuple(ServiceCount(s, counts[2 * i], counts[2 * i + 1]) for i, s in enumerate(c.services)),
        matched=_matched(matched.first),
        matched_count=matched.count,
        verdict=c.verdict,
    )
