"""Whether what changed on the map goes on: its last minutes against the window that the change is told against."""

from __future__ import annotations

from collections.abc import Sequence

from apps.insights.change import ending_word
from apps.insights.figures import NO_FIGURES, Figures, together
from apps.insights.lately import Lately, lately_of, worse_lately
from apps.insights.map_change import MORE_CALLS, SLOWER_EDGE, TROUBLE, Sides, fan_change
from apps.insights.map_graph import Ends
from apps.insights.period import Recent
from apps.insights.queries import Traffic, traffic_of
from apps.insights.service_map import MapEdge, MapNode, ServiceMap
from apps.insights.window import Window
from apps.traces.peers import Node

Place = tuple[Ends | Node, str]
"""An edge, or a service, and what changed on it."""
Endings = dict[Place, Lately]
"""Of those whose last minutes say something."""


def endings_of(workspace_id: int, whole: ServiceMap, recents: Sequence[Recent]) -> Endings:
    """Of every change for the worse, read at once. Without a recent window nothing is known. Raises
    StoreUnavailable."""
    nodes = [node for node in whole.nodes.values() if node.node.kind == "service"]
    found: dict[Place, MapEdge | MapNode] = {
        **{(edge.ends, word): edge for edge in whole.changed for word in edge.words if word in TROUBLE},
        **{(node.node, word): node for node in nodes for word in node.words if word in TROUBLE},
    }

    def words_of(recent: Recent, places: list[Place]) -> dict[Place, str]:
        traffic = _traffic(workspace_id, recent.window, [(found[place], place[1]) for place in places])
        return {place: _word(whole, found[place], place[1], traffic, is_short=recent.is_short) for place in places}

    return lately_of(found, recents, words_of)


def _traffic(workspace_id: int, window: Window, changes: list[tuple[MapEdge | MapNode, str]]) -> Traffic:
    edges = [(one, word) for one, word in changes if isinstance(one, MapEdge)]
    callers = [edge.caller.name for edge, word in edges if word == MORE_CALLS and edge.caller.kind == "service"]
    services = [one.node.name for one, _ in changes if isinstance(one, MapNode)]
    return traffic_of(workspace_id, window, [key for edge, _ in edges for key in edge.keys], [*callers, *services])


def _word(whole: ServiceMap, one: MapEdge | MapNode, word: str, recent: Traffic, *, is_short: bool) -> str:
    before, now = one.before, one.now
    if isinstance(one, MapEdge):
        lately = together([recent.edges[key] for key in one.keys if key in recent.edges])
    else:
        lately = recent.services.get(one.node.name, NO_FIGURES)
    if word != MORE_CALLS:
        return worse_lately(word == SLOWER_EDGE, before, now, lately, is_short=is_short)
    caller, called = whole.nodes[one.caller], _entered(recent, one)
    sides = (before, caller.before), (now, caller.now)
    return ending_word(one.change.fan, *(fan_change(Sides(side, lately, own, called)) for side, own in sides))


def _entered(recent: Traffic, edge: MapEdge) -> Figures:
    """The calls that the caller got."""
    return recent.services.get(edge.caller.name, NO_FIGURES) if edge.caller.kind == "service" else NO_FIGURES
