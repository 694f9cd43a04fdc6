"""All that is derived from the spans of one trace, made once for whoever needs it: rollups and verdict."""

from __future__ import annotations

from dataclasses import dataclass

from apps.traces.columns import Columns
from apps.traces.contributions import Contributions, contributions_of
from apps.traces.draft import Draft
from apps.traces.edges import Edges, edges_of
from apps.traces.error_origin import ErrorOrigin, draft_reader, errors_of
from apps.traces.family import Family
from apps.traces.work import Part, by_name


@dataclass(frozen=True, slots=True)
class Analysis:
    contributions: Contributions
    edges: Edges
    errors: list[ErrorOrigin]
    parts: list[Part]
    """By service, span name and kind of work."""

    @property
    def family(self) -> Family:
        return self.contributions.family


def analyse(draft: Draft, columns: Columns) -> Analysis:
    """Of a draft with at least one span, and the columns a `ColumnReader` made of it."""
    found = contributions_of(Family(columns))
    return Analysis(found, edges_of(found.family), errors_of(found, draft_reader(draft)), by_name(found))
