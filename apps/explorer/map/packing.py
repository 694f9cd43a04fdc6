"""Parts of a map that no link joins: told apart, and set beside and below each other."""

from __future__ import annotations

from collections import defaultdict

PART_GAP = 40.0
MIN_WIDTH = 1_000.0
"""A row of parts may get so wide, or as wide as the widest part."""
GRID_GAP = 16.0

Links = list[tuple[int, int]]


def connected(count: int, links: Links) -> tuple[list[tuple[list[int], Links]], list[int]]:
    """(the parts as (nodes, links), largest first; the nodes without any link). A self-call is a link."""
    above = list(range(count))

    def top(node: int) -> int:
        while above[node] != node:
            above[node] = above[above[node]]
            node = above[node]
        return node

    for caller, callee in links:
        one, other = sorted((top(caller), top(callee)))
        above[other] = one
    held: dict[int, list[int]] = defaultdict(list)
    inner: dict[int, Links] = defaultdict(list)
    for node in range(count):
        held[top(node)].append(node)
    for link in links:
        inner[top(link[0])].append(link)
    parts = [(held[first], inner[first]) for first in held if inner[first]]
    parts.sort(key=lambda part: (-len(part[0]), part[0]))
    return parts, [first for first in held if not inner[first]]


def shelves(sizes: list[tuple[float, float]], widest: float) -> tuple[list[tuple[float, float]], float, float]:
    """(the upper left corner of each part, width, height of all): in rows, in the order given."""
    limit = max(widest, MIN_WIDTH)
    places: list[tuple[float, float]] = []
    x = y = tall = width = 0.0
    for part_width, part_height in sizes:
        if x and x + part_width > limit:
            x, y, tall = 0.0, y + tall + PART_GAP, 0.0
        places.append((x, y))
        width, tall = max(width, x + part_width), max(tall, part_height)
        x += part_width + PART_GAP
    return places, width, y + tall


def grid(
    sizes: list[tuple[float, float]], widest: float, gap: float
) -> tuple[float, float, list[tuple[float, float, float, float]]]:
    """(width, height, (x, y, width, height) of each): nodes that stand alone, in rows of equal cells."""
    wide, tall = max(size[0] for size in sizes), max(size[1] for size in sizes)
    across = max(1, int((max(widest, MIN_WIDTH) + GRID_GAP) // (wide + GRID_GAP)))
    rows = (len(sizes) - 1) // across + 1
    cells = [
        (place % across * (wide + GRID_GAP), place // across * (tall + gap), wide, size[1])
        for place, size in enumerate(sizes)
    ]
    return min(across, len(sizes)) * (wide + GRID_GAP) - GRID_GAP, rows * (tall + gap) - gap, cells
