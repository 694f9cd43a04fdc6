"""From the spans of a trace to its tree. Every span comes out exactly once, whatever it reports about its parent;
nothing here recurses: a chain of 10 000 spans is as good as any."""

from __future__ import annotations

from apps.traces.trace import Trace
from apps.traces.tree import GUIDE_LEVELS, Node, Tree


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
