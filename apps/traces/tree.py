"""The tree of a trace. What spans report about their parents is data, not structure.

Missing parents, ids that stand twice, circles, several roots and clocks that disagree are ordinary
input: every span comes out exactly once, and its node says what is odd about it. Nothing here
recurses: a chain of 10 000 spans is as good as any.
"""

from __future__ import annotations

from functools import cached_property

from apps.traces.model import Span, Trace

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
        if not self.parent or not _may_be_skewed(self):
            return 0
        span, caller = self.span, self.parent.span
        if not (span.is_timed and caller.is_timed):
            return 0
        kinds = caller.kind, span.kind
        early = self.starts_before_parent_ns
        if kinds == ("PRODUCER", "CONSUMER"):
            return -early
        if kinds != ("CLIENT", "SERVER"):
            return 0
        late = self.ends_after_parent_ns
        return -early if early >= late else late


def _may_be_skewed(node: Node) -> bool:
    """What a span with a parent must be for that. Few are; asking this first saves a large trace 40 ms."""
    span, caller = node.span, node.parent.span
    return (
        span.service != caller.service
        and not caller.start_ns <= span.start_ns <= caller.end_ns >= span.end_ns
        and span.kind in ("SERVER", "CONSUMER")
    )


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
    def skewed(self) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if node.parent and _may_be_skewed(node) and node.skew_ns)

    def cut(self) -> None:
        """Takes nodes apart that nobody will look at again. Parents and children hold each other: a hundred MB would
        wait for a collection, which may be an hour away."""
        for node in self.nodes:
            node.parent = None


def build_tree(trace: Trace) -> Tree:
    """O(n log n). Roots come first, earliest first, then orphans."""
    roots = _join(_related(trace))
    ordered = _depth_first(roots)
    if len(ordered) < len(trace):
        # What no root leads to goes in circles. Looking for them costs a fifth of the tree, and they are rare.
        nodes = _related(trace)
        _cut_circles(nodes)
        roots = _join(nodes)
        ordered = _depth_first(roots)
    _sum_up(ordered)
    return Tree(trace, ordered, roots)


def _related(trace: Trace) -> list[Node]:
    """A node for each span, with its parent."""
    nodes = [Node(span) for span in trace.spans]
    by_id = {node.span.span_id: node for node in nodes}
    if len(by_id) < len(nodes):
        _find_among_repeats(nodes)
        return nodes
    for node in nodes:
        parent_id = node.span.parent_id
        if parent_id:
            node.parent = by_id.get(parent_id)
            node.is_orphan = node.parent is None
    return nodes


def _find_among_repeats(nodes: list[Node]) -> None:
    by_id: dict[str, Node] = {}
    repeated: dict[str, list[Node]] = {}
    for node in nodes:
        first = by_id.setdefault(node.span.span_id, node)
        if first is not node:
            repeated.setdefault(node.span.span_id, [first]).append(node)
    for same in repeated.values():
        _pair_halves(same)
    for node in nodes:
        parent_id = node.span.parent_id
        if node.parent or not parent_id:
            continue
        if parent_id in repeated:
            node.parent = _best_parent(node, repeated[parent_id])
        else:
            node.parent = by_id.get(parent_id)
            node.is_orphan = node.parent is None


def _pair_halves(same: list[Node]) -> None:
    """Zipkin's shared spans: a server reuses its client's id. Other repeats are only marked."""
    ordered = sorted(same, key=lambda node: (node.span.start_ns, node.span.parent_id, node.span.service))
    clients = [node for node in ordered if node.span.kind in ("CLIENT", "PRODUCER")]
    servers = [node for node in ordered if node.span.kind in ("SERVER", "CONSUMER")]
    for server, client in zip(servers, clients, strict=False):
        server.parent, server.is_shared = client, True
    paired = min(len(servers), len(clients))
    whole = set(map(id, servers[:paired] + clients[:paired])) if paired == 1 else set()
    for node in same:
        node.is_duplicate = id(node) not in whole


def _best_parent(node: Node, found: list[Node]) -> Node:
    """Of several spans with the parent's id: of the own service, receiving rather than calling, around it in time."""

    def fitness(other: Node) -> tuple[bool, bool, bool, bool]:
        span = other.span
        return (
            other is not node,
            span.service == node.span.service,
            span.kind in ("SERVER", "CONSUMER"),
            span.start_ns <= node.span.start_ns <= span.end_ns,
        )

    # Ids that stand thousands of times must not make this quadratic; the first hundred decide.
    return max(found[:100], key=fitness)


def _cut_circles(nodes: list[Node]) -> None:
    """Follows parents upwards once; a walk that meets itself has found a circle."""
    walk_of: dict[int, int] = {}
    for number, start in enumerate(nodes):
        node = start
        while node is not None and id(node) not in walk_of:
            walk_of[id(node)] = number
            node = node.parent
        if node is not None and walk_of[id(node)] == number:
            _cut(node)


def _cut(node: Node) -> None:
    circle, other = [node], node.parent
    while other is not node:
        circle.append(other)
        other = other.parent
    first = min(circle, key=_start_order)
    first.parent, first.is_cut, first.is_shared = None, True, False


def _start_order(node: Node) -> tuple[int, int]:
    return node.span.start_ns, node.span.position


def _join(nodes: list[Node]) -> list[Node]:
    """Gives every node its children in start order; returns the roots, those that name no parent first."""
    roots: list[Node] = []
    # Nodes come in order of position, and the sort is stable.
    for node in sorted(nodes, key=lambda node: node.span.start_ns):
        parent = node.parent
        if parent is None:
            roots.append(node)
        elif parent.children:
            parent.children.append(node)
        else:
            parent.children = [node]
    # Three stable groups: real roots, circles cut open, orphans.
    return sorted(roots, key=lambda node: 2 if node.is_orphan else 1 if node.is_cut else 0)


def _depth_first(roots: list[Node]) -> list[Node]:
    for root in roots[:-1]:
        root.is_last = False
    ordered: list[Node] = []
    stack = roots[::-1]
    while stack:
        node = stack.pop()
        _place(node, node.parent)
        node.row = len(ordered)
        ordered.append(node)
        children = node.children
        if children:
            if len(children) > 1:
                for child in children[:-1]:
                    child.is_last = False
            stack.extend(reversed(children))
    return ordered


def _place(node: Node, parent: Node | None) -> None:
    if parent is None:
        node.depth = int(node.is_orphan)
    else:
        node.depth, node.lines, node.lost_lines = parent.depth + 1, parent.lines, parent.lost_lines
    if not node.is_last and 0 < node.depth <= GUIDE_LEVELS:
        node.lines |= 1 << node.depth
        if node.is_orphan:
            node.lost_lines |= 1 << node.depth


def _sum_up(ordered: list[Node]) -> None:
    for node in reversed(ordered):
        parent = node.parent
        if parent is not None:
            parent.size += node.size
            parent.errors_below += node.errors_below + node.is_error
