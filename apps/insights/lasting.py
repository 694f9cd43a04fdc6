"""Whether what changed on an edge goes on: its last minutes against the window that the change is told against."""

from __future__ import annotations

from apps.insights.change import QUANTILES, duration_change, ending_word, error_change
from apps.insights.figures import NO_FIGURES, Figures, together
from apps.insights.map_change import MORE_CALLS, MORE_ERRORS, SLOWER_EDGE, Sides, fan_change
from apps.insights.queries import edges_of, versions
from apps.insights.service_map import MapEdge, ServiceMap
from apps.insights.window import Window


def edge_ending(workspace_id: int, whole: ServiceMap, edge: MapEdge, word: str, recent: Window | None) -> str:
    """Of one change of an edge, SLOWER_EDGE, MORE_ERRORS or MORE_CALLS; "" for others. Raises StoreUnavailable."""
    if recent is None or word not in (SLOWER_EDGE, MORE_ERRORS, MORE_CALLS):
        return ""
    now = together(edges_of(workspace_id, recent, edge.keys).values())
    if word == SLOWER_EDGE:
        return ending_word(
            edge.change.latency, duration_change(edge.before, now, QUANTILES[edge.change.latency.quantile])
        )
    if word == MORE_ERRORS:
        return ending_word(edge.change.errors, error_change(edge.before, now))
    caller_now = _entered(workspace_id, recent, edge)
    lately = fan_change(Sides(edge.before, now, whole.nodes[edge.caller].before, caller_now))
    return ending_word(edge.change.fan, lately)


def _entered(workspace_id: int, recent: Window, edge: MapEdge) -> Figures:
    """The calls that the caller got."""
    if edge.caller.kind != "service":
        return NO_FIGURES
    return together(versions(workspace_id, recent, edge.caller.name).values())
