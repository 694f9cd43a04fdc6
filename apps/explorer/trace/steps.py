"""Where one can go from here: next error, next match, parent, the whole trace. Plain links with the view kept."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from apps.explorer.trace.loaded import Loaded
from apps.explorer.trace.state import TraceState
from apps.traces.durations import format_count
from apps.traces.oddities import oddities
from apps.traces.strays import first_look
from apps.traces.tree import Node


@dataclass(frozen=True, slots=True)
class Tools:
    error_href: str
    whole_href: str
    fold_href: str
    open_href: str


@dataclass(frozen=True, slots=True)
class Found:
    count: int
    says: str
    previous_href: str
    next_href: str
    clear_href: str


@dataclass(frozen=True, slots=True)
class PanelLinks:
    close: str
    focus: str
    parent: str
    notes: tuple[str, ...]


def tools_of(loaded: Loaded, state: TraceState, selected: Node | None, *, is_zoomed: bool) -> Tools:
    errors = loaded.remember("errors", lambda: tuple(node.row for node in loaded.tree.nodes if node.is_error))
    return Tools(
        error_href=_to(loaded, state, errors[_after(errors, selected)]) if errors else "",
        # From 0 on: without any `from` a trace with strays would begin with its first look again.
        whole_href=state.href(from_ns=0 if first_look(loaded.tree) else None, to_ns=None) if is_zoomed else "",
        fold_href=state.href(fold=frozenset(), open=frozenset(), folded=True, opened=False, first=0),
        open_href=state.href(fold=frozenset(), open=frozenset(), folded=False, opened=True, first=0),
    )


def found_of(loaded: Loaded, state: TraceState, hits: tuple[int, ...], selected: Node | None) -> Found:
    """`9 of 14` when the selected span is a match, `14 matches` when it is none."""
    clear = state.href(find="")
    if not hits:
        return Found(0, "no match", "", "", clear)
    count = len(hits)
    place = bisect_left(hits, selected.row) if selected else count
    is_hit = place < count and selected is not None and hits[place] == selected.row
    says = (
        f"{format_count(place + 1)} of {format_count(count)}"
        if is_hit
        else f"{format_count(count)} match" + "es" * (count > 1)
    )
    before = hits[(place - 1) % count]
    return Found(count, says, _to(loaded, state, before), _to(loaded, state, hits[_after(hits, selected)]), clear)


def panel_links(loaded: Loaded, state: TraceState, node: Node) -> PanelLinks:
    span, start = node.span, loaded.trace.start_ns
    pad = max(1, span.duration_ns // 20)
    parent = node.parent
    return PanelLinks(
        close=state.href(span=""),
        focus=state.href(
            from_ns=max(0, span.start_ns - start - pad), to_ns=span.start_ns - start + span.duration_ns + pad
        ),
        parent=_to(loaded, state, parent.row) if parent else "",
        notes=tuple(oddity.text for oddity in oddities(node) if oddity.kind != "deep"),
    )


def _after(rows: tuple[int, ...], selected: Node | None) -> int:
    return bisect_right(rows, selected.row) % len(rows) if selected else 0


def _to(loaded: Loaded, state: TraceState, row: int) -> str:
    """A link that selects the span of a row of the tree, and unfolds what hides it."""
    node = loaded.tree.nodes[row]
    above = {loaded.key_of(node)}
    parent = node.parent
    while state.fold and parent is not None:
        above.add(loaded.key_of(parent))
        parent = parent.parent
    return state.href(span=loaded.key_of(node), fold=state.fold - above, first=0)
