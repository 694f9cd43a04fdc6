"""In which order the nodes of a column stand, so that few links cross.

The usual sweeps: each column in turn is sorted by the mean place of its neighbours in the column before, to the right
and back again (Sugiyama, Tagawa, Toda 1981); the best order met is kept. Neighbours then change places while that
helps, where the graph is small. Bounded by counts, never by a clock: the same graph has the same order everywhere.
"""

from __future__ import annotations

from bisect import bisect_right

MAX_SWEEPS = 24
WORK = 120_000
"""Links looked at in all sweeps together; at least MIN_SWEEPS are made."""
MIN_SWEEPS = 4
PATIENCE = 4
"""Sweeps without a better order before giving up."""
EXCHANGE_BELOW = 600
"""Vertices of a graph in which neighbours change places too: it costs more than the sweeps."""
EXCHANGE_ROUNDS = 8

Neighbours = list[list[int]]


def ordered(columns: list[list[int]], left: Neighbours, right: Neighbours) -> list[list[int]]:
    """`columns` with their vertices in order, with no more crossings than as given; `left` and `right` are each vertex'
    neighbours in the next columns."""
    if not columns:
        return []
    best, fewest = [list(column) for column in columns], crossings(columns, right, _places(columns, len(left)))
    columns = _first(columns, right)
    places = _places(columns, len(left))
    crossed = crossings(columns, right, places)
    if crossed <= fewest:  # where both are as good: it keeps what belongs together side by side
        best, fewest = [list(column) for column in columns], crossed
    links = sum(map(len, right))
    sweeps = max(MIN_SWEEPS, min(MAX_SWEEPS, WORK // max(1, links)))
    since = 0
    for sweep in range(sweeps):
        if not fewest or since >= PATIENCE:
            break
        near, way = (left, columns[1:]) if sweep % 2 == 0 else (right, columns[-2::-1])
        for column in way:
            _sort(column, near, places)
        crossed = crossings(columns, right, places)
        since += 1
        if crossed < fewest:
            best, fewest, since = [list(column) for column in columns], crossed, 0
    if fewest and len(left) < EXCHANGE_BELOW:
        _exchange(best, left, right)
    return best


def crossings(columns: list[list[int]], right: Neighbours, places: list[int]) -> int:
    """How many pairs of links cross between neighbouring columns."""
    found = 0
    for column in columns:
        seen: list[int] = []
        for vertex in column:
            # Ascending, those of one vertex do not cross each other: none is met by a greater one of its own.
            for end in sorted([places[other] for other in right[vertex]]):
                if seen and end < seen[-1]:
                    place = bisect_right(seen, end)
                    found += len(seen) - place
                    seen.insert(place, end)
                else:
                    seen.append(end)
    return found


def _first(columns: list[list[int]], right: Neighbours) -> list[list[int]]:
    """As a walk from the left, depth first, meets the vertices: a tree is then drawn without a crossing."""
    met: set[int] = set()
    held: list[list[int]] = [[] for _ in columns]
    number = {vertex: place for place, column in enumerate(columns) for vertex in column}
    for column in columns:
        for root in column:
            way = [root]
            while way:
                vertex = way.pop()
                if vertex not in met:
                    met.add(vertex)
                    held[number[vertex]].append(vertex)
                    way.extend(sorted(right[vertex], reverse=True))
    return held


def _places(columns: list[list[int]], count: int) -> list[int]:
    places = [0] * count
    for column in columns:
        for place, vertex in enumerate(column):
            places[vertex] = place
    return places


def _sort(column: list[int], near: Neighbours, places: list[int]) -> None:
    """By the mean place of neighbours; a vertex without any keeps its place."""
    means = [(sum([places[other] for other in near[v]]) / len(near[v]), places[v], v) for v in column if near[v]]
    moving = iter(sorted(means))
    column[:] = [next(moving)[2] if near[vertex] else vertex for vertex in column]
    for place, vertex in enumerate(column):
        places[vertex] = place


def _exchange(columns: list[list[int]], left: Neighbours, right: Neighbours) -> None:
    places = _places(columns, len(left))
    for _ in range(EXCHANGE_ROUNDS):
        has_changed = False
        for column in columns:
            for place in range(len(column) - 1):
                upper, lower = column[place], column[place + 1]
                now = _pair(upper, lower, left, right, places)
                if now and now > _pair(lower, upper, left, right, places):
                    column[place], column[place + 1] = lower, upper
                    places[lower], places[upper] = place, place + 1
                    has_changed = True
        if not has_changed:
            return


def _pair(upper: int, lower: int, left: Neighbours, right: Neighbours, places: list[int]) -> int:
    """Crossings between the links of two vertices when `upper` stands above."""
    found = 0
    for near in (left, right):
        if near[upper] and near[lower]:
            ends = sorted(places[other] for other in near[lower])
            for other in near[upper]:
                low, place = 0, places[other]
                while low < len(ends) and ends[low] < place:
                    low += 1
                found += low
    return found
