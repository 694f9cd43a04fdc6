"""Traces of a side, read: around a quantile, with an error, or selected; and what their time was spent on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from apps.insights.why.sources import Given, Source, draw_or_given
from apps.insights.window import Window
from apps.store.connection import store_cursor
from apps.store.picks import Draw, Picked, Read, load_drafts
from apps.traces.analysis import leaving_out_what_fails
from apps.traces.contributions import Contributions, contributions_of
from apps.traces.error_origin import ErrorOrigin, draft_reader, errors_of
from apps.traces.family import Family
from apps.traces.histogram import Histogram
from apps.traces.verdict.failures import NO_FAILURES, failures_of, is_tried_again, telling_error
from apps.traces.why.parts import Part, Side, Sum, parts_of, side_of
from apps.traces.why.tries import Tries, tries_of

WANTED = 24
"""Traces of a side: their shares of time differ by a few per cent from those of hundreds."""
BUDGET_SECONDS, LONG_BUDGET_SECONDS = 0.06, 0.3
"""Of a side. The page has 0.2 s in all: after the first, no more traces are read than are needed at least; after the
second, none. A busy machine is then slow rather than vague."""
MOST_SPANS = 4_000
"""Of a side, read and divided: 17 µs a span."""
LEAST_SAMPLES = 5
"""Traces around a quantile, below which they stand for nothing."""
BAND, LEAST_BAND_TRACES = 0.025, 12
"""Half the width of the ranks around a quantile; wider where fewer traces than that would lie within."""
BUCKET_PCT = 5
"""How far a duration read off a histogram may be off."""


@dataclass(frozen=True, slots=True)
class Sample:
    trace_id: str
    span_id: str
    """Of the span that was waited for; "" when it is the trace's root."""
    start_ns: int
    waited_ns: int
    parts: dict[Part, Sum]
    services: tuple[tuple[str, int], ...]
    """(service, its share of the waited time), in the order they come into it."""
    is_failed: bool = False
    """As a whole, by the verdict's rule: an error on the way may not have come up to whoever waited."""
    origins: tuple[ErrorOrigin, ...] = ()
    told: ErrorOrigin | None = None
    """Of them the one that the verdict tells of: what ended a trace that failed as a whole."""
    is_tried_again: bool = False
    """What is told failed was tried again, and the trace went through."""
    tries: tuple[Tries, ...] = ()
    verdict: bytes | None = None
    """Packed, as it was stored with the trace."""


@dataclass(frozen=True, slots=True)
class Samples:
    read: tuple[Sample, ...] = ()
    """In random order."""
    ran_out: bool = False
    """Time or spans were up: fewer than wanted."""

    def side(self, whole_ns: float, traces: int) -> Side:
        """What these are made of, brought in proportion to `whole_ns` a trace."""
        sums: dict[Part, Sum] = {}
        for sample in self.read:
            for part, sum_ in sample.parts.items():
                sums.setdefault(part, Sum()).add(sum_.own_ns, sum_.calls, sum_.on_path)
        return side_of(traces, float(len(self.read)), sums, round(whole_ns))

    @property
    def mean_ns(self) -> int:
        return sum(sample.waited_ns for sample in self.read) // max(1, len(self.read))


NO_SAMPLES = Samples()
Fits = Callable[[int, int], bool]
"""(start, waited time in ns) of what was waited for -> whether it is wanted."""


def around(workspace_id: int, source: Source, window: Window, whole: Histogram, traces: int, share: float) -> Samples:
    """Traces whose waited time lies around the quantile of `whole`, the histogram of `traces` of them."""
    off = max(BAND, LEAST_BAND_TRACES / 2 / traces) if traces else 1.0
    low, high = whole.quantile(max(0.0, share - off)), whole.quantile(min(1.0, share + off))
    if low is None or high is None:
        return NO_SAMPLES
    low, high = round(low * (100 - BUCKET_PCT) / 100), round(high * (100 + BUCKET_PCT) / 100)
    asked = source.draw(window, WANTED * 2, min_ns=low, max_ns=high)
    return read_samples(workspace_id, source, asked, lambda _, waited_ns: low <= waited_ns <= high)


def failed(workspace_id: int, source: Source, window: Window) -> Samples:
    """Traces with an error, where each began and whether it ended the trace."""
    return read_samples(workspace_id, source, source.draw(window, WANTED, has_error=True), lambda *_: True)


def read_samples(workspace_id: int, source: Source, asked: Draw | Given, fits: Fits) -> Samples:
    """Draws, reads and divides, within the budgets and MOST_SPANS."""
    began = time.monotonic()
    enough, deadline = began + BUDGET_SECONDS, began + LONG_BUDGET_SECONDS
    found: list[Sample] = []
    with store_cursor() as cursor:
        drawn = draw_or_given(cursor, workspace_id, asked, deadline)
        within = list(_within(drawn.picked))
        ran_out = drawn.ran_out or len(within) < len(drawn.picked)
        for read in load_drafts(cursor, workspace_id, within):
            if len(found) >= WANTED:
                break
            if time.monotonic() > (enough if len(found) >= LEAST_SAMPLES else deadline):
                ran_out = True
                break
            with leaving_out_what_fails(read.draft.trace_id):
                found += samples_of(read, source.families(read.draft), fits, has_error=asked.has_error)
    return Samples(tuple(found), ran_out and len(found) < WANTED)


def _within(picked: list[Picked]) -> Iterator[Picked]:
    room = MOST_SPANS
    for one in picked:
        room -= one.span_count
        if room < 0:
            return
        yield one


def samples_of(read: Read, families: Iterable[Family], fits: Fits, *, has_error: bool = False) -> Iterator[Sample]:
    for family in families:
        columns, main = family.columns, family.main
        if (
            main < 0
            or main in columns.untimed
            or not fits(columns.start[main], columns.end[main] - columns.start[main])
        ):
            continue
        found, reader = contributions_of(family), draft_reader(read.draft)
        origins = tuple(errors_of(found, reader)) if has_error else ()
        if has_error and not (origins or columns.is_error[main]):
            continue  # another entry of the same trace
        failures = failures_of(found, reader, origins) if has_error else NO_FAILURES
        told = telling_error(found, failures)
        yield Sample(
            trace_id=read.picked.trace_id.hex(),
            span_id=columns.span_id[main].hex() if columns.n < read.draft.span_count else "",
            start_ns=found.start_ns,
            waited_ns=found.waited_ns,
            parts=parts_of(found),
            services=tuple(_in_order(found)),
            is_failed=failures.is_root_failed,
            origins=origins,
            told=told,
            is_tried_again=told is not None and is_tried_again(found, failures, told),
            tries=tries_of(found, reader),
            verdict=read.verdict,
        )


def _in_order(found: Contributions) -> Iterator[tuple[str, int]]:
    services = found.family.columns.service
    sums: dict[str, int] = {}
    for start, end, span in found.segments:
        sums[services[span]] = sums.get(services[span], 0) + end - start
    yield from sums.items()
