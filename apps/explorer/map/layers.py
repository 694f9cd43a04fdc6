"""Which column a node of the map stands in: circles broken, callers left of callees, calls short, columns not too tall.

A graph here is `count` nodes, numbered in the order of their names, and links (caller, callee) without self-calls.
Every choice falls to the lower number, so that the same graph always gives the same columns.
"""

from __future__ import annotations

import math
from collections import defaultdict

Link = tuple[int, int]

TIGHTENING_ROUNDS = 8
MIN_TALLEST = 16
TALLEST_PER_ROOT = 1.2
"""A column holds at most so many times the square root of all nodes: a large map gets about as wide as a screen is."""


def forward(count: int, links: list[Link]) -> list[bool]:
    """For each link whether it goes with the flow. Those that do not close a circle on a walk from the entry points
    (depth first, entry points first): turned round they leave no circle."""
    below, entered = defaultdict(list), {callee for _, callee in links}
    for place, (caller, callee) in enumerate(links):
        below[caller].append((callee, place))
    kept = [True] * len(links)
    state = bytearray(count)  # 0 not met, 1 on the way here, 2 left behind
    for root in sorted(range(count), key=lambda node: (node in entered, node)):
        if state[root]:
            continue
        state[root] = 1
        way = [(root, iter(sorted(below[root])))]
        while way:
            node, rest = way[-1]
            for callee, place in rest:
                if state[callee] == 1:
                    kept[place] = False
                elif not state[callee]:
                    state[callee] = 1
                    way.append((callee, iter(sorted(below[callee]))))
                    break
            else:
                state[node] = 2
                way.pop()
    return kept


def columns_of(count: int, links: list[Link]) -> list[int]:
    """The column of each node, from 0, none left empty; `links` have no circle and all go to the right."""
    above, below = [[] for _ in range(count)], [[] for _ in range(count)]
    for left, right in links:
        above[right].append(left)
        below[left].append(right)
    order = _topological(count, above, below)
    columns = _longest_paths(order, above)
    _tighten(order, above, below, columns)
    _spread(count, above, below, columns)
    used = {column: place for place, column in enumerate(sorted(set(columns)))}
    return [used[column] for column in columns]


def _topological(count: int, above: list[list[int]], below: list[list[int]]) -> list[int]:
    waiting = [len(above[node]) for node in range(count)]
    order = [node for node in range(count) if not waiting[node]]
    for node in order:
        for callee in below[node]:
            waiting[callee] -= 1
            if not waiting[callee]:
                order.append(callee)
    return order


def _longest_paths(order: list[int], above: list[list[int]]) -> list[int]:
    columns = [0] * len(order)
    for node in order:
        columns[node] = max((columns[caller] + 1 for caller in above[node]), default=0)
    return columns


def _tighten(order: list[int], above, below, columns: list[int]) -> None:
    """Moves nodes within the room their neighbours leave, to where their links are shortest together: what a node with
    more callees than callers gains on the right. (The move of a network simplex, without its tree.)"""
    for _ in range(TIGHTENING_ROUNDS):
        has_moved = False
        for node in reversed(order):
            pull = len(below[node]) - len(above[node])
            if pull > 0:
                best = min(columns[callee] for callee in below[node]) - 1
            elif pull < 0:
                best = max(columns[caller] for caller in above[node]) + 1
            else:
                continue
            has_moved, columns[node] = has_moved or best != columns[node], best
        if not has_moved:
            return


def _spread(count: int, above, below, columns: list[int]) -> None:
    """Columns that are too tall pass nodes on to the right, those with the shortest way on first."""
    most = max(MIN_TALLEST, math.ceil(TALLEST_PER_ROOT * math.sqrt(count)))
    reach = [0] * count
    for node in sorted(range(count), key=lambda node: -columns[node]):
        reach[node] = max((reach[callee] + 1 for callee in below[node]), default=0)
    held: dict[int, int] = defaultdict(int)
    waiting: dict[int, list[int]] = defaultdict(list)
    for node in range(count):
        waiting[columns[node]].append(node)
    column = 0
    while waiting:
        for node in sorted(waiting.pop(column, []), key=lambda node: (-reach[node], node)):
            earliest = max((columns[caller] + 1 for caller in above[node]), default=0)
            if earliest > column or held[column] >= most:
                columns[node] = max(earliest, column + 1)
                waiting[columns[node]].append(node)
            else:
                columns[node] = column
                held[column] += 1
        column += 1
