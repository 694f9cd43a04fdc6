"""When in a period a span name was slow, or called more often: since when, until when, and how much in that time.

Over an hour of which twelve minutes were bad, a figure tells a fifth of how bad they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from apps.insights.change import MIN_SAMPLES, QUANTILES, Change
from apps.insights.figures import Figures, together
from apps.insights.key_search import ids_of_part
from apps.insights.period import Period
from apps.insights.series import series, step_of
from apps.insights.slow_names import SlowerName
from apps.insights.window import Window
from apps.store.connection import store_cursor
from apps.traces.histogram import Histogram
from apps.traces.key_book import NAME, PART
from apps.traces.why.ending import GOES_ON, OVER
from apps.traces.why.since import Since, since_of_durations

STEPS = 190
"""Of both windows together: a minute for an hour and the one before, two for three hours."""
MOST_KEYS = 24
"""Root span names that wait for it, in each kind of work: of more the steps take longer than the page may."""
NO_CALLS = Histogram()


@dataclass(frozen=True, slots=True)
class BadTime:
    start_ns: int
    end_ns: int | None
    """None: it reaches to the end of the period."""
    change: Change
    """As the name's own one, but after: of this time only."""
    is_earlier: bool = False
    """It began before the period, and `change.before` is of what lies before it."""


def bad_time(workspace_id: int, period: Period, one: SlowerName) -> BadTime | None:
    """None where no part of the period stands out from the rest and from before. Raises StoreUnavailable."""
    is_one = period.touches  # else what lies before the period says nothing of it
    view = Window(period.compared.start_ns, period.window.end_ns) if is_one else period.window
    step_ns = step_of(view, period.now_ns, STEPS)
    found = series(workspace_id, view, NAME, tuple(one.key), step_ns)
    spans = found.lines[()]
    if one.calls is None:
        lengths = [(at, f.samples, f.histogram) for at, f in zip(found.steps, spans, strict=True)]
        return _told(found.steps, spans, None, since_of_durations(lengths, step_ns), period, one)
    with store_cursor() as cursor:
        keys = ids_of_part(cursor, workspace_id, one.key.service, one.key.span_name)
    if len(keys) > MOST_KEYS:
        return None
    waits = series(workspace_id, view, PART, (), step_ns, keys=keys).lines[()]
    # Of parts it is known in how many traces there were so many spans: a histogram like that of durations.
    counts = [(at, f.samples, f.calls_histogram or NO_CALLS) for at, f in zip(found.steps, waits, strict=True)]
    return _told(found.steps, spans, waits, since_of_durations(counts, step_ns), period, one)


def _told(
    steps: Sequence[int], spans: Sequence[Figures], waits: Sequence[Figures] | None, since: Since | None,
    period: Period, one: SlowerName,
) -> BadTime | None:  # fmt: skip
    """`waits`: of the traces that waited for it, where calls are told."""
    if since is None or not since.is_more or (since.end_ns or period.window.end_ns) <= period.window.start_ns:
        return None
    if one.lately.word == (OVER if since.end_ns is None else GOES_ON):
        return None  # the last minutes say otherwise
    whole = one.duration if waits is None else one.calls
    lines = [line for line in (spans, waits) if line is not None]
    is_earlier = period.touches and since.start_ns < period.window.start_ns
    inside = [place for place, at in enumerate(steps) if since.start_ns <= at < (since.end_ns or at + 1)]
    after = _value([together(line[place] for place in inside) for line in lines], whole.quantile)
    before = whole.before
    if is_earlier:  # what it is compared with has some of it
        before = _value([together(line[: inside[0]]) for line in lines], whole.quantile)
    if before is None or after is None or after <= before or after < (whole.after or 0.0):
        return None
    return BadTime(since.start_ns, since.end_ns, whole._replace(before=before, after=after), is_earlier)


def _value(sides: Sequence[Figures], quantile: str) -> float | None:
    """Of spans their quantile in ns; of spans and the traces that waited for them how many a trace has. None of too
    few."""
    if min(side.samples for side in sides) < MIN_SAMPLES:
        return None
    if len(sides) == 1:
        return sides[0].p(QUANTILES[quantile])
    spans, waits = sides
    return spans.weight / waits.weight if waits.weight else None
