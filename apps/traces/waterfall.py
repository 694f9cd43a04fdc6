"""The rows of a waterfall: which are visible in a view, and everything a row shows.

Laying out a view walks the tree once; rows are made only for the window that is asked for.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import cached_property

from apps.traces.axis import Bar, Window
from apps.traces.durations import NBSP, format_duration_ns, format_offset_ns
from apps.traces.model import MAX_TIME_NS, Span
from apps.traces.oddities import oddities
from apps.traces.semconv import error_summary, peer_in, work_in
from apps.traces.siblings import SHOW_ERRORS_BELOW, SiblingRun, sibling_runs
from apps.traces.tree import GUIDE_LEVELS, Node, Tree
from apps.traces.waterfall_rows import EventMark, Fold, Row, guides

MAX_MARKS = 64
"""Event rings in a row, and strokes of a folded run: more cannot be told apart."""


@dataclass(frozen=True, slots=True)
class View:
    """What a reader folded and zoomed to. Spans are named by their position."""

    folded: frozenset[int] = frozenset()
    opened: frozenset[int] = frozenset()
    """Opened in spite of `max_depth`; a run of siblings is named by its first span."""
    max_depth: int | None = None
    """Rows deeper than this are folded away; 0 leaves the roots."""
    fold_siblings: bool = True
    from_ns: int | None = None
    to_ns: int | None = None
    """The zoom window, in ns from the trace's start; None is the trace's own edge."""
    reveal: int | None = None
    """This span is visible unless something around it is in `folded`: what a reader folds by hand stays folded."""


class Layout:
    """A view laid out. `len()` is the number of visible rows."""

    def __init__(self, tree: Tree, view: View):
        self.tree = tree
        self.view = view
        self.window = Window.within(tree.trace.duration_ns, view.from_ns, view.to_ns)
        self._revealed = _with_ancestors(tree, view.reveal)
        self._runs = sibling_runs(tree)
        self._entries: list[Node | SiblingRun] = self._visible()

    def __len__(self) -> int:
        return len(self._entries)

    def rows(self, first: int = 0, count: int | None = None) -> tuple[Row, ...]:
        """The visible rows [first, first + count)."""
        first = max(0, first)
        last = len(self) if count is None else first + max(0, count)
        return tuple(self._row(index, entry) for index, entry in enumerate(self._entries[first:last], first))

    def zoomed(self, from_ns: int | None, to_ns: int | None) -> Layout:
        """The same rows over another stretch of time; nothing is laid out again."""
        other = copy(self)
        other.window = Window.within(self.tree.trace.duration_ns, from_ns, to_ns)
        return other

    def shows(self, position: int) -> bool:
        """Whether the span at that position has a row of its own."""
        index = self.index_of(position)
        return index is not None and not isinstance(self._entries[index], SiblingRun)

    def index_of(self, position: int) -> int | None:
        """The visible row that shows the span at that position, be it folded into a run; None when hidden."""
        node = self.tree.by_position.get(position)
        return self._index_by_row.get(node.row) if node else None

    @cached_property
    def _index_by_row(self) -> dict[int, int]:
        found = {}
        for index, entry in enumerate(self._entries):
            for node in entry.nodes if isinstance(entry, SiblingRun) else (entry,):
                found[node.row] = index
        return found

    def _visible(self) -> list[Node | SiblingRun]:
        nodes, runs, view = self.tree.nodes, self._runs, self.view
        if view.max_depth is None and not view.folded:
            return self._unfolded()
        entries: list[Node | SiblingRun] = []
        row = 0
        while row < len(nodes):
            run = runs.get(row)
            if run is not None and self._is_folded(run):
                entries.append(run)
                row += len(run)
                continue
            node = nodes[row]
            entries.append(node)
            row += 1 if not node.children or self._is_open(node) else node.size
        return entries

    def _unfolded(self) -> list[Node | SiblingRun]:
        """All rows but those in runs, taken in stretches: 50 000 nodes need not be asked one by one."""
        entries: list[Node | SiblingRun] = []
        row = 0
        for at, run in sorted(self._runs.items()):
            if self._is_folded(run):
                entries += self.tree.nodes[row:at]
                entries.append(run)
                row = at + len(run)
        entries += self.tree.nodes[row:]
        return entries

    def _is_open(self, node: Node) -> bool:
        position, limit = node.span.position, self.view.max_depth
        if position in self.view.folded:
            return False
        return limit is None or node.depth < limit or position in self.view.opened or node.row in self._revealed

    def _is_folded(self, run: SiblingRun) -> bool:
        if run.position in self.view.folded:
            return True
        if self.view.reveal is not None and any(node.span.position == self.view.reveal for node in run.nodes):
            return False
        if not self.view.fold_siblings or run.position in self.view.opened:
            return False
        return len(run) >= SHOW_ERRORS_BELOW or not run.errors

    def _row(self, index: int, entry: Node | SiblingRun) -> Row:
        run = entry if isinstance(entry, SiblingRun) else None
        node = run.nodes[0] if run else entry
        span, parent = node.span, node.parent
        attributes = dict(span.attributes)
        work = work_in(span.kind, attributes)
        offset_ns = span.start_ns - self.tree.trace.start_ns
        duration_ns = run.sum_ns if run else span.duration_ns
        state = "run" if run else "leaf" if not node.children else "open" if self._is_open(node) else "closed"
        errors = run.errors if run else node.errors_below
        return Row(
            index=index,
            span=span,
            depth=node.depth,
            indent=min(node.depth, GUIDE_LEVELS),
            guides=guides(run.nodes[-1] if run else node),
            state=state,
            hidden=len(run) if run else node.size - 1 if state == "closed" else 0,
            children=len(node.children),
            run_position=run.position if run else self._run_around(node),
            shows_service=parent is None or parent.span.service != span.service or _is_call(parent, node),
            work=work,
            peer=peer_in(span.kind, attributes) if work not in ("db", "cache") and not _is_answered(node) else "",
            error="here" if node.is_error and not run else "below" if errors else "",
            error_label=self._error_label(span) if node.is_error and not run else "",
            errors_below=errors,
            oddities=oddities(node),
            bar=self._bar(run.start_ns, run.end_ns) if run else self._bar(span.start_ns, span.end_ns),
            events=() if run else self._events(span),
            offset_ns=offset_ns,
            duration_ns=duration_ns,
            offset_text=format_offset_ns(offset_ns) if span.is_timed else "an unknown time",
            duration_text=_duration_text(span, duration_ns, run is not None),
            fold=self._fold(run) if run else None,
        )

    def _error_label(self, span: Span) -> str:
        return error_summary(span, self.tree.trace.logs.get(span.span_id, ())).label

    def _bar(self, start_ns: int, end_ns: int) -> Bar:
        start = self.tree.trace.start_ns
        if not 0 < start_ns <= MAX_TIME_NS:
            return Bar(0, 0, "before")
        return self.window.bar(start_ns - start, end_ns - start)

    def _run_around(self, node: Node) -> int | None:
        """An open run's name, so that each of its rows can fold it again."""
        return self._run_of_row.get(node.row)

    @cached_property
    def _run_of_row(self) -> dict[int, int]:
        return {node.row: run.position for run in self._runs.values() for node in run.nodes}

    def _events(self, span: Span) -> tuple[EventMark, ...]:
        found: dict[tuple[int, bool], EventMark] = {}
        start = self.tree.trace.start_ns
        for event in span.pb.events:
            at = event.time_unix_nano - start
            if self.window.from_ns <= at <= self.window.to_ns:
                is_exception = event.name in ("exception", "error") or event.name.endswith(".exception")
                x = self.window.percent(at)
                found.setdefault((int(x * 2), is_exception), EventMark(x, event.name, is_exception))
        # Exceptions first: they must not be crowded out.
        return tuple(sorted(found.values(), key=lambda mark: (not mark.is_exception, mark.x))[:MAX_MARKS])

    def _fold(self, run: SiblingRun) -> Fold:
        slowest = run.slowest.span
        step = max(1, -(-len(run) // MAX_MARKS))
        strokes = tuple(self._bar(node.span.start_ns, node.span.end_ns) for node in run.nodes[::step])
        visible = tuple(bar for bar in strokes if not bar.outside)
        positions = tuple(node.span.position for node in run.nodes)
        return Fold(len(run), run.errors, format_duration_ns(slowest.duration_ns), visible, positions)


def lay_out(tree: Tree, view: View | None = None) -> Layout:
    return Layout(tree, view or View())


def _duration_text(span: Span, duration_ns: int, is_run: bool) -> str:
    if not span.is_timed:
        return "–"
    return ("Σ" + NBSP if is_run else "") + format_duration_ns(duration_ns)


def _with_ancestors(tree: Tree, position: int | None) -> frozenset[int]:
    if position is None:
        return frozenset()
    node = tree.by_position.get(position).parent if position in tree.by_position else None
    rows = set()
    while node is not None:
        rows.add(node.row)
        node = node.parent
    return frozenset(rows)


def _is_call(parent: Node, node: Node) -> bool:
    return parent.span.kind == "CLIENT" and node.span.kind == "SERVER"


def _is_answered(node: Node) -> bool:
    """The called service reports for itself, in a row below."""
    return any(child.span.kind in ("SERVER", "CONSUMER") for child in node.children)
