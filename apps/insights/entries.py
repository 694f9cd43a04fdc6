"""What others ask of a service: the names of the spans by which it is entered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from apps.insights.figures import Figures, together
from apps.insights.mix import Work
from apps.insights.queries import NameKey, span_names
from apps.insights.window import Window

ENTERED = ("SERVER", "CONSUMER")
"""Kinds of the spans by which others enter it."""
MOST = 40
"""The busiest in any of the windows."""


def works_of(workspace_id: int, service: str, sides: Sequence[Sequence[Window]]) -> list[dict[Work, Figures]]:
    """How long each took on each side, whose windows are taken together. Raises StoreUnavailable."""
    busiest: dict[NameKey, int] = {}
    for window in dict.fromkeys(window for windows in sides for window in windows):
        for key, figures in span_names(workspace_id, window, service=service, histograms=False).items():
            if key.kind in ENTERED:
                busiest[key] = max(busiest.get(key, 0), figures.weight)
    keys = sorted(busiest, key=lambda key: (-busiest[key], key))[:MOST]
    return [
        by_work(span_names(workspace_id, window, keys=keys) for window in (windows if keys else ()))
        for windows in sides
    ]


def by_work(found: Iterable[Mapping[NameKey, Figures]]) -> dict[Work, Figures]:
    """Taken together, whoever has a name of a kind."""
    parts: dict[Work, list[Figures]] = {}
    for names in found:
        for key, figures in names.items():
            parts.setdefault(Work(key.span_name, key.kind), []).append(figures)
    return {work: together(figures) for work, figures in parts.items()}
