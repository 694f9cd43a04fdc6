"""What the trace page and its parts show, made from a loaded trace and the state of the view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from functools import cached_property

from django.urls import reverse

from apps.explorer.trace.answer import answer_of, answer_so_far
from apps.explorer.trace.finding import matches
from apps.explorer.trace.head import trace_head
from apps.explorer.trace.loaded import Loaded
from apps.explorer.trace.moment import stray_logs
from apps.explorer.trace.panel import span_panel
from apps.explorer.trace.row_html import Block, rows_html
from apps.explorer.trace.rows import RowPainter
from apps.explorer.trace.scale import minimap_svg, scale_of
from apps.explorer.trace.shares import strip_of
from apps.explorer.trace.state import TraceState
from apps.explorer.trace.steps import found_of, panel_links, tools_of
from apps.insights.judged import Judged, judge_trace
from apps.insights.usual_span import usual_duration_ns
from apps.store.queries import list_services
from apps.traces.durations import format_count
from apps.traces.strays import first_look
from apps.traces.tree import Node
from apps.traces.waterfall import Layout, View, lay_out

PAGE_ROWS = 100
"""Rows of a page without JavaScript, and of the first answer: a window 2,000 px high shows 75."""
BLOCK_ROWS = 100
"""Rows of one block in the browser; static/js/virtual_rows.js says the same."""
MOST_ROWS = 400
"""In one answer, whatever is asked."""
MAX_LOST = 60
"""Characters told of what the address has for a span."""


@dataclass(frozen=True, slots=True)
class RowWindow:
    total: int
    at: int | None
    """Row of the selected span, or the one the address asks to begin with."""
    around: int | None
    """Row of the span that was asked for; -1 when it is not in this view."""
    says: str
    previous_href: str
    next_href: str


class TracePage:
    """`whole()`, `rows()`, `waterfall()`, `head()` and `span()` are the contexts of the templates."""

    def __init__(
        self, loaded: Loaded, state: TraceState, asked: Mapping[str, str], *,
        workspace_id: int, zone: tzinfo, retention_days: int, quiet_s: int, now_ns: int,
    ):  # fmt: skip
        self.loaded = loaded
        self.state = state
        self.asked = asked
        self.workspace_id = workspace_id
        self.now_ns = now_ns
        self.clock = {"zone": zone, "retention_days": retention_days, "quiet_s": quiet_s}

    def whole(self) -> dict:
        """The page: its first rows are those around the selected span, or the page of rows asked for. Of a large trace
        it comes before who took the time, which its head asks for, unless a panel is open or `whole` is asked."""
        if self.selected is not None or "whole" in self.asked:
            self.loaded.analyse()
        first = self.state.first
        if self.at is not None and "first" not in self.asked:
            first = self.at
        first = min(first, max(0, len(self.layout) - 1)) // PAGE_ROWS * PAGE_ROWS
        return {**self.head(), **self._waterfall(first, PAGE_ROWS), **self._panel(), "lost_span": self.lost_span}

    def rows(self) -> dict:
        """The rows `[first, first + count)`, cut to whole blocks."""
        self.loaded.analyse()
        first = self._number("first") // BLOCK_ROWS * BLOCK_ROWS
        count = min(MOST_ROWS, max(1, self._number("count", BLOCK_ROWS)))
        return {"version": self.loaded.version, "blocks": self._blocks(first, count)}

    def waterfall(self) -> dict:
        """Everything between toolbar and key, with the blocks that `count` rows around the span `around` touch."""
        self.loaded.analyse()
        around = self.around
        count = min(MOST_ROWS - 2 * BLOCK_ROWS, max(1, self._number("count", PAGE_ROWS)))
        top = max(0, max(around, 0) - count // 2) // BLOCK_ROWS * BLOCK_ROWS
        end = -(-(max(around, 0) + count) // BLOCK_ROWS) * BLOCK_ROWS
        return self._waterfall(top, end - top, around)

    def head(self) -> dict:
        head = trace_head(self.loaded, self.state, **self.clock)
        return {**self._shared(), **self._answer(), "head": head, "stray_logs": stray_logs(self.loaded.trace)}

    def _answer(self) -> dict:
        if not self.loaded.is_analysed:
            return {"answer": answer_so_far(self.loaded.verdict), "strip": None, "is_pending": True}
        answer = answer_of(self.loaded, self.state, self.judged, self.now_ns)
        return {"answer": answer, "strip": strip_of(self.judged, self.hues) if answer else None}

    @cached_property
    def judged(self) -> Judged:
        loaded, now_ns = self.loaded, self.now_ns
        return loaded.remember(
            ("judged", now_ns // 60_000_000_000),
            lambda: judge_trace(self.workspace_id, loaded.trace, loaded.found, loaded.verdict, now_ns),
        )

    def span(self) -> dict:
        self.loaded.analyse()
        return {**self._shared(), **self._panel(), **self._tools()}

    @cached_property
    def hues(self) -> dict[str, int]:
        return {service.name: service.hue for service in list_services(self.workspace_id)}

    @cached_property
    def selected(self) -> Node | None:
        return self.loaded.node_of(self.state.span) if self.state.span else None

    @property
    def lost_span(self) -> str:
        """What the address has for a span, when this trace has no such span."""
        return "" if self.selected else self.asked.get("span", "").replace("\0", "").strip()[:MAX_LOST]

    @cached_property
    def layout(self) -> Layout:
        layout = self._laid_out(None)
        if self.selected is not None and not layout.shows(self.selected.position):
            layout = self._laid_out(self.selected.position)
        return layout.zoomed(*self.zoom)

    @property
    def zoom(self) -> tuple[int | None, int | None]:
        """The stretch asked for, else the one that says something."""
        state, look = self.state, first_look(self.loaded.tree)
        if look is None or state.from_ns is not None or state.to_ns is not None:
            return state.from_ns, state.to_ns
        return look.from_ns, look.to_ns

    @cached_property
    def hits(self) -> tuple[int, ...]:
        find = self.state.find
        return self.loaded.remember(("find", find), lambda: matches(self.loaded.tree, find)) if find else ()

    @property
    def at(self) -> int | None:
        return self.layout.index_of(self.selected.position) if self.selected else None

    @property
    def around(self) -> int:
        """Row of the span asked for, or of its nearest ancestor that has one."""
        node = self.loaded.node_of(self.asked.get("around", ""))
        while node is not None:
            row = self.layout.index_of(node.position)
            if row is not None:
                return row
            node = node.parent
        return -1

    def _laid_out(self, reveal: int | None) -> Layout:
        state, positions = self.state, self.loaded.positions
        view = View(
            folded=positions(state.fold),
            opened=positions(state.open),
            max_depth=0 if state.folded else None,
            fold_siblings=not state.opened,
            reveal=reveal,
        )
        return self.loaded.remember(("layout", view), lambda: lay_out(self.loaded.tree, view))

    def _waterfall(self, first: int, count: int, around: int | None = None) -> dict:
        layout = self.layout
        return {
            **self._shared(),
            **self._tools(),
            "blocks": self._blocks(first, count),
            "scale": scale_of(layout.window, self.loaded.trace.duration_ns),
            "minimap": self._minimap(),
            "find_keeps": self.state.but(find="", span="").pairs(),
            "window": self._window(first, count, around),
        }

    def _minimap(self) -> str:
        """Of a large trace it comes with who took the time: its shapes take 2 µs a span."""
        loaded = self.loaded
        if not loaded.is_analysed:
            return ""
        return loaded.remember("minimap", lambda: minimap_svg(loaded.tree, self.hues))

    def _window(self, first: int, count: int, around: int | None) -> RowWindow:
        total, plain = len(self.layout), self.state.but(span="")
        last = min(total, first + count)
        return RowWindow(
            total=total,
            at=first if self.at is None and "first" in self.asked and around is None else self.at,
            around=around,
            says=f"{format_count(first + 1)} to {format_count(last)} of {format_count(total)}",
            previous_href=plain.href(first=max(0, first - PAGE_ROWS)) if first else "",
            next_href=plain.href(first=last) if last < total else "",
        )

    def _blocks(self, first: int, count: int) -> list[Block]:
        painter = RowPainter(self.loaded, self.state, self.hues, frozenset(self.hits), self.layout.window)
        rows = self.layout.rows(first, count)
        return [
            Block(first + at, rows_html(map(painter.view, rows[at : at + BLOCK_ROWS])))
            for at in range(0, len(rows), BLOCK_ROWS)
        ]

    def _panel(self) -> dict:
        node = self.selected
        if node is None:
            return {"panel": None}
        panel = span_panel(node, self.loaded, self._usual_ns(node))
        return {"panel": panel, "panel_links": panel_links(self.loaded, self.state, node)}

    def _usual_ns(self, node: Node) -> float | None:
        return usual_duration_ns(self.workspace_id, node.span, self.now_ns)

    def _tools(self) -> dict:
        return {
            "tools": tools_of(self.loaded, self.state, self.selected, is_zoomed=self.zoom != (None, None)),
            "found": found_of(self.loaded, self.state, self.hits, self.selected),
        }

    def _shared(self) -> dict:
        path = reverse("trace", args=[self.loaded.trace.trace_id])
        query = self.state.but(first=0).query()
        return {
            "path": path, "state": self.state, "back": self.state.back, "version": self.loaded.version,
            "query": query, "hues": self.hues, "nav": "", "page_keys": PAGE_KEYS,
        }  # fmt: skip

    def _number(self, name: str, usual: int = 0) -> int:
        text = self.asked.get(name, "")
        return min(int(text), 100_000_000) if text.isascii() and text.isdigit() and len(text) < 10 else usual


PAGE_KEYS = (
    (("↑", "↓"), "row by row"), (("→", "←"), "open, fold"), (("Enter",), "open the span’s panel"),
    (("]", "["), "open all, fold all"), (("n", "p"), "next, previous match"), (("e",), "next error"),
    (("a", "d"), "pan left, right"), (("+", "−"), "zoom"), (("y",), "copy link to what you see"),
)  # fmt: skip
