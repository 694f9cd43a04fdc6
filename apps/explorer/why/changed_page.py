"""`/why` when nobody asked about a root span name yet: those that changed most, as a list to choose from."""

from __future__ import annotations

from dataclasses import dataclass

from apps.explorer.change import Mark, duration_mark, error_mark
from apps.explorer.why.form import PATH, WhyForm
from apps.insights.change import GONE, NEW, UNCLEAR
from apps.insights.why.changed import ChangedRoot, changed_roots
from apps.traces.durations import duration_text, format_count, format_percent
from apps.traces.moments import span_text
from apps.traces.why.judge import ERRORS

MOST_ROOTS = 60


@dataclass(frozen=True, slots=True)
class RootRow:
    service: str
    name: str
    link: str
    errors_link: str
    before: str
    after: str
    mark: Mark
    error_share: str
    error_mark: Mark
    n: str
    before_n: str
    is_changed: bool


@dataclass(frozen=True, slots=True)
class ChangedPage:
    rows: tuple[RootRow, ...]
    is_told: bool
    """There is something to tell: in a window that is not held to its end more than what only came before."""
    changed: int
    is_compared: bool
    """Something came in both times."""
    is_unclear: bool
    """Some differ by a fifth or more, within their usual spread."""
    said: str
    """Of the first, how: `p95 rose from 1.02 s to 2.18 s`."""
    before: str
    after: str


def changed_page(workspace_id: int, form: WhyForm) -> ChangedPage:
    """The page when nobody asked about a root span name yet."""
    period = form.period
    found = changed_roots(workspace_id, period)
    rows = tuple(_root_row(root, form) for root in found[:MOST_ROOTS])
    return ChangedPage(
        rows,
        bool(rows) and (not period.is_behind or any(root.after.samples for root in found)),
        sum(1 for root in found if root.is_changed),
        any(root.before.samples and root.after.samples for root in found),
        any(UNCLEAR in (root.duration.word, root.errors.word) for root in found),
        _said(found[0]) if found else "",
        span_text(*period.compared, form.zone),
        span_text(*period.window, form.zone),
    )


def _said(root: ChangedRoot) -> str:
    quantile = root.duration.quantile
    before, after = duration_text(root.duration.before), duration_text(root.duration.after)
    if root.duration.word == NEW:
        return f"it is new, {quantile} {after}"
    if root.duration.word == GONE:
        return f"it is gone, {quantile} was {before}"
    if root.is_about_errors:
        shares = [format_percent(figures.error_share) for figures in (root.after, root.before)]
        return f"{shares[0]} had an error, {shares[1]} before"
    return f"{quantile} {'rose' if root.duration.is_worse else 'fell'} from {before} to {after}"


def _root_row(root: ChangedRoot, form: WhyForm) -> RootRow:
    against = form.period.against_label
    asked = {"service": root.service, "name": root.name}
    return RootRow(
        service=root.service,
        name=root.name,
        link=form.link(PATH, **asked),
        errors_link=form.link(PATH, **asked, look=ERRORS),
        before=duration_text(root.before.p(0.95)),
        after=duration_text(root.after.p(0.95)),
        mark=duration_mark(root.duration, against),
        error_share=format_percent(root.after.error_share) if root.after.samples else "",
        error_mark=error_mark(root.errors, against),
        n=format_count(root.after.samples),
        before_n=format_count(root.before.samples),
        is_changed=root.is_changed,
    )
