"""`/slow`: the span names that got slower, and the longest spans, each one click from a trace."""

from __future__ import annotations

from dataclasses import dataclass

from apps.explorer.change import Mark, duration_mark, format_rate, times_text
from apps.explorer.period import Choice, longer_periods, other_comparisons
from apps.explorer.says import Said
from apps.explorer.search.pasted import trace_address
from apps.explorer.services.addresses import search_link, service_link, why_link
from apps.explorer.services.forms import SlowForm
from apps.explorer.services.one_page import icon_of
from apps.explorer.slow.said import slow_said
from apps.explorer.verdicts import said_of
from apps.insights.bad_time import bad_time
from apps.insights.period import YESTERDAY
from apps.insights.queries import NameKey
from apps.insights.slow_names import Slow, SlowerName, slow
from apps.store.queries import list_services, stored_verdicts
from apps.traces.durations import duration_text, format_count, format_duration_ns
from apps.traces.known_words import KINDS
from apps.traces.moments import second_text, utc_text

PATH = "/slow"
ROWS = 30


@dataclass(frozen=True, slots=True)
class SlowerRow:
    service: str
    service_link: str
    name: str
    icon: str
    peer: str
    kind: str
    rate: str
    before: str
    now: str
    quantile: str
    """Which one got slower: `p95`, else `p75` or `p50`."""
    mark: Mark
    more: str
    """`9.3 ×` as many calls in each trace, "" where that is not the reason."""
    added: str
    is_cause: bool
    where: str
    """OWN, BELOW, BESIDE or UNKNOWN of `apps.insights.slow_names`."""
    example: str
    """Address of its slowest span; "" when none is kept."""
    search: str
    why: str


@dataclass(frozen=True, slots=True)
class LongRow:
    link: str
    service: str
    name: str
    duration: str
    width: str
    said: str
    """What the trace's verdict says, "" without one."""
    at: str
    at_utc: str


@dataclass(frozen=True, slots=True)
class SlowPage:
    said: tuple[Said, ...]
    slower: tuple[SlowerRow, ...]
    more: int
    longest: tuple[LongRow, ...]
    is_compared: bool
    compared: str
    too_few: str
    most_samples: str
    services: tuple[str, ...]
    kinds: tuple[str, ...]
    has_spans: bool
    other_times: tuple[Choice, ...]
    longer: tuple[Choice, ...]
    all_link: str
    """Without the filters, "" when there are none."""


def slow_page(workspace_id: int, form: SlowForm) -> SlowPage:
    """Of a valid form."""
    service = form.params.get("service", "")
    found = slow(workspace_id, form.period, service or None, form.kind_or_none)
    known = [one.name for one in list_services(workspace_id)]
    return SlowPage(
        said=slow_said(found, form, bad_time(workspace_id, form.period, found.slower[0]) if found.slower else None),
        slower=tuple(_slower(form, one) for one in found.slower[:ROWS]),
        more=max(0, len(found.slower) - ROWS),
        longest=_longest(workspace_id, found, form),
        is_compared=bool(found.compared),
        compared=format_count(found.compared),
        too_few=format_count(found.too_few) if found.too_few else "",
        most_samples=format_count(found.most_samples),
        services=tuple(known if not service or service in known else [service, *known]),
        kinds=tuple(KINDS),
        has_spans=bool(found.names),
        other_times=other_comparisons(form, PATH, (YESTERDAY,) if form.fell_back else ()),
        longer=longer_periods(form, PATH),
        all_link=form.link(PATH, service=None, kind=None) if service or form.kind_or_none else "",
    )


def _slower(form: SlowForm, one: SlowerName) -> SlowerRow:
    key: NameKey = one.key
    slowest = max(one.now.examples, key=lambda example: example.duration_ns, default=None)
    return SlowerRow(
        service=key.service,
        service_link=service_link(form, key.service),
        name=key.span_name,
        icon=icon_of(key),
        peer=key.peer if key.kind in ("CLIENT", "PRODUCER") else "",
        kind=key.kind,
        rate=format_rate(one.now.calls / form.period.minutes),
        before=duration_text(one.duration.before),
        now=duration_text(one.duration.after),
        quantile=one.duration.quantile,
        mark=duration_mark(one.duration, form.period.against_label),
        more=times_text(one.calls) if one.calls else "",
        added="+" + format_duration_ns(one.added_ns),
        is_cause=one.is_cause,
        where=one.where,
        example=trace_address(slowest.trace_id, slowest.span_id) if slowest else "",
        search=search_link(form, service=key.service, name=key.span_name),
        why=why_link(form, key.service, key.span_name),
    )


def _longest(workspace_id: int, found: Slow, form: SlowForm) -> tuple[LongRow, ...]:
    verdicts = stored_verdicts(workspace_id, (example.trace_id for _, example in found.longest))
    most = max((example.duration_ns for _, example in found.longest), default=1)
    return tuple(
        LongRow(
            trace_address(example.trace_id, example.span_id), key.service, key.span_name,
            format_duration_ns(example.duration_ns), f"{example.duration_ns / max(most, 1) * 100:.1f}%",
            said_of(verdicts.get(example.trace_id)),
            second_text(example.start_ns, form.now_ns, form.zone), utc_text(example.start_ns),
        )
        for key, example in found.longest
    )  # fmt: skip
