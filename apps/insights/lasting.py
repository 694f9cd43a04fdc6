"""Whether what changed on the map goes on: its last minutes against the window that the change is told against."""

from __future__ import annotations

from collections.abc import Sequence

from apps.insights.change import ending_word
from apps.insights.figures import NO_FIGURES, Figures, together
from apps.insights.lately import Lately, lately_of, worse_lately
from apps.insights.map_change import MORE_CALLS, SLOWER_EDGE, TROUBLE, Sides, fan_change
from apps.insights.map_graph import Ends
from apps.insights.period import Recent
from apps.insights.queries import EdgeKey, Traffic, traffic_of
from apps.insights.service_map import MapEdge, MapNode, ServiceMap
from apps.insights.window import Window
from apps.traces.peers import Node

Place = tuple[Ends | Node, str]
"""An edge, or a node, and what changed on it."""
Endings = dict[Place, Lately]
"""Of those whose last minutes say something."""
Into = dict[Node, list[EdgeKey]]
"""What calls each node that has no spans of its own."""
UNASKED = ("user", "queue")
"""Nobody calls the one, and the figures of the other come from who takes its messages."""


def endings_of(workspace_id: int, whole: ServiceMap, recents: Sequence[Recent]) -> Endings:
    """Of every change for the worse, read at once. Without a recent window nothing is known. Raises
    StoreUnavailable."""
    nodes = [node for node in whole.nodes.values() if node.node.kind not in UNASKED]
    into: Into = {node.node: [] for node in nodes if node.node.kind != "service" and node.words}
    for edge in whole.edges.values():
        into.get(edge.callee, []).extend(edge.keys)
    found: dict[Place, MapEdge | MapNode] = {
        **{(edge.ends, word): edge for edge in whole.changed for word in edge.words if word in TROUBLE},
        **{(node.node, word): node for node in nodes for word in node.words if word in TROUBLE},
    }

    def words_of(recent: Recent, places: list[Place]) -> dict[Place, str]:
        traffic = _traffic(workspace_id, recent.window, [(found[place], place[1]) for place in places], into)
        return {
            (at, word): _word(whole, found[at, word], word, traffic, into, is_short=recent.is_short)
            for at, word in places
        }

    return lately_of(found, recents, words_of)


def _traffic(
    workspace_id: int, window: Window, changes: list[tuple[MapEdge | MapNode, str]], into: Into
) -> Traffic:  # fmt: skip
    keys: list[EdgeKey] = []
    services: list[str] = []
    for one, word in changes:
        if isinstance(one, MapEdge):
            keys += one.keys
            services += [one.caller.name] if word == MORE_CALLS and one.caller.kind == "service" else []
        elif one.node.kind == "service":
            services.append(one.node.name)
        else:
            keys += into[one.node]
    return traffic_of(workspace_id, window, dict.fromkeys(keys), services)


def _word(
    whole: ServiceMap, one: MapEdge | MapNode, word: str, recent: Traffic, into: Into, *, is_short: bool
) -> str:  # fmt: skip
    before, now = one.before, one.now
    if isinstance(one, MapNode) and one.node.kind == "service":
        lately = recent.services.get(one.node.name, NO_FIGURES)
    else:
        keys = one.keys if isinstance(one, MapEdge) else into[one.node]
        lately = together([recent.edges[key] for key in keys if key in recent.edges])
    if word != MORE_CALLS:
        return worse_lately(word == SLOWER_EDGE, before, now, lately, is_short=is_short)
    caller, called = whole.nodes[one.caller], _entered(recent, one)
    sides = (before, caller.before), (now, caller.now)
    return ending_word(one.change.fan, *(fan_change(Sides(side, lately, own, called)) for side, own in sides))


def _entered(recent: Traffic, edge: MapEdge) -> Figures:
    """The calls that the caller got."""
    return recent.services.get(edge.caller.name, NO_FIGURES) if edge.caller.kind == "service" else NO_FIGURES
