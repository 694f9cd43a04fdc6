"""The change of the mean by parts, from the rollups: of all traces, also of those that are no longer kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from apps.insights.figures import Figures
from apps.insights.queries import PartKey, first_seen
from apps.insights.why.sources import Source
from apps.insights.window import Window
from apps.traces.deposits import QUEUE_WAIT
from apps.traces.histogram import value_of
from apps.traces.key_book import NAME
from apps.traces.sampling import CALL
from apps.traces.why.parts import PEERED, Change, Part, Side, Sum, compare, side_of

PEERS_LOOKED_UP = 12
"""Of the parts that changed most: each is one look at an index."""


def mean_changes(
    workspace_id: int, source: Source, sides: Sequence[tuple[Window, Figures]]
) -> tuple[Change, ...]:  # fmt: skip
    """() where the rollups know no parts."""
    parts = [source.parts(window) for window, _ in sides]
    if not all(parts):
        return ()
    before, after = (_side(found, whole) for found, (_, whole) in zip(parts, sides, strict=True))
    return _with_peers(workspace_id, compare(before, after))


def _side(found: Mapping[PartKey, Figures], whole: Figures) -> Side:
    sums = {
        Part(key.service, key.work, "", key.span_name): Sum(figures.sum_ns, _calls(figures), 0.0)
        for key, figures in found.items()
        if key.work and key.work != QUEUE_WAIT
    }
    return side_of(whole.samples, whole.calls, sums, round(whole.mean_ns or 0))


def _calls(figures: Figures) -> float:
    """Spans in all traces, weighted."""
    histogram = figures.calls_histogram
    return sum(value_of(bucket) * count for bucket, count in histogram.counts.items()) / CALL if histogram else 0.0


def _with_peers(workspace_id: int, changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Whom the calls that changed most waited for, where their span name says it without doubt."""
    named = []
    for place, change in enumerate(changes):
        part = change.part
        if place < PEERS_LOOKED_UP and part.work in PEERED:
            keys = first_seen(workspace_id, NAME, (part.service, part.span_name))
            peers = {peer for *_, peer in keys if peer}
            change = change._replace(part=part._replace(peer=peers.pop() if len(peers) == 1 else ""))
        named.append(change)
    return tuple(named)
