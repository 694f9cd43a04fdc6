"""Whether what changed on an edge goes on: its last minutes against the window that the change is told against."""

from __future__ import annotations

from apps.insights.change import QUANTILES, duration_change, ending_word, error_change
from apps.insights.figures import NO_FIGURES, Figures, together
from apps.insights.map_change import MORE_ERRORS, SLOWER_EDGE, TROUBLE, Sides, fan_change
from apps.insights.map_graph import Ends
from apps.insights.queries import Traffic, traffic
from apps.insights.service_map import MapEdge, ServiceMap
from apps.insights.window import Window


def edge_endings(workspace_id: int, whole: ServiceMap, recent: Window | None) -> dict[tuple[Ends, str], str]:
    """GOES_ON, OVER or "" of every change for the worse, read at once. Without a recent window nothing is known.
    Raises StoreUnavailable."""
    asked = [(edge, word) for edge in whole.changed for word in edge.words if word in TROUBLE]
    if recent is None or not asked:
        return {}
    (lately,) = traffic(workspace_id, (recent,))
    return {(edge.ends, word): _ending(whole, edge, word, lately) for edge, word in asked}


def _ending(whole: ServiceMap, edge: MapEdge, word: str, recent: Traffic) -> str:
    lately = together([recent.edges[key] for key in edge.keys if key in recent.edges])
    before, now, change = edge.before, edge.now, edge.change
    if word == SLOWER_EDGE:
        share = QUANTILES[change.latency.quantile]
        told = change.latency, *(duration_change(side, lately, share) for side in (before, now))
    elif word == MORE_ERRORS:
        told = change.errors, *(error_change(side, lately) for side in (before, now))
    else:
        caller, called = whole.nodes[edge.caller], _entered(recent, edge)
        sides = (before, caller.before), (now, caller.now)
        told = change.fan, *(fan_change(Sides(one, lately, other, called)) for one, other in sides)
    return ending_word(*told)


def _entered(recent: Traffic, edge: MapEdge) -> Figures:
    """The calls that the caller got."""
    return recent.services.get(edge.caller.name, NO_FIGURES) if edge.caller.kind == "service" else NO_FIGURES
