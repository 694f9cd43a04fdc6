"""A selection (by start and duration) against all other traces of the view."""

from __future__ import annotations

from collections.abc import Iterable

from apps.insights.figures import Figures, together
from apps.insights.why.ask import Ask, Selection
from apps.insights.why.samples import LEAST_SAMPLES, read_samples
from apps.insights.why.sources import Given, Source
from apps.insights.why.told import Point, Told
from apps.insights.window import Window
from apps.store.picks import Draw
from apps.traces.histogram import Histogram, value_of
from apps.traces.sampling import CALL
from apps.traces.why.finding import READ
from apps.traces.why.judge import SELECTED, TOO_FEW, Judged
from apps.traces.why.parts import compare

WANTED = 48
"""Traces drawn of either side; of those that fit, `samples.WANTED` are read."""


def tell_selected(workspace_id: int, source: Source, ask: Ask, points: tuple[Point, ...], step_ns: int) -> Told:
    """Numbers of traces to the step and bucket; times are means of the traces that were read."""
    chosen, rest = parted(points, ask.selection, step_ns)
    samples = [
        read_samples(workspace_id, source, asked, lambda *at, is_in=is_in: ask.selection.holds(*at) == is_in)
        for is_in, asked in ((False, source.draw(ask.view, WANTED)), (True, draw_of(source, ask.selection, WANTED)))
    ]
    others, mine = samples
    is_enough = min(len(one.read) for one in samples) >= LEAST_SAMPLES
    means = others.mean_ns, mine.mean_ns
    judged = Judged(
        SELECTED if is_enough else TOO_FEW, "", *(means if is_enough else (None, None)), rest.samples, chosen.samples
    )
    changes = compare(*(one.side(one.mean_ns, len(one.read)) for one in samples)) if is_enough else ()
    return Told(judged, rest, chosen, changes, READ, means, others, mine)


def draw_of(source: Source, selection: Selection, wanted: int) -> Draw | Given:
    window = Window(selection.start_ns, selection.end_ns)
    return source.draw(window, wanted, min_ns=selection.min_ns or None, max_ns=selection.max_ns)


def parted(points: Iterable[Point], selection: Selection, step_ns: int) -> tuple[Figures, Figures]:
    """(figures of the selection, of the rest): whole steps, whole buckets."""
    chosen, rest = [], []
    for point in points:
        figures = point.figures
        is_then = selection.start_ns - step_ns < point.start_ns < selection.end_ns
        inside = Histogram({b: n for b, n in figures.histogram.counts.items() if is_then and _is_long(selection, b)})
        outside = Histogram(figures.histogram.counts)
        outside.merge(inside, -1)
        chosen.append(_figures(inside))
        rest.append(_figures(outside))
    return together(chosen), together(rest)


def _is_long(selection: Selection, bucket: int) -> bool:
    value = value_of(bucket)
    return value >= selection.min_ns and (selection.max_ns is None or value < selection.max_ns)


def _figures(histogram: Histogram) -> Figures:
    return Figures(histogram.total, 0, round(histogram.total / CALL), 0, 0, histogram)
