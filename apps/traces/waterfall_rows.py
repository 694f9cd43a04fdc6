"""What one row of a waterfall holds, and the guide lines that tie it to the rows above."""

from __future__ import annotations

from dataclasses import dataclass

from apps.traces.axis import Bar
from apps.traces.model import Span
from apps.traces.oddities import Oddity
from apps.traces.tree import GUIDE_LEVELS, Node


@dataclass(frozen=True, slots=True)
class Guide:
    level: int
    """1 to the row's indent."""
    shape: str
    """`line` runs through; at the row's own level `tee` has a sibling below, `elbow` is the last."""
    is_lost: bool
    """It hangs from a parent that is not in the trace."""


@dataclass(frozen=True, slots=True)
class EventMark:
    x: float
    name: str
    is_exception: bool


@dataclass(frozen=True, slots=True)
class Fold:
    """A run of siblings in one row."""

    count: int
    errors: int
    slowest_text: str
    strokes: tuple[Bar, ...]
    positions: tuple[int, ...]
    """Of its spans, in the order they stand."""


@dataclass(frozen=True, slots=True)
class Row:
    index: int
    """Among the visible rows, from 0."""
    span: Span
    """Of a folded run the first."""
    depth: int
    indent: int
    """The depth, up to 24; deeper rows stay there and say their depth."""
    guides: tuple[Guide, ...]
    state: str
    """`leaf`, `open`, `closed`, or `run` for folded siblings."""
    hidden: int
    """Spans folded away into this row."""
    children: int
    run_position: int | None
    """Names the run of siblings this row is or belongs to, for folding and opening it."""
    shows_service: bool
    work: str
    """`http`, `db`, `cache`, `queue`, `rpc` or `code`."""
    peer: str
    error: str
    """`here`, `below` or ""."""
    error_label: str
    errors_below: int
    oddities: tuple[Oddity, ...]
    bar: Bar
    events: tuple[EventMark, ...]
    offset_ns: int
    duration_ns: int
    """Of a folded run the sum."""
    offset_text: str
    duration_text: str
    fold: Fold | None = None


def guides(node: Node) -> tuple[Guide, ...]:
    """The lines left of a row, outermost first. Rows deeper than the indent goes share its last level."""
    indent = min(node.depth, GUIDE_LEVELS)
    found = [
        Guide(level, "line", bool(node.lost_lines >> level & 1))
        for level in range(1, indent)
        if node.lines >> level & 1
    ]
    if indent:
        found.append(Guide(indent, "elbow" if node.is_last else "tee", node.is_orphan))
    return tuple(found)
