"""The tree of a trace. What spans report about their parents is data, not structure.

Missing parents, ids that stand twice, circles, several roots and clocks that disagree are ordinary
input, and a node says what is odd about its span. `apps.traces.tree_building` makes trees.
"""

from __future__ import annotations

from functools import cached_property

from apps.traces.model import Span
from apps.traces.trace import Trace

GUIDE_LEVELS = 24
"""Deeper levels get no guide line of their own, see `apps.traces.waterfall`."""


class Node:
    """A span in its place. `row` is its place in depth-first order, `size` counts it and all below."""

    __slots__ = (
        "children", "depth", "errors_below", "is_cut", "is_duplicate", "is_error", "is_last", "is_orphan", "is_shared",
        "lines", "lost_lines", "parent", "row", "size", "span",
    )  # fmt: skip

    def __init__(self, span: Span):
        self.span = span
        self.parent: Node | None = None
        self.children: list[Node] | tuple[()] = ()
        self.depth = 0
        self.row = 0
        self.size = 1
        self.is_error = span.is_error
        self.errors_below = 0
        self.is_orphan = False
        """It names a parent that is not in the trace. It stands at depth 1, under the lost parent."""
        self.is_duplicate = False
        """Another span has the same id, and they are not the two halves of one call."""
        self.is_shared = False
        """The server's half of a call whose two halves share one id (Zipkin); the client's half is its parent."""
        self.is_cut = False
        """Its ancestors lead back to itself; it starts first of that circle, so the circle is cut above it."""
        self.is_last = True
        """No sibling follows."""
        self.lines = 0
        """Bit n is set where a guide line runs down through this row at level n, 1 to GUIDE_LEVELS."""
        self.lost_lines = 0
        """Those of `lines` that hang from a lost parent."""

    @property
    def position(self) -> int:
        return self.span.position

    @property
    def is_zero_length(self) -> bool:
        return self.span.start_ns == self.span.end_ns

    @property
    def ends_before_start_ns(self) -> int:
        """By how much; 0 for a span in order."""
        return max(0, self.span.start_ns - self.span.end_ns)

    @property
    def starts_before_parent_ns(self) -> int:
        return max(0, self.parent.span.start_ns - self.span.start_ns) if self.parent else 0

    @property
    def ends_after_parent_ns(self) -> int:
        """Also ordinary: work that nobody waits for ends after its parent."""
        if not self.parent:
            return 0
        return max(
            0, max(self.span.end_ns, self.span.start_ns) - self.parent.span.start_ns - self.parent.span.duration_ns
        )

    @property
    def skew_ns(self) -> int:
        """How far this span's clock seems off its caller's: negative when behind, 0 when nothing speaks for it.

        A server works while its client waits, so on two services a SERVER outside its CLIENT's time
        shows two clocks that disagree. A CONSUMER can be late by nature but not early.
        """
        if self.parent is None:
            return 0
        span, caller = self.span, self.parent.span
        if span.service == caller.service or caller.start_ns <= span.start_ns <= caller.end_ns >= span.end_ns:
            return 0
        kinds = caller.kind, span.kind
        if kinds not in (("CLIENT", "SERVER"), ("PRODUCER", "CONSUMER")) or not (span.is_timed and caller.is_timed):
            return 0
        early = self.starts_before_parent_ns
        if kinds == ("PRODUCER", "CONSUMER"):
            return -early
        late = self.ends_after_parent_ns
        return -early if early >= late else late


class Tree:
    """`nodes` in depth-first order, siblings by start; `roots` in the same order."""

    def __init__(self, trace: Trace, nodes: list[Node], roots: list[Node]):
        self.trace = trace
        self.nodes = nodes
        self.roots = roots

    @property
    def main_root(self) -> Node | None:
        """The earliest span that names no parent, else the earliest whose parent is missing, else the first row.
        The summary of a sealed trace goes by the same rule. None for an empty trace."""
        if self.roots and self.roots[0].is_cut:
            return next((root for root in self.roots if root.is_orphan), self.roots[0])
        return self.roots[0] if self.roots else None

    @cached_property
    def by_position(self) -> dict[int, Node]:
        return {node.span.position: node for node in self.nodes}

    def find(self, span_id: str) -> Node | None:
        """The first row with that span id."""
        spans = self.trace.by_id.get(span_id.lower(), ())
        return min((self.by_position[span.position] for span in spans), key=lambda node: node.row, default=None)

    @cached_property
    def depth(self) -> int:
        """Levels: 1 for a single span, 0 for none."""
        return max((node.depth + 1 for node in self.nodes), default=0)

    @cached_property
    def errors(self) -> int:
        return sum(root.is_error + root.errors_below for root in self.roots)

    @cached_property
    def orphans(self) -> tuple[Node, ...]:
        return tuple(root for root in self.roots if root.is_orphan)

    @cached_property
    def skewed(self) -> dict[Node, int]:
        """Node -> `skew_ns`, of those that have any."""
        found: dict[Node, int] = {}
        for node in self.nodes:
            # Most calls stay within a service: asking this first saves a large trace a tenth of its first rows' time.
            parent = node.parent
            if parent is not None and parent.span.service != node.span.service and (skew_ns := node.skew_ns):
                found[node] = skew_ns
        return found

    def cut(self) -> None:
        """Takes nodes apart that nobody will look at again. Parents and children hold each other: a hundred MB would
        wait for a collection, which may be an hour away."""
        for node in self.nodes:
            node.parent = None
