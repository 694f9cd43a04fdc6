"""Whether what changed on the map goes on: its last minutes against the window that the change is told against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from apps.insights.change import durations_change, error_change
from apps.insights.figures import NO_FIGURES, Figures, together
from apps.insights.lately import Lately, Worse, lately_of
from apps.insights.map_change import MORE_CALLS, SLOWER_EDGE, TROUBLE, fan_ending
from apps.insights.map_graph import Ends
from apps.insights.period import Recent
from apps.insights.queries import EdgeKey, Traffic, traffic_of
from apps.insights.service_map import UNASKED, MapEdge, MapNode, ServiceMap
from apps.traces.peers import Node

Place = tuple[Ends | Node, str]
"""An edge, or a node, and what changed on it."""
Endings = dict[Place, Lately]
"""Of those whose last minutes say something."""


class _Changed(NamedTuple):
    worse: Worse
    keys: tuple[EdgeKey, ...]
    """Of the calls it is seen by; () of a service, which has spans of its own."""
    service: str
    """Whose entries are looked at: the service itself; of more calls the caller's. "" for none."""
    callers: tuple[Figures, Figures] | None = None
    """Of more calls: what the caller got, before and now."""

    def word(self, recent: Traffic, *, is_short: bool) -> str:
        entered = recent.services.get(self.service, NO_FIGURES)
        lately = together([recent.edges[key] for key in self.keys if key in recent.edges]) if self.keys else entered
        if self.callers is None:
            return self.worse.word(lately, is_short=is_short)
        change, *sides = self.worse
        return fan_ending(change, *zip(sides, self.callers, strict=True), (lately, entered), is_short=is_short)


def endings_of(workspace_id: int, whole: ServiceMap, recents: Sequence[Recent]) -> Endings:
    """Of every change for the worse. Without a recent window nothing is known. Raises StoreUnavailable."""
    found: dict[Place, _Changed] = {
        **{
            (edge.ends, word): _edge(whole, edge, word)
            for edge in whole.changed
            for word in edge.words
            if word in TROUBLE
        },
        **_nodes(whole),
    }

    def words_of(recent: Recent, places: list[Place]) -> dict[Place, str]:
        changed = [found[place] for place in places]
        keys = dict.fromkeys(key for one in changed for key in one.keys)
        traffic = traffic_of(workspace_id, recent.window, keys, {one.service for one in changed if one.service})
        return {place: found[place].word(traffic, is_short=recent.is_short) for place in places}

    return lately_of(found, recents, words_of)


def _edge(whole: ServiceMap, edge: MapEdge, word: str) -> _Changed:
    sides = edge.before, edge.now
    if word != MORE_CALLS:
        change = edge.change.latency if word == SLOWER_EDGE else edge.change.errors
        return _Changed(Worse(change, *sides), edge.keys, "")
    caller = whole.nodes[edge.caller]
    name = caller.node.name if caller.node.kind == "service" else ""
    return _Changed(Worse(edge.change.fan, *sides), edge.keys, name, (caller.before, caller.now))


def _nodes(whole: ServiceMap) -> dict[Place, _Changed]:
    changed = [
        node for node in whole.nodes.values()
        if node.node.kind not in UNASKED and not TROUBLE.isdisjoint(node.words)
    ]  # fmt: skip
    into: dict[Node, list[EdgeKey]] = {one.node: [] for one in changed if one.node.kind != "service"}
    for edge in whole.edges.values() if into else ():
        if edge.callee in into:
            into[edge.callee] += edge.keys
    return {
        (one.node, word): _Changed(
            _of_node(one, word), tuple(into.get(one.node, ())), one.node.name if one.node not in into else ""
        )
        for one in changed
        for word in one.words
        if word in TROUBLE
    }


def _of_node(one: MapNode, word: str) -> Worse:
    change = durations_change if word == SLOWER_EDGE else error_change
    return Worse(change(one.before, one.now), one.before, one.now)
