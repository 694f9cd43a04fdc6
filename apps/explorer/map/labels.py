"""Where the words on edges stand: on their edge, over no node and no other word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from apps.explorer.map.layout import Box, Layout, Route
from apps.explorer.map.look import EdgeLook
from apps.explorer.map.text import figures_px
from apps.insights.map_graph import Ends

MAX_LABELS = 60
"""Of more, only the list above the map tells."""
ABOVE_PX, TALL_PX = 4.0, 13.0
ALONG = (0.5, 0.35, 0.65, 0.22, 0.78, 0.42, 0.58, 0.12, 0.88)
"""Places on a curve, the best first."""


class Label(NamedTuple):
    text: str
    tone: str
    x: float
    y: float


def place_labels(edges: Mapping[Ends, EdgeLook], layout: Layout) -> list[Label]:
    """One for every edge that has something to say, what got worse before the rest; where no place is free, the one
    that covers least."""
    wanted = [(ends, look) for ends, look in edges.items() if look.label]
    wanted.sort(key=lambda one: (one[1].edge.rank, one[0]))
    if len(wanted) > MAX_LABELS:
        return []
    taken = _Taken(layout.boxes.values(), len(wanted))
    placed = []
    for ends, look in wanted:
        spot, box = _best([(spot, _around(spot, look.label)) for spot in _spots(layout.routes[ends])], taken)
        taken.add(box)
        placed.append(Label(look.label, look.label_tone or "quiet", round(spot[0], 1), round(spot[1] - ABOVE_PX, 1)))
    return placed


def _spots(route: Route) -> Iterator[tuple[float, float]]:
    points = route.points
    if route.is_loop:
        yield (points[0][0] + points[1][0]) / 2, points[0][1] - 15
        return
    curves = [(points[place], points[place + 1]) for place in range(0, len(points), 2)]
    curves.sort(key=lambda curve: abs(curve[0][1] - curve[1][1]))
    for share in ALONG:
        for (x1, y1), (x2, y2) in curves:
            # The curve is a cubic with level ends: y moves by 3t² - 2t³, and x by t almost.
            yield x1 + (x2 - x1) * share, y1 + (y2 - y1) * (3 * share**2 - 2 * share**3)


class _Taken:
    """Boxes of the map as columns: a label has dozens of places, a map hundreds of boxes."""

    def __init__(self, boxes: Iterable[Box], more: int):
        """`more` boxes will be added."""
        rows = [(box.x, box.y, box.x + box.width, box.y + box.height) for box in boxes]
        self.ends = np.zeros((4, len(rows) + more))
        self.count = len(rows)
        if rows:
            self.ends[:, : self.count] = np.array(rows).T

    def add(self, box: Box) -> None:
        self.ends[:, self.count] = box.x, box.y, box.x + box.width, box.y + box.height
        self.count += 1

    def covered(self, box: Box) -> float:
        """The area of what is taken that the box would cover."""
        left, top, right, bottom = self.ends[:, : self.count]
        wide = np.minimum(right, box.x + box.width) - np.maximum(left, box.x)
        tall = np.minimum(bottom, box.y + box.height) - np.maximum(top, box.y)
        both = (wide > 0) & (tall > 0)
        return float((wide[both] * tall[both]).sum())


def _best(spots: list[tuple[tuple[float, float], Box]], taken: _Taken) -> tuple[tuple[float, float], Box]:
    """The first that covers nothing, else the one that covers least."""
    least, best = None, spots[0]
    for kept in spots:
        covered = taken.covered(kept[1])
        if not covered:
            return kept
        if least is None or covered < least:
            least, best = covered, kept
    return best


def _around(spot: tuple[float, float], text: str) -> Box:
    width = figures_px(text) + 6
    return Box(spot[0] - width / 2, spot[1] - ABOVE_PX - TALL_PX + 3, width, TALL_PX)
