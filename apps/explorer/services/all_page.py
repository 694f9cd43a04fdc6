"""`/services`: every service with its figures, what changed on top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from apps.explorer.services.addresses import service_link
from apps.explorer.services.cells import Cells, Impact, cells, impact
from apps.explorer.services.forms import ServicesForm
from apps.explorer.spark import spark_path
from apps.insights.change import UNCLEAR
from apps.insights.service_lines import SORTS, ServiceLine, service_lines, sorted_lines, sparks
from apps.traces.durations import counted_of
from apps.traces.moments import ago_text, second_text

PATH = "/services"
ROWS = 60
"""Drawn at once; the filter reaches all."""
SORT_WORDS = {
    "change": "what changed", "impact": "impact", "rate": "calls", "errors": "errors", "p95": "p95", "name": "name",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ServiceRow:
    name: str
    link: str
    version: str
    is_new_version: bool
    cells: Cells
    impact: Impact
    spark: str
    last_seen: str
    first_seen: str
    is_silent: bool
    """It sent nothing in the window."""


@dataclass(frozen=True, slots=True)
class Head:
    """A column that can be sorted by."""

    link: str
    sort: str
    """For aria-sort, "" when the table is not sorted by it."""


@dataclass(frozen=True, slots=True)
class ServicesPage:
    rows: tuple[ServiceRow, ...]
    title: str
    """`16 services`, `3 of 16 services`."""
    said: str
    """One sentence: how many changed, the worst of them by name."""
    worst: ServiceRow | None
    changed: int
    heads: dict[str, Head]
    sort_words: str
    all_link: str
    """To see the rows that are not drawn, "" when all are."""
    hidden: int
    is_unclear: bool
    """Some differ by a fifth or more, within their usual spread."""
    has_any: bool
    has_before: bool


def services_page(workspace_id: int, form: ServicesForm) -> ServicesPage:
    """The page of a valid form."""
    found = service_lines(workspace_id, form.period)
    lines = found.lines
    listed = sorted_lines(lines, form.sort_by, form.params.get("q", ""))
    shown = listed if form.params.get("all") else listed[:ROWS]
    lines_of = sparks(workspace_id, form.period, [line.name for line in shown])
    rows = tuple(_row(form, line, lines_of.get(line.name, ())) for line in shown)
    stirred = sorted_lines([line for line in lines if line.stir], "change")
    return ServicesPage(
        rows=rows,
        title=counted_of(len(listed), len(lines), "service"),
        said=_said(lines, stirred, found.has_before),
        worst=_row(form, stirred[0]) if stirred else None,
        changed=len(stirred),
        heads={name: _head(form, name) for name in SORTS},
        sort_words=SORT_WORDS[form.sort_by],
        all_link=form.link(PATH, all="1") if len(shown) < len(listed) else "",
        hidden=len(listed) - len(shown),
        is_unclear=any(UNCLEAR in (line.duration.word, line.errors.word) for line in lines),
        has_any=bool(lines),
        has_before=found.has_before,
    )


def _row(form: ServicesForm, line: ServiceLine, p95s: Sequence[float | None] = ()) -> ServiceRow:
    now_ns, zone = form.now_ns, form.zone
    return ServiceRow(
        name=line.name,
        link=service_link(form, line.name),
        version=line.version,
        is_new_version=line.is_new_version,
        cells=cells(line.now, line.duration, line.rate, line.errors, form.period),
        impact=impact(line.own_share),
        spark=spark_path(p95s),
        last_seen=ago_text(min(line.last_seen_ns, now_ns), now_ns),
        first_seen=second_text(line.first_seen_ns, now_ns, zone),
        is_silent=not line.now.samples,
    )


def _head(form: ServicesForm, name: str) -> Head:
    is_on = form.sort_by == name
    usual = name == next(iter(SORTS))
    return Head(
        form.link(PATH, sort=None if usual else name),
        ("ascending" if name == "name" else "descending") if is_on else "",
    )


def _said(lines: Sequence[ServiceLine], stirred: Sequence[ServiceLine], has_before: bool) -> str:
    if not any(line.now.samples for line in lines):
        return "silent"
    if not has_before:
        return "no_before"
    return "changed" if stirred else "same"
