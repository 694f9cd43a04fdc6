"""Where the figures and the traces of a question come from: a root span name, a service or one of its spans."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from zlib import crc32

from apps.insights.figures import NO_FIGURES, Figures, together
from apps.insights.queries import NameKey, PartKey, first_seen, parts, span_names, versions
from apps.insights.series import Series, series
from apps.insights.window import Window
from apps.store.picks import Draw, Drawn, Picked, draw, of_root, of_spans
from apps.traces.column_readers import ColumnReader
from apps.traces.deposits import WHOLE
from apps.traces.draft import Draft
from apps.traces.family import Family
from apps.traces.key_book import NAME, PART, SERVICE
from apps.traces.why.entries import entries_of

MOST_NAMES = 5
"""Span names of a service by whose durations its traces are looked for: those called most."""
ENTRY_KINDS = ("SERVER", "CONSUMER")

Line = tuple[tuple[int, ...], tuple[Figures, ...]]
"""Starts of steps in ns, and the figures of each."""

_local = threading.local()


@dataclass(frozen=True, slots=True)
class Given:
    """Traces that are known already, in place of a draw."""

    picked: tuple[Picked, ...]
    wanted: int
    has_error: bool = False


def draw_or_given(cursor, workspace_id: int, asked: Draw | Given, deadline: float) -> Drawn:
    if isinstance(asked, Draw):
        return draw(cursor, workspace_id, asked, deadline)
    return Drawn(sorted(asked.picked, key=lambda picked: crc32(picked.trace_id))[: asked.wanted])


class Source(Protocol):
    def figures(self, window: Window) -> Figures: ...
    def line(self, view: Window, step_ns: int) -> Line: ...
    def parts(self, window: Window) -> Mapping[PartKey, Figures]:
        """From the rollups, for the mean; empty where they know none."""

    def draw(
        self, window: Window, wanted: int, *, min_ns: int | None = None, max_ns: int | None = None,
        has_error: bool = False,
    ) -> Draw | Given: ...  # fmt: skip
    def families(self, draft: Draft) -> list[Family]:
        """What was waited for in one trace: each has a main root."""


def named_source(workspace_id: int, service: str, name: str) -> Source:
    """Of a root span name if it is known as one, else of the service's spans."""
    if name and first_seen(workspace_id, PART, (service, name, *WHOLE)):
        return RootSource(workspace_id, service, name)
    return EntrySource(workspace_id, service, name)


class RootSource:
    def __init__(self, workspace_id: int, service: str, name: str):
        self.workspace_id, self.service, self.name = workspace_id, service, name
        self._parts: dict[Window, Mapping[PartKey, Figures]] = {}

    def parts(self, window: Window) -> Mapping[PartKey, Figures]:
        if window not in self._parts:
            self._parts[window] = parts(self.workspace_id, window, self.service, self.name)
        return self._parts[window]

    def figures(self, window: Window) -> Figures:
        return self.parts(window).get(PartKey(*WHOLE), NO_FIGURES)

    def line(self, view: Window, step_ns: int) -> Line:
        return _line(series(self.workspace_id, view, PART, (self.service, self.name, *WHOLE), step_ns))

    def draw(self, window: Window, wanted: int, *, min_ns=None, max_ns=None, has_error=False) -> Draw:
        return of_root(
            self.service, self.name, *window, wanted, min_ns=min_ns, max_ns=max_ns, has_error=has_error
        )  # fmt: skip

    def families(self, draft: Draft) -> list[Family]:
        return [family_of(draft)]


class EntrySource:
    """Of a service, each span by which it was entered with all below; of another span name, each such span."""

    def __init__(self, workspace_id: int, service: str, name: str):
        self.workspace_id, self.service, self.name = workspace_id, service, name

    def parts(self, window: Window) -> Mapping[PartKey, Figures]:
        return {}

    def figures(self, window: Window) -> Figures:
        if not self.name:
            return together(versions(self.workspace_id, window, self.service).values())
        keys = [NameKey(*key) for key in first_seen(self.workspace_id, NAME, (self.service, self.name))]
        return together(span_names(self.workspace_id, window, keys=keys).values()) if keys else NO_FIGURES

    def line(self, view: Window, step_ns: int) -> Line:
        kind, prefix = (NAME, (self.service, self.name)) if self.name else (SERVICE, (self.service,))
        return _line(series(self.workspace_id, view, kind, prefix, step_ns))

    def draw(self, window: Window, wanted: int, *, min_ns=None, max_ns=None, has_error=False) -> Draw:
        is_bounded = min_ns is not None or max_ns is not None
        names = [self.name] if self.name else self._names(window) if is_bounded else []
        return of_spans(
            self.service, self.name, *window, wanted, names=names, min_ns=min_ns, max_ns=max_ns, has_error=has_error
        )  # fmt: skip

    def _names(self, window: Window) -> list[str]:
        found = span_names(self.workspace_id, window, service=self.service, histograms=False)
        entered = {key: figures.samples for key, figures in found.items() if key.kind in ENTRY_KINDS}
        return [key.span_name for key in sorted(entered, key=lambda key: -entered[key])[:MOST_NAMES]]

    def families(self, draft: Draft) -> list[Family]:
        return [Family(columns) for columns in entries_of(family_of(draft), self.service, self.name)]


def family_of(draft: Draft) -> Family:
    return Family(reader_of_thread().read(draft))


def reader_of_thread() -> ColumnReader:
    """It remembers what repeats from trace to trace, and is not shared between threads."""
    if not hasattr(_local, "reader"):
        _local.reader = ColumnReader()
    return _local.reader


def _line(found: Series) -> Line:
    (figures,) = found.lines.values()
    return found.steps, figures
