"""Spans so far from the rest in time that they would squeeze all else into one pixel: clocks set to 1970 or 2200."""

from __future__ import annotations

from apps.traces.axis import Window
from apps.traces.durations import DAY
from apps.traces.tree import Tree

FAR = 1_000
"""A trace this many times as long as its root, and longer than a day, has strays rather than slow work."""


def first_look(tree: Tree) -> Window | None:
    """The stretch to show first where the whole says nothing: the main root's time and a tenth on either side.

    None for every ordinary trace, which is shown whole. Offsets in ns from the trace's start.
    """
    root = tree.main_root
    whole = tree.trace.duration_ns
    if root is None or whole < DAY or whole < root.span.duration_ns * FAR:
        return None
    start, length = root.span.start_ns - tree.trace.start_ns, max(1_000_000, root.span.duration_ns)
    return Window.within(whole, max(0, start - length // 10), start + length + length // 10)
