"""Drawn traces judged against drawn usual ones. One column is 10 ms."""

from __future__ import annotations

from apps.traces.column_readers import columns_of
from apps.traces.contributions import contributions_of
from apps.traces.edges import edges_of
from apps.traces.error_origin import trace_reader
from apps.traces.family import Family
from apps.traces.usual import NOTHING_USUAL, Usual
from apps.traces.verdict.facts import Verdict
from apps.traces.verdict.failures import failures_of
from apps.traces.verdict.judge import judge
from apps.traces.verdict.waits import waits_in
from apps.traces.verdict.words import also, sentence
from apps.traces.work import by_name
from tests.traces.build import as_trace, draw_specs, traces_data
from tests.traces.columns_build import BANK, CACHE, DATABASE, TOPIC
from tests.traces.usual_build import usual_of

SCALE = 10
NAMED = {"pay": BANK, "select": DATABASE, "update": DATABASE, "get": CACHE, "publish": TOPIC, "take": TOPIC}
"""Attributes of spans by their names."""


def trace_in(drawing: str, events: dict[str, tuple[str, str]] | None = None, attributes: dict | None = None):
    """`events`: span name -> (exception type, message)."""
    specs = draw_specs(drawing)
    for spec in specs:
        spec.start_ms *= SCALE
        spec.duration_ms *= SCALE
        spec.attributes = (NAMED | (attributes or {})).get(spec.name, {})
        if spec.name in (events or {}):
            kind, message = events[spec.name]
            spec.events = [(1, "exception", {"exception.type": kind, "exception.message": message})]
    return as_trace(traces_data(specs))


def found_of(trace):
    return contributions_of(Family(columns_of(trace)))


def usual_in(*drawings: str, times: int = 100) -> Usual:
    return usual_of(*(found_of(trace_in(drawing)) for drawing in drawings), times=times)


def judged(drawing: str, usual: str | Usual | None = None, **more) -> Verdict:
    trace = trace_in(drawing, **more)
    found = found_of(trace)
    if isinstance(usual, str):
        usual = usual_in(usual)
    waits = waits_in(edges_of(found.family).edges)
    return judge(found, by_name(found), usual or NOTHING_USUAL, failures_of(found, trace_reader(trace)), waits)


def told(drawing: str, usual: str | Usual | None = None, **more) -> list[str]:
    """The sentence and the second ones, with plain spaces."""
    verdict = judged(drawing, usual, **more)
    return [text.replace("\u00a0", " ") for text in (sentence(verdict), *(text for text, _ in also(verdict)))]
