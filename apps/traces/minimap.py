"""The whole trace in a few hundred rectangles, whatever its size."""

from __future__ import annotations

from dataclasses import dataclass

from apps.traces.model import MAX_TIME_NS
from apps.traces.tree import Node, Tree

LINES = 36
PER_LINE = 11
"""36 lines of 11 make 396 rectangles at most."""
NEAR_PCT = 0.5
"""Closer than this, spans of one service on one line melt into one rectangle."""


@dataclass(frozen=True, slots=True)
class MiniBar:
    """x and width in per cent of the trace, y and height in per cent of the map."""

    x: float
    y: float
    width: float
    height: float
    service: str
    has_error: bool


def minimap(tree: Tree) -> tuple[MiniBar, ...]:
    """At most 396 bars, in the order of rows. Each line of the map holds an equal share of the rows and
    keeps its widest bars."""
    count = len(tree.nodes)
    if not count:
        return ()
    lines = min(count, LINES)
    height = round(100 / lines, 3)
    found: list[MiniBar] = []
    for line in range(lines):
        nodes = tree.nodes[line * count // lines : (line + 1) * count // lines]
        y = round(line * 100 / lines, 3)
        found += (MiniBar(x, y, width, height, *rest) for x, width, *rest in _line(nodes, tree))
    return tuple(found)


def _line(nodes: list[Node], tree: Tree) -> list[tuple[float, float, str, bool]]:
    start, scale = tree.trace.start_ns, 100 / max(1, tree.trace.duration_ns)
    done: list[list] = []
    current: dict[tuple[str, bool], list] = {}
    for node in nodes:
        span = node.span
        start_ns, end_ns = span.start_ns, span.end_ns
        if not 0 < start_ns <= MAX_TIME_NS:
            continue
        left = right = (start_ns - start) * scale
        if end_ns > start_ns:
            right = min(100.0, (end_ns - start) * scale)
        # An error melts only with its like: one failed call must not paint the minutes around it.
        kind = span.service, node.is_error
        bar = current.get(kind)
        if bar and left <= bar[1] + NEAR_PCT and right >= bar[0] - NEAR_PCT:
            if left < bar[0]:
                bar[0] = left
            if right > bar[1]:
                bar[1] = right
        else:
            current[kind] = bar = [left, right, *kind]
            done.append(bar)
    # Errors stay whatever their width.
    kept = sorted(done, key=lambda bar: (not bar[3], bar[0] - bar[1]))[:PER_LINE]
    return [
        (round(left, 3), round(max(0.25, right - left), 3), name, error) for left, right, name, error in sorted(kept)
    ]
