"""The answer to "why is it slow": figures and series from the rollups, what the time was spent on from traces read.

Durations and errors are of all traces. What the time of the quantile was spent on is read from traces around it, some
dozens of either side, and brought to it in proportion; where such traces are no longer kept it is the change of the
mean, from the rollups.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from apps.insights.figures import NO_FIGURES, Figures
from apps.insights.period import HOURS_KEPT_NS, MINUTES_KEPT_NS
from apps.insights.queries import PartKey, first_seen, parts, series, step_for
from apps.insights.why.ask import Ask
from apps.insights.why.releases import releases
from apps.insights.why.samples import LEAST_SAMPLES, NO_SAMPLES, Samples, Subject, around, failed
from apps.insights.window import DAY_NS, HOUR_NS, Window
from apps.traces.deposits import NAME, PART, QUEUE_WAIT, WHOLE
from apps.traces.histogram import value_of
from apps.traces.sampling import CALL
from apps.traces.why.finding import AROUND, MEAN, Finding, Origin
from apps.traces.why.judge import ERRORS, FELL, ROSE, SHARES, Judged, judge_durations, judge_errors
from apps.traces.why.parts import PEERED, Change, Part, Side, Sum, compare, side_of
from apps.traces.why.since import Since, since_of_counts, since_of_durations

PEERS_LOOKED_UP = 12
"""Of the parts that changed most, in the change of the mean: each is one look at an index."""


@dataclass(frozen=True, slots=True)
class Point:
    """One step of the chart."""

    start_ns: int
    figures: Figures


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


def answer(workspace_id: int, asked: Ask) -> Answer:
    """Raises StoreUnavailable. Time-bounded but for the rollups' own queries."""
    began = time.perf_counter()
    view = asked.view
    step_ns = step_of(view, asked.now_ns)
    points = _points(workspace_id, asked, view, step_ns)
    found = _began(points, asked.look, step_ns) if asked.touches else None
    ask = _parted(asked, found) if found and asked.finds_split else asked
    told = _tell(workspace_id, ask)
    if ask is not asked and not _agrees(told.judged, found):
        ask, told = asked, _tell(workspace_id, asked)
    began_at = found if _agrees(told.judged, found) and _is_in(found, ask.after, step_ns) else None
    services = [change.part.service for change in told.changes] + [origin.service for origin in told.origins]
    order = list(dict.fromkeys(service for service in services if service)) or [ask.service]
    finding = Finding(
        ask.service, ask.name, told.judged, told.changes, told.basis, told.means_ns, began_at,
        releases(workspace_id, view, step_ns, order), told.origins, told.failed_looked_at,
    )  # fmt: skip
    return Answer(
        ask, view, step_ns, points, ask is not asked, finding, told.before, told.after, told.before_samples,
        told.after_samples, (time.perf_counter() - began) * 1000,
    )  # fmt: skip


def step_of(view: Window, now_ns: int, most: int = 180) -> int:
    """As fine as a chart of `most` points has room for and figures are kept, ns."""
    age_ns = now_ns - view.start_ns
    least = DAY_NS if age_ns > HOURS_KEPT_NS else HOUR_NS if age_ns > MINUTES_KEPT_NS else 0
    return max(step_for(view, most), least)


def _points(workspace_id: int, ask: Ask, view: Window, step_ns: int) -> tuple[Point, ...]:
    found = series(workspace_id, view, PART, (ask.service, ask.name, *WHOLE), step_ns)
    (line,) = found.lines.values()
    return tuple(Point(at, figures) for at, figures in zip(found.steps, line, strict=True))


def _began(points: tuple[Point, ...], look: str, step_ns: int) -> Since | None:
    told = [(point.start_ns, point.figures.samples, point.figures) for point in points]
    if look == ERRORS:
        return since_of_counts([(at, n, figures.error_share * n) for at, n, figures in told], step_ns)
    return since_of_durations([(at, n, figures.histogram) for at, n, figures in told], step_ns)


def _parted(asked: Ask, found: Since) -> Ask:
    view = asked.view
    return replace(
        asked,
        before=Window(view.start_ns, found.start_ns),
        after=Window(found.start_ns, min(found.end_ns or view.end_ns, view.end_ns)),
    )


def _agrees(judged: Judged, found: Since | None) -> bool:
    return found is not None and judged.word == (ROSE if found.is_more else FELL)


def _is_in(found: Since, after: Window, step_ns: int) -> bool:
    return after.start_ns - step_ns <= found.start_ns < after.end_ns


@dataclass(frozen=True, slots=True)
class _Told:
    judged: Judged
    before: Figures
    after: Figures
    changes: tuple[Change, ...] = ()
    basis: str = ""
    means_ns: tuple[int, int] = (0, 0)
    before_samples: Samples = NO_SAMPLES
    after_samples: Samples = NO_SAMPLES
    origins: tuple[Origin, ...] = ()
    failed_looked_at: int = 0


def _tell(workspace_id: int, ask: Ask) -> _Told:
    found = [parts(workspace_id, window, ask.service, ask.name) for window in (ask.before, ask.after)]
    wholes = [figures.get(PartKey(*WHOLE), NO_FIGURES) for figures in found]
    return _failing(workspace_id, ask, *wholes) if ask.look == ERRORS else _lasting(workspace_id, ask, found, wholes)


def _lasting(workspace_id: int, ask: Ask, found: list[Mapping[PartKey, Figures]], wholes: list[Figures]) -> _Told:
    before, after = wholes
    judged = judge_durations(ask.look, before.histogram, after.histogram, before.samples, after.samples)
    subject, share = Subject(ask.service, ask.name), SHARES[ask.look]
    samples = [
        around(workspace_id, subject, window, whole.histogram, whole.samples, share)
        for window, whole in ((ask.before, before), (ask.after, after))
    ]
    told = _Told(judged, before, after, before_samples=samples[0], after_samples=samples[1])
    means = round(before.mean_ns or 0), round(after.mean_ns or 0)
    if min(len(one.read) for one in samples) >= LEAST_SAMPLES:
        sides = [one.side(whole.p(share), whole.samples) for one, whole in zip(samples, wholes, strict=True)]
        return replace(told, changes=compare(*sides), basis=AROUND, means_ns=means)
    if not before.samples or not after.samples:
        return replace(told, means_ns=means)
    sides = [_mean_side(figures, whole) for figures, whole in zip(found, wholes, strict=True)]
    changes = _with_peers(workspace_id, compare(*sides))
    return replace(told, changes=changes, basis=MEAN, means_ns=means)


def _mean_side(found: Mapping[PartKey, Figures], whole: Figures) -> Side:
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


def _failing(workspace_id: int, ask: Ask, before: Figures, after: Figures) -> _Told:
    counts = [(round(figures.error_share * figures.samples), figures.samples) for figures in (before, after)]
    judged = judge_errors(*counts[0], *counts[1])
    subject = Subject(ask.service, ask.name)
    samples = [failed(workspace_id, subject, window) for window in (ask.before, ask.after)]
    return _Told(
        judged, before, after, before_samples=samples[0], after_samples=samples[1],
        origins=origins_of(samples[1]), failed_looked_at=len(samples[1].read),
    )  # fmt: skip


def origins_of(samples: Samples) -> tuple[Origin, ...]:
    """Most traces first; a trace counts once for each place."""
    counts: dict[tuple[str, str, str, str], int] = {}
    for sample in samples.read:
        for key in {(o.service, o.span_name, o.error.type, o.error.pattern) for o in sample.origins}:
            counts[key] = counts.get(key, 0) + 1
    order = sorted(counts, key=lambda key: (-counts[key], key))
    return tuple(Origin(*key, counts[key]) for key in order)
