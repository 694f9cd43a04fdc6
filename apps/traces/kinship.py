"""Who is whose parent, over columns: the rules of `apps.traces.tree_building`, as indices.

A parent is an index, or says why there is none: NONE for a root, LOST when the span named is not in the trace, CUT
where a circle was opened above its earliest span.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from apps.traces.columns import Columns
from apps.traces.peers import CLIENT, CONSUMER, PRODUCER, SERVER

NONE, LOST, CUT = -1, -2, -3


def find_parents(columns: Columns) -> list[int]:
    """The parent of every span."""
    by_id = dict(zip(columns.span_id, range(columns.n), strict=True))
    if len(by_id) == columns.n:
        find = by_id.get
        parents = [find(parent_id, LOST) if parent_id else NONE for parent_id in columns.parent_id]
    else:
        parents = _among_repeats(columns)
    if any(parent >= index for index, parent in enumerate(parents)):
        _cut_circles(parents)
    return parents


def _among_repeats(columns: Columns) -> list[int]:
    by_id: dict[bytes, list[int]] = {}
    for index, span_id in enumerate(columns.span_id):
        by_id.setdefault(span_id, []).append(index)
    paired: dict[int, int] = {}
    for same in by_id.values():
        if len(same) > 1:
            paired.update(_pair_halves(columns, same))
    parents = []
    for index, parent_id in enumerate(columns.parent_id):
        found = by_id.get(parent_id, ()) if parent_id else ()
        if index in paired:
            parents.append(paired[index])
        elif not parent_id:
            parents.append(NONE)
        elif not found:
            parents.append(LOST)
        else:
            parents.append(found[0] if len(found) == 1 else _best_parent(columns, index, found))
    return parents


def _pair_halves(columns: Columns, same: list[int]) -> Iterable[tuple[int, int]]:
    """Zipkin's shared spans: (server's half, client's half), whose parent is the client's (wire.md §3.1)."""
    ordered = sorted(same, key=lambda i: (columns.start[i], columns.parent_id[i], columns.service[i]))
    clients = [i for i in ordered if columns.kind[i] in (CLIENT, PRODUCER)]
    servers = [i for i in ordered if columns.kind[i] in (SERVER, CONSUMER)]
    return zip(servers, clients, strict=False)


def _best_parent(columns: Columns, index: int, found: list[int]) -> int:
    """Of several spans with the parent's id: of the own service, receiving rather than calling, around it in time."""
    service, start = columns.service[index], columns.start[index]

    def fitness(other: int) -> tuple[bool, bool, bool, bool]:
        return (
            other != index,
            columns.service[other] == service,
            columns.kind[other] in (SERVER, CONSUMER),
            columns.start[other] <= start <= columns.end[other],
        )

    # Ids that stand thousands of times must not make this quadratic; the first hundred decide.
    return max(found[:100], key=fitness)


def _cut_circles(parents: list[int]) -> None:
    """Follows parents upwards once; a walk that meets itself has found a circle. Its earliest span is cut loose."""
    walk_of = [-1] * len(parents)
    for start in range(len(parents)):
        index = start
        while index >= 0 and walk_of[index] < 0:
            walk_of[index] = start
            index = parents[index]
        if index >= 0 and walk_of[index] == start:
            first, other = index, parents[index]
            while other != index:
                first, other = min(first, other), parents[other]
            parents[first] = CUT


def find_children(parents: Sequence[int]) -> list[Sequence[int]]:
    """Children of every span, ascending; an empty tuple for a leaf."""
    children: list = [()] * len(parents)
    for index, parent in enumerate(parents):
        if parent >= 0:
            if children[parent]:
                children[parent].append(index)
            else:
                children[parent] = [index]
    return children


def top_down(parents: Sequence[int], children: list[Sequence[int]]) -> Iterable[int]:
    """All indices, parents before their children."""
    if all(parent < index for index, parent in enumerate(parents)):
        return range(len(parents))
    order = [index for index, parent in enumerate(parents) if parent < 0]
    for index in order:  # It grows while it is read.
        order.extend(children[index])
    return order


def main_root(parents: Sequence[int]) -> int:
    """The earliest span that names no parent, else the earliest whose parent is lost, else the earliest cut loose;
    -1 without spans. As `Tree.main_root` has it; of two that start together the longer."""
    for reason in (NONE, LOST, CUT):
        if reason in parents:
            return parents.index(reason)
    return -1
