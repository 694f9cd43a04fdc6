"""A trace as the analyses take it: made once from columns, used by contributions, edges and verdict alike."""

from __future__ import annotations

from collections.abc import Sequence

from apps.traces.calls import Calls, find_calls
from apps.traces.columns import Columns
from apps.traces.kinship import find_children, find_parents, main_root


class Family:
    """Columns with what every analysis needs to know of them: parents, children, calls, the main root."""

    __slots__ = ("calls", "children", "columns", "main", "parents")

    def __init__(self, columns: Columns):
        self.columns = columns
        self.parents: list[int] = find_parents(columns)
        self.children: list[Sequence[int]] = find_children(self.parents)
        self.calls: Calls = find_calls(columns, self.parents, self.children)
        self.main = main_root(self.parents)
