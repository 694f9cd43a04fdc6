"""`/errors`: the groups of a period as a list, what is new on top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from apps.explorer.change import Mark, against_in, rate_mark
from apps.explorer.errors.form import PATH, ErrorsForm
from apps.explorer.errors.said import ErrorsSaid, errors_said
from apps.explorer.search.pasted import trace_address
from apps.explorer.spark import spark_path
from apps.insights.change import GONE, NEW, UNCLEAR
from apps.insights.error_groups import BACK, ErrorGroup, ErrorGroups
from apps.traces.durations import counted, counted_of, format_count
from apps.traces.moments import ago_text, minute_text, utc_text
from apps.traces.status_words import error_named

ROWS = 100
NO_MESSAGE = "(no message)"


@dataclass(frozen=True, slots=True)
class GroupRow:
    id: str
    link: str
    service: str
    span_name: str
    type: str
    what: str
    """The type, with the status that was answered."""
    message: str
    count: str
    mark: Mark
    spark: str
    spark_said: str
    last_seen: str
    last_seen_utc: str
    first_seen: str
    example: str
    """Address of the newest one's trace, opened at the span where it started; "" when there is none."""
    is_gone: bool
    is_open: bool


@dataclass(frozen=True, slots=True)
class ErrorsPage:
    rows: tuple[GroupRow, ...]
    title: str
    said: ErrorsSaid
    services: tuple[str, ...]
    hidden: int
    all_link: str
    sorts: tuple[tuple[str, str, bool], ...]
    """(words, address, whether it is on)."""


SORT_WORDS = {"news": "new first", "count": "how often", "last": "last seen", "first": "first seen"}


def errors_page(form: ErrorsForm, found: ErrorGroups, opened_traces: int | None) -> ErrorsPage:
    """Of a valid form. `opened_traces`: `traces` of the group that is opened."""
    asked = form.params.get("service", ""), form.params.get("q", "")
    listed = _sorted([group for group in found.groups if group.fits(*asked)], form.sort_by)
    shown = listed if form.params.get("all") else listed[:ROWS]
    return ErrorsPage(
        rows=tuple(row_of(group, form) for group in shown),
        title=counted_of(len(listed), len(found.groups), "group"),
        said=errors_said(found, listed, form, opened_traces),
        services=tuple(sorted({group.key.service for group in found.groups})),
        hidden=len(listed) - len(shown),
        all_link=form.link(PATH, all="1") if len(shown) < len(listed) else "",
        sorts=tuple(_sort(form, name) for name in SORT_WORDS),
    )


def _sorted(groups: Sequence[ErrorGroup], by: str) -> list[ErrorGroup]:
    keys = {
        "count": lambda group: -group.after.samples,
        "last": lambda group: -group.last_seen_ns,
        "first": lambda group: -group.first_seen_ns,
    }
    return sorted(groups, key=keys[by]) if by in keys else list(groups)


def row_of(group: ErrorGroup, form: ErrorsForm) -> GroupRow:
    key, now_ns, zone = group.key, form.now_ns, form.zone
    newest = max(group.after.examples, key=lambda example: example.start_ns, default=None)
    is_open = form.params.get("group") == group.id
    return GroupRow(
        id=group.id,
        link=form.link(PATH, group=None if is_open else group.id),
        service=key.service,
        span_name=key.span_name,
        type=key.exception_type,
        what=error_named(key.exception_type, key.message),
        message=key.message or NO_MESSAGE,
        count=format_count(round(group.after.calls)),
        mark=_mark(group, form),
        spark=spark_path(group.line),
        spark_said=f"{counted(round(group.after.calls), 'error span')} over the window, at most "
        f"{format_count(round(max(group.line, default=0)))} in one step",
        last_seen=ago_text(min(group.last_seen_ns, now_ns), now_ns),
        last_seen_utc=utc_text(group.last_seen_ns),
        first_seen=minute_text(group.first_seen_ns, now_ns, zone),
        example=trace_address(newest.trace_id, newest.span_id) if newest else "",
        is_gone=not group.after.samples and not form.period.is_behind,
        is_open=is_open,
    )


def _mark(group: ErrorGroup, form: ErrorsForm) -> Mark:
    against, spans = form.period.against_label, counted(round(group.before.calls), "error span")
    then = against_in(against)
    if group.word == NEW:
        return Mark("new", "up", "Never seen before this time", True)
    if group.word == BACK:
        return Mark("back", "up", f"Not seen in {against}, but before that", True)
    if group.word == GONE:
        return Mark("gone", "down", f"{spans} {then}, none now", True)
    mark = rate_mark(group.change, against)
    if group.word == UNCLEAR:
        why = f"What was counted and what it stands for do not agree, as when another share is sampled than {then}"
        return replace(mark, title=why)
    return mark


def _sort(form: ErrorsForm, name: str) -> tuple[str, str, bool]:
    return SORT_WORDS[name], form.link(PATH, sort=None if name == "news" else name), form.sort_by == name
