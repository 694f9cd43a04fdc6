"""Where everything on the service map stands: a layered drawing, callers left of callees.

Pure: keys, sizes and links in, boxes and routes out, in px. Circles are broken and columns chosen by `layers`, orders
by `ordering`, heights by `placing`. Depends on which nodes and links there are, never on figures: a map keeps its
shape while its numbers change. Ties are broken by the order of the keys.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from apps.explorer.map.packing import PART_GAP, connected, grid, shelves
from apps.explorer.map.part import ROW_GAP, shape_of

LOOP_FROM, LOOP_TO = 34.0, 14.0
"""Where a self-call leaves and enters its node's top, from the right."""

Key = Hashable
"""Of a node; keys can be compared with each other."""


class Box(NamedTuple):
    x: float
    y: float
    width: float
    height: float

    def meets(self, other: Box) -> bool:
        return (
            self.x < other.x + other.width and other.x < self.x + self.width
            and self.y < other.y + other.height and other.y < self.y + self.height
        )  # fmt: skip


class Route(NamedTuple):
    """A link's way from caller to callee: points in pairs from column to column, straight between the pairs. A link
    against the flow leaves its caller on the left; a loop has two points on its node's top."""

    points: tuple[tuple[float, float], ...]
    is_loop: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    width: float
    height: float
    boxes: Mapping[Key, Box]
    routes: Mapping[tuple[Key, Key], Route]


def lay_out(sizes: Mapping[Key, tuple[float, float]], links: Iterable[tuple[Key, Key]]) -> Layout:
    """`sizes`: (width, height) of each node; `links`: (caller, callee). Raises KeyError for ends without a size."""
    keys = sorted(sizes)
    number = {key: place for place, key in enumerate(keys)}
    pairs = sorted({(number[caller], number[callee]) for caller, callee in links})
    parts, alone = connected(len(keys), pairs)
    drawn = [_drawn([keys[node] for node in nodes], sizes, nodes, inner) for nodes, inner in parts]
    together = _beside(drawn)
    if not alone:
        return together
    width, height, cells = grid([sizes[keys[node]] for node in alone], together.width, ROW_GAP)
    lonely = Layout(width, height, {keys[node]: Box(*cell) for node, cell in zip(alone, cells, strict=True)}, {})
    top = together.height + PART_GAP if drawn else 0.0
    return _joined([together, lonely], [(0.0, 0.0), (0.0, top)], max(width, together.width), top + height)


def _drawn(keys: list[Key], sizes: Mapping[Key, tuple[float, float]], nodes: list[int], links) -> Layout:
    number = {node: place for place, node in enumerate(nodes)}
    loops = frozenset(number[caller] for caller, callee in links if caller == callee)
    inner = tuple((number[caller], number[callee]) for caller, callee in links if caller != callee)
    shape = shape_of(tuple(sizes[key][1] for key in keys), inner, loops)
    part = shape.part([sizes[key][0] for key in keys])
    boxes = {key: Box(*box) for key, box in zip(keys, part.boxes, strict=True)}
    routes = {
        (keys[caller], keys[callee]): Route(points) for (caller, callee), points in zip(inner, part.routes, strict=True)
    }
    routes |= {(keys[node], keys[node]): _loop(boxes[keys[node]]) for node in loops}
    return Layout(part.width, part.height, boxes, routes)


def _loop(box: Box) -> Route:
    right = box.x + box.width
    return Route(((right - LOOP_FROM, box.y), (right - LOOP_TO, box.y)), is_loop=True)


def _beside(parts: list[Layout]) -> Layout:
    places, width, height = shelves([(p.width, p.height) for p in parts], max((p.width for p in parts), default=0.0))
    return _joined(parts, places, width, height)


def _joined(parts: list[Layout], places: list[tuple[float, float]], width: float, height: float) -> Layout:
    if len(parts) == 1:  # its place is the corner
        return replace(parts[0], width=width, height=height)
    boxes: dict[Key, Box] = {}
    routes: dict[tuple[Key, Key], Route] = {}
    for part, (x, y) in zip(parts, places, strict=True):
        boxes.update((key, Box(box.x + x, box.y + y, box.width, box.height)) for key, box in part.boxes.items())
        for ends, route in part.routes.items():
            routes[ends] = route._replace(points=tuple((px + x, py + y) for px, py in route.points))
    return Layout(width, height, boxes, routes)
