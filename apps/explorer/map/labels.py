"""Where the words on edges stand: on their edge, over no node and no other word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

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
    taken: list[Box] = [*layout.boxes.values()]
    placed = []
    for ends, look in wanted:
        spots = [(spot, _around(spot, look.label)) for spot in _spots(layout.routes[ends])]
        spot, box = min(spots, key=lambda kept: sum(_covered(kept[1], other) for other in taken))
        taken.append(box)
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


def _covered(one: Box, other: Box) -> float:
    """The area that both take."""
    wide = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    tall = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    return max(0.0, wide) * max(0.0, tall)


def _around(spot: tuple[float, float], text: str) -> Box:
    width = figures_px(text) + 6
    return Box(spot[0] - width / 2, spot[1] - ABOVE_PX - TALL_PX + 3, width, TALL_PX)
