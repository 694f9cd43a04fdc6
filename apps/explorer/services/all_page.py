"""`/services`: every service with its figures, what is bad now on top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from apps.explorer.says import Said, said
from apps.explorer.services.addresses import service_link
from apps.explorer.services.all_said import services_said
from apps.explorer.services.cells import Cells, Impact, cells, impact
from apps.explorer.services.forms import ServicesForm
from apps.explorer.spark import spark_path
from apps.insights.service_lines import SORTS, ServiceLine, service_lines, sorted_lines, sparks
from apps.traces.durations import counted_of
from apps.traces.moments import ago_text, second_text

PATH = "/services"
ROWS = 60
"""Drawn at once; the filter reaches all."""
SORT_WORDS = {
    "change": "what got worse, then what else changed", "impact": "impact", "rate": "calls", "errors": "errors",
    "p95": "p95", "name": "name",
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
    said: tuple[Said, ...]
    """What is bad now, or what else changed most."""
    heads: dict[str, Head]
    sort_words: str
    all_link: str
    """To see the rows that are not drawn, "" when all are."""
    hidden: int


def services_page(workspace_id: int, form: ServicesForm) -> ServicesPage:
    """The page of a valid form."""
    found = service_lines(workspace_id, form.period)
    lines = found.lines
    listed = sorted_lines(lines, form.sort_by, form.params.get("q", ""))
    shown = listed if form.params.get("all") else listed[:ROWS]
    lines_of = sparks(workspace_id, form.period, [line.name for line in shown])
    rows = tuple(_row(form, line, lines_of.get(line.name, ())) for line in shown)
    stirred = sorted_lines([line for line in lines if line.stir], "change")
    words = services_said(lines, stirred, found.has_before, form)
    return ServicesPage(
        rows=rows,
        title=counted_of(len(listed), len(lines), "service"),
        said=said(words, lambda service: service_link(form, service)),
        heads={name: _head(form, name) for name in SORTS},
        sort_words=SORT_WORDS[form.sort_by],
        all_link=form.link(PATH, all="1") if len(shown) < len(listed) else "",
        hidden=len(listed) - len(shown),
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
