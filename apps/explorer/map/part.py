"""One connected part of the map: from its nodes and links to a shape, with widths to boxes and routes."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache

from apps.explorer.map.chains import Chains, chains_of
from apps.explorer.map.layers import columns_of, forward
from apps.explorer.map.ordering import ordered
from apps.explorer.map.placing import heights

ROW_GAP, BEND_GAP = 24.0, 9.0
COLUMN_GAP, MAX_COLUMN_GAP = 44.0, 120.0
LINKS_A_STEP, GAP_STEP = 8, 12.0
"""Between two columns there are so many px more for every so many links: in steps, so that one more moves nothing."""
LOOP_ROOM = 18.0
"""Kept free above (and, for the balance, below) a node that calls itself."""
PORT_STEP, PORT_MARGIN = 9.0, 7.0
STRAIGHT = {0: 1.0, 1: 2.0, 2: 8.0}
"""How strongly two vertices pull at each other, by how many of them are bends: long links are to be straight."""

Point = tuple[float, float]


class Shape:
    """What of a part its names and figures cannot move: columns, orders, and how high everything stands. `heights` of
    its nodes, `links` between different ones of them, `loops`: nodes that call themselves."""

    def __init__(self, heights: tuple[float, ...], links: tuple[tuple[int, int], ...], loops: frozenset[int]):
        self.heights, self.links, self.loops = heights, links, loops
        kept = forward(len(heights), [*links])
        flow = [link if keep else link[::-1] for link, keep in zip(links, kept, strict=True)]
        self.is_back = [not keep for keep in kept]
        chains = chains_of(columns_of(len(heights), flow), flow, self.is_back)
        self.ways = chains.ways
        self.columns = ordered(chains.columns, chains.left, chains.right)
        self.column = {vertex: place for place, column in enumerate(self.columns) for vertex in column}
        self._stand(chains)
        self.out, self.into = self._ports(1), self._ports(-1)
        self._part: Part | None = None

    def _stand(self, chains: Chains) -> None:
        """`middle` of every vertex, and the room right of each column."""
        half = [height / 2 + (LOOP_ROOM if node in self.loops else 0) for node, height in enumerate(self.heights)]
        half += [0.0] * (len(chains.left) - len(half))
        is_bend = [vertex >= chains.count for vertex in range(len(half))]
        near = [
            [(other, STRAIGHT[is_bend[vertex] + is_bend[other]]) for other in (*left, *right)]
            for vertex, (left, right) in enumerate(zip(chains.left, chains.right, strict=True))
        ]
        middle = heights(self.columns, near, half, is_bend, ROW_GAP, BEND_GAP)
        top = min(at - size for at, size in zip(middle, half, strict=True))
        self.middle = [round(at - top, 1) for at in middle]
        self.height = max(at + size for at, size in zip(self.middle, half, strict=True))
        links = [sum(len(chains.right[vertex]) for vertex in column) for column in self.columns]
        self.gaps = [min(MAX_COLUMN_GAP, COLUMN_GAP + GAP_STEP * (count // LINKS_A_STEP)) for count in links]

    def part(self, widths: list[float]) -> Part:
        """With nodes of these widths. The last one is kept: a column is as wide as its widest node, which other figures
        seldom change."""
        wide = tuple([max([widths[v] for v in column if v < len(widths)]) for column in self.columns])
        part = self._part  # another thread may put its own there
        if part is None or part.wide != wide:
            part = self._part = Part(self, wide)
        return part

    def _ports(self, side: int) -> dict[tuple[int, int, bool], float]:
        """(node, next vertex, whether against the flow) -> the port's y; side 1 is the right, -1 the left. Sorted by
        the far end, so that links do not cross in front of a node; those of a bundle share a port."""
        ends: dict[int, set[tuple[int, bool]]] = defaultdict(set)
        for way, back in zip(self.ways, self.is_back, strict=True):
            node, other = (way[0], way[1]) if side > 0 else (way[-1], way[-2])
            ends[node].add((other, back))
        found = {}
        for node, others in ends.items():
            ranked = sorted(others, key=lambda end: (self.middle[end[0]], end))
            room = self.heights[node] - 2 * PORT_MARGIN
            step = min(PORT_STEP, room / (len(ranked) - 1)) if len(ranked) > 1 else 0.0
            first = self.middle[node] - step * (len(ranked) - 1) / 2
            for place, (other, back) in enumerate(ranked):
                found[node, other, back] = round(first + place * step, 1)
        return found


FEW_LINKS = 32
"""A large shape takes 3 MB with its drawing, a small one 30 kB at most; a system of many parts has hundreds of small
ones."""
_small, _large = lru_cache(maxsize=1_024)(Shape), lru_cache(maxsize=12)(Shape)


def shape_of(heights: tuple[float, ...], links: tuple[tuple[int, int], ...], loops: frozenset[int]) -> Shape:
    """Kept, for with every minute the figures of a map are other ones, and its names and links hardly ever are."""
    return (_small if len(links) <= FEW_LINKS else _large)(heights, links, loops)


def forget_shapes() -> None:
    """Tests look at how long the first one takes."""
    _small.cache_clear()
    _large.cache_clear()


class Part:
    """A shape whose columns have their widths: `x` of every column, `width` of them all. `boxes` are (x, y, width,
    height) of each node, all of a column as wide as the widest; `routes` for each link its points, in pairs from column
    to column, from the caller to the callee."""

    def __init__(self, shape: Shape, wide: tuple[float, ...]):
        self.wide, self.height = wide, shape.height
        self.x, right = [], 0.0
        for width, gap in zip(wide, shape.gaps, strict=True):
            self.x.append(right)
            right += width + gap
        self.width = right - shape.gaps[-1]
        self.boxes, self.routes = self._boxes(shape), self._routes(shape)

    def _boxes(self, shape: Shape) -> list[tuple[float, float, float, float]]:
        columns = [shape.column[node] for node in range(len(shape.heights))]
        return [
            (self.x[column], shape.middle[node] - height / 2, self.wide[column], height)
            for node, (column, height) in enumerate(zip(columns, shape.heights, strict=True))
        ]

    def _routes(self, shape: Shape) -> list[tuple[Point, ...]]:
        found = []
        for way, back in zip(shape.ways, shape.is_back, strict=True):
            points = [(self._right(shape.column[way[0]]), shape.out[way[0], way[1], back])]
            for bend in way[1:-1]:
                column, middle = shape.column[bend], shape.middle[bend]
                points += [(self.x[column], middle), (self._right(column), middle)]
            points.append((self.x[shape.column[way[-1]]], shape.into[way[-1], way[-2], back]))
            found.append(tuple(points[::-1] if back else points))
        return found

    def _right(self, column: int) -> float:
        return self.x[column] + self.wide[column]
