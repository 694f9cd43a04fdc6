"""The side panel: one edge or one node, its figures before and now, a chart, and traces to look at."""

from __future__ import annotations

from dataclasses import dataclass

from apps.explorer.change import Mark, duration_mark, error_mark, format_rate, rate_mark
from apps.explorer.line_chart import LineChart
from apps.explorer.map.examples import Examples, edge_examples, node_examples
from apps.explorer.map.form import MapForm
from apps.explorer.map.look import KIND_ICONS, KIND_WORDS, shown_name
from apps.explorer.map.rate_chart import edge_chart, node_chart
from apps.explorer.map.said import edge_said, node_said
from apps.explorer.period import link_with
from apps.explorer.services.addresses import service_link
from apps.insights.change import Change, duration_change, error_change
from apps.insights.figures import Figures
from apps.insights.map_graph import Ends, node_id
from apps.insights.queries import first_seen
from apps.insights.seen import rate_since
from apps.insights.service_map import MapEdge, MapNode, ServiceMap
from apps.traces.durations import NONE, duration_text, format_percent
from apps.traces.key_book import EDGE
from apps.traces.moments import minute_text
from apps.traces.peers import Node

QUANTILES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
MOST_NEIGHBOURS = 12


@dataclass(frozen=True, slots=True)
class NodeLink:
    """A node as panels and lists show it."""

    name: str
    service: str
    """For its hue; "" for what is no service."""
    icon: str
    href: str


@dataclass(frozen=True, slots=True)
class FigureRow:
    name: str
    before: str
    now: str
    mark: Mark | None


@dataclass(frozen=True, slots=True)
class Neighbour:
    node: NodeLink
    """Leads to the edge."""
    rate: str


@dataclass(frozen=True, slots=True)
class Panel:
    is_edge: bool
    kind: str
    caller: NodeLink | None
    node: NodeLink
    """The node, or the callee of an edge."""
    said: tuple[str, ...]
    rows: tuple[FigureRow, ...]
    seen: str
    chart: LineChart | None
    examples: Examples
    callers: tuple[Neighbour, ...]
    callees: tuple[Neighbour, ...]
    callers_more: int
    callees_more: int
    focus: str
    """The map around the node, "" where it is shown."""
    service_page: str
    why: str
    close: str


def panel(workspace_id: int, found: ServiceMap, form: MapForm) -> Panel | None:
    """What is chosen; None for nothing, or for what the map does not hold."""
    chosen = form.chosen
    if chosen.ends in found.edges:
        return _of_edge(workspace_id, found, found.edges[chosen.ends], form)
    if chosen.node in found.nodes:
        return _of_node(workspace_id, found, found.nodes[chosen.node], form)
    return None


def _of_edge(workspace_id: int, found: ServiceMap, edge: MapEdge, form: MapForm) -> Panel:
    against = form.period.against_label
    rows = _figures(edge, found, form)
    fan = edge.change.fan
    if found.has_before and fan.before and fan.after and edge.caller.kind == "service":
        name = f"Calls per call of {shown_name(edge.caller)}"
        rows.insert(1, FigureRow(name, format_rate(fan.before), format_rate(fan.after), rate_mark(fan, against)))
    return Panel(
        is_edge=True,
        kind=edge.kind,
        caller=node_link(edge.caller, form, chosen=edge.caller),
        node=node_link(edge.callee, form, chosen=edge.callee),
        said=edge_said(edge, against, found.has_before, found.held),
        rows=tuple(rows),
        seen=_seen(workspace_id, edge, form),
        chart=edge_chart(workspace_id, edge, form),
        examples=edge_examples(workspace_id, edge.ends, form),
        callers=(), callees=(), callers_more=0, callees_more=0,
        focus="",
        service_page="",
        why=_why(edge.callee if edge.callee.kind == "service" else edge.caller, form),
        close=_close(form),
    )  # fmt: skip


def _of_node(workspace_id: int, found: ServiceMap, node: MapNode, form: MapForm) -> Panel:
    into = [edge for edge in found.edges.values() if edge.callee == node.node]
    out = [edge for edge in found.edges.values() if edge.caller == node.node]
    is_service = node.node.kind == "service"
    return Panel(
        is_edge=False,
        kind=KIND_WORDS[node.node.kind],
        caller=None,
        node=node_link(node.node, form, chosen=node.node),
        said=node_said(node) if found.has_before else (),
        rows=tuple(_figures(node, found, form, has_times=node.node.kind != "user")),
        seen="",
        chart=node_chart(workspace_id, node.node, into, form),
        examples=node_examples(workspace_id, node.node, form),
        callers=_neighbours(into, form, is_caller=True),
        callees=_neighbours(out, form, is_caller=False),
        callers_more=max(0, len(into) - MOST_NEIGHBOURS),
        callees_more=max(0, len(out) - MOST_NEIGHBOURS),
        focus="" if form.focus_on == node.node else form.here(focus=node_id(node.node), zoom=None),
        service_page=service_link(form, node.node.name) if is_service else "",
        why=_why(node.node, form) if is_service else "",
        close=_close(form),
    )


def node_link(node: Node, form: MapForm, *, chosen: Node | Ends) -> NodeLink:
    """Leads to the map with the node, or the edge, chosen."""
    if isinstance(chosen, Ends):
        wanted = {"caller": node_id(chosen.caller), "callee": node_id(chosen.callee), "node": None}
    else:
        wanted = {"node": node_id(chosen), "caller": None, "callee": None}
    service = node.name if node.kind == "service" else ""
    return NodeLink(shown_name(node), service, KIND_ICONS.get(node.kind, "user"), form.here(**wanted))


def _figures(one: MapEdge | MapNode, found: ServiceMap, form: MapForm, *, has_times: bool = True) -> list[FigureRow]:
    before, now, is_compared = one.before, one.now, found.is_compared(one)
    against, minutes = form.period.against_label, (found.held.minutes, form.period.minutes)

    def marked(make, change: Change) -> Mark | None:
        return make(change, against) if is_compared else None

    rate = rate_since(before, now, found.held, minutes[1])
    rows = [FigureRow("Calls a minute", _rate(before, minutes[0]), _rate(now, minutes[1]), marked(rate_mark, rate))]
    for name, share in QUANTILES if has_times else ():
        mark = marked(duration_mark, duration_change(before, now, share))
        rows.append(FigureRow(name, duration_text(before.p(share)), duration_text(now.p(share)), mark))
    mark = marked(error_mark, error_change(before, now))
    return [*rows, FigureRow("Errors", _errors(before), _errors(now), mark)]


def _rate(figures: Figures, minutes: float) -> str:
    return format_rate(figures.calls / minutes)


def _errors(figures: Figures) -> str:
    return format_percent(figures.error_share) if figures.samples else NONE


def _seen(workspace_id: int, edge: MapEdge, form: MapForm) -> str:
    """`First seen 14:05.`"""
    times = [
        seen for key in edge.keys for parts, seen in first_seen(workspace_id, EDGE, tuple(key)).items()
        if parts == tuple(key)
    ]  # fmt: skip
    if not times:
        return ""
    return f"First seen {minute_text(min(first for first, _ in times), form.now_ns, form.zone)}."


def _neighbours(edges: list[MapEdge], form: MapForm, *, is_caller: bool) -> tuple[Neighbour, ...]:
    busiest = sorted(edges, key=lambda edge: (-edge.now.weight, edge.ends))[:MOST_NEIGHBOURS]
    return tuple(
        Neighbour(
            node_link(edge.caller if is_caller else edge.callee, form, chosen=edge.ends),
            _rate(edge.now, form.period.minutes),
        )
        for edge in busiest
    )


def _why(node: Node, form: MapForm) -> str:
    return link_with("/why", {"service": node.name, **form.period_params()}) if node.kind == "service" else ""


def _close(form: MapForm) -> str:
    return form.here(node=None, caller=None, callee=None)
