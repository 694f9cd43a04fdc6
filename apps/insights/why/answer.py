"""The answer to "why is it slow": figures and series from the rollups, what the time was spent on from traces read.

Durations and errors are of all traces. What the time of the quantile was spent on is read from traces around it, some
dozens of either side, and brought to it in proportion; where such traces are no longer kept it is the change of the
mean, from the rollups.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

from apps.insights.error_groups import key_of
from apps.insights.figures import Figures
from apps.insights.period import reaches_now
from apps.insights.queries import ErrorKey, coverage
from apps.insights.series import step_of
from apps.insights.turn import ending_in
from apps.insights.why.ask import Ask
from apps.insights.why.means import mean_changes
from apps.insights.why.releases import releases
from apps.insights.why.samples import LEAST_SAMPLES, NO_SAMPLES, Sample, Samples, around, failed
from apps.insights.why.searched import SearchSource
from apps.insights.why.selected import tell_selected
from apps.insights.why.sources import Source, named_source
from apps.insights.why.told import Point, Told
from apps.insights.window import Window
from apps.traces.why.ending import OVER_BY_NOW, Ending
from apps.traces.why.finding import AROUND, MEAN, Finding, Origin
from apps.traces.why.judge import (
    ERRORS,
    FELL,
    FIRST,
    GONE,
    NEW,
    NOTHING,
    ROSE,
    SHARES,
    TOO_FEW,
    Judged,
    judge_durations,
    judge_errors,
    needed_traces,
)
from apps.traces.why.parts import compare
from apps.traces.why.since import Since, since_of_counts, since_of_durations
from apps.traces.why.tries import all_tries

ANOTHER_SHARE = 0.05
"""Of the traces since errors were over: from there on it is told which error they have."""


@dataclass(frozen=True, slots=True)
class Answer:
    ask: Ask
    """With the windows as they were compared."""
    view: Window
    step_ns: int
    points: tuple[Point, ...]
    found_split: bool
    finding: Finding
    before: Figures
    after: Figures
    before_samples: Samples
    after_samples: Samples
    elapsed_ms: float
    source: Source


def answer(workspace_id: int, asked: Ask) -> Answer:
    """Raises StoreUnavailable. Time-bounded but for the rollups' own queries."""
    began = time.perf_counter()
    source = source_of(workspace_id, asked)
    view = asked.view
    step_ns = step_of(view, asked.now_ns)
    points = tuple(Point(at, figures) for at, figures in zip(*source.line(view, step_ns), strict=True))
    ask, told, start = asked, None, None
    if asked.selection is not None:
        told = tell_selected(workspace_id, source, asked, points, step_ns)
    else:
        first_ns = view.start_ns
        if asked.touches:
            start, first_ns = _last_change(points, asked.look, step_ns)
        if start and asked.finds_split:
            ask = _parted(asked, start, first_ns)
        told = _tell(workspace_id, source, ask)
        if ask is not asked and not _agrees(told.judged, start):
            ask, told = asked, _tell(workspace_id, source, asked)
        if not _agrees(told.judged, start) or not _is_in(start, ask.after, step_ns):
            start = None
        elif ask is asked and asked.look == ERRORS:
            told = _failing_within(workspace_id, source, told, ask.after, start)
    unsure = {*((GONE, NOTHING) if ask.is_behind else ()), *((NEW, NOTHING) if ask.is_before_behind else ())}
    if told.judged.word in unsure:
        told = replace(told, judged=replace(told.judged, word=TOO_FEW))
    if told.judged.word == NEW and not coverage(workspace_id, ask.before).traces:
        told = replace(told, judged=replace(told.judged, word=FIRST))
    ending = _ending(start, points, asked, told.before, step_ns)
    later = _failing_later(workspace_id, source, told.judged, start, ending, view)
    came = releases(workspace_id, view, step_ns, services_of(told, ask))
    finding = Finding(
        ask.service, ask.name, told.judged, told.changes, told.basis, told.means_ns, start,
        ending, origins_of(later.read), len(later.read), came,
        told.origins, told.are_before, told.failed_looked_at, told.failed_whole, told.tried_again,
        all_tries(sample.tries for sample in told.after_samples.read), len(told.after_samples.read),
        start is not None and ask.after.start_ns == start.start_ns,
    )  # fmt: skip
    return Answer(
        ask, view, step_ns, points, ask is not asked, finding, told.before, told.after, told.before_samples,
        told.after_samples, (time.perf_counter() - began) * 1000, source,
    )  # fmt: skip


def services_of(told: Told, ask: Ask) -> list[str]:
    """Whose versions are worth asking for, most first: of the changes; of the errors that of what most traces failed
    by, then that of what most got over."""
    origins = (*told.origins[:1], *sorted(told.origins, key=lambda origin: -origin.survived))
    services = *(change.part.service for change in told.changes), *(origin.service for origin in origins), ask.service
    return list(dict.fromkeys(service for service in services if service))


def source_of(workspace_id: int, asked: Ask) -> Source:
    if asked.query is not None:
        return SearchSource(workspace_id, asked.query, (asked.before, asked.after))
    return named_source(workspace_id, asked.service, asked.name)


def _began(points: tuple[Point, ...], look: str, step_ns: int) -> Since | None:
    told = [(point.start_ns, point.figures.samples, point.figures) for point in points]
    if look == ERRORS:
        return since_of_counts([(at, n, figures.error_share * n) for at, n, figures in told], step_ns)
    return since_of_durations([(at, n, figures.histogram) for at, n, figures in told], step_ns)


def _last_change(points: tuple[Point, ...], look: str, step_ns: int) -> tuple[Since | None, int]:
    """When it began, and from where on it is looked at. Of two bad times with a good one between, the good one is
    nothing to explain: it is what the second bad time is compared with."""
    found, first_ns = _began(points, look, step_ns), points[0].start_ns if points else 0
    if found is None or found.is_more or found.end_ns is None:
        return found, first_ns
    again = _began(tuple(point for point in points if point.start_ns >= found.start_ns), look, step_ns)
    return (again, found.start_ns) if again is not None and again.is_more else (None, first_ns)


def _parted(asked: Ask, found: Since, first_ns: int) -> Ask:
    view = asked.view
    return replace(
        asked,
        before=Window(max(first_ns, view.start_ns), found.start_ns),
        after=Window(found.start_ns, min(found.end_ns or view.end_ns, view.end_ns)),
    )


def _agrees(judged: Judged, found: Since | None) -> bool:
    return found is not None and judged.word == (ROSE if found.is_more else FELL)


def _is_in(found: Since, after: Window, step_ns: int) -> bool:
    return after.start_ns - step_ns <= found.start_ns < after.end_ns


def _ending(found: Since | None, points: tuple[Point, ...], ask: Ask, before: Figures, step_ns: int) -> Ending | None:
    """None where it did not begin, or where the view ended before it was asked."""
    if found is None:
        return None
    if found.end_ns is None and (ask.is_behind or not reaches_now(ask.view.end_ns, ask.now_ns, 2 * step_ns)):
        return None
    inside = [p.figures for p in points if found.start_ns <= p.start_ns < (found.end_ns or ask.view.end_ns)]
    after = [p.figures for p in points if found.end_ns is not None and p.start_ns >= found.end_ns]
    return ending_in(found, ([before], inside, after), partial(_judged, ask.look), needed_traces(ask.look))


def _failing_later(
    workspace_id: int, source: Source, judged: Judged, found: Since | None, ending: Ending | None, view: Window
) -> Samples:  # fmt: skip
    """Of traces with an error that began when what is told had ended, enough and of enough to be told besides. Of what
    is as before by now only the last is told."""
    has_ended = found is not None and found.end_ns is not None and judged.word == ROSE and ending is not None
    is_told = has_ended and ending.word != OVER_BY_NOW and (ending.value or 0.0) >= ANOTHER_SHARE
    if judged.look != ERRORS or not is_told:
        return NO_SAMPLES
    samples = failed(workspace_id, source, Window(found.end_ns, view.end_ns))
    return samples if len(samples.read) >= LEAST_SAMPLES else NO_SAMPLES


def _judged(look: str, before: Figures, after: Figures) -> Judged:
    if look == ERRORS:
        return judge_errors(_failed(before), before.samples, _failed(after), after.samples)
    judged = judge_durations(look, before.histogram, after.histogram, before.samples, after.samples)
    # As they are told everywhere, no longer than the longest.
    return replace(judged, before=before.p(SHARES[look]), after=after.p(SHARES[look]))


def _failed(figures: Figures) -> int:
    """Unweighted."""
    return round(figures.error_share * figures.samples)


def _tell(workspace_id: int, source: Source, ask: Ask) -> Told:
    figures = [source.figures(window) for window in (ask.before, ask.after)]
    if ask.look == ERRORS:
        return _failing(workspace_id, source, ask, *figures)
    return _lasting(workspace_id, source, ask, *figures)


def _lasting(workspace_id: int, source: Source, ask: Ask, before: Figures, after: Figures) -> Told:
    judged = _judged(ask.look, before, after)
    share, sides = SHARES[ask.look], ((ask.before, before), (ask.after, after))
    samples = [around(workspace_id, source, window, one.histogram, one.samples, share) for window, one in sides]
    told = Told(judged, before, after, before_samples=samples[0], after_samples=samples[1])
    told = replace(told, means_ns=(round(before.mean_ns or 0), round(after.mean_ns or 0)))
    if min(len(one.read) for one in samples) >= LEAST_SAMPLES:
        whole = [one.side(figures.p(share), figures.samples) for one, (_, figures) in zip(samples, sides, strict=True)]
        return replace(told, changes=compare(*whole), basis=AROUND)
    changes = mean_changes(workspace_id, source, sides) if before.samples and after.samples else ()
    return replace(told, changes=changes, basis=MEAN if changes else "")


def _failing(workspace_id: int, source: Source, ask: Ask, before: Figures, after: Figures) -> Told:
    samples = [failed(workspace_id, source, window) for window in (ask.before, ask.after)]
    judged = _judged(ask.look, before, after)
    # Of what is nearly over there is little to see after.
    are_before = judged.word in (FELL, GONE) and len(samples[1].read) < LEAST_SAMPLES
    told = Told(judged, before, after, before_samples=samples[0], after_samples=samples[1], are_before=are_before)
    return _with_failed(told, samples[not are_before])


def _failing_within(workspace_id: int, source: Source, told: Told, window: Window, found: Since) -> Told:
    """Where the windows were not parted, and a part of the one after is told of, by its share: what failed is that
    of this part, if it has enough."""
    part = Window(max(found.start_ns, window.start_ns), min(found.end_ns or window.end_ns, window.end_ns))
    if told.are_before or part == window:
        return told
    samples = failed(workspace_id, source, part)
    if len(samples.read) < LEAST_SAMPLES:
        return told
    return _with_failed(replace(told, after_samples=samples), samples)


def _with_failed(told: Told, samples: Samples) -> Told:
    read = samples.read
    return replace(
        told, origins=origins_of(read), failed_looked_at=len(read), failed_whole=sum(one.is_failed for one in read),
        tried_again=sum(one.is_tried_again for one in read),
    )  # fmt: skip


def origins_of(read: Iterable[Sample]) -> tuple[Origin, ...]:
    """Those first that most traces failed by, then most traces. A trace counts once for each place, and has failed as
    a whole by one."""
    counts: dict[ErrorKey, list[int]] = {}
    for sample in read:
        ended = key_of(sample.told) if sample.told is not None and sample.is_failed else None
        for key in {key_of(origin) for origin in sample.origins}:
            count = counts.setdefault(key, [0, 0, 0])
            for place, holds in enumerate((True, key == ended, not sample.is_failed)):
                count[place] += holds
    found = (Origin(*key, *count) for key, count in counts.items())
    return tuple(
        sorted(found, key=lambda o: (-o.failed, -o.traces, o.service, o.span_name, o.exception_type, o.message))
    )
