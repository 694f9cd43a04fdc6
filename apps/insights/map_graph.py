"""The graph of the service map: edges by their two ends, with peers that turn out to be services of ours joined.

Rollups keep every edge under what the caller called its callee. A caller that lost the trace context on the way sees
its callee as somebody external; where that name is a service's, it is that service.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from apps.insights.figures import Figures, together
from apps.insights.queries import EdgeKey
from apps.traces.edges import CALL, EXTERNAL
from apps.traces.peers import Node

NODE_KINDS = ("service", "database", "cache", "queue", "external", "user")
_CLUSTER_HOST = re.compile(r"([^.:]+)\.[^.:]+\.svc(\.[^:]+)?")


class Ends(NamedTuple):
    caller: Node
    callee: Node


@dataclass(frozen=True, slots=True)
class Link:
    """Everything counted between two nodes."""

    kind: str
    keys: tuple[EdgeKey, ...]
    """What it was counted under."""
    figures: Figures


def node_id(node: Node) -> str:
    """`service:payment`, as it stands in addresses."""
    return f"{node.kind}:{node.name}"


def node_of(text: str) -> Node | None:
    """The node of an id; a bare name is a service's. None for nothing."""
    kind, colon, name = text.partition(":")
    if colon and kind in NODE_KINDS:
        return Node(kind, name)
    return Node("service", text) if text else None


def service_behind(name: str, services: Collection[str]) -> str | None:
    """The service that an external name means: the name itself, without its port, or a Kubernetes service's."""
    host = name.rpartition(":")[0] or name
    inside = _CLUSTER_HOST.fullmatch(host)
    for meant in (name, host, inside[1] if inside else ""):
        if meant in services:
            return meant
    return None


def links_of(found: Mapping[EdgeKey, Figures], services: Collection[str]) -> dict[Ends, Link]:
    """Edges by their ends. `services`: all names that are known."""
    links: dict[Ends, Link] = {}
    for key in sorted(found):
        caller, callee, kind = Node(key.caller_kind, key.caller), Node(key.callee_kind, key.callee), key.kind
        behind = service_behind(callee.name, services) if callee.kind == EXTERNAL else None
        if behind is not None:
            callee, kind = Node("service", behind), CALL
        ends, figures = Ends(caller, callee), found[key]
        if ends in links:
            other = links[ends]
            kind = other.kind if other.figures.weight >= figures.weight else kind
            links[ends] = Link(kind, (*other.keys, key), together([other.figures, figures]))
        else:
            links[ends] = Link(kind, (key,), figures)
    return links


def around(links: Iterable[Ends], focus: Node, depth: int) -> tuple[set[Node], set[Ends]]:
    """(nodes, edges) on ways of at most `depth` calls that lead to `focus` or on from it."""
    below: dict[Node, list[Node]] = {}
    above: dict[Node, list[Node]] = {}
    every = list(links)
    for caller, callee in every:
        below.setdefault(caller, []).append(callee)
        above.setdefault(callee, []).append(caller)
    up, down = _reach(above, focus, depth), _reach(below, focus, depth)
    edges = {ends for ends in every if (ends[0] in up and ends[1] in up) or (ends[0] in down and ends[1] in down)}
    return {*up, *down}, edges


def leading_to(found: Collection[Node], edges: Iterable[Ends]) -> set[Node]:
    """The nodes, and those from which edges lead to one of them."""
    above: dict[Node, list[Node]] = {}
    for edge in edges:
        above.setdefault(edge.callee, []).append(edge.caller)
    reached, ends = set(found), list(found)
    while ends:
        more = [caller for caller in above.get(ends.pop(), ()) if caller not in reached]
        reached.update(more)
        ends += more
    return reached


def led_to_among(names: Collection[str], links: Collection[Ends]) -> dict[str, frozenset[str]]:
    """Of services, those of them from which calls lead to each; of a ring nobody leads to another."""
    above = {
        name: {node.name for node in leading_to({Node("service", name)}, links) if node.kind == "service"}
        for name in names
    }  # fmt: skip
    return {name: frozenset(one for one in above[name].intersection(names) if name not in above[one]) for name in names}


def _reach(near: Mapping[Node, list[Node]], focus: Node, depth: int) -> set[Node]:
    met, edge = {focus}, [focus]
    for _ in range(depth):
        edge = [other for node in edge for other in near.get(node, ()) if other not in met]
        met.update(edge)
        if not edge:
            break
    return met
