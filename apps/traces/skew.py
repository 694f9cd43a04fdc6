"""Clocks that disagree, told of a whole trace: which service's is off, and by how much at least."""

from __future__ import annotations

from dataclasses import dataclass

from apps.traces.tree import Tree

LEAST_NS = 1_000_000
LEAST_SHARE = 50
"""A skew below a millisecond, or a fiftieth of the trace, changes nothing that a reader sees."""


@dataclass(frozen=True, slots=True)
class ClockSkew:
    service: str
    caller: str
    skew_ns: int
    """Of the service against its caller; negative when behind. At least that much, see `Node.skew_ns`."""


def clock_skew(tree: Tree) -> ClockSkew | None:
    """The largest skew that shows in the picture, None when there is none."""
    worst, skew_ns = max(tree.skewed.items(), key=lambda found: abs(found[1]), default=(None, 0))
    if worst is None or abs(skew_ns) < max(LEAST_NS, tree.trace.duration_ns // LEAST_SHARE):
        return None
    return ClockSkew(worst.span.service, worst.parent.span.service, skew_ns)
