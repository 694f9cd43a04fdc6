"""When the durations of a service changed for a while, or from a moment on, whichever windows are compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from apps.insights.change import QUANTILES, SLOWER, duration_change
from apps.insights.figures import NO_FIGURES, Figures, together
from apps.insights.series import Series
from apps.insights.window import Window
from apps.traces.why.ending import STILL, Ending, ending_of, is_as_before
from apps.traces.why.judge import LEAST_TRACES, Judged, judge_durations
from apps.traces.why.since import Since, since_of_durations

TOLD = ("p95", "p50")
"""The quantiles that tell a turn, the first that differs."""
LAST_STEPS = 3
LATEST_TIMES = 2
"""By so many times what a comparison takes it is said how something is now."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A stretch of time and what lies around it."""

    start_ns: int
    end_ns: int | None
    """None: it goes on."""
    is_more: bool
    """Its durations are longer than the rest."""
    quantile: str
    """The one that differs: of TOLD."""
    before_ns: float
    inside_ns: float
    ending: Ending | None

    def windows(self, view: Window) -> tuple[tuple[Window, ...], tuple[Window, ...]]:
        """Of a window that it lies in: what is around it, and what is inside. Its first step may begin before."""
        start_ns, end_ns = max(self.start_ns, view.start_ns), min(self.end_ns or view.end_ns, view.end_ns)
        around = Window(view.start_ns, start_ns), Window(end_ns, view.end_ns)
        return tuple(one for one in around if one.end_ns > one.start_ns), (Window(start_ns, end_ns),)


def turn_of(steps: Sequence[int], step_ns: int, line: Sequence[Figures]) -> Turn | None:
    """Of figures over time: the stretch that tells most, if the quantiles of its durations differ, too."""
    found = since_of_durations([(at, f.samples, f.histogram) for at, f in zip(steps, line, strict=True)], step_ns)
    if found is None:
        return None
    if not found.is_more and found.end_ns is not None:
        # Of two bad times with a good one between, the second is told, against the good one.
        first = next(place for place, at in enumerate(steps) if at >= found.start_ns)
        again = turn_of(steps[first:], step_ns, line[first:])
        if again is not None and again.is_more:
            return again
    parts: tuple[list[Figures], list[Figures], list[Figures]] = [], [], []
    for at, figures in zip(steps, line, strict=True):
        is_over = found.end_ns is not None and at >= found.end_ns
        parts[0 if at < found.start_ns else 2 if is_over else 1].append(figures)
    before, inside, after = (together(part) for part in parts)
    for quantile in TOLD:
        share = QUANTILES[quantile]
        change = duration_change(together([before, after]), inside, share)
        if change.is_change and (change.word == SLOWER) == found.is_more:
            return Turn(found.start_ns, found.end_ns, found.is_more, quantile, before.p(share), inside.p(share),
                        _ending(found, quantile, *parts))  # fmt: skip
    return None


def _ending(found: Since, quantile: str, *parts: Sequence[Figures]) -> Ending | None:
    """`parts`: what lies before, inside and after it."""
    return ending_in(found, parts, lambda one, other: judge_durations(
        quantile, one.histogram, other.histogram, one.samples, other.samples
    ))  # fmt: skip


def ending_in(
    found: Since, parts: Sequence[Sequence[Figures]], judged: Callable[[Figures, Figures], Judged],
    needed: int = LEAST_TRACES,
) -> Ending | None:  # fmt: skip
    """`parts`: steps before, inside and after a stretch; `needed`: observations that a comparison takes. None where
    nothing came in the last steps of one that has no end, or they are as before: too short to be an end, too good to
    go on. In the first step after it there may still be some of it: where others follow it is left out,
    unless it is as before and they are too few."""
    before, rest = together(parts[0]), together(parts[2][1:])
    is_left_out = rest.samples >= needed or (
        rest.samples > 0 and not is_as_before(judged(before, parts[2][0]), found.is_more)
    )
    outside = parts[2][1:] if is_left_out else parts[2]
    after = together(outside)
    if found.end_ns is None:
        last = judged(before, together(latest(parts[1], LATEST_TIMES * needed)))
        is_silent = not any(figures.samples for figures in parts[1][-LAST_STEPS:])
        return None if is_silent or is_as_before(last, found.is_more) else STILL
    last = together(latest(outside, LATEST_TIMES * needed))
    return ending_of(judged(before, after), found.is_more, judged(before, last), judged(after, last))


def latest(line: Sequence[Figures], least: int) -> list[Figures]:
    """The last steps of a line, as many as hold `least` observations."""
    found, samples = [], 0
    for figures in reversed(line):
        if samples >= least:
            break
        found.append(figures)
        samples += figures.samples
    return found


def joined(earlier: Series, later: Series) -> Series:
    """Of a window and the next one: a step in which both meet holds the figures of both."""
    known = [at for at, step in enumerate(earlier.steps) if not later.steps or step < later.steps[0]]
    is_shared = len(known) < len(earlier.steps)
    lines = {}
    for key in {**earlier.lines, **later.lines}:
        one = earlier.lines.get(key, (NO_FIGURES,) * len(earlier.steps))
        other = later.lines.get(key, (NO_FIGURES,) * len(later.steps))
        if is_shared:
            other = (together([one[len(known)], other[0]]), *other[1:])
        lines[key] = one[: len(known)] + other
    return Series(earlier.steps[: len(known)] + later.steps, lines)


def summed(found: Series) -> tuple[Figures, ...]:
    """All its lines as one."""
    return tuple(together(step) for step in zip(*found.lines.values(), strict=True)) or (NO_FIGURES,) * len(found.steps)
