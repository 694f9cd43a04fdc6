"""The line below the sentence: how often what is called, what a call takes, which version came when."""

from __future__ import annotations

from apps.traces.durations import NBSP, format_count
from apps.traces.why import judge
from apps.traces.why.finding import (
    SAME_CALL_FACTOR,
    Finding,
    Lead,
    Release,
    calls_differ,
    is_serial,
    leads_of,
    per_call_ns,
    release_of,
)
from apps.traces.why.parts import Change
from apps.traces.why.tries import PAUSE, Tries
from apps.traces.why.words import VERSION, Clock, Word, Words, ns_text, number_text, times_text, total_ns
from apps.traces.work import NOT_BROKEN_DOWN, OWN_CODE

RARELY = 0.05
"""Calls a trace below which something is not called."""


def next_line(finding: Finding, clock: Clock) -> Words:
    """What else is known: calls a trace, what a call takes, which version came when; the sizes of both sides."""
    judged = finding.judged
    if judged.word == judge.AS_BEFORE:
        least = f"{judge.LEAST_ERRORS_PT} points" if judged.look == judge.ERRORS else f"{judge.LEAST_CHANGE_PCT}{NBSP}%"
        sizes = f"n = {format_count(judged.after_traces)} after, {format_count(judged.before_traces)} before."
        return (Word(f"{sizes} A change of less than {least} is not told from none."),)
    if not judged.is_change and judged.word != judge.SELECTED:
        return ()
    leads = leads_of(finding.changes, total_ns(finding))
    first = leads[0] if leads else None
    told = _calls(finding, first.change) if first and first.change else []
    told += _tried(finding, first)
    service = first.service if first else finding.origins[0].service if finding.origins else finding.service
    told += _release(finding, release_of(finding, service), clock)
    return _spaced(told)


def _spaced(sentences: list[Words]) -> Words:
    words: list[Word] = []
    for place, told in enumerate(sentences):
        words += [Word(" ")] * bool(place) + list(told)
    return tuple(words)


def _calls(finding: Finding, change: Change) -> list[Words]:
    """How often the leading part is called, and what a call takes."""
    if change.part.work in (OWN_CODE, NOT_BROKEN_DOWN, PAUSE):
        return []
    before, after, per = change.calls_before, change.calls_after, finding.name or "trace"
    if not calls_differ(before, after):
        said = f"It is called as often as before, {times_text(after)} per {per}."
    elif before < RARELY:
        said = f"It was not called before; now {times_text(after)} per {per}."
    elif after < RARELY:
        said = f"It is no longer called; before {times_text(before)} per {per}."
    else:
        serial = ", one call after the other" if is_serial(change) else ""
        said = f"It is called {times_text(after)} per {per} instead of {times_text(before)}{serial}."
    took = per_call_ns(change)
    if not took or not max(took):
        return [(Word(said),)]
    alike = max(took) <= min(took) * SAME_CALL_FACTOR
    each = f"as long as before, {ns_text(took[1])}" if alike else f"{ns_text(took[1])} instead of {ns_text(took[0])}"
    return [(Word(said),), (Word(f"Each call takes {each}."),)]


def _tried(finding: Finding, lead: Lead | None) -> list[Words]:
    """`3 tries at parcel-api per job, all failed with 503 Service Unavailable.`"""
    if lead is None or finding.judged.word == judge.FELL:
        return []
    peer = lead.part.peer if lead.part else ""
    found = [one for one in finding.tries if one.service == lead.service and (not peer or one.peer == peer)]
    return [(Word(_tries(finding, found[0])),)] if found else []


def _tries(finding: Finding, one: Tries) -> str:
    per, some = finding.name or "trace", one.traces < finding.looked_at
    much = "all" if one.failed >= one.calls else f"{number_text(one.failed)} of them"
    return (
        f"{number_text(one.calls)} tries at {one.peer or 'somebody outside'} per {per}"
        f"{f' in {one.traces} of {finding.looked_at} looked at' if some else ''}, {much} failed"
        f"{f' with {one.answer}' if one.answer else ''}."
    )


def _release(finding: Finding, release: Release | None, clock: Clock) -> list[Words]:
    if release is None:
        return []
    came = "The change came with " if finding.since else "In these times came "
    named = Word(f"{release.service} {release.version}", VERSION, release.service)
    return [(Word(came), named, Word(f", {'first seen' if release.is_new else 'back'} at {clock(release.seen_ns)}."))]
