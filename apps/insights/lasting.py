"""Whether what changed on the map goes on: its last minutes against the window that the change is told against."""

from __future__ import annotations

from apps.insights.change import durations_change, durations_ending, ending_word, error_change, errors_ending
from apps.insights.figures import NO_FIGURES, Figures, together
from apps.insights.map_change import MORE_CALLS, MORE_ERRORS, SLOWER_EDGE, TROUBLE, Sides, fan_change
from apps.insights.map_graph import Ends
from apps.insights.queries import Traffic, traffic_of
from apps.insights.service_map import MapEdge, MapNode, ServiceMap
from apps.insights.window import Window
from apps.traces.peers import Node

Endings = dict[tuple[Ends | Node, str], str]
"""GOES_ON, OVER or "" (unsure) by edge, or service, and change."""


def endings_of(workspace_id: int, whole: ServiceMap, recent: Window | None) -> Endings:
    """Of every change for the worse, read at once. Without a recent window nothing is known. Raises
    StoreUnavailable."""
    edges = [(edge, word) for edge in whole.changed for word in edge.words if word in TROUBLE]
    nodes = [(n, word) for n in whole.nodes.values() if n.node.kind == "service" for word in n.words if word in TROUBLE]
    if recent is None or not (edges or nodes):
        return {}
    callers = [edge.caller.name for edge, word in edges if word == MORE_CALLS and edge.caller.kind == "service"]
    lately = traffic_of(
        workspace_id,
        recent,
        [key for edge, _ in edges for key in edge.keys],
        [*callers, *(n.node.name for n, _ in nodes)],
    )
    return {
        **{(edge.ends, word): _ending(whole, edge, word, lately) for edge, word in edges},
        **{(found.node, word): _of_node(found, word, lately) for found, word in nodes},
    }


def _of_node(found: MapNode, word: str, recent: Traffic) -> str:
    before, now, lately = found.before, found.now, recent.services.get(found.node.name, NO_FIGURES)
    if word == SLOWER_EDGE:
        return durations_ending(durations_change(before, now), before, now, lately)
    return errors_ending(error_change(before, now), before, now, lately)


def _ending(whole: ServiceMap, edge: MapEdge, word: str, recent: Traffic) -> str:
    lately = together([recent.edges[key] for key in edge.keys if key in recent.edges])
    before, now, change = edge.before, edge.now, edge.change
    if word == SLOWER_EDGE:
        return durations_ending(change.latency, before, now, lately)
    if word == MORE_ERRORS:
        return errors_ending(change.errors, before, now, lately)
    caller, called = whole.nodes[edge.caller], _entered(recent, edge)
    sides = (before, caller.before), (now, caller.now)
    return ending_word(change.fan, *(fan_change(Sides(one, lately, other, called)) for one, other in sides))


def _entered(recent: Traffic, edge: MapEdge) -> Figures:
    """The calls that the caller got."""
    return recent.services.get(edge.caller.name, NO_FIGURES) if edge.caller.kind == "service" else NO_FIGURES
