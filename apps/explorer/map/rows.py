"""All edges as a table, and the list of what changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from apps.explorer.change import Mark, duration_mark, error_mark, format_rate
from apps.explorer.map.form import MapForm
from apps.explorer.map.look import told_change
from apps.explorer.map.panel import NodeLink, node_link
from apps.insights.map_change import FASTER_EDGE, FEWER_ERRORS, FIRST, GONE_EDGE, MORE_ERRORS, SLOWER_EDGE, TOO_FEW
from apps.insights.service_map import MapEdge
from apps.traces.durations import NONE, duration_text, format_percent

TONE_CLASSES = {"slow": "up", "err": "err", "good": "down", "new": "new-word", "gone": "quiet"}

MARKED = frozenset((SLOWER_EDGE, FASTER_EDGE, MORE_ERRORS, FEWER_ERRORS))


@dataclass(frozen=True, slots=True)
class ChangeItem:
    """One link of the list above the map."""

    href: str
    caller: NodeLink
    callee: NodeLink
    told: tuple[tuple[str, str], ...]
    """(text, class) of each change."""
    is_on: bool


@dataclass(frozen=True, slots=True)
class EdgeRow:
    href: str
    caller: NodeLink
    callee: NodeLink
    kind: str
    rate: str
    p50: str
    p95: str
    latency: Mark | None
    errors: str
    error_mark: Mark | None
    told: tuple[tuple[str, str], ...]
    """Every change: (text, class)."""
    also: tuple[tuple[str, str], ...]
    """Of them what the two marks do not say."""


def change_items(edges: Iterable[MapEdge], form: MapForm) -> tuple[ChangeItem, ...]:
    on = form.chosen.ends
    return tuple(
        ChangeItem(_href(edge, form), *_ends(edge, form), told_in_words(edge), edge.ends == on) for edge in edges
    )


def edge_rows(edges: Iterable[MapEdge], form: MapForm, has_before: bool) -> tuple[EdgeRow, ...]:
    """What changed first, then the busiest."""
    ranked = sorted(edges, key=lambda edge: (edge.rank, -edge.now.weight, edge.ends))
    return tuple(_row(edge, form, has_before) for edge in ranked)


def told_in_words(edge: MapEdge, without: frozenset[str] = frozenset()) -> tuple[tuple[str, str], ...]:
    told = filter(None, (told_change(edge, word) for word in edge.words if word not in without))
    return tuple((text.lstrip("◆\u00a0"), TONE_CLASSES[tone]) for text, tone in told)


def _row(edge: MapEdge, form: MapForm, has_before: bool) -> EdgeRow:
    change, now = edge.change, edge.now
    p95 = now.p(0.95)
    is_compared = has_before and edge.words not in ((TOO_FEW,), (FIRST,), (GONE_EDGE,))
    against = form.period.against_label
    return EdgeRow(
        href=_href(edge, form),
        caller=node_link(edge.caller, form, chosen=edge.caller),
        callee=node_link(edge.callee, form, chosen=edge.callee),
        kind=edge.kind,
        rate=format_rate(now.calls / form.period.minutes),
        p50=duration_text(now.p(0.5)),
        p95=duration_text(p95),
        latency=duration_mark(change.latency, against) if is_compared and p95 is not None else None,
        errors=format_percent(now.error_share) if now.samples else NONE,
        error_mark=error_mark(change.errors, against) if is_compared else None,
        told=told_in_words(edge),
        also=told_in_words(edge, without=MARKED),
    )


def _ends(edge: MapEdge, form: MapForm) -> tuple[NodeLink, NodeLink]:
    return node_link(edge.caller, form, chosen=edge.ends), node_link(edge.callee, form, chosen=edge.ends)


def _href(edge: MapEdge, form: MapForm) -> str:
    return node_link(edge.caller, form, chosen=edge.ends).href
