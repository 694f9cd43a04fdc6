"""What is odd about a span's place or time, in words for its row."""

from __future__ import annotations

from dataclasses import dataclass

from apps.traces.durations import format_count, format_duration_ns
from apps.traces.tree import GUIDE_LEVELS, Node


@dataclass(frozen=True, slots=True)
class Oddity:
    kind: str
    """`orphan`, `circle`, `duplicate`, `shared`, `backwards` (also: without a start), `skew` or `deep`."""
    text: str
    short: str = ""
    """For a row, where there is little room; "" when `text` is short."""


def oddities(node: Node) -> tuple[Oddity, ...]:
    """Most telling first; empty for an ordinary span."""
    found = []
    if node.is_orphan:
        found.append(Oddity("orphan", "parent missing"))
    if node.is_cut:
        found.append(Oddity("circle", "is its own ancestor"))
    if node.is_duplicate:
        found.append(Oddity("duplicate", "same ID as another span"))
    if node.is_shared:
        found.append(Oddity("shared", "shares its caller’s ID"))
    backwards = node.ends_before_start_ns
    if not node.span.is_timed:
        found.append(Oddity("backwards", "no usable start time"))
    elif backwards:
        found.append(Oddity("backwards", f"ends {format_duration_ns(backwards)} before it starts"))
    skew = node.skew_ns
    if skew:
        where = "ahead of" if skew > 0 else "behind"
        text = f"clock at least {format_duration_ns(abs(skew))} {where} its caller’s"
        found.append(Oddity("skew", text, f"clock {'+' if skew > 0 else '−'}{format_duration_ns(abs(skew))}"))
    if node.depth > GUIDE_LEVELS:
        found.append(Oddity("deep", f"depth {format_count(node.depth)}"))
    return tuple(found)
