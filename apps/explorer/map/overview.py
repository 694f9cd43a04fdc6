"""A large map fitted into a page: too small to read, so that some nodes get a name in letters of a readable size."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from apps.explorer.map.layout import Box, Layout
from apps.explorer.map.look import EdgeLook, NodeLook
from apps.explorer.map.text import cut_to, name_px
from apps.insights.map_graph import Ends
from apps.traces.peers import Node

PAGE_PX = 1_392
"""What a map is fitted into, on a usual screen."""
READABLE = 0.86
"""A map may be shrunk to this and still be read: names of 12 px are 10.3 px high then."""
SMALL = 0.6
"""Shrunk more than that it shows its shape, and names that are drawn for it."""
LETTER_PX, NAME_ROOM_PX = 12.0, 150.0
MAX_NAMES = 80


def fits(layout: Layout) -> bool:
    """Shrunk to the page, if need be, it can be read."""
    return layout.width * READABLE <= PAGE_PX


def is_small(layout: Layout) -> bool:
    """Of hundreds of nodes: begun with as an overview, shrunk to the page."""
    return layout.width * SMALL > PAGE_PX


def overview_names(nodes: Mapping[Node, NodeLook], edges: Mapping[Ends, EdgeLook], layout: Layout) -> list[str]:
    """Text elements: of nodes at the ends of marked edges first, then of those with the most neighbours; as many as
    find room."""
    size = LETTER_PX * max(1.0, layout.width / PAGE_PX)
    taken: list[Box] = []
    drawn = []
    for node in _ranked(nodes, edges):
        box = layout.boxes[node]
        name = cut_to(nodes[node].name, NAME_ROOM_PX)
        width, middle = name_px(name) * size / LETTER_PX, box.x + box.width / 2
        room = Box(middle - width / 2 - size / 2, box.y + 22 - size, width + size, 2 * size)
        if any(room.meets(other) for other in taken):
            continue
        taken.append(room)
        drawn.append(
            f'<text class="big halo" font-size="{size:.1f}" text-anchor="middle" x="{middle:g}" '
            f'y="{box.y + 22 + size / 3:g}">{escape(name)}</text>'
        )
        if len(drawn) >= MAX_NAMES:
            break
    return drawn


def _ranked(nodes: Mapping[Node, NodeLook], edges: Mapping[Ends, EdgeLook]) -> list[Node]:
    near = dict.fromkeys(nodes, 0)
    told = set()
    for ends, look in edges.items():
        for node in ends:
            near[node] += 1
        if look.label:
            told.update(ends)
    return sorted(nodes, key=lambda node: (node not in told, -near[node], node))
