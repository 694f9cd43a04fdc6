"""`/api/v1/map`: nodes and edges of the service map, now and in the window compared with."""

from __future__ import annotations

import time

from django.http import HttpResponse

from apps.api.base import ApiView, json_answer
from apps.api.own.figures import figures_object
from apps.api.own.period import PERIOD_NAMES, period_object, read_period, refuse_unknown
from apps.api.problem import Problem
from apps.insights.freshness import freshness
from apps.insights.map_graph import Ends, around, node_of
from apps.insights.queries import coverage
from apps.insights.service_map import MapEdge, MapNode, ServiceMap, service_map
from apps.traces.moments import exact_text
from apps.traces.peers import Node

NAMES = (*PERIOD_NAMES, "focus", "depth")
MAX_DEPTH = 1_000


class MapView(ApiView):
    def get(self, request) -> HttpResponse:
        refuse_unknown(request.GET, NAMES)
        period = read_period(self.workspace_id, request.GET)
        found = service_map(self.workspace_id, period)
        minutes = found.held.minutes, period.minutes
        nodes, edges = _wanted(found, request.GET)
        fresh, covered = freshness(self.workspace_id, time.time_ns()), coverage(self.workspace_id, period.window)
        return json_answer({
            "period": period_object(period),
            "fresh_to": exact_text(fresh.fresh_to_ns),
            "behind_s": round(fresh.behind_s, 3),
            "coverage": {
                "traces": covered.traces, "spans": covered.spans, "incomplete_traces": covered.incomplete,
                "unanalysed_traces": covered.unanalysed, "sampled_share": round(covered.sampled_share, 4),
            },
            "nodes": [_node(found.nodes[node], minutes) for node in found.nodes if node in nodes],
            "edges": [_edge(edge, minutes) for ends, edge in found.edges.items() if ends in edges],
        })  # fmt: skip


def _wanted(found: ServiceMap, params) -> tuple[set[Node], set[Ends]]:
    """All, or what lies around `focus`."""
    focus, depth = node_of(params.get("focus", "")), params.get("depth", "1")
    if not (depth == "all" or (depth.isascii() and depth.isdigit() and 0 < int(depth[:9]) <= MAX_DEPTH)):
        raise Problem(400, "The address cannot be read.", fields={"depth": f"1 to {MAX_DEPTH}, or all."})
    if focus is None:
        return {*found.nodes}, {*found.edges}
    if focus not in found.nodes:
        raise Problem(404, "There is no such node in this time range.")
    return around(found.edges, focus, len(found.nodes) if depth == "all" else int(depth))


def _node(found: MapNode, minutes: tuple[float, float]) -> dict:
    return {
        **found.node._asdict(),
        "changes": list(found.words),
        "now": figures_object(found.now, minutes[1]),
        "before": figures_object(found.before, minutes[0]),
    }


def _edge(found: MapEdge, minutes: tuple[float, float]) -> dict:
    fan = found.change.fan
    return {
        "caller": found.caller._asdict(),
        "callee": found.callee._asdict(),
        "kind": found.kind,
        "changes": list(found.words),
        "calls_per_call": fan.after and round(fan.after, 3),
        "calls_per_call_before": fan.before and round(fan.before, 3),
        "now": figures_object(found.now, minutes[1]),
        "before": figures_object(found.before, minutes[0]),
    }
