"""The line below the sentence: how often what is called, what a call takes, which version came when."""

from __future__ import annotations

from apps.traces.durations import NBSP, format_count
from apps.traces.why import judge
from apps.traces.why.failing import leading_failed, leading_survived
from apps.traces.why.finding import (
    RARELY,
    Finding,
    Lead,
    Release,
    are_alike,
    calls_differ,
    is_serial,
    leads_of,
    per_call_ns,
    release_of,
)
from apps.traces.why.parts import PEERED, Change
from apps.traces.why.tries import PAUSE, Tries
from apps.traces.why.words import VERSION, Clock, Word, Words, ns_text, number_text, times_text, total_ns
from apps.traces.work import NOT_BROKEN_DOWN, OWN_CODE


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
    told = _calls(finding, first.change, is_alone=len(leads) == 1) if first and first.change else []
    told += _tried(finding, first)
    told += _failed(finding)
    told += _release(finding, _release_to_tell(finding, first), clock, is_alone=len(leads) < 2)
    return _spaced(told)


def _spaced(sentences: list[Words]) -> Words:
    words: list[Word] = []
    for place, told in enumerate(sentences):
        words += [Word(" ")] * bool(place) + list(told)
    return tuple(words)


def _calls(finding: Finding, change: Change, is_alone: bool) -> list[Words]:
    """How often the leading part is called, and what a call takes. `is_alone`: the sentence names no other, and so has
    said of whom it waits for whether that is called more often or takes longer."""
    part = change.part
    if part.work in (OWN_CODE, NOT_BROKEN_DOWN, PAUSE) or not (is_alone or part.peer):
        return []
    is_told = is_alone and part.work in PEERED
    told = [(Word(_often(finding.name or "trace", change, is_told)),)]
    took = per_call_ns(change)
    if took and max(took) and are_alike(took):
        told.append((Word(f"Each call takes as long as before, {ns_text(took[1])}."),))
    elif took and max(took) and not (is_told and (took[1] > took[0]) == (change.change_ns > 0)):
        told.append((Word(f"Each call takes {ns_text(took[1])} instead of {ns_text(took[0])}."),))
    return told


def _often(per: str, change: Change, is_told: bool) -> str:
    before, after, who = change.calls_before, change.calls_after, change.part.peer or "It"
    if not calls_differ(before, after):
        return f"{who} is called as often as before, {times_text(after)} per {per}."
    if before < RARELY:
        return f"{who} {'is now called' if is_told else 'was not called before; now'} {times_text(after)} per {per}."
    if after < RARELY:
        return f"{who} {'was called' if is_told else 'is no longer called; before'} {times_text(before)} per {per}."
    serial = ", one after the other" if is_serial(change) else ""
    if is_told:
        return f"Those are calls per {per}{serial}."
    return f"{who} is called {times_text(after)} per {per} instead of {times_text(before)}{serial}."


def _tried(finding: Finding, lead: Lead | None) -> list[Words]:
    """`Per job, all 3 tries at parcel-api failed with 503 Service Unavailable.`"""
    if lead is None or finding.judged.word == judge.FELL:
        return []
    peer = lead.part.peer if lead.part else ""
    found = [one for one in finding.tries if one.service == lead.service and (not peer or one.peer == peer)]
    return [(Word(_tries(finding, found[0])),)] if found else []


def _tries(finding: Finding, one: Tries) -> str:
    per, some = finding.name or "trace", one.traces < finding.looked_at
    which = (
        f"In {one.traces} of {finding.looked_at} traces looked at{', on average' * (one.traces > 1)}"
        if some
        else f"Per {per}"
    )
    much = "all" if one.failed >= one.calls else f"{number_text(one.failed)} of"
    return (
        f"{which}{'' if some else ','} {much} {number_text(one.calls)} tries at {one.peer or 'somebody outside'} failed"
        f"{f' with {one.answer}' if one.answer else ''}."
    )


def _failed(finding: Finding) -> list[Words]:
    """Whether those who waited got an error: where only some did, or none, the sentence has said it."""
    of = finding.failed_looked_at
    if not of or finding.failed_whole < of:
        return []
    looked = f"looked at{' before' * finding.are_before}"
    return [(Word(f"{'The one' if of == 1 else f'All {of}'} {looked} failed as a whole."),)]


def _release_to_tell(finding: Finding, lead: Lead | None) -> Release | None:
    """Of the leading service; of errors, of the one that most failed by, else of the one whose most got over."""
    origins = (leading_failed(finding), leading_survived(finding))
    services = [lead.service] if lead else [one.service for one in origins if one] or [finding.service]
    return next((found for service in services if (found := release_of(finding, service))), None)


def _release(finding: Finding, release: Release | None, clock: Clock, is_alone: bool) -> list[Words]:
    """`is_alone`: no other service has a part in the change."""
    if release is None:
        return []
    part = "The change" if is_alone else f"The part of {release.service}"
    came = f"{part} came with " if finding.since else "In these times came "
    named = Word(f"{release.service} {release.version}", VERSION, release.service)
    gone = "" if release.left_ns is None else f", gone since {clock(release.left_ns, beside_ns=release.seen_ns)}"
    seen = f"{'first seen' if release.is_new else 'seen again'} at {clock(release.seen_ns)}"
    return [(Word(came), named, Word(f", {seen}{gone}."))]
