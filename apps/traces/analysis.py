"""All that is derived from the spans of one trace, made once for whoever needs it: rollups and verdict."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from apps.traces.columns import Columns
from apps.traces.contributions import Contributions, contributions_of
from apps.traces.draft import Draft
from apps.traces.edges import Edges, edges_of
from apps.traces.error_origin import ErrorOrigin, draft_reader, errors_of, is_root_failed
from apps.traces.family import Family
from apps.traces.work import Part, by_name

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Analysis:
    contributions: Contributions
    edges: Edges
    errors: list[ErrorOrigin]
    is_root_failed: bool
    parts: list[Part]
    """By service, span name and kind of work."""

    @property
    def family(self) -> Family:
        return self.contributions.family


def analyse(draft: Draft, columns: Columns) -> Analysis:
    """Of a draft with at least one span, and the columns a `ColumnReader` made of it."""
    found, read = contributions_of(Family(columns)), draft_reader(draft)
    return Analysis(
        found, edges_of(found.family), errors_of(found, read), is_root_failed(found, read), by_name(found)
    )  # fmt: skip


@contextmanager
def leaving_out_what_fails(trace_id: bytes) -> Iterator[None]:
    """For readers of many traces: one that cannot be analysed is logged and passed over, and takes no answer away."""
    try:
        yield
    except Exception:
        _log.exception("Trace %s could not be analysed; it is left out.", trace_id.hex())
