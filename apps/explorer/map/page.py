"""The map page: one answer of the rollups, and everything its template says about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape

from django.utils.safestring import SafeString, mark_safe

from apps.explorer.map.drawing import Drawing, drawing, view_box
from apps.explorer.map.empty import Empty, no_edges, no_focus, no_traces
from apps.explorer.map.form import DEPTHS, FIT, FULL, LATENCY, MARK_WORDS, MARKS, MapForm
from apps.explorer.map.heading import leading, map_said
from apps.explorer.map.look import HEAT_WORDS, edge_look, node_look, shown_name
from apps.explorer.map.panel import Panel, panel
from apps.explorer.map.rows import ChangeItem, EdgeRow, change_items, edge_rows
from apps.explorer.period import Choice
from apps.explorer.says import Said, said
from apps.explorer.services.addresses import service_link
from apps.insights.freshness import Freshness
from apps.insights.lasting import Endings, endings_of
from apps.insights.map_graph import Ends, around, node_id
from apps.insights.queries import Coverage, coverage
from apps.insights.service_map import ServiceMap, service_map
from apps.store.queries import list_services
from apps.traces.durations import format_count, format_percent
from apps.traces.peers import Node

MOST_CHANGES = 12
MOST_DRAWN = 1_000
"""Nodes; of a larger system the ends of what changed and the busiest are drawn."""
PHONE_ROWS = 60
"""Edges listed under the map on a phone."""
PHONE_CHANGES = 3
"""Of what changed above it: more would push the map off the screen."""


@dataclass(frozen=True, slots=True)
class Found:
    """Matches of the find box, as links that focus on them."""

    text: str
    links: tuple[Choice, ...]
    more: int


@dataclass(frozen=True, slots=True)
class MapPage:
    said: tuple[Said, ...]
    """The heading, () where nothing was called."""
    changes: tuple[ChangeItem, ...]
    changes_more: int
    changes_below: int
    """So many changes a phone shows in the list below the map only."""
    marks: tuple[Choice, ...]
    depths: tuple[Choice, ...]
    zooms: tuple[Choice, ...]
    focus: str
    """The name focused on, "" for the whole map."""
    focus_clear: str
    options: SafeString
    """Of every node, to choose a focus from."""
    found: Found | None
    drawing: Drawing | None
    view_box: str
    is_fitted: bool
    label: str
    left_out: str
    heat: tuple[str, ...]
    rows: tuple[EdgeRow, ...]
    panel: Panel | None
    empty: Empty | None
    coverage: tuple[str, ...]
    table_link: str
    map_link: str


def map_page(workspace_id: int, form: MapForm, fresh: Freshness) -> MapPage:
    """`form` is valid. Raises StoreUnavailable."""
    period, whole = form.period, _whole(workspace_id, form)
    shown, left_out = _shown(whole, form)
    hues = {service.name: service.hue for service in list_services(workspace_id)}
    nodes = {node: node_look(shown.nodes[node], period.minutes, hues, form.marked) for node in shown.nodes}
    edges = {ends: edge_look(edge, period.minutes, form.marked) for ends, edge in shown.edges.items()}
    matched = _matched(whole, form.said("find"))
    drawn, is_fitted = None, False
    if nodes and not form.is_table:
        is_fitted = form.said("zoom") != FULL
        prefix = _prefix(form)
        drawn = drawing(nodes, edges, form.chosen, prefix, frozenset(matched), is_fitted)
        is_fitted = is_fitted and (drawn.fits or drawn.is_small or form.said("zoom") == FIT)
    rows, endings = _rows(shown, form), endings_of(workspace_id, whole, period.recents)
    return MapPage(
        said=_said(whole, endings, form) if whole.edges else (),
        changes=change_items(leading(whole, endings)[:MOST_CHANGES], form),
        changes_more=max(0, len(whole.changed) - MOST_CHANGES),
        changes_below=_below(whole, rows, drawn),
        marks=tuple(Choice(MARK_WORDS[m], form.here(mark=m), form.marked == m) for m in MARKS),
        depths=tuple(Choice(name, form.here(depth=name), form.depth_name == name) for name in DEPTHS),
        zooms=_zooms(form, drawn, is_fitted),
        focus=shown_name(form.focus_on) if form.focus_on else "",
        focus_clear=form.here(focus=None, depth=None),
        options=_options(whole, form.focus_id),
        found=_found(matched, form) if form.said("find") else None,
        drawing=drawn,
        view_box=view_box(drawn) if drawn else "",
        is_fitted=is_fitted,
        label=_label(shown),
        left_out=left_out,
        heat=HEAT_WORDS if form.marked == LATENCY else (),
        rows=rows,
        panel=panel(workspace_id, whole, form),
        empty=_empty(workspace_id, whole, shown, form, fresh),
        coverage=_covered(coverage(workspace_id, period.window)),
        table_link=form.here(view="table"),
        map_link=form.here(view=None),
    )


def map_panel(workspace_id: int, form: MapForm) -> Panel | None:
    """What is chosen, alone."""
    return panel(workspace_id, _whole(workspace_id, form), form)


def _whole(workspace_id: int, form: MapForm) -> ServiceMap:
    return service_map(workspace_id, form.period)


def _said(whole: ServiceMap, endings: Endings, form: MapForm) -> tuple[Said, ...]:
    words = map_said(whole, form.period.against_label, endings)
    return said(words, lambda service: service_link(form, service))


def _shown(whole: ServiceMap, form: MapForm) -> tuple[ServiceMap, str]:
    """(what is drawn, what is said about the rest)."""
    focus = form.focus_on
    if focus is not None:
        if focus not in whole.nodes:
            return replace(whole, nodes={}, edges={}), ""
        nodes, edges = around(whole.edges, focus, DEPTHS[form.depth_name])
        return _part(whole, nodes, edges), ""
    if len(whole.nodes) <= MOST_DRAWN:
        return whole, ""
    ends = {node for edge in whole.changed for node in edge.ends}
    ranked = sorted(whole.nodes, key=lambda node: (node not in ends, -whole.nodes[node].now.weight, node))
    kept = {*ranked[:MOST_DRAWN]}
    told = f"The {format_count(MOST_DRAWN)} busiest of {format_count(len(whole.nodes))} nodes are drawn."
    return _part(whole, kept, {e for e in whole.edges if e.caller in kept and e.callee in kept}), told


def _part(whole: ServiceMap, nodes: set[Node], edges: set[Ends]) -> ServiceMap:
    return replace(
        whole,
        nodes={node: found for node, found in whole.nodes.items() if node in nodes},
        edges={ends: edge for ends, edge in whole.edges.items() if ends in edges},
    )


def _rows(shown: ServiceMap, form: MapForm) -> tuple[EdgeRow, ...]:
    if not form.is_table and len(shown.edges) > PHONE_ROWS:
        return ()
    return edge_rows(shown.edges.values(), form, shown.has_before)


def _below(whole: ServiceMap, rows: tuple[EdgeRow, ...], drawn: Drawing | None) -> int:
    """Where the list below the map has every edge that changed."""
    return max(0, len(whole.changed) - PHONE_CHANGES) if drawn and len(rows) == len(whole.edges) else 0


def _prefix(form: MapForm) -> str:
    """The query string that links in the drawing begin with."""
    address = form.here(caller=None, callee=None, node=None).partition("?")[2]
    return f"?{address}&" if address else "?"


def _matched(whole: ServiceMap, text: str) -> list[Node]:
    wanted = text.strip().casefold()
    if not wanted:
        return []
    found = [node for node in whole.nodes if wanted in shown_name(node).casefold()]
    return sorted(found, key=lambda node: (shown_name(node).casefold() != wanted, len(node.name), node))


def _found(matched: list[Node], form: MapForm) -> Found:
    links = tuple(
        Choice(shown_name(node), form.here(focus=node_id(node), node=node_id(node), find=None), False)
        for node in matched[:MOST_CHANGES]
    )
    return Found(form.said("find"), links, max(0, len(matched) - MOST_CHANGES))


def _zooms(form: MapForm, drawn: Drawing | None, is_fitted: bool) -> tuple[Choice, ...]:
    if drawn is None:
        return ()
    return (Choice("Fit", form.here(zoom=FIT), is_fitted), Choice("Full size", form.here(zoom=FULL), not is_fitted))


def _options(whole: ServiceMap, chosen: str) -> SafeString:
    """Written here, for a template takes longer over hundreds of them than everything else on the page."""
    named = sorted((shown_name(node), node) for node in whole.nodes)
    return mark_safe("".join([_option(name, node, chosen) for name, node in named]))


def _option(name: str, node: Node, chosen: str) -> str:
    id_, kind = node_id(node), "" if node.kind in ("service", "user") else f" ({node.kind})"
    on = " selected" if id_ == chosen else ""
    return f'<option value="{escape(id_)}"{on}>{escape(name + kind)}</option>'


def _label(shown: ServiceMap) -> str:
    nodes, edges = format_count(len(shown.nodes)), format_count(len(shown.edges))
    return f"{nodes} nodes, {edges} edges, {format_count(len(shown.changed))} of them changed"


def _empty(workspace_id: int, whole: ServiceMap, shown: ServiceMap, form: MapForm, fresh: Freshness) -> Empty | None:
    if not whole.nodes:
        return no_traces(workspace_id, form, fresh)
    if not shown.nodes:
        return no_focus(form)
    return None if whole.edges else no_edges(whole)


def _covered(found: Coverage) -> tuple[str, ...]:
    """`100 % of 22 665 traces, 1.0 M spans`, `nothing sampled`."""
    if not found.traces:
        return ()
    counted = 1 - found.unanalysed / found.traces
    traces, spans = format_count(found.traces), _short(found.spans)
    sampled = (
        f"{format_percent(found.sampled_share)} of the spans were sampled by their sender, and count for more"
        if found.sampled_share else "nothing sampled"
    )  # fmt: skip
    told = [f"{format_percent(counted)} of {traces} trace{'s' * (found.traces != 1)}, {spans} spans", sampled]
    if found.incomplete:
        told.append(f"{format_percent(found.incomplete / found.traces)} of the traces miss spans")
    return tuple(told)


def _short(number: int) -> str:
    """`1.0 M`, `184 k`, `9 312`."""
    for size, name in ((10**9, "G"), (10**6, "M"), (10**4, "k")):
        if number >= size:
            scaled = number / (size if name != "k" else 10**3)
            return f"{scaled:.1f}\u00a0{name}" if scaled < 10 else f"{scaled:,.0f}\u00a0{name}".replace(",", "\u00a0")
    return format_count(number)
