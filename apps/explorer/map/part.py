"""One connected part of the map: from its nodes and links to boxes and routes."""

from __future__ import annotations

from collections import defaultdict

from apps.explorer.map.chains import chains_of
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


class Part:
    """`sizes` of its nodes, `links` between different ones of them, `loops`: nodes that call themselves."""

    def __init__(self, sizes: list[tuple[float, float]], links: list[tuple[int, int]], loops: set[int]):
        self.sizes, self.links, self.loops = sizes, links, loops
        kept = forward(len(sizes), links)
        flow = [link if keep else link[::-1] for link, keep in zip(links, kept, strict=True)]
        self.is_back = [not keep for keep in kept]
        self.chains = chains_of(columns_of(len(sizes), flow), flow, self.is_back)
        self.columns = ordered(self.chains.columns, self.chains.left, self.chains.right)
        self._stand()

    def _stand(self) -> None:
        """Heights and widths: `middle` of every vertex, `x` and `wide` of every column."""
        chains, sizes = self.chains, self.sizes
        half = [size[1] / 2 + (LOOP_ROOM if node in self.loops else 0) for node, size in enumerate(sizes)]
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
        self.wide = [max(sizes[v][0] for v in column if v < chains.count) for column in self.columns]
        self.x, right = [], 0.0
        for place, column in enumerate(self.columns):
            self.x.append(right)
            links = sum(len(chains.right[vertex]) for vertex in column)
            gap = min(MAX_COLUMN_GAP, COLUMN_GAP + GAP_STEP * (links // LINKS_A_STEP))
            right += self.wide[place] + (gap if place + 1 < len(self.columns) else 0.0)
        self.width = right
        self.column = {vertex: place for place, column in enumerate(self.columns) for vertex in column}

    def boxes(self) -> list[tuple[float, float, float, float]]:
        """(x, y, width, height) of each node; all nodes of a column are as wide as the widest."""
        return [
            (self.x[self.column[node]], self.middle[node] - size[1] / 2, self.wide[self.column[node]], size[1])
            for node, size in enumerate(self.sizes)
        ]

    def routes(self) -> list[tuple[Point, ...]]:
        """For each link its points, in pairs from column to column, from the caller to the callee."""
        out, into = self._ports(1), self._ports(-1)
        found = []
        for way, back in zip(self.chains.ways, self.is_back, strict=True):
            points = [(self._right(way[0]), out[way[0], way[1], back])]
            for bend in way[1:-1]:
                points += [(self.x[self.column[bend]], self.middle[bend]), (self._right(bend), self.middle[bend])]
            points.append((self.x[self.column[way[-1]]], into[way[-1], way[-2], back]))
            found.append(tuple(points[::-1] if back else points))
        return found

    def _right(self, vertex: int) -> float:
        column = self.column[vertex]
        return self.x[column] + self.wide[column]

    def _ports(self, side: int) -> dict[tuple[int, int, bool], float]:
        """(node, next vertex, whether against the flow) -> the port's y; side 1 is the right, -1 the left. Sorted by
        the far end, so that links do not cross in front of a node; those of a bundle share a port."""
        ends: dict[int, set[tuple[int, bool]]] = defaultdict(set)
        for way, back in zip(self.chains.ways, self.is_back, strict=True):
            node, other = (way[0], way[1]) if side > 0 else (way[-1], way[-2])
            ends[node].add((other, back))
        found = {}
        for node, others in ends.items():
            ranked = sorted(others, key=lambda end: (self.middle[end[0]], end))
            room = self.sizes[node][1] - 2 * PORT_MARGIN
            step = min(PORT_STEP, room / (len(ranked) - 1)) if len(ranked) > 1 else 0.0
            first = self.middle[node] - step * (len(ranked) - 1) / 2
            for place, (other, back) in enumerate(ranked):
                found[node, other, back] = round(first + place * step, 1)
        return found
