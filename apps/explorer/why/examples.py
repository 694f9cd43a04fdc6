"""Traces to read: of either side some, with a bar of whose time it was and the sentence stored with the trace."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from apps.explorer.search.pasted import trace_address
from apps.explorer.verdicts import said_of
from apps.explorer.why.form import WhyForm
from apps.insights.why.samples import Samples
from apps.traces.durations import format_duration_ns
from apps.traces.moments import clock_text, utc_text

EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Slice:
    service: str
    x: str
    width: str


@dataclass(frozen=True, slots=True)
class Example:
    link: str
    duration: str
    slices: tuple[Slice, ...]
    said: str
    at: str
    at_utc: str


def examples(samples: Samples, longest_ns: int, form: WhyForm) -> tuple[Example, ...]:
    shown = sorted(samples.read[:EXAMPLES], key=lambda sample: sample.waited_ns)
    return tuple(
        Example(
            trace_address(sample.trace_id),
            format_duration_ns(sample.waited_ns),
            tuple(_slices(sample.services, longest_ns)),
            said_of(sample.verdict),
            clock_text(sample.start_ns, form.now_ns, form.zone),
            utc_text(sample.start_ns),
        )
        for sample in shown
    )


def _slices(services: Iterable[tuple[str, int]], longest_ns: int) -> Iterable[Slice]:
    at = 0
    for service, own_ns in services:
        if own_ns:
            yield Slice(service, f"{at * 100 / longest_ns:.2f}%", f"{own_ns * 100 / longest_ns:.2f}%")
            at += own_ns
