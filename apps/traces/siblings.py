"""Runs of siblings that do the same: 143 times `SELECT shop.stock` become one row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from apps.traces.tree import Node, Tree

MIN_RUN = 5
SHOW_ERRORS_BELOW = 20
"""A shorter run with an error in it stays open: the error is seen among its neighbours."""


@dataclass(frozen=True)
class SiblingRun:
    """At least five leaf siblings in a row with one service and one span name, in start order."""

    nodes: tuple[Node, ...]

    def __len__(self) -> int:
        return len(self.nodes)

    @property
    def position(self) -> int:
        """The first span's; names the run in a view's state."""
        return self.nodes[0].span.position

    @cached_property
    def errors(self) -> int:
        return sum(node.is_error for node in self.nodes)

    @cached_property
    def sum_ns(self) -> int:
        return sum(node.span.duration_ns for node in self.nodes)

    @cached_property
    def slowest(self) -> Node:
        return max(self.nodes, key=lambda node: node.span.duration_ns)

    @cached_property
    def start_ns(self) -> int:
        return self.nodes[0].span.start_ns

    @cached_property
    def end_ns(self) -> int:
        return max(max(node.span.start_ns, node.span.end_ns) for node in self.nodes)


def sibling_runs(tree: Tree) -> dict[int, SiblingRun]:
    """Every run of the tree by the row of its first node. Their rows follow one another, being leaves."""
    found: dict[int, SiblingRun] = {}
    _runs_among(tree.roots, found)
    for node in tree.nodes:
        if len(node.children) >= MIN_RUN:
            _runs_among(node.children, found)
    return found


def _runs_among(siblings: list[Node], found: dict[int, SiblingRun]) -> None:
    run: list[Node] = []
    for node in siblings:
        if node.children:
            _keep(run, found)
            run = []
        elif run and _are_alike(run[-1], node):
            run.append(node)
        else:
            _keep(run, found)
            run = [node]
    _keep(run, found)


def _are_alike(one: Node, other: Node) -> bool:
    here, there = one.span, other.span
    return here.service == there.service and here.name == there.name and one.is_orphan == other.is_orphan


def _keep(run: list[Node], found: dict[int, SiblingRun]) -> None:
    if len(run) >= MIN_RUN:
        found[run[0].row] = SiblingRun(tuple(run))
