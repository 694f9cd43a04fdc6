"""One group of errors: when, through which root span names, in which versions, and traces to read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from apps.explorer.errors.form import PATH, ErrorsForm
from apps.explorer.errors.page import GroupRow, row_of
from apps.explorer.line_chart import ERROR, NUMBER, Line, LineChart, line_chart
from apps.explorer.period import link_with
from apps.explorer.search.pasted import trace_address
from apps.explorer.services.addresses import search_link, service_link
from apps.insights.error_groups import ErrorGroup, ErrorGroups, LookedInto, look_into
from apps.traces.durations import counted, format_count, format_percent
from apps.traces.moments import brief_span_text, clock_text, utc_text

EXAMPLES = 8


@dataclass(frozen=True, slots=True)
class Share:
    service: str
    text: str
    share: str
    width: str
    link: str


@dataclass(frozen=True, slots=True)
class ExampleRow:
    link: str
    at: str
    at_utc: str


@dataclass(frozen=True, slots=True)
class GroupPage:
    row: GroupRow
    chart: LineChart
    roots: tuple[Share, ...]
    versions: tuple[Share, ...]
    messages: tuple[str, ...]
    examples: tuple[ExampleRow, ...]
    looked_at: str
    traces: int | None
    """In which all its error spans are; None where not all were read."""
    search_link: str
    service_link: str
    close_link: str


def group_page(workspace_id: int, form: ErrorsForm, found: ErrorGroups) -> GroupPage | None:
    """The group that the address names; None when the two windows have none of that id. Raises
    StoreUnavailable."""
    group = next((group for group in found.groups if group.id == form.params.get("group")), None)
    if group is None:
        return None
    key, into = group.key, look_into(workspace_id, group, form.period)
    row = row_of(group, form)
    return GroupPage(
        row=row,
        chart=_chart(group, found, form),
        roots=tuple(
            _share(service, name, count, into.traces, link_with("/why", {
                **form.period_params(), "service": service, "name": name, "look": "errors"}))
            for service, name, count in into.roots
        ),
        versions=tuple(
            _share(key.service, version or "(no version)", count, _spans(into), "") for version, count in into.versions
        ),
        messages=into.messages,
        examples=tuple(_example(form, *example) for example in _spread(into.examples, group)),
        looked_at=_looked_at(into),
        traces=_all_traces(into, group),
        search_link=search_link(form, service=key.service, name=key.span_name, status="ERROR"),
        service_link=service_link(form, key.service),
        close_link=form.link(PATH, group=None),
    )  # fmt: skip


def _looked_at(into: LookedInto) -> str:
    """`8 traces read`, `60 traces read, of more: they have 180 of these error spans`."""
    drawn = ", of more" if into.ran_out else ""
    spans = _spans(into)
    have = "it has" if into.traces == 1 else "they have"
    several = f": {have} {format_count(spans)} of these error spans" if spans > into.traces else ""
    return f"{counted(into.traces, 'trace')} read{drawn}{several}"


def _all_traces(into: LookedInto, group: ErrorGroup) -> int | None:
    is_all = not into.ran_out and _spans(into) == group.after.samples == round(group.after.calls)
    return into.traces if is_all else None


def _spans(into: LookedInto) -> int:
    return sum(count for _, count in into.versions)


def _chart(group: ErrorGroup, found: ErrorGroups, form: ErrorsForm) -> LineChart:
    line = group.line or (0.0,) * len(found.steps)
    label = (
        f"{format_count(round(group.after.calls))} from {brief_span_text(*form.period.window, form.zone)}, at most "
        f"{format_count(round(max(line, default=0)))} in one step."
    )
    return line_chart(found.steps, found.step_ns, [Line("errors", ERROR, line)], NUMBER, label=label, zone=form.zone)


def _share(service: str, text: str, count: int, of: int, link: str) -> Share:
    share = count / of if of else 0.0
    return Share(service, text, format_percent(share), f"{share * 100:.1f}%", link)


def _spread(read: Iterable[tuple[str, str, int]], group: ErrorGroup) -> list[tuple[str, str, int]]:
    """(trace id, span id, start in ns) of the newest that the figures know, then others that were read; each trace
    once."""
    newest = [(one.trace_id, one.span_id, one.start_ns) for one in group.after.examples]
    known: dict[str, tuple[str, str, int]] = {}
    for example in sorted(newest, key=lambda one: -one[2]) + list(read):
        known.setdefault(example[0], example)
    return list(known.values())[:EXAMPLES]


def _example(form: ErrorsForm, trace_id: str, span_id: str, start_ns: int) -> ExampleRow:
    return ExampleRow(
        trace_address(trace_id, span_id), clock_text(start_ns, form.now_ns, form.zone), utc_text(start_ns)
    )  # fmt: skip
