"""The traces of a service: what lies below each span by which it was entered, as a trace of its own."""

from __future__ import annotations

from collections.abc import Iterator

from apps.traces.columns import Columns
from apps.traces.family import Family
from apps.traces.peers import CONSUMER, SERVER


def entries_of(family: Family, service: str, name: str = "") -> list[Columns]:
    """Of each span of `service` by which it was entered (a SERVER, a CONSUMER, or one without a parent in the service),
    or, with a name, of each span of that name: it and everything below. None lies within another; O(n)."""
    columns, parents = family.columns, family.parents
    tops: list[int] = []
    top_of = [-1] * columns.n
    for index in sorted(range(columns.n), key=_depths(parents).__getitem__):
        parent = parents[index]
        top_of[index] = top_of[parent] if parent >= 0 else -1
        if top_of[index] < 0 and _is_top(columns, parents, index, service, name):
            top_of[index] = index
            tops.append(index)
    below: dict[int, list[int]] = {top: [] for top in tops}
    for index, top in enumerate(top_of):
        if top >= 0:
            below[top].append(index)
    return [Columns(columns.trace_id, list(_rows(columns, top, inside))) for top, inside in below.items()]


def _is_top(columns: Columns, parents: list[int], index: int, service: str, name: str) -> bool:
    if columns.service[index] != service:
        return False
    if name:
        return columns.name[index] == name
    parent = parents[index]
    return columns.kind[index] in (SERVER, CONSUMER) or parent < 0 or columns.service[parent] != service


def _depths(parents: list[int]) -> list[int]:
    """How many spans are above each; parents form no circles."""
    depths = [-1] * len(parents)
    for index in range(len(parents)):
        chain = []
        at = index
        while at >= 0 and depths[at] < 0:
            chain.append(at)
            at = parents[at]
        depth = depths[at] if at >= 0 else -1
        for one in reversed(chain):
            depth += 1
            depths[one] = depth
    return depths


def _rows(columns: Columns, top: int, inside: list[int]) -> Iterator[tuple]:
    for i in inside:
        yield (
            columns.start[i], -columns.end[i], columns.span_id[i], columns.service[i], columns.name[i], columns.kind[i],
            b"" if i == top else columns.parent_id[i], columns.position[i], columns.is_error[i], columns.call[i],
            columns.trace_state[i], columns.links[i], columns.version[i],
        )  # fmt: skip
