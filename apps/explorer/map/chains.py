"""Links that pass columns by get a bend in each: then every link goes from one column to the next.

On a small map every long link has bends of its own. On a large one those that lead to the same node (or from it)
share them: they run together like branches of a tree, and each bundle still has one end that it is named after, so
that nothing can be misread, while the columns stay as tall as their nodes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

MAX_BENDS = 200
"""Beyond, long links are bundled."""
MAX_BUNDLED_BENDS = 6_000
"""What a map of 500 nodes in any order needs. A chain of hundreds of calls in a row, with as many short cuts, has more:
its longest links then go straight, behind what lies between."""


@dataclass(slots=True)
class Chains:
    count: int
    """Nodes; vertices from this number on are bends."""
    columns: list[list[int]]
    ways: list[list[int]]
    """For each link its vertices, from left to right."""
    left: list[list[int]] = field(default_factory=list)
    right: list[list[int]] = field(default_factory=list)
    """Each vertex' neighbours in the columns beside it, each once, in order."""


def chains_of(columns: list[int], links: list[tuple[int, int]], is_back: list[bool]) -> Chains:
    """`columns` of the nodes; `links` go to the right, `is_back` says which of them were turned round."""
    made = Chains(len(columns), [[] for _ in range(max(columns, default=-1) + 1)], [])
    for node, column in enumerate(columns):
        made.columns[column].append(node)
    trunks = _trunks(columns, links, is_back)
    bends: dict[tuple, int] = {}
    ways: dict[int, list[int]] = {}
    for place in sorted(range(len(links)), key=lambda place: columns[links[place][1]] - columns[links[place][0]]):
        (left, right), trunk = links[place], trunks[place]
        between = range(columns[left] + 1, columns[right])
        if len(bends) + len(between) > MAX_BUNDLED_BENDS:
            between = range(0)
        for column in between:
            if (trunk, column) not in bends:
                bends[trunk, column] = made.count + len(bends)
                made.columns[column].append(bends[trunk, column])
        ways[place] = [left, *(bends[trunk, column] for column in between), right]
    made.ways = [ways[place] for place in range(len(links))]
    _join(made, made.count + len(bends))
    return made


def _trunks(columns: list[int], links: list[tuple[int, int]], is_back: list[bool]) -> list[tuple]:
    """What the bends of each link belong to: itself, or with too many bends the end that has more long links."""
    if sum(columns[right] - columns[left] - 1 for left, right in links) <= MAX_BENDS:
        return [(place,) for place in range(len(links))]
    is_long = [columns[right] - columns[left] > 1 for left, right in links]
    ends = Counter()
    for (left, right), back, long in zip(links, is_back, is_long, strict=True):
        if long:
            ends["into", right, back] += 1
            ends["from", left, back] += 1
    trunks = []
    for (left, right), back in zip(links, is_back, strict=True):
        into, out = ("into", right, back), ("from", left, back)
        trunks.append(into if ends[into] >= ends[out] else out)
    return trunks


def _join(made: Chains, vertices: int) -> None:
    left, right = [set() for _ in range(vertices)], [set() for _ in range(vertices)]
    column = {vertex: place for place, held in enumerate(made.columns) for vertex in held}
    for way in made.ways:
        for one, other in pairwise(way):
            if column[other] == column[one] + 1:
                right[one].add(other)
                left[other].add(one)
    made.left = [sorted(found) for found in left]
    made.right = [sorted(found) for found in right]
