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
    lately = together(edges_of(workspace_id, recent, edge.keys).values())
    before, now, change = edge.before, edge.now, edge.change
    if word == SLOWER_EDGE:
        share = QUANTILES[change.latency.quantile]
        told = change.latency, *(duration_change(side, lately, share) for side in (before, now))
    elif word == MORE_ERRORS:
        told = change.errors, *(error_change(side, lately) for side in (before, now))
    else:
        caller, called = whole.nodes[edge.caller], _entered(workspace_id, recent, edge)
        sides = (before, caller.before), (now, caller.now)
        told = change.fan, *(fan_change(Sides(one, lately, other, called)) for one, other in sides)
    return ending_word(*told)


def _entered(workspace_id: int, recent: Window, edge: MapEdge) -> Figures:
    """The calls that the caller got."""
    if edge.caller.kind != "service":
        return NO_FIGURES
    return together(versions(workspace_id, recent, edge.caller.name).values())
