"""What a map says first."""

from apps.explorer.map.said import map_said
from apps.insights.change import UNKNOWN
from apps.insights.figures import Figures
from apps.insights.map_change import MORE_CALLS, EdgeChange, Sides, fan_change
from apps.insights.service_map import MapEdge, MapNode, ServiceMap
from apps.traces.peers import Node
from apps.traces.sampling import CALL

SHOP = Node("service", "shop")


def calls(count: int) -> Figures:
    return Figures(count * CALL, 0, count, 0, 0)


def fanned(callee: str, callers: int, before: int, now: int) -> MapEdge:
    """`before` and `now`: calls for each of the caller's."""
    sides = Sides(calls(callers * before), calls(callers * now), calls(callers), calls(callers))
    change = EdgeChange((MORE_CALLS,), UNKNOWN, UNKNOWN, UNKNOWN, fan_change(sides))
    return MapEdge(SHOP, Node("service", callee), "call", sides.now, sides.before, change, ())


def test_of_callers_that_make_more_calls_the_one_is_named_that_makes_the_most_more():
    edges = [fanned("stock", 1_000, 1, 3), fanned("prices", 100, 10, 20)]
    nodes = {node: MapNode(node, calls(1), calls(1), ()) for node in (SHOP, *(edge.callee for edge in edges))}
    said = map_said(
        ServiceMap(nodes, {edge.ends: edge for edge in edges}, has_before=True), "the hour before", lambda *_: ""
    )
    assert said.first == "shop → stock makes more calls per request"
