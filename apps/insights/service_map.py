"""The service map: what calls what in one window, compared with another. The page and the API draw the same answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple

from apps.insights.change import QUANTILES, durations_change
from apps.insights.entries import by_work
from apps.insights.figures import NO_FIGURES, Figures, together
from apps.insights.map_change import (
    FASTER_EDGE,
    FIRST,
    SLOWER_EDGE,
    TOO_FEW,
    WORDS,
    EdgeChange,
    Sides,
    edge_words,
    node_words,
)
from apps.insights.map_graph import Ends, Link, links_of
from apps.insights.mix import Work, mix_of
from apps.insights.period import Period
from apps.insights.queries import EdgeKey, calls_to, first_seen_of, traffic
from apps.insights.seen import Held, held_of
from apps.store.at_once import at_once
from apps.store.queries import list_services
from apps.traces.key_book import EDGE
from apps.traces.peers import USER, Node

LATENCY = frozenset((SLOWER_EDGE, FASTER_EDGE))
UNASKED = ("user", "queue")
"""Nobody calls the one, and the figures of the other come from who takes its messages."""


class MapNode(NamedTuple):
    """`now` and `before`: of a service the calls it answered (entry spans), of all others the calls that reached it. A
    queue's durations are how long messages lay in it."""

    node: Node
    now: Figures
    before: Figures
    words: tuple[str, ...]


class MapEdge(NamedTuple):
    caller: Node
    callee: Node
    kind: str
    now: Figures
    before: Figures
    words: tuple[str, ...]
    """As `edge_words` gives them."""
    change: EdgeChange
    keys: tuple[EdgeKey, ...]
    """What it was counted under, in either window."""
    is_held: bool = True
    """The window is held to its end: without calls in it there were none."""

    @property
    def ends(self) -> Ends:
        return Ends(self.caller, self.callee)

    @property
    def is_changed(self) -> bool:
        return self.rank < len(WORDS)

    @property
    def rank(self) -> int:
        """Of its most telling change; edges without one come last."""
        return WORDS.index(self.words[0]) if self.words and self.words[0] in WORDS else len(WORDS)


@dataclass(frozen=True)
class ServiceMap:
    nodes: Mapping[Node, MapNode]
    edges: Mapping[Ends, MapEdge]
    has_before: bool
    """Whether anything was called in the window compared with; without, nothing is a change."""
    held: Held
    """How much of that window is known: where it is not all, what only came now is not called new."""

    @cached_property
    def changed(self) -> tuple[MapEdge, ...]:
        """Edges with a change: as WORDS are ordered, then the busiest first."""
        found = [edge for edge in self.edges.values() if edge.is_changed]
        return tuple(sorted(found, key=lambda e: (e.rank, -max(e.now.weight, e.before.weight), e.ends)))

    @cached_property
    def too_few(self) -> int:
        """Edges with too few calls to be compared."""
        return sum(edge.words == (TOO_FEW,) for edge in self.edges.values())

    @cached_property
    def first(self) -> int:
        """Edges of which nothing is known before."""
        return sum(edge.words == (FIRST,) for edge in self.edges.values())

    def is_compared(self, found: MapNode | MapEdge) -> bool:
        """Its figures before are what they were: they are there, or known to be none."""
        return self.has_before and (self.held.is_whole or found.before.samples > 0)


def service_map(workspace_id: int, period: Period) -> ServiceMap:
    """Raises StoreUnavailable."""
    known = {service.name for service in list_services(workspace_id)}
    after, earlier = traffic(workspace_id, (period.window, period.compared))
    now, before = links_of(after.edges, known), links_of(earlier.edges, known)
    own_now, own_before = _own(after.services), _own(earlier.services)
    nodes = _nodes(now, before, own_now, own_before)
    has_before, held = bool(before), held_of(workspace_id, period)
    only_now = [key for ends, link in now.items() if ends not in before for key in link.keys]
    seen = first_seen_of(workspace_id, EDGE, only_now) if has_before else {}
    found, minutes = {}, period.minutes
    for ends in sorted({*now, *before}):
        one, other = now.get(ends), before.get(ends)
        keys = tuple(dict.fromkeys((*(one.keys if one else ()), *(other.keys if other else ()))))
        caller = nodes[ends.caller]
        # Users are asked nothing for which they could make more calls.
        of_caller = (caller.before, caller.now) if ends.caller != USER else ()
        sides = Sides(_figures(other), _figures(one), *of_caller)
        # Only what is new now was looked for in `seen`; of anything else it does not matter.
        is_old = not seen or any(seen.get(tuple(key), (0, 0))[0] < period.compared_end_ns for key in keys)
        words = edge_words(sides, held, is_old) if has_before else ()
        change = EdgeChange(sides, held, minutes)
        kind = (one or other).kind
        found[ends] = MapEdge(*ends, kind, sides.now, sides.before, words, change, keys, held.reaches_end)
    alone = _first_alone(nodes, found)
    if alone is not None:
        asked = partial(calls_to, workspace_id, kind=alone.node.kind, name=alone.node.name)
        sides = at_once(*(partial(asked, window) for window in (period.compared, period.window)))
        nodes[alone.node] = _unless_other_work(alone, *(by_work([side]) for side in sides))
    return ServiceMap(nodes, found, has_before, held)


def _first_alone(nodes: Mapping[Node, MapNode], edges: Mapping[Ends, MapEdge]) -> MapNode | None:
    """The busiest that only its callers tell of and that got slower, or faster, over all of them, but for none by
    itself: that may be what is asked of it, which takes a look at names. It may be what the page leads with."""
    told = {ends.callee for ends, edge in edges.items() if not LATENCY.isdisjoint(edge.words)}
    alone = [
        one for node, one in nodes.items()
        if node.kind not in ("service", *UNASKED) and node not in told and not LATENCY.isdisjoint(one.words)
    ]  # fmt: skip
    return max(alone, key=lambda one: (one.now.weight, one.node), default=None)


def _own(found: Mapping[str, Figures]) -> dict[Node, Figures]:
    return {Node("service", name): figures for name, figures in found.items()}


def _nodes(
    now: Mapping[Ends, Link], before: Mapping[Ends, Link], own_now: Mapping[Node, Figures],
    own_before: Mapping[Node, Figures],
) -> dict[Node, MapNode]:  # fmt: skip
    reached_now, reached_before = _reached(now, own_now), _reached(before, own_before)
    every = {node for ends in (*now, *before) for node in ends} | {*own_now}
    nodes = {}
    for node in sorted(every):
        after = own_now.get(node) or reached_now.get(node, NO_FIGURES)
        earlier = own_before.get(node) or reached_before.get(node, NO_FIGURES)
        nodes[node] = MapNode(node, after, earlier, node_words(earlier, after))
    moved = {
        node for node, one in nodes.items()
        if node not in own_now and node.kind not in UNASKED and not LATENCY.isdisjoint(one.words)
    }  # fmt: skip
    sides = [_by_caller(side, moved) for side in (before, now)]
    return nodes | {node: _unless_other_work(nodes[node], *(side.get(node, {}) for side in sides)) for node in moved}


def _by_caller(links: Mapping[Ends, Link], callees: Collection[Node]) -> dict[Node, dict[Work, Figures]]:
    found: dict[Node, dict[Work, Figures]] = {}
    for (caller, callee), link in links.items():
        if callee in callees:
            found.setdefault(callee, {})[Work(caller.name, caller.kind)] = link.figures
    return found


def _unless_other_work(one: MapNode, before: Mapping[Work, Figures], now: Mapping[Work, Figures]) -> MapNode:
    """A database of which those call less that it answers fast is not slower, as long as each takes what it took."""
    share = QUANTILES[durations_change(one.before, one.now).quantile]
    if mix_of(before, now, one.before.calls + one.now.calls, share) is None:
        return one
    return one._replace(words=tuple(word for word in one.words if word not in LATENCY))


def _reached(links: Mapping[Ends, Link], own: Mapping[Node, Figures]) -> dict[Node, Figures]:
    """What reached each node that has no figures of its own; of users, whom nobody calls, what they called."""
    into: dict[Node, list[Figures]] = {}
    taken: dict[Node, list[Figures]] = {}
    for (caller, callee), link in links.items():
        if callee not in own:
            into.setdefault(callee, []).append(link.figures)
        if caller == USER:
            into.setdefault(USER, []).append(link.figures)
        elif caller.kind == "queue":
            taken.setdefault(caller, []).append(link.figures)
    found = {node: together(parts) for node, parts in into.items()}
    for queue, parts in taken.items():
        out = together(parts)
        put = found.get(queue, out)
        found[queue] = put._replace(histogram=out.histogram, sum_ns=out.sum_ns, max_ns=out.max_ns)
    return found


def _figures(link: Link | None) -> Figures:
    return link.figures if link else NO_FIGURES
