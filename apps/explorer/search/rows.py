"""One trace of the results as the page says it: everything worked out, so that the template only writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

from apps.explorer.search.pasted import trace_address
from apps.store.results import ServiceCount, TraceRow
from apps.traces.durations import format_count, format_duration_ns
from apps.traces.moments import ago_text, clock_text, is_ahead, utc_text
from apps.traces.verdict.codec import unpack
from apps.traces.verdict.facts import Verdict
from apps.traces.verdict.words import Phrase, phrases, with_error_first

SERVICES_SHOWN = 6
NO_NAME = "(no name)"


@dataclass(frozen=True, slots=True)
class Cut:
    """A service's piece of the bar, for SVG."""

    service: str
    x: str
    width: str


@dataclass(frozen=True, slots=True)
class ResultRow:
    href: str
    trace_id: str
    service: str
    name: str
    orphans: int
    is_sealed: bool
    said: tuple[Phrase, ...]
    """The verdict's sentence; empty until the trace is judged, then its services stand there."""
    services: tuple[ServiceCount, ...]
    more_services: int
    duration: str
    is_clock_off: bool
    """The duration is that of clocks which disagree; the bar goes by the waited time, which they do not change."""
    bar_pct: str
    """Share of the longest on the page, for an SVG width."""
    cuts: tuple[Cut, ...]
    """The bar by service; empty until the trace is judged."""
    matched_service: str
    matched_name: str
    matched_duration: str
    more_matched: str
    """"" or `+12 more`."""
    spans: str
    errors: int
    ago: str
    is_ahead: bool
    """It starts later than now, by a clock that is ahead of ours."""
    at: str
    at_utc: str
    """For a `<time datetime>`."""


def result_rows(
    rows: tuple[TraceRow, ...], now_ns: int, zone: tzinfo, back: str, for_errors: bool = False
) -> tuple[ResultRow, ...]:
    """Rows for the page; `back` is the query string of this search, carried into the trace's address. `for_errors`:
    they were searched for, so that each row begins with what failed."""
    judged = [(row, unpack(row.verdict)) for row in rows]
    longest = max((_shown_ns(row, verdict) for row, verdict in judged), default=0)
    return tuple(
        _row(row, verdict, _said(row, verdict, for_errors), longest, now_ns, zone, back) for row, verdict in judged
    )


def _said(row: TraceRow, verdict: Verdict | None, for_errors: bool) -> tuple[Phrase, ...]:
    if verdict is None:
        return ()
    return with_error_first(verdict, row.error_count) if for_errors else phrases(verdict, brief=True)


def _row(
    row: TraceRow, verdict: Verdict | None, said: tuple[Phrase, ...], longest_ns: int, now_ns: int, zone: tzinfo,
    back: str,
) -> ResultRow:  # fmt: skip
    matched = row.matched
    bar_pct = max(0.5, _shown_ns(row, verdict) / longest_ns * 100) if longest_ns else 0.5
    shown = sorted(row.services, key=lambda s: -s.spans)[:SERVICES_SHOWN]
    return ResultRow(
        href=trace_address(row.trace_id, matched and matched.span_id, back),
        trace_id=row.trace_id,
        service=row.root_service,
        name=row.root_name or NO_NAME,
        orphans=row.orphan_count,
        is_sealed=row.is_sealed,
        said=said,
        services=tuple(shown),
        more_services=len(row.services) - len(shown),
        duration=format_duration_ns(row.duration_ns),
        is_clock_off=verdict is not None and verdict.is_clock_off,
        bar_pct=f"{bar_pct:.2f}%",
        cuts=_cuts(row, verdict, longest_ns) if verdict else (),
        matched_service=matched.service if matched else "",
        matched_name=(matched.name or NO_NAME) if matched else "",
        matched_duration=format_duration_ns(matched.duration_ns) if matched else "",
        more_matched=f"+{format_count(row.matched_count - 1)}\u00a0more" if row.matched_count > 1 else "",
        spans=format_count(row.span_count),
        errors=row.error_count,
        ago=ago_text(row.started_ns, now_ns),
        is_ahead=is_ahead(row.started_ns, now_ns),
        at=clock_text(row.started_ns, now_ns, zone),
        at_utc=utc_text(row.started_ns),
    )


def _shown_ns(row: TraceRow, verdict: Verdict | None) -> int:
    """How long the row's bar is."""
    is_off = verdict is not None and verdict.is_clock_off
    return min(verdict.waited_ns, row.duration_ns) if is_off else row.duration_ns


def _cuts(row: TraceRow, verdict: Verdict, longest_ns: int) -> tuple[Cut, ...]:
    """The waited time by service, most first; what is left of it, and what nobody waited for, stays pale."""
    names = sorted(service.name for service in row.services)
    waited_pct = min(verdict.waited_ns, row.duration_ns) / longest_ns * 100 if longest_ns else 0
    cuts, x = [], 0.0
    for place, thousandths in verdict.shares:
        width = waited_pct * thousandths / 1000
        if place < len(names) and width > 0.1:
            cuts.append(Cut(names[place], f"{x:.2f}%", f"{width:.2f}%"))
        x += width
    return tuple(cuts)
